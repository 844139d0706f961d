# SPDX-License-Identifier: MIT
"""httpclient.httplib has the names of Python 2.7's httplib, and they are what they were.

The tables are facts about httplib in Python 2.7.18, read off the running module.
"""

import http.client
import inspect
import sys

import httpclient
import pytest
from httpclient import httplib

from support.statuses import STATUSES

ALL = """
    BadStatusLine CannotSendHeader CannotSendRequest HTTP HTTPConnection HTTPException
    HTTPResponse HTTPSConnection ImproperConnectionState IncompleteRead InvalidURL NotConnected
    ResponseNotReady UnimplementedFileMode UnknownProtocol UnknownTransferEncoding error responses
""".split()

NOT_IN_ALL = """
    FakeSocket HTTPMessage HTTPS LineTooLong _CS_IDLE _CS_REQ_SENT _CS_REQ_STARTED _MAXHEADERS
    _MAXLINE _UNKNOWN
""".split()

CONSTANTS = {"HTTP_PORT": 80, "HTTPS_PORT": 443, "MAXAMOUNT": 1048576, **STATUSES}

RESPONSES = {
    100: "Continue", 101: "Switching Protocols", 200: "OK", 201: "Created", 202: "Accepted",
    203: "Non-Authoritative Information", 204: "No Content", 205: "Reset Content",
    206: "Partial Content", 300: "Multiple Choices", 301: "Moved Permanently", 302: "Found",
    303: "See Other", 304: "Not Modified", 305: "Use Proxy", 306: "(Unused)",
    307: "Temporary Redirect", 400: "Bad Request", 401: "Unauthorized", 402: "Payment Required",
    403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 406: "Not Acceptable",
    407: "Proxy Authentication Required", 408: "Request Timeout", 409: "Conflict", 410: "Gone",
    411: "Length Required", 412: "Precondition Failed", 413: "Request Entity Too Large",
    414: "Request-URI Too Long", 415: "Unsupported Media Type",
    416: "Requested Range Not Satisfiable", 417: "Expectation Failed",
    500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway",
    503: "Service Unavailable", 504: "Gateway Timeout", 505: "HTTP Version Not Supported",
}

# exception -> the class that it derives from
EXCEPTIONS = {
    "HTTPException": "Exception", "NotConnected": "HTTPException", "InvalidURL": "HTTPException",
    "UnknownProtocol": "HTTPException", "UnknownTransferEncoding": "HTTPException",
    "UnimplementedFileMode": "HTTPException", "IncompleteRead": "HTTPException",
    "ImproperConnectionState": "HTTPException", "CannotSendRequest": "ImproperConnectionState",
    "CannotSendHeader": "ImproperConnectionState", "ResponseNotReady": "ImproperConnectionState",
    "BadStatusLine": "HTTPException", "LineTooLong": "HTTPException",
}

# callable -> its positional parameters, in order; "=" stands before those with a default
SIGNATURES = {
    "HTTP": "=host =port =strict",
    "HTTP.connect": "self =host =port",
    "HTTP.getreply": "self =buffering",
    "HTTP.getfile": "self",
    "HTTP.close": "self",
    "HTTPS": "=host =port =key_file =cert_file =strict =context",
    "HTTPConnection": "host =port =strict =timeout =source_address",
    "HTTPConnection.request": "self method url =body =headers",
    "HTTPConnection.putrequest": "self method url =skip_host =skip_accept_encoding",
    "HTTPConnection.endheaders": "self =message_body",
    "HTTPConnection.getresponse": "self =buffering",
    "HTTPConnection.set_tunnel": "self host =port =headers",
    "HTTPSConnection":
        "host =port =key_file =cert_file =strict =timeout =source_address =context",
    "HTTPResponse": "sock =debuglevel =strict =method =buffering",
    "HTTPResponse.read": "self =amt",
    "HTTPResponse.getheader": "self name =default",
    "HTTPResponse.getheaders": "self",
    "HTTPMessage.getheader": "self name =default",
    "HTTPMessage.addheader": "self key value",
    "FakeSocket": "sock sslobj",
}


def test_all_has_the_names_of_python2():
    namespace = {}
    exec("from httpclient.httplib import *", namespace)
    del namespace["__builtins__"]
    assert sorted(namespace) == sorted(ALL)


@pytest.mark.parametrize("name", NOT_IN_ALL)
def test_module_has_the_name(name):
    assert hasattr(httplib, name)


@pytest.mark.parametrize("name", CONSTANTS)
def test_constant_has_its_value_of_python2(name):
    value = getattr(httplib, name)
    assert value == CONSTANTS[name]
    # A plain number: old code prints it with %r and pickles it.
    assert type(value) is int


def test_responses_have_the_texts_of_python2():
    assert {code: httplib.responses[code] for code in RESPONSES} == RESPONSES


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_exception_has_the_base_of_python2(name):
    cls = getattr(httplib, name)
    base = getattr(httplib, EXCEPTIONS[name], Exception)
    assert issubclass(cls, base)
    assert cls is getattr(httpclient, name)
    assert issubclass(cls, getattr(http.client, name))


def test_error_is_http_exception():
    assert httplib.error is httplib.HTTPException


@pytest.mark.parametrize("name", SIGNATURES)
def test_signature_has_the_parameters_of_python2(name):
    target = httplib
    for part in name.split("."):
        target = getattr(target, part)
    parameters = [("" if each.default is each.empty else "=") + each.name
                  for each in inspect.signature(target).parameters.values()
                  if each.kind is each.POSITIONAL_OR_KEYWORD]
    assert " ".join(parameters) == SIGNATURES[name]


def test_classes_derive_from_those_of_httpclient():
    assert issubclass(httplib.HTTPSConnection, httplib.HTTPConnection)
    assert issubclass(httplib.HTTPSConnection, httpclient.HTTPSConnection)
    assert issubclass(httplib.HTTPResponse, httpclient.HTTPResponse)
    assert issubclass(httplib.HTTPMessage, httpclient.HTTPMessage)
    assert issubclass(httplib.HTTPS, httplib.HTTP)
    assert httplib.HTTP._connection_class is httplib.HTTPConnection
    assert httplib.HTTPS._connection_class is httplib.HTTPSConnection
    assert (httplib.HTTP._http_vsn, httplib.HTTP._http_vsn_str) == (10, "HTTP/1.0")
    assert httplib.HTTPConnection.strict == 0


def test_import_statement_finds_a_registered_httplib(monkeypatch):
    monkeypatch.setitem(sys.modules, "httplib", httplib)
    namespace = {}
    exec("import httplib; from httplib import HTTP, HTTPS_PORT", namespace)
    assert namespace["HTTP"] is httplib.HTTP


@pytest.mark.parametrize(("name", "value"), [("_MAXHEADERS", 7), ("_MAXLINE", 4096)])
def test_limit_set_in_one_module_holds_in_the_other(name, value):
    before = getattr(httplib, name)
    try:
        setattr(httplib, name, value)
        assert getattr(httplib, name) == getattr(http.client, name) == value
        setattr(httpclient, name, value + 1)
        assert getattr(httplib, name) == value + 1
    finally:
        setattr(httpclient, name, before)


def test_fake_socket_warns_and_returns_the_ssl_object():
    marker = object()
    with pytest.warns(DeprecationWarning, match="FakeSocket"):
        assert httplib.FakeSocket(None, marker) is marker

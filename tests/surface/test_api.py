# SPDX-License-Identifier: MIT
"""The surface: every name, method, signature and constant that programs use, private ones too.

The tables are written out: what stands in them must be there on every interpreter, also where
this interpreter's http.client does not have it yet.
"""

import copy
import http
import http.client
import importlib
import inspect
import io
import pickle
import socket
import subprocess
import sys

import httpclient
import pytest
from httpclient._common import exceptions
from httpclient._install import stdlib_classes

from support.capture import FakeSocket, connect
from support.installing import CACHES
from support.servers import ok

CLASSES = ["HTTPConnection", "HTTPSConnection", "HTTPResponse", "HTTPMessage"]

PUBLIC = """
HTTPConnection HTTPSConnection HTTPResponse HTTPMessage HTTP_PORT HTTPS_PORT parse_headers
responses error
""".split()

PRIVATE = """
_MAXLINE _MAXHEADERS _MAXINTERIMRESPONSES _UNKNOWN _CS_IDLE _CS_REQ_STARTED _CS_REQ_SENT
_is_legal_header_name _is_illegal_header_value _contains_disallowed_url_pchar_re
_contains_disallowed_method_pchar_re _METHODS_EXPECTING_BODY _encode _strip_ipv6_iface
_read_headers _parse_header_lines _create_https_context
""".split()

# class -> its methods and attributes, as instrumentation, mocks and subclasses know them
MEMBERS = {
    "HTTPConnection": """
        _http_vsn _http_vsn_str response_class default_port auto_open debuglevel
        _is_textIO _get_content_length set_tunnel _get_hostport set_debuglevel _wrap_ipv6 _tunnel
        get_proxy_response_headers connect close send _output _read_readable _send_output
        putrequest _encode_request _validate_method _validate_path _validate_host putheader
        endheaders request _send_request getresponse __enter__ __exit__""".split(),
    "HTTPSConnection": ["default_port", "connect"],
    "HTTPResponse": """
        _read_status begin _check_close _close_conn close flush readable isclosed read readinto
        _read_next_chunk_size _read_and_discard_trailer _get_chunk_left _read_chunked
        _readinto_chunked _safe_read _safe_readinto read1 peek readline readlines _read1_chunked
        _peek_chunked fileno getheader getheaders __iter__ __next__ info geturl getcode closed
        __enter__ __exit__ writable seekable detach readinto1""".split(),
    "HTTPMessage": "getallmatchingheaders get_all get items keys add_header".split(),
}

# instance attributes right after the constructor
CONNECTION_STATE = """
timeout source_address blocksize sock _buffer _HTTPConnection__response _HTTPConnection__state
_method _tunnel_host _tunnel_port _tunnel_headers _raw_proxy_headers max_response_headers host
port _create_connection
""".split()
RESPONSE_STATE = """
fp debuglevel _method headers msg version status reason chunked chunk_left length will_close
""".split()


@pytest.mark.parametrize("name", PUBLIC + PRIVATE)
def test_module_has_the_name(name):
    assert hasattr(httpclient, name)


def test_every_name_of_this_http_client():
    """Even the modules that it imports are used through it."""
    assert set(vars(http.client)) - set(dir(httpclient)) - {"_MIN_READ_BUF_SIZE"} == set()


def test_all_names_those_of_http_client():
    assert set(http.client.__all__) <= set(httpclient.__all__)
    assert len(set(httpclient.__all__)) == len(httpclient.__all__)
    namespace = {}
    exec("from httpclient import *", namespace)
    assert set(httpclient.__all__) <= set(namespace)


@pytest.mark.parametrize("name", CLASSES)
def test_class_has_the_members_of_http_client(name):
    ours = getattr(httpclient, name)
    assert [each for each in MEMBERS[name] if not hasattr(ours, each)] == []
    assert set(dir(getattr(http.client, name))) - set(dir(ours)) - CACHES == set()


def test_constants_have_the_values_of_http_client():
    assert (httpclient.HTTP_PORT, httpclient.HTTPS_PORT) == (80, 443)
    assert (httpclient._MAXLINE, httpclient._MAXHEADERS) == (65536, 100)
    assert httpclient._MAXINTERIMRESPONSES == 100
    assert (httpclient._CS_IDLE, httpclient._CS_REQ_STARTED, httpclient._CS_REQ_SENT,
            httpclient._UNKNOWN) == ("Idle", "Request-started", "Request-sent", "UNKNOWN")
    assert httpclient._METHODS_EXPECTING_BODY == {"PATCH", "POST", "PUT"}
    assert httpclient.error is httpclient.HTTPException


STATUSES = {
    100: "CONTINUE", 101: "SWITCHING_PROTOCOLS", 102: "PROCESSING", 103: "EARLY_HINTS",
    200: "OK", 201: "CREATED", 202: "ACCEPTED", 203: "NON_AUTHORITATIVE_INFORMATION",
    204: "NO_CONTENT", 205: "RESET_CONTENT", 206: "PARTIAL_CONTENT", 207: "MULTI_STATUS",
    208: "ALREADY_REPORTED", 226: "IM_USED",
    300: "MULTIPLE_CHOICES", 301: "MOVED_PERMANENTLY", 302: "FOUND", 303: "SEE_OTHER",
    304: "NOT_MODIFIED", 305: "USE_PROXY", 307: "TEMPORARY_REDIRECT", 308: "PERMANENT_REDIRECT",
    400: "BAD_REQUEST", 401: "UNAUTHORIZED", 402: "PAYMENT_REQUIRED", 403: "FORBIDDEN",
    404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED", 406: "NOT_ACCEPTABLE",
    407: "PROXY_AUTHENTICATION_REQUIRED", 408: "REQUEST_TIMEOUT", 409: "CONFLICT", 410: "GONE",
    411: "LENGTH_REQUIRED", 412: "PRECONDITION_FAILED",
    413: "REQUEST_ENTITY_TOO_LARGE CONTENT_TOO_LARGE", 414: "REQUEST_URI_TOO_LONG URI_TOO_LONG",
    415: "UNSUPPORTED_MEDIA_TYPE", 416: "REQUESTED_RANGE_NOT_SATISFIABLE RANGE_NOT_SATISFIABLE",
    417: "EXPECTATION_FAILED", 418: "IM_A_TEAPOT", 421: "MISDIRECTED_REQUEST",
    422: "UNPROCESSABLE_ENTITY UNPROCESSABLE_CONTENT", 423: "LOCKED", 424: "FAILED_DEPENDENCY",
    425: "TOO_EARLY", 426: "UPGRADE_REQUIRED", 428: "PRECONDITION_REQUIRED",
    429: "TOO_MANY_REQUESTS", 431: "REQUEST_HEADER_FIELDS_TOO_LARGE",
    451: "UNAVAILABLE_FOR_LEGAL_REASONS",
    500: "INTERNAL_SERVER_ERROR", 501: "NOT_IMPLEMENTED", 502: "BAD_GATEWAY",
    503: "SERVICE_UNAVAILABLE", 504: "GATEWAY_TIMEOUT", 505: "HTTP_VERSION_NOT_SUPPORTED",
    506: "VARIANT_ALSO_NEGOTIATES", 507: "INSUFFICIENT_STORAGE", 508: "LOOP_DETECTED",
    510: "NOT_EXTENDED", 511: "NETWORK_AUTHENTICATION_REQUIRED",
}


@pytest.mark.parametrize("code", STATUSES)
def test_status_constant_has_each_of_its_names(code):
    """Under its old name and the one of Python 3.13, on every interpreter."""
    for name in STATUSES[code].split():
        status = getattr(httpclient, name)
        assert status == code and status is http.HTTPStatus(code)
        assert httpclient.responses[code] == status.phrase == http.client.responses[code]


def test_responses_equal_those_of_http_client():
    assert httpclient.responses == http.client.responses
    assert httpclient.responses[httpclient.NOT_FOUND] == "Not Found"
    assert httpclient.responses is not http.client.responses


# helper -> arguments; both modules must give the same
HELPERS = [
    ("_encode", "abc \xe9"), ("_encode", ""), ("_strip_ipv6_iface", b"[fe80::1%eth0]"),
    ("_strip_ipv6_iface", b"[::1]:80"), ("_strip_ipv6_iface", b"example.com"),
    ("_is_legal_header_name", b"a:"), ("_is_illegal_header_value", b"a b"),
]


# early 3.11 has no zones of IPv6 addresses
knows_zones = pytest.mark.skipif(not hasattr(http.client, "_strip_ipv6_iface"),
                                 reason="http.client does this later")


@pytest.mark.parametrize("call", HELPERS, ids=repr)
def test_helper_function_returns_what_that_of_http_client_does(call):
    name, *args = call
    if not hasattr(http.client, name):
        pytest.skip("http.client does this later")
    assert getattr(httpclient, name)(*args) == getattr(http.client, name)(*args)


@pytest.mark.parametrize("module", [http.client, httpclient])
def test_encode_error_says_which_text_to_encode(module):
    with pytest.raises(UnicodeEncodeError, match=r"Thing \('\u20ac'\) is not valid Latin-1\. Use "
                                                 r"thing\.encode\('utf-8'\) if you want"):
        module._encode("10 \u20ac", "thing")


@pytest.mark.parametrize("module", [pytest.param(http.client, marks=knows_zones), httpclient])
def test_strip_ipv6_iface_asserts_the_brackets(module):
    with pytest.raises(AssertionError):
        module._strip_ipv6_iface(b"fe80::1%eth0")


@pytest.mark.parametrize("args", [(), (None,), (5,)])
def test_read_headers_takes_the_arguments_of_each_version(args):
    """One argument up to 3.14, two from 3.15 on: both are in use."""
    file = io.BytesIO(b"A: b\r\nC: d\n e\r\n\r\nrest")
    lines = httpclient._read_headers(file, *args)
    assert [line for line in lines if line.strip()] == [b"A: b\r\n", b"C: d\n", b" e\r\n"]
    assert file.read() == b"rest"
    with pytest.raises(httpclient.HTTPException, match="got more than 2 headers"):
        httpclient._read_headers(io.BytesIO(b"A: b\r\n" * 3), 2)


@pytest.mark.parametrize("lines", [
    [], [b"A: b\r\n"], [b"A: b\r\n", b"\r\n"], [b"A: b\n", b"a: \xe9\r\n", b"\n"],
])
def test_parse_header_lines_returns_the_message_of_http_client(lines):
    message = httpclient._parse_header_lines(lines)
    assert type(message) is httpclient.HTTPMessage
    theirs = http.client.parse_headers(io.BytesIO(b"".join(lines)))
    assert message.items() == theirs.items()


@pytest.mark.parametrize("module", [http.client, httpclient])
def test_parse_headers_with_a_class(module):
    """http.server gives any HTTPMessage subclass; its own methods take part."""
    class Message(module.HTTPMessage):
        seen = []

        def get_content_type(self):
            self.seen.append(1)
            return super().get_content_type()

    file = io.BytesIO(b"Content-Type: text/css\r\nA: b\r\nA: c\r\n\r\nrest")
    message = module.parse_headers(file, _class=Message)
    assert type(message) is Message and file.read() == b"rest"
    assert message.get_all("a") == ["b", "c"] and message.get_content_type() == "text/css"
    assert Message.seen


def test_create_https_context_requires_a_certificate():
    ssl = pytest.importorskip("ssl")
    for version in (10, 11):
        context = httpclient._create_https_context(version)
        assert context.verify_mode == ssl.CERT_REQUIRED and context.check_hostname
        assert context.post_handshake_auth is not False


@pytest.mark.parametrize("module", [http.client, httpclient])
def test_attributes_of_a_new_connection(module):
    connection = module.HTTPConnection("a")
    newer = {"_raw_proxy_headers", "max_response_headers"}
    missing = [name for name in CONNECTION_STATE if name not in vars(connection)]
    assert missing == [] or module is http.client and set(missing) <= newer
    assert (connection.sock, connection._buffer, connection._method) == (None, [], None)


@pytest.mark.parametrize("module", [http.client, httpclient])
def test_attributes_of_a_new_response(module):
    response = module.HTTPResponse(FakeSocket(), 1, "PUT", "http://a/")
    assert [name for name in RESPONSE_STATE if not hasattr(response, name)] == []
    assert (response.debuglevel, response._method) == (1, "PUT")
    assert response.headers is None and response.msg is None
    for name in "version status reason chunked chunk_left length will_close".split():
        assert getattr(response, name) == module._UNKNOWN
    for name in ("getheaders", "getheader"):
        with pytest.raises(module.ResponseNotReady):
            getattr(response, name)(*["A"] * (name == "getheader"))


@pytest.mark.parametrize("name", CLASSES[:3])
def test_signatures_accept_the_arguments_of_http_client(name):
    """Each parameter of http.client's methods is one of httpclient's, under its name."""
    theirs = getattr(http.client, name)
    for method, function in inspect.getmembers(theirs, inspect.isfunction):
        if function.__module__ != "http.client":
            continue
        ours = inspect.signature(getattr(getattr(httpclient, name), method)).parameters
        for parameter in inspect.signature(function).parameters.values():
            if parameter.name == "self":
                continue
            assert parameter.name in ours, f"{name}.{method}({parameter.name})"
            if method != "__init__":
                assert ours[parameter.name].default == parameter.default
                assert ours[parameter.name].kind == parameter.kind


def test_module_shown_is_one_that_can_be_imported():
    for name in httpclient.__all__ + ["HTTPMessage", "parse_headers"]:
        module = getattr(getattr(httpclient, name), "__module__", "httpclient")
        assert module.partition(".")[0] == "httpclient", name


def test_connection_and_response_are_context_managers():
    """A connection of httpclient closes itself (COMPATIBILITY.md: context manager)."""
    sock = FakeSocket(ok(b"body"))
    with connect(httpclient, sock) as connection:
        assert type(connection) is httpclient.HTTPConnection
        connection.request("GET", "/")
        response = connection.getresponse()
    assert sock.closed and connection.sock is None and response.isclosed()
    with pytest.raises(LookupError), connect(httpclient, sock) as connection:
        connection.connect()
        raise LookupError
    assert connection.sock is None


EXCEPTIONS = {
    "HTTPException": ("x",), "NotConnected": (), "InvalidURL": ("x",),
    "UnknownProtocol": ("HTTP/9",), "UnknownTransferEncoding": ("x",),
    "UnimplementedFileMode": ("x",), "IncompleteRead": (b"ab", 3),
    "ImproperConnectionState": ("x",), "CannotSendRequest": ("Request-sent",),
    "CannotSendHeader": (), "ResponseNotReady": ("Idle",), "BadStatusLine": ("x\r\n",),
    "LineTooLong": ("header line",), "RemoteDisconnected": ("gone",),
}


def test_each_exception_is_public():
    defined = {name for name, value in vars(exceptions).items()
               if isinstance(value, type) and issubclass(value, httpclient.HTTPException)}
    assert set(exceptions.__all__) == defined
    assert set(exceptions.__all__) == {*EXCEPTIONS, "BadHeaderLine", "error"}
    assert set(exceptions.__all__) <= set(httpclient.__all__)


def test_installed_functions_find_each_exception_of_http_client():
    for name in exceptions.__all__:
        found = getattr(stdlib_classes, name)
        assert found is getattr(http.client, name, httpclient.BadHeaderLine), name


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_exception_has_the_attributes_of_that_of_http_client(name):
    args = EXCEPTIONS[name]
    ours, theirs = [getattr(module, name)(*args) for module in (httpclient, http.client)]
    assert (str(ours), repr(ours), ours.args) == (str(theirs), repr(theirs), theirs.args)
    assert vars(theirs).items() <= vars(ours).items()


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_exception_is_caught_as_that_of_http_client(name):
    """Code that we never see says `except http.client.IncompleteRead`."""
    kind = getattr(httpclient, name)
    theirs = getattr(http.client, name)
    assert kind is not theirs and issubclass(kind, theirs)
    bases = {base.__name__ for base in theirs.__mro__}
    assert bases <= {base.__name__ for base in kind.__mro__}
    for base in bases & set(EXCEPTIONS):
        assert issubclass(kind, getattr(httpclient, base)), base
    with pytest.raises(theirs):
        raise kind(*EXCEPTIONS[name])


@pytest.mark.parametrize("name", EXCEPTIONS)
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy,
                                    lambda e: pickle.loads(pickle.dumps(e))],
                         ids=["copy", "deepcopy", "pickle"])
def test_exception_can_be_pickled_and_copied(name, copied):
    """Between processes and threads, without losing anything (COMPATIBILITY.md: pickled)."""
    error = getattr(httpclient, name)(*EXCEPTIONS[name])
    error.url = "http://a/"
    error.add_note("kept")
    other = copied(error)
    assert type(other) is type(error) and vars(other) == vars(error)
    assert (other.args, str(other)) == (error.args, str(error))


@pytest.mark.parametrize(("args", "text"), [
    ((b"ab",), "IncompleteRead(2 bytes read)"), ((b"", 0), "IncompleteRead(0 bytes read, 0 more "
                                                           "expected)")])
def test_incomplete_read_has_the_text_of_http_client(args, text):
    error = httpclient.IncompleteRead(*args)
    assert str(error) == repr(error) == text and error.partial == args[0]


def test_bad_status_line_of_nothing():
    assert httpclient.BadStatusLine("").line == "''"


def test_remote_disconnected_is_a_reset_connection():
    assert issubclass(httpclient.RemoteDisconnected, ConnectionResetError)


@pytest.mark.parametrize("kept", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))],
                         ids=["deepcopy", "pickle"])
def test_message_can_be_pickled_and_copied(kept):
    connection = connect(httpclient, FakeSocket(ok(b"body", "A: b", "a: c")))
    connection.request("GET", "/")
    message = connection.getresponse().msg
    other = kept(message)
    assert type(other) is httpclient.HTTPMessage
    assert other.items() == message.items() and other.get_all("a") == ["b", "c"]
    assert isinstance(message, http.client.HTTPMessage)


@pytest.mark.parametrize("name", ["httpclient", "httpclient.httplib"])
def test_module_is_pickled_by_its_name(name):
    """cloudpickle pickles a module itself only if its class is ModuleType."""
    module = importlib.import_module(name)
    assert pickle.loads(pickle.dumps(module)) is module


def test_module_works_in_a_python_without_ssl():
    """The rest of the module works where Python was built without it."""
    code = ("import sys; sys.modules['ssl'] = sys.modules['_ssl'] = None\n"
            "import httpclient\n"
            "assert not hasattr(httpclient, 'HTTPSConnection')\n"
            "assert 'HTTPSConnection' not in httpclient.__all__\n"
            "from httpclient import *\n"
            "print(HTTPConnection('a').port)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("80\n", "")


def test_import_loads_neither_pool_nor_decoding_nor_transports():
    """`import httpclient` takes no longer because these exist."""
    code = ("import sys, httpclient; print(*(name for name in sys.modules if name.startswith("
            "('httpclient.pool', 'httpclient.decoding', 'httpclient.transports', "
            "'httpclient._install', 'httpclient._response.codings', 'httpclient._request.url', "
            "'requests', 'urllib3', 'httpx'))))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("\n", "")


@pytest.mark.parametrize("name", ["HTTPConnection", "HTTPSConnection"])
def test_connections_work_while_a_class_is_bound_to_their_name(name, monkeypatch):
    """VCR.py puts its own classes there; the instances of others are no concern of these."""
    original = getattr(httpclient, name, None)
    if original is None:
        pytest.skip("a Python without ssl")

    class Other:
        def close(self):
            raise AssertionError("called for an instance of another class")

    for bound in "HTTPConnection", "HTTPSConnection":
        monkeypatch.setattr(httpclient, bound, Other)
    ours, server = socket.socketpair()
    with server:
        connection = original("a.example")
        connection.sock = ours
        connection.request("GET", "/")
        server.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nx")
        server.shutdown(socket.SHUT_WR)
        assert connection.getresponse().read() == b"x"
        connection.close()

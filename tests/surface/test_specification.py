# SPDX-License-Identifier: MIT
"""The two documents that httpclient implements: http.client of Python 3.0, httplib of Python 2.5.

The tables are what the documents name; where the documents are at hand (in the folder `spec` of
HTTPCLIENT_SHARED, by default `shared` beside the checkout) their own examples are run, and the
tables are compared with them.  Host names lead to a server on the loopback: nothing is looked up.
"""

import contextlib
import doctest
import email.message
import http
import http.client
import re
import socket
import sys

import httpclient
import pytest
from httpclient import httplib

from support.capture import FakeSocket, connect, over_fake
from support.paths import SHARED
from support.servers import ok, serving
from support.statuses import STATUSES

NEW, OLD = "http.client-3.0.rst", "httplib-2.5.tex"
# Which module is the one of which document.
MODULES = {NEW: httpclient, OLD: httplib}

EXCEPTIONS = {
    "HTTPException": "Exception",
    "NotConnected": "HTTPException",
    "InvalidURL": "HTTPException",
    "UnknownProtocol": "HTTPException",
    "UnknownTransferEncoding": "HTTPException",
    "UnimplementedFileMode": "HTTPException",
    "IncompleteRead": "HTTPException",
    "ImproperConnectionState": "HTTPException",
    "CannotSendRequest": "ImproperConnectionState",
    "CannotSendHeader": "ImproperConnectionState",
    "ResponseNotReady": "ImproperConnectionState",
    "BadStatusLine": "HTTPException",
}
PORTS = {"HTTP_PORT": 80, "HTTPS_PORT": 443}
CLASSES = {"HTTPConnection", "HTTPSConnection", "HTTPResponse"}
METHODS = {
    "HTTPConnection": {"request", "getresponse", "set_debuglevel", "connect", "close",
                       "putrequest", "putheader", "endheaders", "send"},
    "HTTPResponse": {"read", "getheader", "getheaders"},
}
ATTRIBUTES = {"msg", "version", "status", "reason"}


def document(name):
    """The document's text; the test is skipped where it is not at hand."""
    path = SHARED / "spec" / name
    if not path.is_file():
        pytest.skip(f"no {path}: HTTPCLIENT_SHARED names the folder that has it")
    return path.read_text(encoding="utf-8")


def named(pattern, text):
    return set(re.findall(pattern, text))


def test_tables_are_those_of_the_new_document():
    text = document(NEW)
    assert named(r"(?m)^\.\. class:: (\w+)", text) == CLASSES
    assert named(r"(?m)^\.\. exception:: (\w+)", text) == set(EXCEPTIONS)
    assert named(r"(?m)^\.\. data:: (\w+)", text) == set(PORTS) | {"responses"}
    assert named(r"(?m)^\.\. attribute:: HTTPResponse\.(\w+)", text) == ATTRIBUTES
    for name, methods in METHODS.items():
        assert named(rf"(?m)^\.\. method:: {name}\.(\w+)", text) == methods
    found = re.findall(r":const:`(\w+)` +\| ``(\d+)``", text)
    assert {name: int(code) for name, code in found} == STATUSES
    parents = re.findall(r"exception:: (\w+)\n.*?subclass of\s+:exc:`(\w+)`", text, re.S)
    assert dict(parents) == EXCEPTIONS


def test_tables_are_those_of_the_old_document():
    text = document(OLD)
    assert named(r"\\begin\{classdesc\}\{(\w+)", text) == CLASSES
    assert named(r"\\begin\{excdesc\}\{(\w+)", text) == set(EXCEPTIONS)
    assert named(r"\\begin\{datadesc\}\{(\w+)", text) == set(PORTS) | ATTRIBUTES
    assert named(r"\\begin\{methoddesc\}\{(\w+)", text) == set().union(*METHODS.values())
    found = re.findall(r"\\lineiii\{(\w+)\}\s*\{\\code\{(\d+)\}\}", text)
    assert {name: int(code) for name, code in found} == STATUSES
    parents = re.findall(r"\{excdesc\}\{(\w+)\}.*?subclass\s+of\s+\\exception\{(\w+)\}", text, re.S)
    assert dict(parents) == EXCEPTIONS
    assert r"\class{HTTP}" in text and issubclass(httplib.HTTP, object)


@pytest.mark.parametrize("module", MODULES.values())
@pytest.mark.parametrize("name", EXCEPTIONS)
def test_exception_has_the_documented_parent(module, name):
    parent = EXCEPTIONS[name]
    kind = getattr(module, name)
    assert issubclass(kind, getattr(module, parent, Exception))
    assert kind.__mro__[1].__name__ == parent or parent == "Exception"
    assert kind.__name__ == name


@pytest.mark.parametrize("module", MODULES.values())
@pytest.mark.parametrize("name", {**PORTS, **STATUSES})
def test_constant_has_the_documented_value(module, name):
    assert getattr(module, name) == {**PORTS, **STATUSES}[name]


@pytest.mark.parametrize("module", MODULES.values())
def test_responses_have_a_text_for_each_status(module):
    assert module.responses[module.NOT_FOUND] == "Not Found"
    # Those that have no W3C name of their own in the documents' days have one now.
    for name, code in STATUSES.items():
        assert isinstance(module.responses[code], str), name


@pytest.mark.parametrize("module", MODULES.values())
def test_each_documented_class_has_its_methods(module):
    assert issubclass(module.HTTPSConnection, module.HTTPConnection)
    for name, methods in METHODS.items():
        for method in methods:
            assert callable(getattr(getattr(module, name), method))
    connection = connect(module, FakeSocket(ok(b"body")))
    connection.request("GET", "/")
    response = connection.getresponse()
    assert isinstance(response, module.HTTPResponse)
    assert [name for name in ATTRIBUTES if not hasattr(response, name)] == []


# The examples

SESSION = """
>>> conn = client.HTTPConnection("host.example")
>>> conn.request("GET", "/index.html")
>>> first = conn.getresponse()
>>> print(first.status, first.reason)
200 OK
>>> content = first.read()
>>> conn.request("GET", "/parrot.spam")
>>> second = conn.getresponse()
>>> print(second.status, second.reason)
404 Not Found
>>> content == b"index", second.read()
(True, b'none')
>>> conn.close()
"""
FORM = """
>>> import urllib.parse
>>> form = urllib.parse.urlencode({"spam": 1, "eggs": 2, "bacon": 0})
>>> fields = {"Content-type": "application/x-www-form-urlencoded", "Accept": "text/plain"}
>>> conn = client.HTTPConnection("host.example:80")
>>> conn.request("POST", "/cgi-bin/query", form, fields)
>>> answer = conn.getresponse()
>>> print(answer.status, answer.reason)
200 OK
>>> answer.read()
b'spam=1&eggs=2&bacon=0'
>>> conn.close()
"""
SAME_SERVER = """
>>> for conn in [client.HTTPConnection("host.example"),
...              client.HTTPConnection("host.example:80"),
...              client.HTTPConnection("host.example", 80),
...              client.HTTPConnection("host.example", 80, timeout=10)]:
...     conn.connect()
...     conn.close()
"""


def answer(request):
    """What the servers of the examples answer."""
    if request.target == "/cgi-bin/query":
        assert request.method == "POST"
        assert request.field("Content-type") == "application/x-www-form-urlencoded"
        assert request.field("Accept") == "text/plain"
        assert request.field("Content-Length") == str(len(request.body))
        return ok(request.body)
    if request.target == "/index.html":
        return ok(b"index")
    return ok(b"none", status="404 Not Found")


@pytest.fixture
def asked(monkeypatch):
    """The addresses that are connected to; all of them are one server on the loopback."""
    addresses = []
    create_connection = socket.create_connection
    with serving(*[answer] * 20) as server:
        def redirect(address, *args, **kwargs):
            addresses.append(address)
            return create_connection(server.address, *args, **kwargs)

        monkeypatch.setattr(socket, "create_connection", redirect)
        yield addresses


def run(text, **names):
    """Runs the examples of a text as doctest does; returns how many there were."""
    examples = doctest.DocTestParser().get_doctest(text, names, "specification", None, 0)
    said = []
    results = doctest.DocTestRunner(verbose=False).run(examples, out=said.append)
    assert results.failed == 0, "".join(said)
    return results.attempted


@pytest.mark.parametrize("module", [http.client, httpclient, httplib])
def test_documented_session_runs(module, asked):
    assert run(SESSION, client=module) == 10
    assert asked == [("host.example", 80)]


@pytest.mark.parametrize("module", [http.client, httpclient, httplib])
def test_documented_form_example_runs(module, asked):
    run(FORM, client=module)
    assert asked == [("host.example", 80)]


@pytest.mark.parametrize("module", [http.client, httpclient, httplib])
def test_documented_example_of_one_server_runs(module, asked):
    run(SAME_SERVER, client=module)
    assert asked == [("host.example", 80)] * 4


def examples_of(name):
    """The examples of a document, each block apart; httplib's in today's Python."""
    ends = ("\\end", "Here is", ".. ")
    blocks, block = [], []
    for line in [*document(name).splitlines(), ""]:
        line = line.strip()
        if block and (not line or line.startswith(ends)):
            blocks.append("\n".join(block))
            block = []
        elif block or line.startswith(">>>"):
            block.append(line)
    text = "\n\n".join(blocks)
    text = re.sub(r"(?m)^(>>> print) (?!\()(.*)$", r"\1(\2)", text)
    return text.replace("import httplib, urllib\n", "import httplib, urllib.parse as urllib\n")


@pytest.mark.parametrize("name", [NEW, OLD])
def test_examples_of_the_document(name, asked, monkeypatch):
    """As they stand there, with our module under the document's name for it."""
    text = examples_of(name)
    monkeypatch.setitem(sys.modules, "http.client", httpclient)
    monkeypatch.setattr(http, "client", httpclient)
    monkeypatch.setitem(sys.modules, "httplib", httplib)
    assert run(text, http=http, httplib=httplib) == {NEW: 24, OLD: 23}[name]
    assert asked == [("www.python.org", 80), ("musi-cal.mojam.com", 80)]


# What the documents say of the arguments

def given(*args, **kwargs):
    return args, kwargs


DEFAULT = socket._GLOBAL_DEFAULT_TIMEOUT
HERE = ("127.0.0.1", 0)
# arguments after the host -> (port, strict, timeout, source_address)
CONNECTIONS = [
    (given(), (80, None, DEFAULT, None)),
    (given(81), (81, None, DEFAULT, None)),
    (given(81, True), (81, True, DEFAULT, None)),
    (given(81, False), (81, False, DEFAULT, None)),
    (given(81, True, 5), (81, True, 5, None)),
    (given(81, False, 5.5, HERE), (81, False, 5.5, HERE)),
    (given(81, True, timeout=5), (81, True, 5, None)),
    (given(81, strict=True), (81, True, DEFAULT, None)),
    (given(81, strict=False, timeout=None), (81, False, None, None)),
    (given(port=81, strict=True, timeout=5), (81, True, 5, None)),
    (given(81, 5), (81, None, 5, None)),
    (given(81, 0), (81, None, 0, None)),
    (given(81, 1), (81, None, 1, None)),
    (given(81, None), (81, None, None, None)),
    (given(81, 5, HERE), (81, None, 5, HERE)),
    (given(81, 5, HERE, 100), (81, None, 5, HERE)),
    (given(81, 5, HERE, strict=True), (81, True, 5, HERE)),
    (given(81, timeout=5, source_address=HERE, blocksize=9), (81, None, 5, HERE)),
]

SECURE = [
    (given(), (443, None, DEFAULT, None)),
    (given(444, None, None), (444, None, DEFAULT, None)),
    (given(444, None, None, True), (444, True, DEFAULT, None)),
    (given(444, None, None, False, 5), (444, False, 5, None)),
    (given(444, None, None, None, 5), (444, None, 5, None)),
    (given(444, None, None, True, timeout=5), (444, True, 5, None)),
    (given(444, None, None, strict=True), (444, True, DEFAULT, None)),
    (given(444, key_file=None, cert_file=None, strict=False), (444, False, DEFAULT, None)),
    (given(444, None, None, 5), (444, None, 5, None)),
    (given(444, None, None, 5, HERE), (444, None, 5, HERE)),
    (given(444, timeout=5, source_address=HERE, blocksize=9), (444, None, 5, HERE)),
]


@pytest.mark.parametrize(("kind", "arguments", "expected"), [
    *(("HTTPConnection", *row) for row in CONNECTIONS),
    *(("HTTPSConnection", *row) for row in SECURE)], ids=repr)
def test_arguments_of_a_connection(kind, arguments, expected):
    args, kwargs = arguments
    connection = getattr(httpclient, kind)("a", *args, **kwargs)
    assert (connection.port, connection.strict, connection.timeout,
            connection.source_address) == expected
    if connection.strict is not None:
        assert type(connection.strict) is bool
    if kind == "HTTPSConnection":
        assert (connection.key_file, connection.cert_file) == (None, None)


@pytest.mark.parametrize(("kind", "arguments"), [
    ("HTTPConnection", given(81, True, strict=False)),
    ("HTTPConnection", given(81, 5, timeout=5)),
    ("HTTPConnection", given(81, True, 5, timeout=5)),
    ("HTTPConnection", given(81, 5, HERE, 9, 9)),
    ("HTTPConnection", given(81, host="a")),
    ("HTTPConnection", given(81, unknown=1)),
    ("HTTPConnection", given(81, key_file="a")),
    ("HTTPSConnection", given(81, None, None, True, strict=True)),
    ("HTTPSConnection", given(81, None, None, 5, timeout=5)),
    ("HTTPSConnection", given(81, None, key_file=None)),
    ("HTTPSConnection", given(81, unknown=1)),
])
def test_contradictory_arguments_raise_type_error(kind, arguments):
    args, kwargs = arguments
    with pytest.raises(TypeError):
        getattr(httpclient, kind)("a", *args, **kwargs)


RESPONSES = [
    (given(), (0, None, None, None)),
    (given(1), (1, None, None, None)),
    (given(1, True), (1, None, None, True)),
    (given(0, False), (0, None, None, False)),
    (given(0, 1), (0, None, None, True)),
    (given(0, 0), (0, None, None, False)),
    (given(0, "PUT"), (0, "PUT", None, None)),
    (given(0, "PUT", "http://a/"), (0, "PUT", "http://a/", None)),
    (given(debuglevel=1, strict=True), (1, None, None, True)),
    (given(method="PUT", strict=False), (0, "PUT", None, False)),
    (given(0, None, None), (0, None, None, None)),
]


@pytest.mark.parametrize(("arguments", "expected"), RESPONSES, ids=repr)
def test_arguments_of_httpresponse_have_the_documented_order(arguments, expected):
    args, kwargs = arguments
    debuglevel, method, _, strict = expected
    response = httpclient.HTTPResponse(FakeSocket(ok(b"body")), *args, **kwargs)
    assert (response.debuglevel, response._method) == (debuglevel, method)
    assert response.strict is strict or response.strict == strict
    with contextlib.redirect_stdout(None):
        response.begin()
    assert response.read() == b"body"


# What they say of the methods

@pytest.mark.parametrize(("strict", "reply", "expected"), [
    (None, b"<html>", httpclient.BadStatusLine),
    (True, b"<html>", httpclient.BadStatusLine),
    (False, b"<html>", b"<html>"),
    (True, b"HTTP/2.0 200 OK\r\n\r\n", httpclient.BadStatusLine),
    (None, b"HTTP/2.0 200 OK\r\n\r\n", httpclient.UnknownProtocol),
    (True, b"HTTP/1.1 2x0 OK\r\n\r\n", httpclient.BadStatusLine),
    (None, b"HTTP/1.1 2x0 OK\r\n\r\n", httpclient.BadStatusLine),
    (False, b"HTTP/1.1 2x0 OK\r\n\r\n", httpclient.BadStatusLine),
    (True, b"HTTP/1.0 200 OK\r\n\r\nbody", b"body"),
    (True, b"HTTP/1.1 200 OK\r\n\r\nbody", b"body"),
])
def test_strict_decides_about_http_0_9(strict, reply, expected):
    connection = connect(httpclient, FakeSocket(reply), "a", strict=strict)
    connection.request("GET", "/")
    if isinstance(expected, bytes):
        response = connection.getresponse()
        assert response.read() == expected
        assert response.version == (9 if b"HTTP" not in reply else 10 + (b"1.1" in reply))
    else:
        with pytest.raises(expected) as caught:
            connection.getresponse()
        assert type(caught.value) is expected


@pytest.mark.parametrize("module", [http.client, httpclient, httplib])
def test_documented_steps_send_a_request(module):
    def call(connection):
        connection.putrequest("PUT", "/x", 1, 1)
        connection.putheader("Content-Length", "4")
        connection.putheader("Name", "one", "two", "three")
        connection.endheaders()
        connection.send(b"da")
        connection.send(b"ta")

    assert over_fake(module, call).wire == (
        b"PUT /x HTTP/1.1\r\nContent-Length: 4\r\nName: one\r\n\ttwo\r\n\tthree\r\n\r\ndata")


@pytest.mark.parametrize("module", [httpclient, httplib])
@pytest.mark.parametrize("position", [0, 3, 10])
def test_file_is_sent_from_its_current_position(module, position, tmp_path):
    """Its content from the current position, whichever way it is framed."""
    path = tmp_path / "body"
    path.write_bytes(b"0123456789")
    with serving(lambda request: ok(request.body)) as server, path.open("rb") as file:
        file.seek(position)
        connection = module.HTTPConnection(*server.address, timeout=20)
        with contextlib.closing(connection):
            connection.request("POST", "/", file)
            assert connection.getresponse().read() == b"0123456789"[position:]
        request, = server.handle.requests
        assert ("Content-Length" in dict(request.fields)) is (module is httplib)


@pytest.mark.parametrize("module", [httpclient, httplib])
def test_response_has_the_documented_attributes(module):
    connection = connect(module, FakeSocket(ok(b"0123456789", "Name: a", "name: b",
                                               version="HTTP/1.0", status="201 It is made")))
    connection.request("GET", "/")
    response = connection.getresponse()
    assert (response.version, response.status, response.reason) == (10, 201, "It is made")
    assert response.getheader("NAME") == "a, b"
    assert (response.getheader("None"), response.getheader("None", "x")) == (None, "x")
    assert isinstance(response.getheaders(), list)
    assert {name.lower() for name, _ in response.getheaders()} == {"content-length", "name"}
    assert isinstance(response.msg, email.message.Message)
    assert (response.read(4), response.read(), response.read()) == (b"0123", b"456789", b"")


@pytest.mark.parametrize("module", [httpclient, httplib])
def test_body_and_headers_of_a_request(module):
    headers = {"A": "b"}
    outcome = over_fake(module, lambda c: c.request("POST", "/", "text", headers))
    assert outcome.wire.endswith(b"\r\nContent-Length: 4\r\nA: b\r\n\r\ntext")


@pytest.mark.parametrize("module", [httpclient, httplib])
def test_debuglevel_prints_after_set_debuglevel(module, capsys):
    connection = connect(module, FakeSocket(ok(b"")))
    connection.request("GET", "/")
    connection.getresponse().read()
    assert capsys.readouterr().out == ""
    connection.close()
    connection.set_debuglevel(1)
    connection.request("GET", "/")
    connection.getresponse()
    assert capsys.readouterr().out.startswith("send: b'GET / HTTP/1.1")

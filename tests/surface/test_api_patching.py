# SPDX-License-Identifier: MIT
"""What programs change from outside: names of the module, attributes of classes and instances.

A name that is rebound in the module is looked up there when it is used; a method that is replaced
on a class is called; and everything is as before when it is put back.
"""

import gc
import http.client
import inspect
import io
import re
import sys

import httpclient
import pytest

from support.capture import FakeSocket, connect, over_fake
from support.servers import ok, tcp_pair

MODULES = [http.client, httpclient]
pytestmark = pytest.mark.parametrize("module", MODULES)


def answer(module, reply, **attributes):
    """The response to a GET over a fake socket."""
    connection = connect(module, FakeSocket(reply))
    for name, value in attributes.items():
        setattr(connection, name, value)
    connection.request("GET", "/", headers={"A": "b"})
    return connection.getresponse()


# Limits.  They are set in either module and hold in httpclient: both are the same number.

@pytest.mark.parametrize("where", MODULES)
@pytest.mark.parametrize(("name", "value", "good", "bad"), [
    ("_MAXLINE", 40, ok(b"", "A: " + "b" * 35), ok(b"", "A: " + "b" * 36)),
    ("_MAXLINE", 30, ok(b"", status="200 " + "x" * 15), ok(b"", status="200 " + "x" * 16)),
    ("_MAXLINE", 70_000, ok(b"", "A: " + "b" * 69_990), ok(b"", "A: " + "b" * 69_996)),
    ("_MAXHEADERS", 2, ok(b""), ok(b"", "A: b", "C: d")),
    ("_MAXHEADERS", 200, ok(b"", *["A: b"] * 150), ok(b"", *["A: b"] * 200)),
], ids=["field line", "status line", "more", "fields", "more fields"])
def test_rebound_limit_is_obeyed(module, where, monkeypatch, name, value, good, bad):
    if module is http.client and where is httpclient:
        pytest.skip("whether httpclient's limit reaches http.client is tested from httpclient")
    monkeypatch.setattr(where, name, value)
    assert getattr(module, name) == value
    assert answer(module, good).status == 200
    with pytest.raises(http.client.HTTPException, match=f"got more than {value} "):
        answer(module, bad)
    monkeypatch.undo()
    assert getattr(module, name) == {"_MAXLINE": 65536, "_MAXHEADERS": 100}[name]
    assert getattr(http.client, name) == getattr(httpclient, name)


@pytest.mark.parametrize("where", MODULES)
def test_max_line_holds_for_chunks(module, where, monkeypatch):
    reply = (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
             b"1;" + b"x" * 60 + b"\r\na\r\n0\r\n\r\n")
    if module is http.client and where is httpclient:
        pytest.skip("whether httpclient's limit reaches http.client is tested from httpclient")
    response = answer(module, reply)
    monkeypatch.setattr(where, "_MAXLINE", 50)
    with pytest.raises(http.client.HTTPException):
        response.read()
    monkeypatch.undo()
    assert answer(module, reply).read() == b"a"


# Functions and patterns of the module.

def test_is_legal_header_name_rebound(module, monkeypatch):
    monkeypatch.setattr(module, "_is_legal_header_name", re.compile(rb"[^:\n]+").fullmatch)
    outcome = over_fake(module, lambda c: c.request("GET", "/", headers={" a": "b", "A": "c"}))
    assert b"\r\n a: b\r\nA: c\r\n" in outcome.wire
    monkeypatch.setattr(module, "_is_legal_header_name", lambda name: False)
    outcome = over_fake(module, lambda c: c.request("GET", "/"))
    assert outcome.text == "Invalid header name b'Host'"
    monkeypatch.undo()
    assert over_fake(module, lambda c: c.request("GET", "/", headers={" a": "b"})).error


def test_is_illegal_header_value_rebound(module, monkeypatch):
    monkeypatch.setattr(module, "_is_illegal_header_value", lambda value: False)
    outcome = over_fake(module, lambda c: c.request("GET", "/", headers={"A": "b\nc"}))
    assert b"\r\nA: b\nc\r\n" in outcome.wire
    monkeypatch.setattr(module, "_is_illegal_header_value", lambda value: b"c" in value)
    outcome = over_fake(module, lambda c: c.request("GET", "/", headers={"A": "bcd"}))
    assert outcome.error == "ValueError"


@pytest.mark.parametrize(("name", "method", "url"), [
    ("_contains_disallowed_url_pchar_re", "GET", "/a b"),
    ("_contains_disallowed_method_pchar_re", "GE\tT", "/")])
def test_rebound_pattern_is_obeyed(module, monkeypatch, name, method, url):
    def call(connection):
        connection.request(method, url)

    assert over_fake(module, call).error
    monkeypatch.setattr(module, name, re.compile("!"))
    assert over_fake(module, call).wire.startswith(f"{method} {url} HTTP/1.1\r\n".encode())
    monkeypatch.setattr(module, name, re.compile("[GE]"))
    assert over_fake(module, lambda c: c.request("GET", "/GE")).error


def test_methods_expecting_body_rebound(module, monkeypatch):
    monkeypatch.setattr(module, "_METHODS_EXPECTING_BODY", {"QUERY"})
    for method, there in [("QUERY", True), ("POST", False)]:
        outcome = over_fake(module, lambda c, method=method: c.request(method, "/"))
        assert (b"Content-Length: 0" in outcome.wire) is there


def test_rebound_encode_is_called(module, monkeypatch):
    monkeypatch.setattr(module, "_encode", lambda data, name="data": data.encode("utf-8"))
    outcome = over_fake(module, lambda c: c.request("POST", "/", "\u20ac",
                                                    {"Content-Length": "3"}))
    assert outcome.wire.endswith(b"\r\n\r\n\xe2\x82\xac")


def test_rebound_parse_headers_is_called(module, monkeypatch):
    parse_headers = module.parse_headers
    seen = []

    def spy(fp, *args, **kwargs):
        message = parse_headers(fp, *args, **kwargs)
        message["Added"] = "yes"
        seen.append(message)
        return message

    monkeypatch.setattr(module, "parse_headers", spy)
    response = answer(module, ok(b"body"))
    assert response.msg is seen[0] is response.headers
    assert (response.getheader("Added"), response.read()) == ("yes", b"body")
    monkeypatch.undo()
    assert answer(module, ok(b"body")).getheader("Added") is None


def test_rebound_read_headers_is_called(module, monkeypatch):
    monkeypatch.setattr(module, "_read_headers", lambda fp, *args: [b"Only: this\r\n", b"\r\n"])
    assert answer(module, b"HTTP/1.1 200 OK\r\n").getheaders() == [("Only", "this")]


def test_exceptions_rebound_are_not_lost(module, monkeypatch):
    """`print` is put back by deleting it: the built-in one is in force again."""
    monkeypatch.setattr(module, "print", lambda *args: None, raising=False)
    monkeypatch.undo()
    assert "print" not in vars(module)
    answer(module, ok(b""), debuglevel=1)


# Methods and attributes of the classes.

@pytest.mark.parametrize("name", ["HTTPConnection", "HTTPSConnection", "HTTPResponse",
                                  "HTTPMessage"])
def test_class_is_an_ordinary_one(module, name):
    cls = getattr(module, name)
    cls.probe = 1
    assert cls.probe == 1
    del cls.probe
    assert not hasattr(cls, "probe")
    assert type("Sub", (cls,), {"x": 1}).x == 1
    assert isinstance(vars(cls).get("__dict__"), type(None)) or "__dict__" in dir(cls)


@pytest.mark.parametrize("name", ["_is_textIO", "_get_content_length"])
def test_static_methods_stand_in_the_class(module, name):
    """vcrpy copies what it finds in HTTPConnection.__dict__."""
    assert isinstance(vars(module.HTTPConnection)[name], staticmethod)


@pytest.mark.parametrize("name", ["_http_vsn", "_http_vsn_str", "debuglevel", "response_class",
                                  "default_port", "auto_open"])
def test_class_attributes_stand_in_the_class(module, name):
    assert name in vars(module.HTTPConnection)
    assert "default_port" in vars(module.HTTPSConnection)


def test_classes_derive_and_refer_as_in_http_client(module):
    assert issubclass(module.HTTPSConnection, module.HTTPConnection)
    assert module.HTTPConnection.response_class is module.HTTPResponse
    assert issubclass(module.HTTPResponse, io.BufferedIOBase)
    assert module.HTTPSConnection.connect is not module.HTTPConnection.connect
    for name in ("endheaders", "putheader", "getresponse", "request", "send"):
        assert name not in vars(module.HTTPSConnection)


@pytest.mark.parametrize(("name", "calls"), [
    ("__init__", 1), ("begin", 1), ("_read_status", 1), ("read", 1), ("close", None),
    ("_close_conn", None), ("getheader", 1), ("_check_close", None)])
def test_patched_response_method_is_called(module, monkeypatch, name, calls):
    seen = []
    original = getattr(module.HTTPResponse, name)

    def method(self, *args, **kwargs):
        seen.append(name)
        return original(self, *args, **kwargs)

    monkeypatch.setattr(module.HTTPResponse, name, method)
    response = answer(module, ok(b"body", "A: b"))
    assert (response.status, response.getheader("A"), response.read()) == (200, "b", b"body")
    response.close()
    assert seen and calls in (None, len(seen))


def test_replaced_read_status_reads_an_icy_response(module, monkeypatch):
    """Scripts make an ICY answer an HTTP one."""
    def read_status(self):
        return "HTTP/1.0", int(self.fp.readline().split()[1]), "fine"

    monkeypatch.setattr(module.HTTPResponse, "_read_status", read_status)
    response = answer(module, b"ICY 200 OK\r\nicy-name: x\r\n\r\nmusic")
    assert (response.status, response.reason, response.version) == (200, "fine", 10)
    assert response.getheader("icy-name") == "x" and response.read() == b"music"


def test_replaced_safe_read_is_called(module, monkeypatch):
    asked = []
    safe_read = module.HTTPResponse._safe_read

    def spy(self, amt):
        asked.append(amt)
        return safe_read(self, amt)

    monkeypatch.setattr(module.HTTPResponse, "_safe_read", spy)
    assert answer(module, ok(b"body")).read() == b"body"
    assert asked == [4]


def test_attributes_of_a_response_are_settable(module):
    """urllib.request sets some, urllib3 and warcio others."""
    response = answer(module, ok(b"body", "A: b"))
    response.msg = response.reason
    response.url = "http://a/"
    response.length = 2
    assert (response.msg, response.geturl(), response.getheader("A")) == ("OK", "http://a/", "b")
    assert response.read() == b"bo"
    response = answer(module, ok(b"body"))
    response.headers = response.msg = module.HTTPMessage()
    response.headers["B"] = "c"
    assert response.getheaders() == [("B", "c")]
    response.fp = io.BytesIO(b"another body")
    response.length = None
    assert response.read() == b"another body"
    response.status, response.version, response.will_close = 1, 2, 3
    assert (response.getcode(), response.version, response.will_close) == (1, 2, 3)


def test_chunk_attributes_are_settable(module):
    """urllib3's tests build a chunked response by hand."""
    class Fake:
        lines = [b"3\r\n", b"0\r\n", b"\r\n"]

        def readline(self, limit=-1):
            return self.lines.pop(0)

        def read(self, size=-1):
            return b"abc\r\n"[:size] if size > 2 else b"\r\n"

        def close(self):
            pass

        def flush(self):
            pass

    response = module.HTTPResponse(FakeSocket())
    response.fp, response.chunked, response.chunk_left = Fake(), True, None
    response._method = "GET"
    assert response.read() == b"abc"
    assert response.fp is None


def test_response_without_init_can_be_read_and_deleted(module, monkeypatch):
    """vcrpy subclasses and never calls __init__; deleting such an object is silent."""
    class Stub(module.HTTPResponse):
        def __init__(self):
            self.recorded = True

        @property
        def closed(self):
            return False

    stub = Stub()
    assert stub.recorded and stub.readable()
    if module is httpclient:    # http.client needs its __init__ for this from 3.13 on
        bare = module.HTTPResponse.__new__(module.HTTPResponse)
        assert isinstance(bare, io.BufferedIOBase) and bare.isclosed()
        del bare
    unraised = []
    monkeypatch.setattr(sys, "unraisablehook", unraised.append)
    del stub
    gc.collect()
    assert unraised == [] or module is http.client


@pytest.mark.parametrize("over", [FakeSocket, None], ids=["a fake", "a socket"])
def test_check_close_set_on_a_response(module, over):
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    ours, theirs = tcp_pair()
    with ours, theirs:
        theirs.sendall(reply)
        response = module.HTTPResponse(over(reply) if over else ours)
        response._check_close = lambda: True
        response.begin()
        assert response.will_close is True and response.read() == b"ok"


@pytest.mark.parametrize("line", [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1  404  Not  found \r\n",
                                  b"HTTP/1.0 204\r\n", b"HTTP/1.1 200 \xa0x\n"])
def test_read_status_keeps_what_follows_the_reason(module, line):
    response = module.HTTPResponse(FakeSocket(line))
    assert response._read_status() == http.client.HTTPResponse(FakeSocket(line))._read_status()


def test_no_file_at_all(module):
    """A makefile() that gives None, as in urllib3's tests."""
    class Empty(FakeSocket):
        def makefile(self, *args):
            return None

    response = module.HTTPResponse(Empty())
    assert response.fp is None and response.isclosed() and response.read() == b""
    response.close()


def test_functions_can_be_wrapped(module):
    """wrapt and the like need functions, not slots or built-ins."""
    for cls in ("HTTPConnection", "HTTPResponse"):
        for name in ("__init__", "close"):
            assert inspect.isfunction(getattr(getattr(module, cls), name))
    for name in ("request", "putrequest", "putheader", "endheaders", "send", "getresponse",
                 "connect", "set_tunnel"):
        assert inspect.isfunction(getattr(module.HTTPConnection, name))
    for name in ("begin", "read", "readinto", "read1", "readline", "peek", "getheader"):
        assert inspect.isfunction(getattr(module.HTTPResponse, name))

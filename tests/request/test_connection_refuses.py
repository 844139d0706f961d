# SPDX-License-Identifier: MIT
"""Requests that must not go out: refused with http.client's exception, in its words.

Compared are the exception's type and text and the bytes that were sent before it.  After a refused
request http.client wants close() to be called; httpclient is ready for the next one.  What it
alone refuses (NUL) stands at the end.
"""

import http.client
import io

import httpclient
import pytest

from support.capture import TRANSPORTS, FakeSocket, connect, over_fake
from support.servers import ok
from support.ways import in_each_way

EURO = "10 \u20ac"


def ask(method="GET", target="/", *args, **kwargs):
    return lambda connection: connection.request(method, target, *args, **kwargs)


def put(*line):
    """A row: one putheader() with these arguments."""
    def call(connection):
        connection.putrequest("GET", "/")
        connection.putheader(*line)
    return call


class Broken:
    """A body whose read() fails at the second block."""

    def __init__(self):
        self.blocks = iter([b"abc"])

    def read(self, size):
        try:
            return next(self.blocks)
        except StopIteration:
            raise OSError("disk on fire") from None


class Unprintable(int):
    def __str__(self):
        return "5\r\nX: y"


METHODS = {f"method {bad!r}": ask(bad) for bad in [
    "GE\nT", "GET\r\nX: y", "\x00", "G\x1f", "\tGET", "GET\x00", "G\xe9T", "\u20ac", b"GET",
    None, 5, "GET / HTTP/1.1\r\nHost: evil\r\n\r\nGET"]}
TARGETS = {f"target {bad!r}": ask("GET", bad) for bad in [
    "/a b", "/a\tb", "/a\r\nX: y", "/\n", "/\x00", "/\x7f", "/\x1f", "\x01", " /", "/ ", "/\xe9",
    "/\u20ac", "/\x80", b"/", 5, ["/"], "http://[::1/", "http://b\xfccher.example/",
    "/" + "x" * 70_000 + " "]}
NAMES = {f"name {bad!r}": put(bad, "x") for bad in [
    "", b"", " a", "\ta", "\ra", "\na", "a:b", ":a", "a:", "a\r\nb", "a\nb", "a\r", "a\n", b"a\n",
    "a\r\n", "\x0ba", "\x0ca", "\xe9", "\u20ac", None, 5, 1.5, object, ("a",), b"\x85a:"]}
VALUES = {f"value {bad!r}": put("A", bad) for bad in [
    "b\nc", "b\rc", "b\r\nc", "b\n", "b\r", "b\r\n", "\n", "\r\n", "\r\n\r\n", b"b\r\nX: y",
    "b\r\n c\r\nX: y", "b\r \n", "b\n\r c", bytearray(b"b\n"), memoryview(b"b\n"), EURO, None, 1.5,
    ["b"], ("b",), {}, Unprintable(5), "x" * 70_000 + "\r"]}
SECOND_VALUES = {f"second value {bad!r}": put("A", "good", bad) for bad in [
    "b\nc", EURO, None, 1.5, b"\r\n"]}
HEADERS = {f"headers {bad!r}": ask("GET", "/", None, bad) for bad in [
    None, 5, "A: b", ["A"], [("A", "b")], {"A": "b\r\nc"}, {"A\n": "b"}, {"A": EURO}, {"A": None},
    {"\xe9": "b"}, {None: "b"}, {5: "b"}, {"Content-Length": 1.5}, {"Content-Length": "3\n"}]}
BODIES = {
    "str beyond latin-1": lambda c: c.request("POST", "/", EURO),
    "text file beyond latin-1": lambda c: c.request("POST", "/", io.StringIO("abc" + EURO)),
    "int": lambda c: c.request("POST", "/", 5),
    "object": lambda c: c.request("POST", "/", object, {"Content-Length": "5"}),
    "list of str": lambda c: c.request("POST", "/", ["abc"]),
    "list of str, own length": lambda c: c.request("POST", "/", ["abc"], {"Content-Length": 3}),
    "list of int": lambda c: c.request("POST", "/", [1, 2]),
    "list of int, own length": lambda c: c.request("POST", "/", [1, 2], {"Content-Length": 2}),
    "bytes, then str": lambda c: c.request("POST", "/", [b"abc", "d"]),
    "file that fails": lambda c: c.request("POST", "/", Broken()),
    "file that fails, own length": lambda c: c.request("POST", "/", Broken(),
                                                       {"Content-Length": "9"}),
    "generator that fails": lambda c: c.request("POST", "/", (1 // n for n in (0,))),
    "endheaders(int)": lambda c: (c.putrequest("POST", "/"), c.endheaders(5)),
    "send(int)": lambda c: c.send(5),
    "send(None)": lambda c: c.send(None),
}
ARGUMENTS = {
    "request()": lambda c: c.request(),
    "request(method)": lambda c: c.request("GET"),
    "encode_chunked by position": lambda c: c.request("GET", "/", None, {}, True),
    "unknown keyword": lambda c: c.request("GET", "/", data=b"x"),
    "getresponse(buffering=True)": lambda c: c.getresponse(buffering=True),
    "encode_chunked of endheaders by position": lambda c: c.endheaders(None, True),
}
# TypeErrors of bytes.__add__ or join(), which say nothing about HTTP
WORDED_BY_PYTHON = {"list of str", "list of str, own length", "list of int", "bytes, then str"}
UNSENT = {**METHODS, **TARGETS, **NAMES, **VALUES, **HEADERS}       # refused before a byte is sent
CALLS = {**UNSENT, **SECOND_VALUES, **BODIES, **ARGUMENTS}


@in_each_way("over", TRANSPORTS)
@pytest.mark.parametrize("name", CALLS)
def test_invalid_request_raises_the_exception_of_http_client(name, over):
    theirs = over(http.client, CALLS[name])
    assert theirs.error, f"{theirs}: not a row for this table"
    ours = over(httpclient, CALLS[name])
    if name in WORDED_BY_PYTHON:
        ours.text = theirs.text
    if name.partition(" ")[0] not in ("name", "value"):
        assert ours.state in (theirs.state, "Idle")
        ours.state = theirs.state
    assert ours == theirs
    assert isinstance(ours.exception, type(theirs.exception))
    assert ours.wire == b"" or name not in UNSENT


# HTTPConnection's arguments that are refused at once
HOSTS = [(bad,) for bad in [
    "a:b", "a:-", "a:8O", "a: ", "[::1]:x", "a b", "a\r\nX: y", "\x00", "a\x7f", "a\n:80", "a\t",
    None, 5, b"a", "::x"]] + [("a b", 80), (None, 80), (b"a", 80), ()]


@pytest.mark.parametrize("kind", ["HTTPConnection", "HTTPSConnection"])
@pytest.mark.parametrize("args", HOSTS, ids=repr)
def test_invalid_host_raises_the_exception_of_http_client(args, kind):
    with pytest.raises(Exception) as theirs:
        getattr(http.client, kind)(*args)
    with pytest.raises(theirs.type) as ours:
        getattr(httpclient, kind)(*args)
    assert ours.typename == theirs.typename
    assert str(ours.value) == str(theirs.value)


@pytest.mark.parametrize("host", ["x" * 64 + "\xe9.example", "\xe9..example", "\u20ac" * 300])
def test_host_without_an_idna_form(host):
    theirs, ours = [over_fake(module, ask(), host) for module in (http.client, httpclient)]
    assert isinstance(theirs.exception, UnicodeError)
    assert (ours.error, ours.text, ours.wire) == (theirs.error, theirs.text, b"")


@pytest.mark.parametrize("module", [http.client, httpclient])
def test_exceptions_have_the_text_of_http_client(module):
    """Spelled out once, so that the comparison above is known to compare something."""
    for call, kind, text in [
            (ask("G\nT"), ValueError, "method can't contain control characters. 'G\\nT' (found "
                                      "at least '\\n')"),
            (ask("GET", "/ "), module.InvalidURL, "URL can't contain control characters. '/ ' "
                                                  "(found at least ' ')"),
            (put("a:", "b"), ValueError, "Invalid header name b'a:'"),
            (put("a", "b\n"), ValueError, "Invalid header value b'b\\n'"),
            (ask("PUT", "/", "\u20ac"), UnicodeEncodeError,
             "'latin-1' codec can't encode character '\\u20ac' in position 0: Body ('\u20ac') is "
             "not valid Latin-1. Use body.encode('utf-8') if you want to send it encoded in "
             "UTF-8.")]:
        outcome = over_fake(module, call)
        assert (type(outcome.exception), outcome.text) == (kind, text)


@pytest.mark.parametrize("call", [
    put("A\0", "b"), put("A\0B", "b"), put(b"A\0", b"b"),
    put("A", "b\0"), put("A", "\0"), put("A", b"b\0c"), put("A", "b", "c\0"),
    put("A", bytearray(b"\0")), put("A", memoryview(b"b\0")),
    ask("GET", "/", None, {"A": "b\0"}), ask("GET", "/", None, {"A\0": "b"}),
    ask("GET", "/", None, {"Host": "a\0b"}),
])
def test_nul_in_a_field_is_refused(call):
    """http.client sends it (COMPATIBILITY.md: NUL)."""
    outcome = over_fake(httpclient, call)
    assert outcome.error == "ValueError" and outcome.text.startswith("Invalid header ")
    assert outcome.wire == b""


# An OSError may be the server's, which may have said why: getresponse() stays possible.
FOLLOWED = [name for name in {**METHODS, **TARGETS, **HEADERS, **BODIES}
            if not name.startswith("file that fails")]


@pytest.mark.parametrize("name", FOLLOWED)
def test_the_next_request_goes_out(name):
    """http.client raises CannotSendRequest (COMPATIBILITY.md: the connection).

    Half a request may have been sent before the error; then the next one takes a new connection.
    """
    socks = []

    def open_one(*_):
        socks.append(FakeSocket(ok(b"body")))
        return socks[-1]

    connection = connect(httpclient, None)
    connection._create_connection = open_one
    refused = False
    try:
        CALLS[name](connection)
    except Exception:       # which one is tested above
        refused = True
    assert refused
    spoiled = any(sock.pieces for sock in socks)
    connection.request("GET", "/good")
    assert connection.getresponse().read() == b"body"
    assert len(socks) == 1 + spoiled
    assert socks[-1].bytes.startswith(b"GET /good HTTP/1.1\r\nHost: example.com\r\n")
    assert spoiled or len(socks[-1].pieces) == 1


@pytest.mark.parametrize("module", [http.client, httpclient])
def test_overridden_checks_are_asked(module):
    """Subclasses switch the checks off by these methods, and may send what they like."""
    class Lenient(module.HTTPConnection):
        def _validate_method(self, method):
            pass

        def _validate_path(self, url):
            pass

        def _validate_host(self, host):
            pass

        def _encode_request(self, request):
            return request.encode("utf-8")

    outcome = over_fake(module, ask("G\tT", "/\u20ac \x7f"), "a\x01", base=lambda _: Lenient)
    assert outcome.wire.startswith("G\tT /\u20ac \x7f HTTP/1.1\r\nHost: a\x01\r\n".encode())


@pytest.mark.parametrize("module", [http.client, httpclient])
@pytest.mark.parametrize("where", ["subclass", "class", "instance"])
@pytest.mark.parametrize("method", ["_validate_method", "_validate_path", "_encode_request"])
def test_overridden_checks_may_be_stricter(module, method, where, monkeypatch):
    class Strict(module.HTTPConnection):
        pass

    def refuse(*args):
        raise LookupError(args[-1])

    if where == "subclass":
        setattr(Strict, method, refuse)
    elif where == "class":
        monkeypatch.setattr(module.HTTPConnection, method, refuse)

    def call(connection):
        if where == "instance":
            setattr(connection, method, refuse)
        connection.request("BAD", "/BAD")

    outcome = over_fake(module, call, base=lambda _: Strict)
    assert outcome.error == "LookupError" and "BAD" in outcome.text and not outcome.wire

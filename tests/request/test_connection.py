# SPDX-License-Identifier: MIT
"""Requests on the wire: httpclient sends what http.client sends, byte for byte.

One table of calls; each is made on both modules, over a fake socket and over TCP.  The rows that
only the newest http.client gets right carry the expected bytes themselves.
"""

import array
import enum
import http.client
import io
import mmap
import types

import httpclient
import pytest

from support.capture import HOST, TRANSPORTS, over_fake
from support.ways import in_each_way

KNOWS_ZONES = hasattr(http.client, "_strip_ipv6_iface")  # of IPv6; not in early 3.11

TEXT = "na\xefve caf\xe9"
LARGE = bytes(range(256)) * 300     # more than any one buffer


def ask(method="POST", target="/", *args, **kwargs):
    """A row: `connection.request()` with these arguments."""
    return lambda connection: connection.request(method, target, *args, **kwargs)


def send(make_body, headers=None, **kwargs):
    """A row: a POST whose body is made anew each time."""
    return lambda connection: connection.request("POST", "/", make_body(), headers or {}, **kwargs)


def steps(*lines, body=None, skip=(), **kwargs):
    """A row: putrequest(), some putheader(), endheaders()."""
    def call(connection):
        connection.putrequest("POST", "/", **dict.fromkeys(skip, True))
        for line in lines:
            connection.putheader(*line)
        connection.endheaders(body, **kwargs)
    return call


class ReadOnly:
    """A body that has read() and nothing else."""

    def __init__(self, data):
        self._read = io.BytesIO(data).read

    def read(self, size):
        return self._read(size)


class Number(enum.IntEnum):
    FIVE = 5


class Text(str):
    """A str that encodes itself."""

    def encode(self, *args):
        return b"<" + super().encode(*args) + b">"


def mapped():
    """An mmap is a file first and a buffer second: sent from its position."""
    area = mmap.mmap(-1, 100)
    area.write(b"0123456789")
    area.seek(5)
    return area


def moved(file, position):
    file.seek(position)
    return file


TARGETS = {
    "GET": ask("GET"),
    "method in small letters": ask("post"),
    "invented method": ask("FETCH-IT"),
    "empty method": ask(""),
    "method with a space": ask("GE T"),
    "method with DEL": ask("G\x7f"),
    "target empty": ask("GET", ""),
    "target None": ask("GET", None),
    "target *": ask("OPTIONS", "*"),
    "target with query": ask("GET", "/a?b=c&d=%20;e#f"),
    "target without slash": ask("GET", "a/b"),
    "target long": ask("GET", "/" + "x" * 70_000),
    "target that begins like an address": ask("GET", "httpfoo"),
    "absolute target": ask("GET", "http://other.example/x?y"),
    "absolute target, port": ask("GET", "http://other.example:8080/x"),
    "absolute target, user": ask("GET", "https://user:word@other.example/"),
    "absolute target, IPv6": ask("GET", "http://[::1]:99/"),
    "absolute target, scope": ask("GET", "http://[fe80::1%25eth0]/"),
    "absolute target, no host": ask("GET", "http:///x"),
    "absolute target, own Host": ask("GET", "http://other.example/", headers={"Host": "mine"}),
}

FIELDS = {
    "str, bytes, int": ask("GET", headers={"A": "b", "C": b"d", "E": 5, "F": -7, "G": 10 ** 30}),
    "name as bytes": ask("GET", headers={b"A": "b", b"\xff\x80": "c"}),
    "bool and enum": ask("GET", headers={"A": True, "B": Number.FIVE}),
    "bytearray and memoryview": ask("GET", headers={"A": bytearray(b"b"), "C": memoryview(b"d")}),
    "latin-1": ask("GET", headers={"A": TEXT, "B": TEXT.encode("utf-8")}),
    "str that encodes itself": ask("GET", headers={Text("A"): Text("b")}),
    "empty value": ask("GET", headers={"A": "", "B": b""}),
    "blanks": ask("GET", headers={"A": "  b\t", "C": "\t"}),
    "folded values": ask("GET", headers={"A": "b\r\n c", "D": "e\n\tf", "G": "h\r\n\t\r\n i"}),
    "control characters": ask("GET", headers={"A": "b\x01\x0b\x0c\x1b\x7f"}),
    "odd names": ask("GET", headers={"a b": "c", "d\te": "f", "(g)": "h", "\x01": "i", "j ": "k"}),
    "Host given": ask("GET", headers={"hOST": "mine"}),
    "Host given as bytes": ask("GET", headers={b"Host": "mine"}),
    "Accept-Encoding given": ask("GET", headers={"accept-ENCODING": "gzip"}),
    "many": ask("GET", headers={f"Name-{n}": "value" * n for n in range(300)}),
    "a long one": ask("GET", headers={"Cookie": "x" * 200_000}),
    "any mapping": ask("GET", headers=types.MappingProxyType({"A": "b"})),
    "headers given as third": ask("GET", "/", None, {"A": "b"}),
    "no value": steps(["A"]),
    "continuation lines": steps(["A", "b", 1, b"c", TEXT]),
    "the same twice": steps(["A", "b"], ["A", "c"], ["a", "d"]),
    "no Host": steps(skip=["skip_host"]),
    "no Accept-Encoding": steps(skip=["skip_accept_encoding"]),
    "nothing of its own": steps(["A", "b"], skip=["skip_host", "skip_accept_encoding"]),
}

BODIES = {
    "None": ask("POST"),
    "None with PUT": ask("PUT"),
    "None with patch": ask("patch"),
    "None with DELETE": ask("DELETE"),
    "None, own length": ask("POST", headers={"Content-Length": "0"}),
    "bytes": ask(body=b"abc"),
    "bytes with GET": ask("GET", body=b"abc"),
    "empty bytes": ask(body=b""),
    "empty str": ask(body=""),
    "at the limit of merging": ask(body=b"x" * 16384),
    "over the limit of merging": ask(body=b"x" * 16385),
    "large": ask(body=LARGE),
    "bytearray": ask(body=bytearray(b"abc")),
    "memoryview": ask(body=memoryview(b"abcdef")[2:]),
    "memoryview of numbers": ask(body=memoryview(array.array("I", [1, 2, 3]))),
    "array": ask(body=array.array("H", [1, 256])),
    "str": ask(body="abc"),
    "latin-1 str": ask(body=TEXT),
    "binary file": send(lambda: io.BytesIO(b"abc")),
    "binary file, from its position": send(lambda: moved(io.BytesIO(b"abcdef"), 4)),
    "binary file, at its end": send(lambda: moved(io.BytesIO(b"abc"), 3)),
    "large file": send(lambda: io.BytesIO(LARGE)),
    "text file": send(lambda: io.StringIO("abc\n" + TEXT)),
    "text file over bytes": send(lambda: io.TextIOWrapper(io.BytesIO(b"a\xc3\xa9"), "utf-8")),
    "read() only": send(lambda: ReadOnly(LARGE)),
    "mmap": send(mapped),
    "file, own length": send(lambda: io.BytesIO(b"abc"), {"Content-Length": "3"}),
    "list": ask(body=[b"abc", b"", b"de"]),
    "empty list": ask(body=[]),
    "None between pieces": ask(body=[b"abc", None, b"d"]),
    "tuple of views": ask(body=(memoryview(b"ab"), bytearray(b"cd"))),
    "dict of bytes": ask(body={b"a": 1, b"b": 2}),
    "iterator": send(lambda: iter([b"a" * 10, b"b" * 300])),
    "generator": send(lambda: (b"%d" % n for n in range(20))),
    "generator of nothing": send(lambda: (b"" for _ in range(3))),
    "generator, own length": send(lambda: (b"%d" % n for n in range(5)), {"content-length": "5"}),
    "generator, own coding": send(lambda: iter([b"abc"]), {"Transfer-Encoding": "gzip"}),
    "list of arrays, own length": ask(body=[array.array("B", b"ab")],
                                      headers={"Content-Length": "2"}),
    "str, own length as int": ask(body="abc", headers={"Content-Length": 3}),
    "bytes, own coding": ask(body=b"0\r\n\r\n", headers={"Transfer-Encoding": "chunked"}),
    "bytes in chunks": ask(body=b"abc", headers={"Transfer-Encoding": "chunked"},
                           encode_chunked=True),
    "list in chunks": ask(body=[b"abc", b"", b"x" * 17], headers={"transfer-encoding": "Chunked"},
                          encode_chunked=True),
    "nothing in chunks": ask(headers={"Transfer-Encoding": "chunked"}, encode_chunked=True),
    "asked for chunks, own length": ask(body=b"abc", headers={"Content-Length": "3"},
                                        encode_chunked=True),
    "asked for chunks, length known": ask(body=b"abc", encode_chunked=True),
    "endheaders(body)": steps(["Content-Length", "3"], body=b"abc"),
    "endheaders(body, chunked)": steps(body=[b"abc", b"de"], encode_chunked=True),
    "endheaders(empty, chunked)": steps(body=b"", encode_chunked=True),
    "send() after endheaders()": lambda c: (steps()(c), c.send(b"abc"), c.send([b"d", b"e"]),
                                            c.send(io.BytesIO(b"f")), c.send(io.StringIO("\xe9"))),
}
CALLS = {**TARGETS, **FIELDS, **BODIES}


@in_each_way("over", TRANSPORTS)
@pytest.mark.parametrize("name", CALLS)
def test_request_sends_the_bytes_of_http_client(name, over):
    if "scope" in name and not KNOWS_ZONES:
        pytest.skip("http.client does this later")
    theirs = over(http.client, CALLS[name])
    assert not theirs.error, f"{theirs}: not a row for this table"
    assert theirs.wire.count(b"\r\n") >= 2
    assert over(httpclient, CALLS[name]) == theirs


@pytest.mark.parametrize("name", BODIES)
def test_small_blocksize_sends_the_bytes_of_http_client(name):
    """Files are read `blocksize` at a time, which shows in the chunks."""
    theirs = over_fake(http.client, BODIES[name], HOST, blocksize=3)
    assert over_fake(httpclient, BODIES[name], HOST, blocksize=3) == theirs


def old_protocol(module):
    """A subclass as programs write them that want HTTP/1.0."""
    class OldConnection(module.HTTPConnection):
        _http_vsn = 10
        _http_vsn_str = "HTTP/1.0"
    return OldConnection


@pytest.mark.parametrize("name", CALLS)
def test_http_1_0_subclass_sends_the_bytes_of_http_client(name):
    theirs = over_fake(http.client, CALLS[name], base=old_protocol)
    assert b" HTTP/1.0\r\n" in theirs.wire and b"\r\nHost: exam" not in theirs.wire
    assert over_fake(httpclient, CALLS[name], base=old_protocol) == theirs


@pytest.mark.parametrize("module", [http.client, httpclient])
def test_protocol_version_set_on_the_class(module, monkeypatch):
    monkeypatch.setattr(module.HTTPConnection, "_http_vsn", 10)
    monkeypatch.setattr(module.HTTPConnection, "_http_vsn_str", "HTTP/1.0")
    outcome = over_fake(module, ask(body=iter([b"a", b"b"])))
    assert outcome.wire == b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\nab"


# HTTPConnection's arguments -> value of Host
HOSTS = [
    (("example.com",), b"example.com"),
    (("example.com", 80), b"example.com"),
    (("example.com", 8080), b"example.com:8080"),
    (("example.com:8080",), b"example.com:8080"),
    (("example.com:80",), b"example.com"),
    (("example.com:",), b"example.com"),
    (("example.com", "80"), b"example.com:80"),
    (("EXAMPLE.com", 443), b"EXAMPLE.com:443"),
    (("b\xfccher.example",), b"xn--bcher-kva.example"),
    (("b\xfccher.example:81",), b"xn--bcher-kva.example:81"),
    (("\u4f8b\u3048.example",), b"xn--r8jz45g.example"),
    (("127.0.0.1", 81), b"127.0.0.1:81"),
    (("[::1]",), b"[::1]"),
    (("[::1]:81",), b"[::1]:81"),
    (("::1", 80), b"[::1]"),
    (("::1", 81), b"[::1]:81"),
    (("fe80::1%eth0", 80), b"[fe80::1]"),
    (("[fe80::1%eth0]:81",), b"[fe80::1]:81"),
    (("fe80::1%25eth0", 81), b"[fe80::1]:81"),
    (("",), b""),
]


@pytest.mark.parametrize("module", [http.client, httpclient])
@pytest.mark.parametrize(("args", "value"), HOSTS, ids=repr)
def test_host_field_names_host_and_unusual_port(module, args, value):
    if module is http.client and "%" in args[0] and not KNOWS_ZONES:
        pytest.skip("http.client does this later")
    outcome = over_fake(module, ask("GET"), *args)
    assert outcome.wire == (b"GET / HTTP/1.1\r\nHost: " + value
                            + b"\r\nAccept-Encoding: identity\r\n\r\n")


def test_host_in_brackets_with_a_port():
    """Python before 3.13 puts brackets around the brackets."""
    assert b"\r\nHost: [::1]:81\r\n" in over_fake(httpclient, ask("GET"), "[::1]", 81).wire


@pytest.mark.parametrize("module", [http.client, httpclient])
def test_host_and_port_as_the_caller_sees_them(module):
    for args, host, port in [(("[::1]:81",), "::1", 81), (("a",), "a", 80), (("a:",), "a", 80),
                             (("a:81",), "a", 81), (("a:81", 82), "a:81", 82)]:
        connection = module.HTTPConnection(*args)
        assert (connection.host, connection.port) == (host, port)
    assert module.HTTPSConnection("a").port == 443


@pytest.mark.parametrize("module", [http.client, httpclient])
def test_several_requests_on_one_connection(module):
    """The buffer of a request is empty when the next one begins."""
    def call(connection):
        for n in range(3):
            connection.request("POST", f"/{n}", b"body %d" % n, {"N": n})
            assert connection._buffer == []
            connection._HTTPConnection__state = "Idle"
    wire = over_fake(module, call).wire
    assert wire == b"".join(
        b"POST /%d HTTP/1.1\r\nHost: example.com\r\nAccept-Encoding: identity\r\n"
        b"Content-Length: 6\r\nN: %d\r\n\r\nbody %d" % (n, n, n) for n in range(3))


@pytest.mark.parametrize("module", [http.client, httpclient])
def test_file_is_read_to_its_end_and_left_open(module):
    file = io.BytesIO(b"0123456789")
    file.seek(3)
    outcome = over_fake(module, ask("PUT", "/", file))
    assert outcome.wire.endswith(b"\r\n\r\n7\r\n3456789\r\n0\r\n\r\n")
    assert file.tell() == 10 and not file.closed


@pytest.mark.parametrize("module", [http.client, httpclient])
def test_headers_are_not_changed(module):
    headers = {"A": "b", "Content-Length": 3}
    over_fake(module, ask("POST", "/", b"abc", headers))
    assert headers == {"A": "b", "Content-Length": 3}


@pytest.mark.parametrize("module", [http.client, httpclient])
def test_default_headers_stay_empty(module):
    """The default is one dict for all calls, in http.client too."""
    def call(connection):
        connection.request("POST", "/", b"abc")
    first, second = over_fake(module, call), over_fake(module, call)
    assert first == second and first.wire.count(b"\r\n") == 5


def test_str_is_sent_as_latin_1():
    """COMPATIBILITY.md, wider than http.client: send() and endheaders() take str."""
    sent = over_fake(httpclient, lambda c: (c.putrequest("POST", "/", skip_host=True),
                                            c.endheaders("h\xe9"), c.send("llo")))
    assert sent.wire.endswith(b"\r\n\r\nh\xe9llo")
    with pytest.raises(UnicodeEncodeError):
        connection = httpclient.HTTPConnection("a")
        connection.putrequest("POST", "/")
        connection.endheaders("\u20ac")

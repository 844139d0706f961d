# SPDX-License-Identifier: MIT
"""A Writer sends the bytes that a connection sends, and refuses what a connection refuses."""

import array
import io
import socket
import threading

import pytest

import httpclient
from httpclient import decoding
from httpclient._fetch import writing
from httpclient._fetch.request import Request
from httpclient._fetch.writing import Writer, tunnel_head
from httpclient._request.url import Proxy, parts


def sent_by_a_connection(method, url, body=None, headers=None):
    """Return the bytes of a request on a connection, without any server."""
    scheme, host, port, target = parts(url)
    connection = httpclient.HTTPConnection(host, port)
    if scheme == "https":
        connection.default_port = 443
    near, far = socket.socketpair()
    received = []

    def receive():
        while data := far.recv(65536):
            received.append(data)

    with near, far:
        thread = threading.Thread(target=receive)
        thread.start()
        try:
            connection.sock = near
            connection.request(method, target, body, {} if headers is None else headers)
        finally:
            near.close()
            thread.join()
    return b"".join(received)


def all_octets(written):
    """Return the bytes of a request, body included."""
    _, _, octets, upload, _, _ = written
    pieces = [octets]
    while upload is not None and (piece := upload.next_piece()):
        pieces.append(bytes(piece))
    return b"".join(pieces)


URLS = [
    "http://a.example", "http://a.example/", "http://a.example/b?c#d", "http://a.example#d",
    "http://a.example?b", "http://a.example:80/", "http://a.example:8080/b", "http://[::1]:81/",
    "http://[fe80::1%25eth0]/", "http://b\u00fccher.example/", "HTTPS://A.Example/B",
    "https://a.example:443/", "https://a.example:80/", "http://a.example//b/../c", "http://a_b/",
    "http://a.example/b#\u00fc", "http://a.example?x=/b", "http://a.example#x/b",
]


@pytest.mark.parametrize("url", URLS)
def test_a_url_gives_the_bytes_of_a_connection(url):
    expected = sent_by_a_connection("GET", url)
    writer = Writer()
    scheme, host, port, _ = parts(url)
    for _ in "unknown", "known":
        for request in url, Request("GET", url):
            assert writer.written(request) == (
                (scheme, host, port), "GET", expected, None, False, True)


def _chunks():
    yield b"one"
    yield b""
    yield memoryview(b"two")
    yield bytearray(b"three")


class Mapping:
    """Just what HTTPConnection.request() needs of headers."""

    def __init__(self, *items):
        self._items = items

    def __iter__(self):
        return iter([name for name, _ in self._items])

    def items(self):
        return self._items


def message():
    headers = httpclient.HTTPMessage()
    headers.add_header("X-A", "1")
    headers.add_header("x-a", "2")
    headers.add_header("X-A", "3")
    return headers


HEADERS = {
    "none": lambda: None,
    "text": lambda: {"User-Agent": "a", "X": ""},
    "bytes and numbers": lambda: {b"X-B": b"\xff\xfe", "X-N": 5},
    "latin-1": lambda: {"X": "caf\u00e9"},
    "folded": lambda: {"X": "a\r\n b"},
    "odd name": lambda: {"X Y": "a"},
    "Host": lambda: {"host": "b.example"},
    "Accept-Encoding": lambda: {"accept-encoding": "br"},
    "Content-Length": lambda: {"Content-Length": "7"},
    "Transfer-Encoding": lambda: {"Transfer-Encoding": "chunked"},
    "close": lambda: {"Connection": "close"},
    "many": lambda: {f"X-{n}": str(n) for n in range(70)},
    "message": message,
    "mapping": lambda: Mapping(("X", "a"), ("X", "b")),
}
BODIES = {
    "none": lambda: None,
    "empty": lambda: b"",
    "bytes": lambda: b"content",
    "large": lambda: b"x" * 50_000,
    "bytearray": lambda: bytearray(b"content"),
    "large bytearray": lambda: bytearray(50_000),
    "memoryview": lambda: memoryview(b"a-b-c-d-e-f")[:],
    "numbers": lambda: array.array("i", range(7)),
    "table": lambda: memoryview(bytes(24)).cast("B", (2, 3, 4)),
    "str": lambda: "content",
    "latin-1": lambda: "caf\u00e9",
    "file": lambda: io.BytesIO(b"y" * 20_000),
    "file, from its position": lambda: _at(5, io.BytesIO(b"0123456789")),
    "text file": lambda: io.StringIO("caf\u00e9" * 5000),
    "iterator": _chunks,
    "list": lambda: [b"a", b"b" * 9000],
    "no chunks": lambda: [],
}


def _at(position, file):
    file.seek(position)
    return file


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "delete", "patch", "X-Y"])
@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("headers", HEADERS)
def test_a_request_gives_the_bytes_of_a_connection(method, headers, body):
    url = "http://a.example:8080/b?c"
    expected = sent_by_a_connection(method, url, BODIES[body](), HEADERS[headers]())
    writer = Writer()
    for _ in "unknown", "known":
        request = Request(method, url, body=BODIES[body](), headers=HEADERS[headers]())
        written = writer.written(request)
        assert all_octets(written) == expected
        assert written[1] == method
        assert written[4] is (headers == "close")


def test_files_are_read_in_blocks():
    class File(io.BytesIO):
        sizes = []

        def read(self, size=-1):
            self.sizes.append(size)
            return super().read(size)

    written = Writer(blocksize=100).written(
        Request("PUT", "http://a.example/", body=File(bytes(250))))
    assert File.sizes == []
    assert all_octets(written).endswith(b"\r\n\r\n64\r\n%b\r\n64\r\n%b\r\n32\r\n%b\r\n0\r\n\r\n" % (
        bytes(100), bytes(100), bytes(50)))
    assert File.sizes == [100] * 4


# ---- errors

def outcome(function, *args):
    """Return the class, the text and the notes of the exception that a call raises."""
    try:
        function(*args)
    except Exception as error:
        return type(error), str(error), getattr(error, "__notes__", [])
    return None


REFUSED = {
    "method, no text": (5, "/", None, {}),
    "name": ("GET", "/", None, {"X\r\nY": "a"}),
    "name, not ASCII": ("GET", "/", None, {"\u00e9": "a"}),
    "value": ("GET", "/", None, {"X": "a\r\nY: b"}),
    "value, not Latin-1": ("GET", "/", None, {"X": "\u20ac"}),
    "value, no text": ("GET", "/", None, {"X": None}),
    "headers, a list": ("GET", "/", None, [("X", "a")]),
    "headers, a number": ("GET", "/", None, 5),
    "headers, 0": ("GET", "/", None, 0),
    "body, a number": ("POST", "/", 5, {}),
    "body, not Latin-1": ("POST", "/", "\u20ac", {}),
    "body, not contiguous": ("POST", "/", memoryview(b"abcdef")[::2], {"Content-Length": "3"}),
}


@pytest.mark.parametrize("case", REFUSED)
def test_arguments_are_refused_as_by_a_connection(case):
    method, path, body, headers = REFUSED[case]
    url = f"http://a.example{path}"
    expected = outcome(sent_by_a_connection, method, url, body, headers)
    found = outcome(
        lambda: Writer().written(Request(method, url, body=body, headers=headers)))
    if "contiguous" in case:
        assert found[0] is expected[0] is BufferError
    else:
        assert found == expected


@pytest.mark.parametrize("url", [
    "a.example", "ftp://a.example/", "http://a b/", "http://a.example/b c", "http://a.example/\u00e9",
    "http://a.example/b#c d", "http://a.example/\x7f", "http://u:p@a.example/", "http://a.example:x/",
    "http:///a", "", 5, None, b"http://a.example/", "http://a.example\\@b.example/",
])
def test_bad_urls_are_refused_known_or_not(url):
    expected = outcome(parts, url)
    writer = Writer()
    writer.written("http://a.example/")
    for _ in range(2):
        assert outcome(lambda: writer.written(Request("GET", url))) == expected
        assert outcome(lambda: writer.written(Request("GET", url, headers={"X": "y"}))) == expected
    if isinstance(url, str):
        assert outcome(writer.written, url) == expected


@pytest.mark.parametrize("request_", [None, 5, b"http://a.example/", ["http://a.example/"]])
def test_another_object_is_no_request(request_):
    with pytest.raises(TypeError, match="should be a Request or a URL"):
        Writer().written(request_)


def test_connect_is_refused():
    with pytest.raises(ValueError, match="CONNECT"):
        Writer().written(Request("CONNECT", "http://a.example/"))


@pytest.mark.parametrize("method", ["", "GE T", "GET /elsewhere", "GET\r\n", "G\u00e9T"])
def test_a_method_that_is_no_token_is_refused(method):
    with pytest.raises(ValueError, match="token"):
        Writer().written(Request(method, "http://a.example/"))


def test_rules_that_a_program_has_replaced_hold(monkeypatch):
    from httpclient._request import validation

    writer = Writer()
    writer.written("http://a.example/b")

    def search(text):
        return httpclient._contains_disallowed_url_pchar_re.search("\0" if "secret" in text else "")

    class Rule:
        pass

    Rule.search = staticmethod(search)
    monkeypatch.setattr(validation, "_contains_disallowed_url_pchar_re", Rule)
    assert writer.written("http://a.example/b")[2].startswith(b"GET /b ")
    with pytest.raises(httpclient.InvalidURL):
        writer.written("http://a.example/secret")


# ---- settings

def test_accept_encoding_stands_in_the_usual_place():
    writer = Writer(accept_encoding=decoding.ACCEPT_ENCODING)
    line = f"Accept-Encoding: {decoding.ACCEPT_ENCODING}\r\n".encode()
    url = "http://a.example/"
    for headers in {}, {"X": "y"}, {"X": "caf\u00e9"}:
        for body in None, b"z", [b"z"]:
            expected = sent_by_a_connection("POST", url, body, headers).replace(
                b"Accept-Encoding: identity\r\n", line)
            assert line in expected
            assert all_octets(writer.written(
                Request("POST", url, headers=headers, body=body))) == expected
    for _ in range(2):
        assert line in writer.written(url)[2]
    own = writer.written(Request("GET", url, headers={"Accept-Encoding": "br"}))[2]
    assert own.count(b"Accept-Encoding") == 1 and b"Accept-Encoding: br\r\n" in own


PROXIES = {"http://p.example:3128": b"",
           "http://u:p%20w@p.example": b"Proxy-Authorization: Basic dTpwIHc=\r\n"}


@pytest.mark.parametrize("proxy", PROXIES)
def test_requests_through_a_proxy(proxy):
    credentials = PROXIES[proxy]
    writer = Writer(proxy=Proxy(proxy))
    for _ in range(2):
        assert writer.written("http://a.example:80/b?c#d") == (
            ("http", "a.example", 80), "GET",
            b"GET http://a.example/b?c HTTP/1.1\r\nHost: a.example\r\n"
            b"Accept-Encoding: identity\r\n" + credentials + b"\r\n", None, False, True)
        assert writer.written(Request("GET", "http://a.example:81/", headers={"X": "y"}))[2] == (
            b"GET http://a.example:81/ HTTP/1.1\r\nHost: a.example:81\r\n"
            b"Accept-Encoding: identity\r\nX: y\r\n" + credentials + b"\r\n")
        own = writer.written(Request("GET", "http://a.example/",
                                     headers={"proxy-authorization": "own"}))[2]
        assert own.endswith(b"identity\r\nproxy-authorization: own\r\n\r\n")
        odd = writer.written(Request("GET", "http://a.example/", headers=message()))[2]
        assert odd.endswith(b"X-A: 1\r\nx-a: 2\r\nX-A: 3\r\n" + credentials + b"\r\n")
        # The server must not see the credentials for the proxy.
        assert writer.written("https://a.example/b")[2] == (
            b"GET /b HTTP/1.1\r\nHost: a.example\r\nAccept-Encoding: identity\r\n\r\n")


@pytest.mark.parametrize("proxy", PROXIES)
@pytest.mark.parametrize("host, name", [
    ("a.example", b"a.example"), ("::1", b"[::1]"), ("xn--wgv71a.jp", b"xn--wgv71a.jp")])
def test_the_request_for_a_tunnel(proxy, host, name):
    assert tunnel_head(host, 443, Proxy(proxy)) == (
        b"CONNECT %b:443 HTTP/1.1\r\n" % name + PROXIES[proxy]
        + b"Host: %b:443\r\n\r\n" % name)


def test_origins_are_asked_for_once_while_they_are_known(monkeypatch):
    asked = []

    def origin(key):
        asked.append(key)
        return f"origin {len(asked)}"

    monkeypatch.setattr(writing, "MOST_KNOWN", 4)
    writer = Writer(origin=origin)
    for url in "http://a/b", "http://A:80/c", "http://a", Request("POST", "http://a/d", body=b"e"):
        assert writer.written(url)[0] == "origin 1"
    assert asked == [("http", "a", 80)]
    for n in range(100):
        writer.written(f"http://a{n}/")
        assert len(writer._known) <= 4
    assert writer.written("http://a/b")[0] == "origin 102"


def test_long_authorities_are_not_kept():
    writer = Writer()
    name = ".".join(["a" * 60] * 8)
    assert f"Host: {name}\r\n".encode() in writer.written(f"http://{name}/")[2]
    assert not writer._known


# ---- repeating

REPEATED = {"none": True, "bytes": True, "large": True, "str": True, "latin-1": True,
            "numbers": True, "large bytearray": True, "file": True, "file, from its position": True,
            "text file": True, "iterator": False, "list": False}


@pytest.mark.parametrize("method, idempotent", [("GET", True), ("PUT", True), ("POST", False)])
@pytest.mark.parametrize("body", REPEATED)
def test_which_requests_may_be_repeated(method, idempotent, body):
    written = Writer().written(Request(method, "http://a.example/", body=BODIES[body]()))
    assert written[5] is (idempotent and REPEATED[body])
    upload = written[3]
    if upload is None:
        return
    assert upload.may_repeat is REPEATED[body]
    whole = all_octets(written)
    assert upload.next_piece() == b""
    if REPEATED[body]:
        for _ in range(2):
            upload.rewind()
            assert all_octets(written) == whole
        upload.rewind()
        upload.next_piece()
        upload.rewind()
        assert all_octets(written) == whole
    else:
        with pytest.raises(ValueError, match="cannot be sent again"):
            upload.rewind()


@pytest.mark.parametrize("make, kind", [
    (lambda: [b"a", "b"], TypeError), (lambda: [b"a", 5], TypeError),
    (lambda: io.StringIO("\u20ac"), UnicodeEncodeError),
    (lambda: (1 / zero for zero in [0]), ZeroDivisionError)])
@pytest.mark.parametrize("framing", [{}, {"Content-Length": "2"}])
def test_a_bad_piece_raises_when_it_is_due(make, kind, framing):
    written = Writer().written(
        Request("POST", "http://a.example/", body=make(), headers=framing))
    with pytest.raises(kind):
        all_octets(written)


def test_what_was_checked_does_not_change():
    headers, body = {"X": "a"}, bytearray(b"abc")
    request = Request("POST", "http://a.example/", headers=headers, body=body)
    written = Writer().written(request)
    headers["X"] = "b"
    body += b"d"
    assert request.headers == {"X": "a"}
    assert all_octets(written).endswith(b"Content-Length: 3\r\nX: a\r\n\r\nabc")
    large = bytearray(50_000)
    written = Writer().written(Request("POST", "http://a.example/", body=large))
    with pytest.raises(BufferError):
        large += b"d"
    assert len(all_octets(written)) > 50_000

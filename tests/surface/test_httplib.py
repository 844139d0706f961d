# SPDX-License-Identifier: MIT
"""httpclient.httplib serves code that was written for Python 2.7's httplib.

test_python2.py compares it with the real one where there is a Python 2; here is what must hold
everywhere.
"""

import contextlib
import email.message
import gzip
import io
import socket

import httpclient
import pytest
from httpclient import httplib

from support.servers import nobody, ok, serving


def closing(body, *fields, status="200 OK"):
    """A response of an HTTP/1.0 server."""
    return ok(body, "Connection: close", *fields, status=status, version="HTTP/1.0")


def test_http_class_sends_a_request_step_by_step():
    with serving(closing(b"line 1\nline 2", "Content-Type: text/plain; a=b")) as server:
        h = httplib.HTTP(server.host, server.port)
        assert (h.getfile(), h.file, h.headers) == (None, None, None)
        h.putrequest("POST", "/path")
        h.putheader("Content-Length", 5)
        h.putheader("X", 1.5)
        h.endheaders()
        h.send("hello")
        status, reason, headers = h.getreply()
        assert (status, reason) == (200, "OK")
        assert headers is h.headers
        assert headers.gettype() == "text/plain"
        assert h.getfile() is h.file
        assert h.file.readlines() == [b"line 1\n", b"line 2"]
        h.close()
        assert h.getfile() is None
    [request] = server.handle.requests
    assert request.head == b"POST /path HTTP/1.0\r\nContent-Length: 5\r\nX: 1.5\r\n\r\n"
    assert request.body == b"hello"


def test_http_file_outlives_the_object():
    with serving(closing(b"x" * 100_000)) as server:
        h = httplib.HTTP(server.host, server.port)
        h.putrequest("GET", "/")
        h.endheaders()
        h.getreply()
        file = h.getfile()
        h.close()
        del h
        assert len(file.read()) == 100_000


def test_http_class_connects_to_another_server():
    with serving(closing(b"a"), closing(b"b")) as server:
        h = httplib.HTTP()
        h.connect(f"{server.host}:{server.port}")
        h.putrequest("GET", "/")
        h.endheaders()
        assert (h.getreply()[0], h.getfile().read()) == (200, b"a")
        h.connect(server.host, server.port)
        h.putrequest("GET", "/")
        h.endheaders()
        assert (h.getreply(True)[0], h.getfile().read()) == (200, b"b")
        assert h._conn.port == server.port
        with pytest.raises(httplib.InvalidURL):
            h.connect("a host")


@pytest.mark.parametrize(("reply", "line"), [
    pytest.param(b"HTTP/1.1 abc def\r\n\r\n", "HTTP/1.1 abc def\r\n", id="no status code"),
    pytest.param(None, "''", id="no answer"),
])
def test_http_bad_status_line(reply, line):
    with serving(reply) as server:
        h = httplib.HTTP(server.host, server.port)
        h.putrequest("GET", "/")
        h.endheaders()
        assert h.getreply() == (-1, line, None)
        assert (h.file, h.headers, h._conn.sock) == (None, None, None)


def test_http_other_errors_are_raised():
    sock, (host, port) = nobody()
    with sock, pytest.raises(OSError):
        httplib.HTTP(host, port).connect()


def test_http_uses_its_connection_class():
    seen = []

    class Connection(httplib.HTTPConnection):
        def putheader(self, header, *values):
            seen.append(header)
            super().putheader(header, *values)

    class MyHTTP(httplib.HTTP):
        _connection_class = Connection

    h = MyHTTP("a.example", 0)
    assert h._conn.port == 80
    h.putrequest("GET", "/")
    h.putheader("X", "y")
    assert seen == ["X"]


def test_https_class_of_httplib_makes_requests(tmp_path):
    from support.certificates import Certificates   # skips this test where trustme is missing

    certificates = Certificates(tmp_path)
    with serving(closing(b"secret"), closing(b"more"), tls=certificates.server()) as server:
        h = httplib.HTTPS("localhost", server.port, certificates.key_file, certificates.cert_file,
                          context=certificates.client())
        assert h._conn.key_file == certificates.key_file
        h.putrequest("GET", "/")
        h.endheaders()
        assert (h.getreply()[0], h.getfile().read()) == (200, b"secret")
        conn = httplib.HTTPSConnection("localhost", server.port, None, None, True, 20,
                                       context=certificates.client())
        assert (conn.timeout, conn.strict) == (20, True)
        conn.request("GET", "/")
        response = conn.getresponse()
        assert isinstance(response, httplib.HTTPResponse)
        assert (response.strict, response.read()) == (True, b"more")


# ---- connection and response


@contextlib.contextmanager
def talking_to(*replies, closing=(), **options):
    """A connection to a server with these replies, and the list of the requests it gets."""
    with serving(*replies, closing=closing) as server, \
            httplib.HTTPConnection(server.host, server.port, **options) as conn:
        yield conn, server.handle.requests


def test_arguments_in_python2_order():
    conn = httplib.HTTPConnection("a.example", 81, 1, 30, ("127.0.0.1", 0))
    assert (conn.strict, conn.timeout, conn.source_address) == (1, 30, ("127.0.0.1", 0))
    assert httplib.HTTPConnection("a.example", blocksize=1).blocksize == 1


SIMPLE = b"<p>hello</p>\r\nno head"


@pytest.mark.parametrize("strict", [None, 0, False])
def test_response_of_http_0_9_is_read(strict):
    with talking_to(SIMPLE, closing=(0,), strict=strict) as (conn, _):
        conn.request("GET", "/")
        response = conn.getresponse()
        assert (response.version, response.status, response.reason) == (9, 200, "")
        assert (response.getheaders(), len(response.msg)) == ([], 0)
        assert response.read() == SIMPLE


@pytest.mark.parametrize("place", ["argument", "attribute", "class"])
def test_strict_refuses_http_0_9(place):
    class Connection(httplib.HTTPConnection):
        if place == "class":
            strict = 1

    with serving(SIMPLE, closing=(0,)) as server:
        conn = Connection(server.host, server.port, *([1] if place == "argument" else []))
        if place == "attribute":
            conn.strict = 1
        conn.request("GET", "/")
        with pytest.raises(httplib.BadStatusLine):
            conn.getresponse()


def test_str_is_sent_as_latin1():
    with talking_to(ok(), ok(), ok()) as (conn, requests):
        conn.request("POST", "/", "caf\xe9", {"X": "\xe9"})
        conn.getresponse().read()
        for send in (lambda: conn.endheaders("caf\xe9"),
                     lambda: (conn.endheaders(), conn.send("caf"), conn.send(b"\xe9"))):
            conn.putrequest("POST", "/")
            conn.putheader("Content-Length", 4)
            conn.putheader("X", 1.5)
            send()
            conn.getresponse().read()
    assert [request.body for request in requests] == [b"caf\xe9"] * 3
    assert requests[0].field("X") == "\xe9"
    assert requests[1].field("X") == "1.5"


def write(path, content):
    path.write_bytes(content)
    return path


def opened_at_3(path):
    file = open(write(path, b"0123456789"), "rb")
    file.seek(3)
    return file


# a file -> the Content-Length that it is sent with; None: it is sent in chunks
FILES = [
    pytest.param(opened_at_3, "7", id="buffered, from its position"),
    pytest.param(lambda path: open(write(path, b"0123456"), "rb", 0), "7", id="raw"),
    pytest.param(lambda path: io.BytesIO(b"0123456"), None, id="no descriptor"),
    pytest.param(lambda path: open(write(path, b"0123456"), encoding="latin-1"), None, id="text"),
    pytest.param(lambda path: gzip.open(write(path, gzip.compress(b"0123456"))), None, id="gzip"),
]


@pytest.mark.parametrize(("make", "length"), FILES)
def test_file_body_is_sent_with_its_length(make, length, tmp_path):
    with talking_to(ok()) as (conn, requests), make(tmp_path / "body") as body:
        conn.request("PUT", "/", body)
        conn.getresponse().read()
    [request] = requests
    assert request.body in (b"0123456", b"3456789")
    assert request.field("Content-Length") == length
    assert request.field("Transfer-Encoding") == (None if length else "chunked")


def test_getresponse_accepts_the_argument_buffering():
    with talking_to(ok(b"a"), ok(b"b")) as (conn, _):
        for arguments in ((), (True,)):
            conn.request("GET", "/")
            assert conn.getresponse(*arguments).status == 200
            conn.close()


HEAD = ok(b"", "X-Two: 1", "x-two: 2", "Content-Type: Text/HTML; Charset=utf-8; q=\"a b\"")


def test_repeated_fields_are_joined():
    with talking_to(HEAD) as (conn, _):
        conn.request("GET", "/")
        response = conn.getresponse()
        assert response.getheader("X-TWO") == "1, 2"
        assert response.getheader("No", "default") == "default"
        assert dict(response.getheaders())["x-two"] == "1, 2"
        # The one is Python 2's, the other Python 3's.
        assert response.msg["content-length"] == response.headers["content-length"] == "0"
        assert response.msg.keys() == ["content-length", "x-two", "content-type"]
        assert response.headers.keys() == ["Content-Length", "X-Two", "x-two", "Content-Type"]
        response.msg["X-Two"] = "3"
        assert response.getheader("x-two") == "3"


def test_fields_before_the_response():
    with socket.socket() as sock, httplib.HTTPResponse(sock) as response:
        assert response.msg is None
        with pytest.raises(httplib.ResponseNotReady):
            response.getheader("X")
        with pytest.raises(httplib.ResponseNotReady):
            response.getheaders()


# ---- HTTPMessage


@pytest.fixture
def message():
    return httplib.HTTPMessage(io.BytesIO(HEAD.partition(b"\r\n")[2]))


# an expression in m -> its value in Python 2.7
MESSAGE = {
    "m['X-Two']": "1, 2",
    "m.get('x-two')": "1, 2",
    "m.get('no', 'd')": "d",
    "m.getheader('X-TWO')": "1, 2",
    "m.getheader('no')": None,
    "m.getheaders('X-Two')": ["1", "2"],
    "m.getheaders('no')": [],
    "m.getallmatchingheaders('x-two')": ["X-Two: 1\r\n", "x-two: 2\r\n"],
    "m.getfirstmatchingheader('x-two')": ["X-Two: 1\r\n"],
    "m.getfirstmatchingheader('no')": [],
    "m.getrawheader('X-Two')": " 1\r\n",
    "m.getrawheader('no')": None,
    "m.has_key('X-TWO')": True,
    "m.has_key('no')": False,
    "'X-TWO' in m": True,
    "len(m)": 3,
    "sorted(m)": ["content-length", "content-type", "x-two"],
    "sorted(m.values())": ["0", "1, 2", 'Text/HTML; Charset=utf-8; q="a b"'],
    "m.dict['x-two']": "1, 2",
    "m.headers[1:3]": ["X-Two: 1\r\n", "x-two: 2\r\n"],
    "m.typeheader": 'Text/HTML; Charset=utf-8; q="a b"',
    "m.encodingheader": None,
    "m.type": "text/html",
    "m.maintype": "text",
    "m.subtype": "html",
    "m.plisttext": '; Charset=utf-8; q="a b"',
    "m.plist": ["charset=utf-8", 'q="a b"'],
    "m.gettype()": "text/html",
    "m.getencoding()": "7bit",
    "m.getparam('charset')": "utf-8",
    "m.getparam('Q')": "a b",
    "m.getparam('no')": None,
    "m.getparamnames()": ["charset", "q"],
    "m.getaddr('no')": (None, None),
    "m.getdate('no')": None,
    "m.status": "",
    "m.unixfrom": "",
}


@pytest.mark.parametrize("expression", MESSAGE)
def test_message_method_returns_what_python2_did(expression, message):
    assert eval(expression, {"m": message}) == MESSAGE[expression]


def test_message_is_an_email_message_too(message):
    assert isinstance(message, email.message.Message)
    assert message.get_content_type() == "text/html"
    assert message.get_param("q") == "a b"
    assert message.get_all("x-two") == ["1", "2"]
    assert "X-Two: 1\nx-two: 2\n" in message.as_string()
    with pytest.raises(KeyError):
        message["no"]


def test_message_can_be_changed_as_in_python2(message):
    message["X-Two"] = "3"
    assert message.getheaders("x-two") == ["3"]
    message.addheader("x-two", "4")
    assert message["x-two"] == "3, 4"
    assert message.setdefault("x-two", "5") == "3, 4"
    assert message.setdefault("New") == ""
    del message["no"]
    del message["X-TWO"]
    assert message.keys() == ["content-length", "content-type", "new"]


def test_message_is_read_from_a_text_file():
    file = io.StringIO("Date: Tue, 04 Nov 2025 09:12:44 +0100\r\n"
                       "From: Joe <j@x.example>\r\n\r\nrest")
    message = httplib.HTTPMessage(file, 0)
    assert message.getdate("date") == (2025, 11, 4, 9, 12, 44, 0, 1, 0)
    assert message.getdate_tz("date") == (2025, 11, 4, 9, 12, 44, 0, 1, 0, 3600)
    assert message.getaddr("from") == ("Joe", "j@x.example")
    assert message.fp.read() == "rest"


def test_message_by_parse_headers():
    message = httpclient.parse_headers(io.BytesIO(b"A: 1\r\na: 2\r\n\r\n"), httplib.HTTPMessage)
    assert type(message) is httplib.HTTPMessage
    assert message.items() == [("a", "1, 2")]


def test_message_with_a_bad_line():
    message = httplib.HTTPMessage(io.BytesIO(b"A: 1\r\nno colon\r\nB: 2\r\n\r\n"))
    assert message.items() == [("a", "1"), ("b", "2")]
    assert message.status == "Non-header line where header expected"

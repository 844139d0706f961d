# SPDX-License-Identifier: MIT
"""A program that uses httpclient as users do, for a type checker.

mypy must report the lines marked "refused", and no others.  What the functions in MAKERS make is
made, too: what the types allow is what the constructors take.
"""
import array
import http.client
import io
import pickle
import shutil
import socket
import ssl
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any, BinaryIO, assert_type

import httpclient
from httpclient import HTTPConnection, HTTPResponse, HTTPSConnection, decoding, httplib
from httpclient.pool import PoolFull


class FakeSocket:
    def makefile(self, mode: str, bufsize: int = -1) -> io.BytesIO:
        return io.BytesIO(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


class Fields(http.client.HTTPMessage):
    pass


def connections() -> list[HTTPConnection]:
    return [
        HTTPConnection("localhost"),
        HTTPConnection("localhost", 80, 3.5, ("127.0.0.1", 0), 4096),
        HTTPConnection(
            host="localhost", port=None, timeout=None, source_address=None, blocksize=4096,
            max_response_headers=10, strict=True, deadline=2.5, max_response_line=100,
            max_response_head=1000, max_interim_responses=0, max_chunk_line=20,
            max_chunk_overhead=100),
        HTTPConnection("localhost", unix_socket="/run/app.sock"),
        HTTPConnection("localhost", 80, True, unix_socket=Path("/run/app.sock")),
        HTTPConnection(
            "localhost", resolver=socket.getaddrinfo, happy_eyeballs_delay=0.25),
        HTTPConnection("localhost", 80, True),
        HTTPConnection("localhost", 80, False, 3.5, ("127.0.0.1", 0), deadline=2.5),
        HTTPConnection("localhost", 80, False, timeout=3.5, max_chunk_line=20, blocksize=4096),
        httplib.HTTPConnection("localhost", 80, 1, 3.5, ("127.0.0.1", 0), deadline=2.5),
        httplib.HTTPConnection("localhost", unix_socket=b"/run/app.sock"),
    ]


def tls_connections() -> list[HTTPSConnection]:
    context = ssl.create_default_context()
    return [
        HTTPSConnection("localhost"),
        HTTPSConnection("localhost", happy_eyeballs_delay=1, resolver=lambda host, port: []),
        HTTPSConnection(
            "localhost", 443, timeout=3.5, source_address=None, context=context, blocksize=4096,
            key_file=None, cert_file=None, check_hostname=None, max_response_headers=10,
            strict=True, deadline=2.5, max_response_line=100, max_response_head=1000,
            max_interim_responses=0, max_chunk_line=20, max_chunk_overhead=100),
        HTTPSConnection("localhost", 443, None, None, 3.5, ("127.0.0.1", 0), context=context),
        HTTPSConnection("localhost", 443, None, None, True, 3.5, ("127.0.0.1", 0)),
        HTTPSConnection("localhost", 443, None, None, None, 3.5, context=context, deadline=2.5),
        httplib.HTTPSConnection("localhost", 443, None, None, 0, 3.5, ("127.0.0.1", 0), context),
    ]


def responses() -> list[HTTPResponse]:
    return [
        HTTPResponse(FakeSocket()),
        HTTPResponse(FakeSocket(), 0, "GET", "http://localhost/"),
        HTTPResponse(FakeSocket(), method="GET", strict=True),
        HTTPResponse(FakeSocket(), 0, True, "GET"),
        httplib.HTTPResponse(FakeSocket(), 0, 1, "GET", buffering=True),
    ]


def pools() -> list[httpclient.Pool]:
    return [
        httpclient.Pool(),
        httpclient.Pool(
            per_host=2, idle=None, timeout=3.5, deadline=2.5, block=False,
            happy_eyeballs_delay=None, ssl_context=ssl.create_default_context(),
            proxy="http://localhost:3128", strict=True, source_address=("127.0.0.1", 0),
            blocksize=4096, resume_sessions=False, max_response_headers=10, max_response_line=100,
            max_response_head=1000, max_interim_responses=0, max_chunk_line=20,
            max_chunk_overhead=100),
    ]


def pooled(pool: httpclient.Pool) -> None:
    with pool as same:
        assert_type(same, httpclient.Pool)
        response = same.request("GET", "http://localhost/")
        assert_type(response, HTTPResponse)
        same.request("POST", "http://localhost/", "text", {"A": 5}, deadline=2.5)
        try:
            same.request("POST", "http://localhost/", body=iter([b"a"]), headers=None)
        except PoolFull as error:
            assert_type(error.errno, int | None)
    pool.close()
    pickle.dumps(pool)


def requests_of_a_fetcher() -> list[httpclient.Request]:
    received: list[bytes] = []
    return [
        httpclient.Request("GET", "http://localhost/"),
        httpclient.Request("PUT", "http://localhost/", headers={"A": 5, "B": b"c"}, body="text",
                           deadline=2.5, sink=received.append, context=object()),
        httpclient.Request("PUT", "http://localhost/", body=iter([b"a"]), sink=io.BytesIO()),
    ]


def answered(answer: httpclient.Answer) -> httpclient.Request | None:
    assert_type(answer.request, httpclient.Request)
    assert_type(answer.url, str)
    assert_type(answer.error, BaseException | None)
    assert_type(answer.content, bytes)
    assert_type(answer.reused, bool)
    assert_type(answer.timings.first_byte, float | None)
    assert_type(answer.getheader("A"), str | None)
    assert_type(answer.getheader("A", 5), str | int)
    assert_type(answer.getheaders(), list[tuple[str, str]])
    assert_type(answer.trailers, httpclient.HTTPMessage)
    print(answer.status + 1, answer.reason.lower(), answer.headers["A"], answer.raw_head + b"")
    print([interim.status for interim in answer.informational])
    return answer.redirect()


def exceptions() -> list[httpclient.HTTPException]:
    return [
        httpclient.HTTPException("anything"), httpclient.NotConnected(), httpclient.InvalidURL(),
        httpclient.UnknownProtocol("HTTP/2"), httpclient.UnknownTransferEncoding(),
        httpclient.UnimplementedFileMode(), httpclient.IncompleteRead(b"", 3),
        httpclient.ImproperConnectionState(), httpclient.CannotSendRequest("Idle"),
        httpclient.CannotSendHeader(), httpclient.ResponseNotReady("Idle"),
        httpclient.BadStatusLine("x"), httpclient.BadHeaderLine(b"x", "why"),
        httpclient.LineTooLong("status line", 10), httpclient.RemoteDisconnected("x"),
        httpclient.error("anything"),
        decoding.TruncatedContent("why", "gzip", b"partial"),
    ]


MAKERS = [connections, tls_connections, responses, pools, exceptions]


def parsing(data: bytes) -> None:
    parser = httpclient.ResponseParser("HEAD", reused=True, strict=True, max_chunk_line=100)
    assert_type(parser.feed(data), bytes)
    assert_type(parser.feed(memoryview(data)), bytes)
    assert_type(parser.end(), bytes)
    if parser.complete and not parser.will_close:
        status: int = parser.status
        length: int | None = parser.length
        print(status, length, parser.headers["Location"], parser.getheaders()[0][0].upper())
    assert_type(parser.trailers, httpclient.HTTPMessage)
    assert_type(parser.informational[0].reason, str)
    assert_type(parser.surplus, bytes)
    archived: bytes = parser.raw_head
    print(archived)


def decoded(response: HTTPResponse, data: bytearray) -> None:
    assert_type(httpclient.decoding.ACCEPT_ENCODING, str)
    with decoding.decoded(response, max_length=10) as file:
        assert_type(file.read(), bytes)
        for line in file:
            assert_type(line, bytes)
        io.TextIOWrapper(file)
    decoder = decoding.Decoder(["gzip", "br"], max_length=None)
    assert_type(decoder.feed(data) + decoder.end(10), bytes)
    assert_type(decoder.pending, bool)
    assert_type(decoder.codings, tuple[str, ...])
    try:
        decoding.Decoder("gzip")
    except decoding.DecodingError as error:
        assert_type(error.partial, bytes)
        assert_type(error.coding, str | None)
        parent: httpclient.HTTPException = error
        assert parent


def blocks() -> Iterator[bytes]:
    yield b"one"
    yield b"two"


def requests(conn: HTTPConnection, file: IO[bytes], text: io.StringIO) -> None:
    conn.set_tunnel("localhost", 443, {"User-Agent": "x"})
    conn.request("GET", "/")
    for body in (b"x", bytearray(b"x"), memoryview(b"x"), array.array("i", [1])):
        conn.request("POST", "/", body, {"A": "x", "B": b"y", "C": 3})
    conn.request("POST", "/", "text", deadline=1.5, expect_continue=1.5)
    conn.request("POST", "/", file)
    conn.request("POST", "/", text)
    conn.request("POST", "/", blocks(), encode_chunked=True)
    conn.request("POST", "/", [b"one", bytearray(b"two")])
    conn.putrequest("PUT", "/", skip_host=True, skip_accept_encoding=True)
    conn.putheader("Content-Length", 3)
    conn.putheader(b"X-Many", "one", b"two", 3)
    conn.endheaders(b"one", encode_chunked=False)
    conn.send("two")
    with conn as same:
        assert_type(same, HTTPConnection)
    assert_type(conn.get_proxy_response_headers(), httpclient.HTTPMessage | None)
    assert_type(conn.getresponse(), HTTPResponse)
    conn.sock.settimeout(3)
    conn.auto_open, conn.debuglevel, conn.timeout = 0, 1, 2.5
    conn.response_class = httplib.HTTPResponse


def reading(response: HTTPResponse, out: BinaryIO) -> None:
    assert_type(response.read(), bytes)
    assert_type(response.read(10), bytes)
    assert_type(response.read1(), bytes)
    assert_type(response.peek(), bytes)
    assert_type(response.readline(), bytes)
    assert_type(response.readinto(bytearray(10)), int)
    for line in response:
        assert_type(line, bytes)
    with response as same:
        assert_type(same, HTTPResponse)
    shutil.copyfileobj(response, out)
    file: BinaryIO = response
    pickle.load(response)
    io.TextIOWrapper(file)
    response.fp.readline()
    response.fp.nonsense()                              # refused


def facts(response: HTTPResponse) -> None:
    assert_type(response.getheader("Server"), str | None)
    assert_type(response.getheader("Server", "none"), str)
    assert_type(response.getheader("Age", 0), str | int)
    assert_type(response.getheaders(), list[tuple[str, str]])
    assert_type(response.headers["Server"], str | Any)
    assert_type(response.msg.get_all("Server"), list[str] | None)
    assert_type(response.version, int)
    assert_type(response.reason, str)
    assert_type(response.chunked, bool)
    assert_type(response.length, int | None)
    assert_type(response.will_close, bool)
    assert_type(response.closed, bool)
    assert_type(response.strict, bool | None)
    assert_type(response.incomplete, bool)
    assert_type(response.trailers, httpclient.HTTPMessage)
    for interim in response.informational:
        assert_type(interim.status, int)
        assert_type(interim.reason, str)
        assert_type(interim.headers, httpclient.HTTPMessage)
    standard: http.client.HTTPMessage = response.headers
    assert standard is not None


def module() -> None:
    status: HTTPStatus = httpclient.CONTENT_TOO_LARGE
    assert status == httpclient.REQUEST_ENTITY_TOO_LARGE
    number: int = httpclient.OK
    assert httpclient.responses[number] == httpclient.OK.phrase
    assert_type(httpclient.parse_headers(io.BytesIO()), httpclient.HTTPMessage)
    assert_type(httpclient.parse_headers(io.BytesIO(), Fields), Fields)
    httpclient._MAXLINE = httpclient._MAXHEADERS = 1000
    assert_type(httpclient.__version__, str)
    plain: int = httplib.NOT_FOUND + httpclient.HTTP_PORT + httpclient.HTTPS_PORT
    assert_type(httplib.responses.get(plain), str | None)
    httpclient.install()
    with httpclient.installed() as block:
        assert_type(block.replaced + block.left, list[str])
    httpclient.uninstall()


def caught() -> None:
    try:
        pass
    except httpclient.IncompleteRead as error:
        assert_type(error.partial, bytes)
        assert_type(error.expected, int | None)
        standard: http.client.IncompleteRead = error
        assert standard
    except httpclient.BadHeaderLine as error:
        assert_type(error.line, bytes)
    except httpclient.RemoteDisconnected as error:
        assert_type(error.line, str)
        assert_type(error.errno, int | None)
        also: ConnectionResetError = error
        assert also
    except httpclient.UnknownProtocol as error:
        assert_type(error.version, str)


def old(response: httplib.HTTPResponse) -> None:
    assert_type(response.msg, httplib.HTTPMessage)
    assert_type(response.headers, httpclient.HTTPMessage)
    assert_type(response.msg.dict, dict[str, str])
    assert_type(response.msg.getheader("Server"), str | None)
    assert_type(response.msg.getdate("Date"), tuple[int, ...] | None)
    assert_type(httplib.HTTPConnection("localhost").getresponse(True), httplib.HTTPResponse)
    code, reason, message = httplib.HTTP("localhost").getreply()
    assert_type(code, int)
    assert_type(reason, str)
    assert message.gettype()


def only_standard(conn: http.client.HTTPConnection) -> None:
    pass


def refused(conn: HTTPConnection, response: HTTPResponse) -> None:
    HTTPConnection()                                    # refused
    HTTPConnection("localhost", "80")                   # refused
    HTTPConnection("localhost", 80, nonsense=1)         # refused
    HTTPConnection("localhost", 80, 3.5, 3.5)           # refused
    HTTPConnection("localhost", deadline="soon")        # refused
    HTTPConnection("localhost", unix_socket=7)          # refused
    HTTPConnection("localhost", resolver="127.0.0.1")   # refused
    HTTPSConnection("localhost", 443, 3.5)              # refused
    HTTPSConnection("localhost", context=True)          # refused
    HTTPResponse(b"HTTP/1.1 200 OK")                    # refused
    HTTPResponse(FakeSocket(), 0, True, method="GET")   # refused
    conn.request("GET")                                 # refused
    conn.request(b"GET", "/")                           # refused
    conn.request("GET", "/", 3)                         # refused
    conn.request("GET", "/", None, {"A": None})         # refused
    conn.request("GET", "/", None, {}, True)            # refused
    conn.putheader("A", 3.5)                            # refused
    conn.getresponse(True)                              # refused
    conn.nonsense()                                     # refused
    response.read("10")                                 # refused
    response.getheader("Server").lower()                # refused
    print(response.nonsense)                            # refused
    httpclient.IncompleteRead("text")                   # refused
    httpclient.LineTooLong()                            # refused
    httpclient.OK = 201                                 # refused
    print(httplib.OK.phrase)                            # refused
    print(httpclient.nonsense)                          # refused
    httplib.HTTPConnection("localhost", 80, 3.5)        # refused
    httpclient.ResponseParser("GET", True)              # refused
    httpclient.ResponseParser(max_nonsense=1)           # refused
    httpclient.ResponseParser().feed("text")            # refused
    decoding.Decoder(b"gzip")                           # refused
    decoding.Decoder("gzip").feed("text")               # refused
    decoding.decoded(response, max_length="10")         # refused
    httpclient.Pool(3)                                  # refused
    httpclient.Pool(per_host="3")                       # refused
    httpclient.Pool(nonsense=1)                         # refused
    httpclient.Pool().request("GET")                    # refused
    httpclient.Pool().request("GET", b"http://a/")      # refused
    httpclient.Pool().request("GET", "/", 3)            # refused
    httpclient.Request("GET")                           # refused
    httpclient.Request("GET", "/", {})                  # refused
    httpclient.Request("GET", "/", body=3)              # refused
    httpclient.Request("GET", "/", sink=3)              # refused
    only_standard(conn)                                 # refused

# SPDX-License-Identifier: MIT
"""httpclient.decoding.decoded(): a response's content without its content codings."""

import contextlib
import gc
import http.client
import io
import socket
import weakref
import zlib

import pytest

import httpclient
from httpclient._common.exceptions import ReadAborted
from httpclient.decoding import (
    ContentTooLong, DamagedContent, DecodingError, TrailingBytes, TruncatedContent, UnknownCoding,
    decoded,
)
from support import arrive
from support.arrive import bytewise, pair, whole
from support.codings import CONTENTS, FORMATS
from support.servers import ok, serving

GZIP = FORMATS["gzip"][1]
TEXT = CONTENTS["text"]
LINES = b"".join(b"line %d\n" % number for number in range(500)) + b"no line end"


def wire_of(content, *fields, framing="length"):
    head = b"HTTP/1.1 200 OK\r\n" + b"".join(line + b"\r\n" for line in fields)
    if framing == "length":
        return head + b"Content-Length: %d\r\n\r\n" % len(content) + content
    if framing == "close":
        return head + b"Connection: close\r\n\r\n" + content
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(content[at:at + 700]), content[at:at + 700])
                      for at in range(0, len(content), 700))
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"


def coded(content, name="gzip", **options):
    return wire_of(content, b"Content-Encoding: " + name.encode(), **options)


class reading:
    """`with reading(wire) as file`: decoded() of a response that arrives so."""

    def __init__(self, wire, cuts=whole, module=httpclient, method="GET", way=pair, **options):
        self.arrival = way(wire, cuts)
        self.module, self.method, self.options = module, method, options

    def __enter__(self):
        self.arrival.__enter__()
        self.arrival.deliver()
        response = self.arrival.response(self.module, self.method)
        response.begin()
        self.response = response
        return decoded(response, **self.options)

    def __exit__(self, *exc):
        self.response.close()
        self.arrival.__exit__(*exc)


def all_of(call):
    """The results of a call until it gives nothing."""
    return list(iter(call, b""))


WAYS = {
    "read": lambda file: [file.read()],
    "read(None)": lambda file: [file.read(None)],
    "read(7)": lambda file: all_of(lambda: file.read(7)),
    "read(10000)": lambda file: all_of(lambda: file.read(10000)),
    "read1": lambda file: all_of(file.read1),
    "read1(5)": lambda file: all_of(lambda: file.read1(5)),
    "readline": lambda file: all_of(file.readline),
    "readline(3)": lambda file: all_of(lambda: file.readline(3)),
    "readlines": lambda file: file.readlines(),
    "iteration": lambda file: list(file),
    "readinto": lambda file: all_of(lambda: into(file.readinto, 9)),
    "readinto1": lambda file: all_of(lambda: into(file.readinto1, 9)),
    "peek": lambda file: all_of(lambda: file.read1(len(file.peek()))),
    "mixed": lambda file: [file.read(3), file.readline(), file.read1(4), into(file.readinto, 5),
                           file.read()],
    "TextIOWrapper": lambda file: [io.TextIOWrapper(file, "ascii").read().encode()],
}


def into(readinto, size):
    space = bytearray(size)
    return bytes(space[:readinto(space)])


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
@pytest.mark.parametrize("cuts", [whole, bytewise])
@pytest.mark.parametrize("way", WAYS)
def test_ways_to_read(way, cuts, framing):
    with reading(coded(GZIP(LINES), framing=framing), cuts) as file:
        assert b"".join(WAYS[way](file)) == LINES
        if not file.closed:
            assert file.read() == file.read(5) == file.read1() == file.readline() == b""
            assert file.peek() == b"" and file.readlines() == [] and list(file) == []


@pytest.mark.parametrize("way", WAYS)
def test_long_content(way):
    """More than comes at a time, in both directions."""
    content = CONTENTS["long"]
    with reading(coded(GZIP(content)), way=arrive.buffered) as file:
        assert b"".join(WAYS[way](file)) == content


def test_lines():
    with reading(coded(GZIP(LINES))) as file:
        assert file.readlines() == LINES.splitlines(True)
    with reading(coded(GZIP(LINES))) as file:
        assert file.readlines(10) == [b"line 0\n", b"line 1\n"]
        assert file.readline(None) == b"line 2\n"
        assert file.readline(0) == b""
        assert next(file) == b"line 3\n"


@pytest.mark.parametrize("format", FORMATS)
def test_each_coding(format):
    name, encode, _ = FORMATS[format]
    with reading(coded(encode(TEXT), name.upper())) as file:
        assert file.read() == TEXT


@pytest.mark.parametrize("module", [http.client, httpclient])
def test_response_of_either_module(module):
    with reading(coded(GZIP(TEXT)), module=module) as file:
        assert file.read() == TEXT


def test_under_install():
    with httpclient.installed(), reading(coded(GZIP(TEXT)), module=http.client) as file:
        assert file.read() == TEXT


def test_several_lines_are_one_list():
    wire = wire_of(GZIP(FORMATS["zlib"][1](TEXT)), b"Content-Encoding: deflate,",
                   b"content-encoding: ,GZIP, identity")
    with reading(wire) as file:
        assert file.read() == TEXT


@pytest.mark.parametrize("fields", [(), (b"Content-Encoding: identity",), (b"Content-Encoding:",)])
def test_without_coding(fields):
    with reading(wire_of(TEXT, *fields)) as file:
        assert file.read(5) + file.read() == TEXT
    with reading(wire_of(TEXT, *fields), max_length=5) as file:
        with pytest.raises(ContentTooLong) as caught:
            file.read()
        assert caught.value.partial == TEXT[:5]


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
@pytest.mark.parametrize("module", [http.client, httpclient])
def test_no_content(module, method, status):
    for coding in (b"gzip", b"unknown"):
        wire = b"HTTP/1.1 %d X\r\nContent-Encoding: %b\r\nContent-Length: 100\r\n\r\n" % (
            status, coding)
        for way in WAYS.values():
            with reading(wire, module=module, method=method) as file:
                assert b"".join(way(file)) == b""


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_empty_content(framing):
    with reading(coded(b"", framing=framing)) as file:
        assert file.read() == b""


def test_unknown_coding_leaves_the_response():
    with pair(coded(TEXT, "zip")) as arrival:
        arrival.deliver()
        response = arrival.response(httpclient, "GET")
        response.begin()
        with pytest.raises(UnknownCoding) as caught:
            decoded(response)
        assert caught.value.coding == "zip"
        assert response.read() == TEXT


# ---- closing

def test_close_closes_the_response():
    with reading(coded(GZIP(TEXT))) as file:
        response = file._response
        with file:
            assert file.readable() and not file.writable()
            assert file.read(3) == TEXT[:3]
        assert file.closed and response.closed
        file.close()
        for call in (file.read, file.read1, file.readline, file.peek, file.readlines,
                     lambda: file.read(3), lambda: file.read(0), lambda: file.read1(0)):
            with pytest.raises(ValueError, match="closed"):
                call()


def test_dropped_file_leaves_the_response():
    with pair(wire_of(TEXT)) as arrival:
        arrival.deliver()
        response = arrival.response(httpclient, "GET")
        response.begin()
        decoded(response)
        gc.collect()
        assert response.read() == TEXT


def test_file_is_freed_without_the_collector():
    gc.disable()
    try:
        for damage in (b"", b"x"):
            with pair(coded(GZIP(TEXT) + damage)) as arrival:
                arrival.deliver()
                response = arrival.response(httpclient, "GET")
                response.begin()
                file = decoded(response)
                try:
                    file.read()
                except DecodingError as error:
                    assert error.partial == TEXT
                gone, decoder = weakref.ref(file), weakref.ref(file._decoder)
                del file, response
                assert gone() is decoder() is None
    finally:
        gc.enable()


# ---- errors: everything before them can be read

BROKEN = {
    "cut": (GZIP(TEXT)[:-1], TruncatedContent),
    "damaged": (GZIP(TEXT)[:-1] + b"\xff", DamagedContent),
    "trailing": (GZIP(TEXT) + b"x", TrailingBytes),
}


@pytest.mark.parametrize("cuts", [whole, bytewise])
@pytest.mark.parametrize("broken", BROKEN)
def test_error_comes_after_the_content(broken, cuts):
    content, error = BROKEN[broken]
    size = len(TEXT)
    wire = coded(content)

    def caught(call):
        with pytest.raises(DecodingError) as info:
            call()
        assert type(info.value) is error
        return info.value.partial

    with reading(wire, cuts) as file:
        assert caught(file.read) == TEXT
        assert caught(file.read) == caught(file.read1) == caught(file.readline) == b""
    with reading(wire, cuts) as file:
        assert file.read(size - 3) == TEXT[:-3]
        assert caught(lambda: file.read(4)) == TEXT[-3:]
    with reading(wire, cuts) as file:
        assert file.read(size) == TEXT
        assert caught(file.read1) == b""
    with reading(wire, cuts) as file:
        content = b""
        while len(content) < size:
            content += file.read1(10)
        assert content == TEXT and file.peek() == b""
        assert caught(lambda: file.readinto(bytearray(3))) == b""
    with reading(wire, cuts) as file:
        assert caught(file.readline) == TEXT
    with reading(wire, cuts) as file:
        assert file.readline(size) == TEXT
        assert caught(file.readline) == b""


def test_error_after_lines():
    with reading(coded(GZIP(LINES) + b"x")) as file:
        with pytest.raises(TrailingBytes) as caught:
            file.readlines()
        assert caught.value.partial == LINES
    with reading(coded(GZIP(LINES) + b"x")) as file:
        lines = []
        with pytest.raises(TrailingBytes) as caught:
            for line in file:
                lines.append(line)
        assert b"".join(lines) + caught.value.partial == LINES


def test_max_length():
    wire = coded(GZIP(TEXT))
    with reading(wire, max_length=len(TEXT)) as file:
        assert file.read() == TEXT
    with reading(wire, max_length=len(TEXT) - 1) as file:
        assert file.read(len(TEXT) - 1) == TEXT[:-1]
        with pytest.raises(ContentTooLong):
            file.read(1)
    with reading(wire, max_length=5) as file:
        with pytest.raises(ContentTooLong) as caught:
            file.read()
        assert caught.value.partial == TEXT[:5]


# ---- the connection

@pytest.mark.parametrize("module", [http.client, httpclient])
@pytest.mark.parametrize("cuts", [whole, bytewise])
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_connection_ends_early(framing, cuts, module):
    """IncompleteRead has what could be decoded, also where a gzip member has just ended."""
    whole_wire = coded(GZIP(TEXT) + GZIP(LINES), framing=framing)
    second = whole_wire.rindex(b"\x1f\x8b\x08")
    for end in (second, len(whole_wire) - 30):
        with reading(whole_wire[:end], cuts, module) as file:
            with pytest.raises(http.client.IncompleteRead) as caught:
                file.read()
            assert caught.value.partial.startswith(TEXT)
            assert (TEXT + LINES).startswith(caught.value.partial)
            assert caught.value.args[0] == caught.value.partial
            with pytest.raises(http.client.IncompleteRead) as caught:
                file.read(1)
            assert caught.value.partial == b""
        with reading(whole_wire[:end], cuts, module) as file:
            assert file.read(len(TEXT)) == TEXT
            with pytest.raises(http.client.IncompleteRead):
                all_of(lambda: file.read(1000))


def one(way, file):
    """What a single call returns, as bytes."""
    calls = {"read": file.read, "read(10000)": lambda: file.read(10000),
             "readline": file.readline, "readlines": lambda: b"".join(file.readlines()),
             "readinto": lambda: into(file.readinto, 9), "read1": file.read1}
    return calls[way]()


@contextlib.contextmanager
def in_steps(wire, timeout):
    """(a file over a socket with this timeout, a function that makes more of the wire arrive)."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(20)
        head = wire.index(b"\r\n\r\n") + 4
        theirs.sendall(wire[:head])
        response = httpclient.HTTPResponse(ours, method="GET")
        response.begin()
        ours.settimeout(timeout)
        rest = io.BytesIO(wire[head:])
        yield decoded(response), lambda size: theirs.sendall(rest.read(size))
        response.close()


@pytest.mark.parametrize("way", ["read", "read(10000)", "readline", "readlines", "readinto",
                                 "read1"])
def test_read_continues_when_more_arrives(way):
    """Nothing that was decoded before is lost."""
    with in_steps(coded(GZIP(LINES)), timeout=0) as (file, arrives):
        content = b""
        for size in (20, 300, 1, 400):
            arrives(size)
            with pytest.raises(BlockingIOError):
                while True:
                    content += one(way, file)
        arrives(-1)
        assert content + b"".join(all_of(lambda: one(way, file))) == LINES


@pytest.mark.parametrize("way", ["read", "read(10000)", "readline", "readlines"])
def test_timeout_keeps_what_was_decoded(way):
    """As in http.client, the response cannot be read after it."""
    with in_steps(coded(GZIP(LINES)), timeout=0.02) as (file, arrives):
        arrives(400)
        content = b""
        with pytest.raises(TimeoutError):
            while True:
                content += one(way, file)
        kept = file.peek()
        assert kept and LINES.startswith(content + kept)
        assert file.read(len(kept)) == kept
        with pytest.raises(OSError, match="timed out"):
            file.read(1)


def test_read1_returns_what_has_arrived():
    """A stream of events: each can be read before the next one is sent."""
    encoder = zlib.compressobj(wbits=31)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(20)
        theirs.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
                       b"Transfer-Encoding: chunked\r\n\r\n")
        response = httpclient.HTTPResponse(ours, method="GET")
        response.begin()
        with decoded(response) as file:
            for number in range(5):
                event = b"event %d\n" % number
                data = encoder.compress(event) + encoder.flush(zlib.Z_SYNC_FLUSH)
                theirs.sendall(b"%x\r\n%b\r\n" % (len(data), data))
                assert (file.readline() if number % 2 else file.read1()) == event


def test_another_thread_closes_the_response():
    """Content that the interrupted read had received is decoded."""
    class Closed(httpclient.HTTPResponse):
        def read1(self, n=-1):
            error = ReadAborted()
            error.partial = GZIP(TEXT)
            raise error

    with pair(coded(GZIP(TEXT))) as arrival:
        arrival.deliver()
        response = arrival.response(type("Module", (), {"HTTPResponse": Closed}), "GET")
        response.begin()
        with pytest.raises(ConnectionAbortedError) as caught:
            decoded(response).read()
        assert caught.value.partial == TEXT


def test_connection_is_reused():
    """Reading to the end of the decoded content is reading to the end of the response."""
    replies = [ok(GZIP(TEXT), "Content-Encoding: gzip")] * 3
    with serving(*replies) as server:
        connection = httpclient.HTTPConnection(*server.address, timeout=20)
        for way in ("read", "read(7)", "readline"):
            connection.request("GET", "/")
            with decoded(connection.getresponse()) as file:
                assert b"".join(WAYS[way](file)) == TEXT
        connection.close()
        assert server.accepted == 1

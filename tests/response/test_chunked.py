# SPDX-License-Identifier: MIT
"""Chunked bodies: content, limits, what is kept when the framing is bad, and where reading stops.

What the grammar does not allow is in test_hostile_bytes.py.  Tests that take `module` hold for
http.client too; those for httpclient alone name what COMPATIBILITY.md says.
"""

import http.client
import inspect
import pickle
import tracemalloc

import pytest

import httpclient
from support import arrive, newest, reads
from support.ways import in_each_way

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
LAST = b"0\r\n\r\n"

both = pytest.mark.parametrize("module", [newest, httpclient], ids=["http.client", "httpclient"])
SOCKETS = {"memory": arrive.memory, "buffered file": arrive.buffered, "socket": arrive.pair}
WAYS = SOCKETS | {"fed": arrive.fed}
with_peek = in_each_way("way", {"buffered file": arrive.buffered, "socket": arrive.pair})
every_socket = in_each_way("way", SOCKETS)
every_way = in_each_way("way", WAYS)
both_every_way = in_each_way("module, way", {
    **{f"http.client, {name}": (newest, way) for name, way in SOCKETS.items()},
    **{f"httpclient, {name}": (httpclient, way) for name, way in WAYS.items()},
})


def chunk(data, extension=b""):
    return b"%x%b\r\n%b\r\n" % (len(data), extension, data)


def begun(module, arrival, **options):
    """A response whose head has been read, for a `with`."""
    arrival.deliver()
    response = arrival.response(module, **options)
    response.begin()
    return response


# --- content -------------------------------------------------------------------------------------

def pattern(size):
    """Bytes that show where they belong."""
    return (b"%07d\n" * (size // 8 + 1) % tuple(range(size // 8 + 1)))[:size]


# Around the reader's store of 16 KiB, around 64 KiB, and above the 64 KiB that free the GIL.
SIZES = [1, 15, 16, 255, 256, 4095, 4096, 16300, 16383, 16384, 16385, 65535, 65536, 70000, 300_000]


@both_every_way
@pytest.mark.parametrize("size", SIZES)
def test_content_of_each_size_is_read_whole(module, size, way):
    data = pattern(size)
    pieces = [data[i:i + 1000] for i in range(0, size, 1000)]
    for chunks in ([data], [data, data], pieces):
        wire = b"".join(map(chunk, chunks)) + LAST
        content = b"".join(chunks)
        with way(CHUNKED + wire) as arrival, begun(module, arrival) as response:
            assert response.read() == content
            assert response.isclosed()
        with way(CHUNKED + wire) as arrival, begun(module, arrival) as response:
            parts = list(reads.until_empty(reads.into, response, 10_007))
            assert b"".join(parts) == content
            assert set(map(len, parts[:-2])) <= {10_007}


@both_every_way
def test_read_of_n_bytes_goes_on_across_chunks(module, way):
    data = pattern(3000)
    wire = CHUNKED + b"".join(chunk(data[i:i + 7]) for i in range(0, 3000, 7)) + LAST
    for size in (1, 6, 7, 8, 20, 2999, 3000, 3001):
        with way(wire) as arrival, begun(module, arrival) as response:
            parts = list(reads.until_empty(response.read, size))
            assert b"".join(parts) == data
            assert set(map(len, parts[:-2])) <= {size}


@both
def test_reading_stops_at_the_last_octet_asked_for(module):
    """From a file that is not a socket's nothing is read ahead, not even framing."""
    wire = CHUNKED + chunk(b"hello") + chunk(b"world") + LAST + b"surplus"
    with arrive.memory(wire) as arrival, begun(module, arrival) as response:
        at = []
        for size in (2, 3, 1, 4):
            response.read(size)
            at.append(arrival.file.tell() - len(CHUNKED))
        assert at == [5, 8, 14, 18]
        assert response.read(1) == b""
        assert arrival.left() == b"surplus"


@every_socket
@pytest.mark.parametrize("amt", [0, 3, 10, 11, True, -1, None, 2.0, "3"], ids=repr)
def test_safe_read_returns_or_raises_what_that_of_http_client_does(way, amt):
    both = []
    for module in (httpclient, http.client):
        with way(CHUNKED + 10 * b"x") as arrival, begun(module, arrival) as response:
            try:
                both.append(response._safe_read(amt))
            except Exception as error:
                both.append((type(error).__name__, getattr(error, "partial", None),
                             getattr(error, "expected", None)))
    assert both[0] == both[1]


def test_safe_read_has_signature_and_pickles_as_a_function():
    for function in httpclient.HTTPResponse._safe_read, http.client.HTTPResponse._safe_read:
        assert str(inspect.signature(function)) == "(self, amt)"
        assert function.__name__ == "_safe_read" and hasattr(function, "__get__")
        assert pickle.loads(pickle.dumps(function)) is function


@both
def test_chunk_left_that_a_program_sets_is_obeyed(module):
    """Some programs read chunks from `fp` and set the number of bytes that are left."""
    wire = CHUNKED + chunk(b"hello") + chunk(b"world") + LAST
    with arrive.pair(wire) as arrival, begun(module, arrival) as response:
        assert response.chunk_left is None
        assert response.read(2) == b"he"
        assert response.chunk_left == 3
        assert response._safe_read(3) == b"llo"
        response.chunk_left = 0
        assert response._get_chunk_left() == 5
        assert response.read() == b"world"
        assert response.chunk_left is None


# Trailer lines are read and dropped, whatever they are.
TRAILERS = {
    "none": b"\r\n",
    "one": b"A: b\r\n\r\n",
    "LF": b"A: b\n\n",
    "no field line": b"nonsense\r\n: x\r\n fold\r\n\r\n",
    "100": b"A: b\r\n" * 100 + b"\r\n",
    "long": b"A: " + b"x" * 65531 + b"\r\n\r\n",
}


@both_every_way
@pytest.mark.parametrize("trailers", TRAILERS.values(), ids=TRAILERS)
def test_trailer_section_ends_the_body(module, trailers, way):
    with way(CHUNKED + chunk(b"hello") + b"0\r\n" + trailers + b"more") as arrival:
        with begun(module, arrival) as response:
            assert response.read() == b"hello"
            assert response.isclosed()
            assert arrival.left() in (b"more", None)


# --- limits --------------------------------------------------------------------------------------

@every_way
def test_more_trailers_than_fields_are_refused(way):
    """New in http.client 3.15, here on every interpreter."""
    def wire(count):
        return CHUNKED + chunk(b"hello") + b"0\r\n" + b"A: b\r\n" * count + b"\r\n"

    for read in (lambda response: response.read(), lambda response: response.read(6),
                 lambda response: response.readinto(bytearray(6))):
        with way(wire(101)) as arrival, begun(httpclient, arrival) as response:
            with pytest.raises(httpclient.HTTPException, match="got more than 100 trailers"):
                read(response)
        with way(wire(4)) as arrival:
            arrival.deliver()
            response = arrival.response(httpclient)
            response.begin(_max_headers=3)
            with response:
                with pytest.raises(httpclient.HTTPException, match="got more than 3 trailers"):
                    read(response)


@both_every_way
def test_a_trailer_line_above_64_kib_is_refused(module, way):
    wire = CHUNKED + chunk(b"hello") + b"0\r\nA: " + b"x" * 65536 + b"\r\n\r\n"
    with way(wire) as arrival, begun(module, arrival) as response:
        with pytest.raises(http.client.LineTooLong, match="65536 bytes when reading trailer line"):
            response.read()


@both_every_way
def test_a_chunk_size_line_above_64_kib_is_refused(module, way):
    for line in (b"0" * 65536 + b"5", b"5;" + b"x" * 65536):
        with way(CHUNKED + line + b"\r\nhello\r\n" + LAST) as arrival:
            with begun(module, arrival) as response:
                with pytest.raises((http.client.LineTooLong, http.client.IncompleteRead)):
                    response.read()


@every_way
def test_chunk_size_line_above_4_kib_is_refused(way):
    """COMPATIBILITY.md: http.client takes 64 KiB."""
    fits = b"5;" + b"x" * (4096 - 4) + b"\r\nhello\r\n"
    with way(CHUNKED + fits + LAST) as arrival, begun(httpclient, arrival) as response:
        assert response.read() == b"hello"
    with way(CHUNKED + fits + fits.replace(b"x", b"xx", 1) + LAST) as arrival:
        with begun(httpclient, arrival) as response:
            with pytest.raises(httpclient.LineTooLong):
                response.read()
            assert response.isclosed()


@every_way
def test_more_framing_than_content_is_refused(way):
    """COMPATIBILITY.md: 1 MiB and ten times the content, whatever each line is."""
    extension = b";" + b"x" * 4000

    def wire(count, content):
        return CHUNKED + chunk(content, extension) * count + LAST

    with way(wire(250, b"y")) as arrival, begun(httpclient, arrival) as response:
        assert response.read() == b"y" * 250
    with way(wire(600, b"y" * 400)) as arrival, begun(httpclient, arrival) as response:
        assert response.read() == b"y" * 400 * 600
    with way(wire(300, b"y")) as arrival, begun(httpclient, arrival) as response:
        with pytest.raises(httpclient.IncompleteRead) as caught:
            response.read()
        assert 250 < len(caught.value.partial) < 300


@both_every_way
def test_small_chunks_alone_are_never_too_much(module, way):
    with way(CHUNKED + chunk(b"x") * 60_000 + LAST) as arrival:
        with begun(module, arrival) as response:
            assert response.read() == b"x" * 60_000


# What a peer announces, and how much of it comes; http.client before 3.13.11 allocates it all.
ANNOUNCED = {
    "length": OK + b"Content-Length: 4000000000\r\n\r\nhello",
    "length of 2^63 - 1": OK + b"Content-Length: 9223372036854775807\r\n\r\nhello",
    "chunk": CHUNKED + b"F0000000\r\nhello",
    "chunk of 2^63 - 1": CHUNKED + b"7fffffffffffffff\r\nhello",
}


@every_way
@pytest.mark.parametrize("wire", ANNOUNCED.values(), ids=ANNOUNCED)
def test_memory_follows_what_has_arrived(wire, way):
    with way(wire) as arrival, begun(httpclient, arrival) as response:
        tracemalloc.start()
        try:
            with pytest.raises(httpclient.IncompleteRead) as caught:
                response.read()
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert caught.value.partial == b"hello"
        assert peak < 3 << 20
    with way(wire) as arrival, begun(httpclient, arrival) as response:
        assert response.read(5) == b"hello"


# --- bad framing ---------------------------------------------------------------------------------

BROKEN = {
    "bad size": chunk(b"hello") + b"x\r\n",
    "no CRLF": b"5\r\nhello, world\r\n" + LAST,
    "end of stream": chunk(b"hello"),
    "end of stream in chunk data": b"9\r\nhello",
    "end of stream in the CRLF": b"5\r\nhello\r",
}

CALLS = {
    "read": lambda response: [response.read()],
    "read(n)": lambda response: reads.until_empty(response.read, 3),
    "read(all)": lambda response: reads.until_empty(response.read, 1000),
    "readinto": lambda response: reads.until_empty(reads.into, response, 3),
    "read1": lambda response: reads.until_empty(response.read1, 3),
    "readline": lambda response: reads.until_empty(response.readline),
    "iteration": lambda response: response,
    "peek, read": lambda response: reads.peek_and_read(response),
}


@with_peek
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("wire", BROKEN.values(), ids=BROKEN)
def test_bad_framing_raises_incomplete_read_with_the_content(wire, call, way):
    """The cause is a ValueError.  Later reads return nothing."""
    got = []
    with way(CHUNKED + wire) as arrival, begun(httpclient, arrival) as response:
        with pytest.raises(httpclient.IncompleteRead) as caught:
            for part in call(response):
                got.append(part)
        assert b"".join(got) + caught.value.partial == b"hello"
        causes = [caught.value]
        while causes[-1].__cause__ is not None:
            causes.append(causes[-1].__cause__)
        assert any(isinstance(cause, ValueError) for cause in causes)
        assert response.isclosed()
        assert response.read() == b""


@with_peek
def test_readlines_that_breaks_off_keeps_all_lines(way):
    with way(CHUNKED + chunk(b"one\ntw") + chunk(b"o\nth") + b"x\r\n") as arrival:
        with begun(httpclient, arrival) as response:
            with pytest.raises(httpclient.IncompleteRead) as caught:
                response.readlines()
            assert caught.value.partial == b"one\ntwo\nth" == caught.value.args[0]


BEYOND_LIMITS = {
    "trailers": chunk(b"hello") + b"0\r\n" + b"X: y\r\n" * 101 + b"\r\n",
    "trailer line": chunk(b"hello") + b"0\r\nX: " + b"y" * 66_000 + b"\r\n\r\n",
    "chunk-size line": chunk(b"hello") + b"5;" + b"x" * 70_000 + b"\r\nworld\r\n" + LAST,
}


@with_peek
@pytest.mark.parametrize("wire", BEYOND_LIMITS.values(), ids=BEYOND_LIMITS)
def test_content_before_a_limit_is_in_the_exception(wire, way):
    for read in (lambda response: response.read(), lambda response: response.read(1000),
                 lambda response: response.readinto(bytearray(1000)),
                 lambda response: response.readlines()):
        with way(CHUNKED + wire) as arrival, begun(httpclient, arrival) as response:
            with pytest.raises(httpclient.HTTPException) as caught:
                read(response)
            assert caught.value.partial == b"hello"


@with_peek
def test_cause_of_an_incomplete_read_shows_the_bad_bytes(way):
    with way(CHUNKED + chunk(b"hello") + b"+5\r\nworld\r\n" + LAST) as arrival:
        with begun(httpclient, arrival) as response:
            with pytest.raises(httpclient.IncompleteRead) as caught:
                response.read()
            cause = caught.value
            while cause.__cause__ is not None:
                cause = cause.__cause__
            assert isinstance(cause, ValueError)
            assert "+5" in str(cause)


@with_peek
def test_readline_gives_no_more_than_its_limit(way):
    """io.IOBase.readline(limit) over http.client's peek() does, where little has arrived."""
    body = b"".join(chunk(piece) for piece in (b"a", b"bc", b"def\ngh", b"i\n", b"jklmnopqrs"))
    for limit in range(1, 12):
        with way(CHUNKED + body + LAST, arrive.bytewise) as arrival:
            with begun(httpclient, arrival) as response:
                lines = list(reads.until_empty(response.readline, limit))
                assert max(map(len, lines)) <= limit
                assert b"".join(lines) == b"abcdef\nghi\njklmnopqrs"


@both
@every_socket
def test_reads_after_the_end_return_nothing(module, way):
    with way(CHUNKED + chunk(b"hello") + LAST + b"more") as arrival:
        with begun(module, arrival) as response:
            assert response.read(5) == b"hello"
            assert not response.isclosed()
            assert response.read(5) == b""
            assert response.isclosed()
            assert (response.read(), response.read1(), response.readline()) == (b"", b"", b"")
            assert response.readinto(bytearray(3)) == 0
            assert not response.closed
        assert response.closed

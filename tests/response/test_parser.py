# SPDX-License-Identifier: MIT
"""ResponseParser: what it says when, pieces of any size, ends, errors, and what it costs.

That it reads what HTTPResponse reads is in the tests of the policy and of the corpus, where being
fed is one more way for bytes to arrive.
"""

import array
import contextlib
import gc
import itertools
import json
import random
import socket
import time
import tracemalloc
import weakref
from base64 import b64decode

import httpclient
import pytest
from httpclient import ResponseParser
from httpclient._core.head import head_in
from httpclient._response.framing import message_framing
from support import arrive
from support.fed import CHUNKED, CHUNKS, HELLO, OK, FedResponse, fed
from support.paths import DATA
from support.examples import run_readme_example
from support.servers import Server, ok
from support.ways import in_each_way

NEXT = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


# --- what it says, and when ----------------------------------------------------------------------

def test_nothing_is_known_before_the_head():
    parser = ResponseParser()
    assert parser.feed(b"") == parser.feed(HELLO[:40]) == b""
    for name in ("status", "reason", "version", "headers", "chunked", "length", "will_close"):
        assert getattr(parser, name) is None, name
    assert parser.getheaders() is None
    assert parser.informational == [] and parser.trailers.items() == []
    assert not parser.complete and not parser.failed and parser.surplus == b""


def test_head_sets_the_attributes():
    parser, content = fed(HELLO[:-5])
    assert content == b""
    assert (parser.version, parser.status, parser.reason) == (11, 200, "OK")
    assert parser.getheaders() == [("A", "b"), ("Content-Length", "5")]
    assert parser.headers["content-length"] == "5"
    assert isinstance(parser.headers, httpclient.HTTPMessage)
    assert parser.headers is parser.headers
    assert (parser.chunked, parser.length, parser.will_close) == (False, 5, False)
    assert not parser.complete


def test_content_ends_at_its_length():
    parser, _ = fed(HELLO[:-5])
    assert (parser.feed(b"he"), parser.length) == (b"he", 3)
    assert (parser.feed(b""), parser.length) == (b"", 3)
    assert (parser.feed(b"llo, more"), parser.length) == (b"llo", 0)
    assert parser.complete
    assert parser.surplus == b", more" and parser.will_close


def test_content_out_of_chunks_comes_at_once():
    parser = ResponseParser()
    pieces = {CHUNKED + b"5\r\nhe": b"he", b"l": b"l", b"lo\r": b"lo", b"\n7;a=": b"",
              b"b\r\n, world\r\n0": b", world", b"\r\nT: u\r\n\r": b"", b"\n": b""}
    assert b"".join(pieces) == CHUNKS
    for piece, content in pieces.items():
        assert not parser.complete
        assert parser.feed(piece) == content
    assert parser.complete and parser.chunked and not parser.will_close
    assert parser.trailers.items() == [("T", "u")]


def test_end_of_stream_after_the_last_chunk_is_no_error():
    parser, content = fed(CHUNKED + b"5\r\nhello\r\n0\r\n")
    assert content == b"hello" and not parser.complete and not parser.will_close
    assert parser.end() == b""
    assert parser.complete and parser.will_close


def test_content_until_the_stream_ends():
    parser, content = fed(OK + b"\r\nhello")
    assert content == b"hello"
    assert parser.will_close and parser.length is None and not parser.complete
    assert parser.feed(b", world") == b", world"
    assert parser.end() == b""
    assert parser.complete


def test_interim_responses_are_returned_as_they_come():
    parser = ResponseParser("POST")
    parser.feed(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP")
    assert [(one.status, one.reason, one.headers.items()) for one in parser.informational] == [
        (100, "Continue", []), (103, "Early Hints", [("Link", "a")])]
    assert parser.status is None
    assert parser.feed(HELLO[4:]) == b"hello"
    assert parser.status == 200 and len(parser.informational) == 2


@pytest.mark.parametrize(("method", "data", "chunked"), [
    ("HEAD", HELLO[:-5], False), ("HEAD", CHUNKED, True),
    ("GET", b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", False),
    ("GET", b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", False),
    ("GET", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", False),
])
def test_response_without_content_is_complete_with_its_head(method, data, chunked):
    for size in (None, 1):
        parser, content = fed(data, size, method=method)
        assert content == b""
        assert parser.complete and parser.length == 0 and parser.chunked is chunked
        assert not parser.will_close
    parser, content = fed(data + b"other protocol", method=method)
    assert (content, parser.surplus) == (b"", b"other protocol")


def test_bytes_after_a_response_to_connect_are_content_without_end():
    """Without fields that frame it; strictly, with them too."""
    parser, content = fed(OK + b"\r\ntunnel", method="CONNECT")
    assert content == b"tunnel" and not parser.complete
    assert parser.feed(b"\0") == b"\0"
    parser, content = fed(HELLO + b"tunnel", method="CONNECT", strict=True)
    assert content == b"hellotunnel" and not parser.complete


@in_each_way("size", {"whole": None, "bytewise": 1, "two bytes each": 2})
def test_next_response_on_the_connection(size):
    """A parser each: surplus is for who pipelines; an empty line before it only where `reused`."""
    parser, _ = fed(HELLO + NEXT)
    assert parser.surplus == NEXT
    parser, _ = fed(parser.surplus, size)
    assert parser.status == 404 and parser.complete
    for line in (b"\r\n", b"\n"):
        parser, content = fed(line + HELLO, size, reused=True)
        assert content == b"hello"
        for arguments in ({}, {"reused": True, "strict": True}):
            with pytest.raises(httpclient.BadStatusLine):
                fed(line + HELLO, size, **arguments)
        with pytest.raises(httpclient.BadStatusLine):
            fed(2 * line + HELLO, size, reused=True)
    parser, content = fed(HELLO, size, reused=True)
    assert content == b"hello"


@in_each_way("size", {"whole": None, "bytewise": 1})
def test_bytes_without_status_line_are_http_0_9_unless_strict(size):
    for data in (b"hello", b"HTT", b"H"):
        parser, content = fed(data, size, end=True, strict=False)
        assert content == data
        assert (parser.version, parser.status, parser.reason) == (9, 200, "")
        assert parser.getheaders() == [] and parser.will_close and parser.complete
        with pytest.raises(httpclient.BadStatusLine):
            fed(data, size, end=True)


KINDS = [bytearray, memoryview, lambda data: memoryview(bytearray(data)),
         lambda data: array.array("B", data), lambda data: memoryview(data).cast("c")]


@pytest.mark.parametrize("kind", KINDS, ids=["bytearray", "memoryview", "writable", "array", "c"])
@pytest.mark.parametrize("data", [HELLO, CHUNKS, OK + b"\r\nhello"])
def test_any_bytes_can_be_fed(kind, data):
    for size in (1, 7, len(data)):
        parser, content = ResponseParser(), b""
        for at in range(0, len(data), size):
            piece = parser.feed(kind(data[at:at + size]))
            assert type(piece) is bytes
            content += piece
        assert content + parser.end() == fed(data, end=True)[1]


def test_fed_buffer_can_be_changed_afterwards():
    """The caller may use its buffer again."""
    for data in (HELLO, CHUNKS, OK + b"\r\nhello"):
        parser, content, buffer = ResponseParser(), [], bytearray(5)
        for at in range(0, len(data), 5):
            piece = data[at:at + 5]
            buffer[:] = piece
            content.append(parser.feed(buffer))
        parser.end()
        assert b"".join(content) == fed(data, end=True)[1]


def test_length_may_be_larger_than_any_number_in_c():
    for length in (2**63 - 1, 2**63, 10**30):
        parser, content = fed(OK + b"Content-Length: %d\r\n\r\nhello" % length)
        assert (content, parser.length, parser.complete) == (b"hello", length - 5, False)
        with pytest.raises(httpclient.IncompleteRead) as caught:
            parser.end()
        assert caught.value.expected == length - 5


@pytest.mark.parametrize("strict", [None, True, False])
def test_regular_head_is_framed_as_message_framing_says(strict):
    """C does so by itself."""
    fields = (b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"")
    persistence = (b"", b"Connection: close\r\n", b"Connection: keep-alive\r\n")
    for minor, status, method, one, other in itertools.product(
            (0, 1), (101, 200, 204, 299, 300, 304, 404), ("GET", "HEAD", "CONNECT", None),
            fields, persistence):
        data = b"HTTP/1.%d %d x\r\n%b%b\r\n" % (minor, status, one, other)
        parser, expected = ResponseParser(method, strict=strict), None
        head = head_in(data, 100, 100, 1000, strict is True)
        try:
            expected = message_framing(head, method, status, 10 + minor, strict)
        except httpclient.HTTPException as error:
            with pytest.raises(type(error)):
                parser.feed(data)
        else:
            parser.feed(data)
            assert (parser.chunked, parser.length, parser.will_close) == expected, data


# --- ends, and errors ----------------------------------------------------------------------------

@pytest.mark.parametrize(("data", "error"), [
    (b"", "RemoteDisconnected"), (b"HTT", "BadStatusLine"), (OK + b"A", "IncompleteRead"),
    (b"HTTP/1.1 100 Continue\r\n\r\n", "RemoteDisconnected"),
    (HELLO[:-1], "IncompleteRead"), (CHUNKS[:-5], "IncompleteRead"),
    (CHUNKS[:-12], "IncompleteRead"), (CHUNKS[:-20], "IncompleteRead"), (CHUNKED, "IncompleteRead"),
])
def test_end_before_the_message_is_complete_raises(data, error):
    for size in (None, 1):
        parser, _ = fed(data or b" ", size) if data else (ResponseParser(), b"")
        with pytest.raises(getattr(httpclient, error)) as caught:
            parser.end()
        assert type(caught.value).__name__ == error
        assert parser.failed and parser.will_close and not parser.complete


def test_content_is_returned_once():
    parser, content = fed(HELLO[:-2])
    assert content == b"hel"
    with pytest.raises(httpclient.IncompleteRead) as caught:
        parser.end()
    assert (caught.value.partial, caught.value.expected) == (b"", 2)


def test_content_before_bad_framing_is_in_the_exception():
    parser, content = fed(CHUNKED + b"3\r\nabc")
    assert content == b"abc"
    with pytest.raises(httpclient.IncompleteRead) as caught:
        parser.feed(b"\r\n5\r\nhello\r\nx\r\n")
    assert caught.value.partial == b"hello"
    assert isinstance(caught.value.__cause__, ValueError) and "x" in str(caught.value.__cause__)
    assert parser.status == 200 and parser.failed and parser.will_close


@pytest.mark.parametrize("data", [b"nonsense\r\n\r\n", OK + b"A: b\0\r\n\r\n", CHUNKED + b"x\r\n",
                                  OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n"])
def test_error_is_raised_again_by_each_later_call(data):
    parser = ResponseParser()
    with pytest.raises(httpclient.HTTPException) as caught:
        parser.feed(data)
    name = type(caught.value).__name__
    for call in (lambda: parser.feed(HELLO), lambda: parser.feed(b""), parser.end):
        with pytest.raises(httpclient.HTTPException, match=f"^nothing is read after.* {name}: "):
            call()
    assert parser.failed and parser.will_close and not parser.complete
    assert parser.surplus == b""


def test_feed_after_the_end_is_refused():
    for data in (HELLO, CHUNKS):
        parser, _ = fed(data)
        assert parser.complete
        with pytest.raises(ValueError, match="complete"):
            parser.feed(b"more")
        assert parser.end() == parser.end() == b""
        assert not parser.will_close and not parser.failed
    parser, _ = fed(OK + b"\r\nhello", end=True)
    with pytest.raises(ValueError):
        parser.feed(b"more")


def test_an_error_is_not_kept_alive():
    class Piece(bytearray):
        pass

    piece = Piece(b"nonsense\r\n\r\n")
    seen = weakref.ref(piece)
    parser = ResponseParser()
    with pytest.raises(httpclient.BadStatusLine):
        parser.feed(piece)
    del piece
    gc.collect()
    assert seen() is None and parser.failed


# --- pieces --------------------------------------------------------------------------------------

def facts(response):
    """The outcome of a response, for a parser and for HTTPResponse."""
    try:
        response.begin()
    except httpclient.HTTPException as error:
        return {"refused": (type(error), str(error))}
    seen = {"head": (response.version, response.status, response.reason, response.getheaders(),
                     response.headers.items(), response.chunked, response.length),
            "interim": [(one.status, one.reason, one.headers.items())
                        for one in response.informational]}
    try:
        seen["content"] = response.read()
    except httpclient.HTTPException as error:
        # Its cause shows what has arrived, which is not the same.
        seen["broken"] = (type(error), getattr(error, "partial", None),
                          getattr(error, "expected", None), type(error.__cause__))
    seen["trailers"] = response.trailers.items()
    seen["closes"] = response.will_close
    return seen


def records():
    for line in (DATA / "responses.jsonl").open(encoding="utf-8"):
        record = json.loads(line)
        data = b64decode(record.get("raw_b64") or record["head_b64"]) + b64decode(
            "" if "raw_b64" in record else record["body_b64"] or "")
        yield data, record.get("method") or "GET"


def cut_at(points):
    points = [*sorted(points), 1 << 62]
    return lambda at: next(point for point in points if point > at)


def test_pieces_give_the_outcome_of_the_whole_and_of_a_socket():
    """Recorded responses, whole and damaged, in pieces of any size."""
    chance = random.Random(9112)
    count = 0
    for data, method in records():
        data = data[:20_000]
        for _ in range(2):
            with arrive.pair(data) as arrival:
                arrival.deliver()
                with arrival.response(httpclient, method) as response:
                    expected = facts(response)
            assert facts(FedResponse(data, arrive.whole, method)) == expected
            for pieces in (1, 5, 40):
                points = {chance.randrange(1, len(data) + 1) for _ in range(pieces)}
                points |= {chance.randrange(1, min(len(data), 600) + 1) for _ in range(pieces)}
                assert facts(FedResponse(data, cut_at(points), method)) == expected
            count += 1
            at = chance.randrange(len(data))    # and now with one octet that is another
            data = data[:at] + bytes([chance.choice(b"\r\n\0 :x0,")]) + data[at + 1:]
    assert count > 400


# --- what it costs -------------------------------------------------------------------------------

LONG = {
    "status line": (b"HTTP/1.1 200 ", b"x"),
    "field line": (OK + b"A: ", b"x"),
    "field lines": (OK, b"A: b\r\n"),
    "trailer lines": (CHUNKED + b"0\r\n", b"A: b\r\n"),
    "chunks": (CHUNKED, b"1\r\nx\r\n"),
    "content": (OK + b"\r\n", b"x"),
}


def seconds(head, unit, count):
    """The least time of three for some single octets after so many units."""
    best = 1e9
    for _ in range(3):
        parser = ResponseParser(max_response_line=1 << 30, max_response_headers=1 << 30,
                                max_response_head=1 << 30)
        parser.feed(head + unit * count)
        pieces = [octet.to_bytes() for octet in unit * (2000 // len(unit))]
        begun = time.process_time()
        for piece in pieces:
            parser.feed(piece)
        best = min(best, time.process_time() - begun)
    return best


@pytest.mark.parametrize(("head", "unit"), LONG.values(), ids=LONG)
def test_no_octet_is_searched_twice(head, unit):
    """To look at 8 MB again for each octet would take some seconds, and not some ms."""
    assert seconds(head, unit, 8_000_000 // len(unit)) < 10 * seconds(head, unit, 1) + 0.05


def test_memory_is_bounded_by_what_was_fed():
    piece = b"x" * 65536
    for head, framed in ((OK + b"Content-Length: 1000000000\r\n\r\n", piece),
                         (CHUNKED, b"10000\r\n" + piece + b"\r\n"), (OK + b"\r\n", piece),
                         (CHUNKED + b"7fffffff\r\n", piece)):
        tracemalloc.start()
        try:
            parser = ResponseParser()
            parser.feed(head)
            for _ in range(100):
                assert parser.feed(framed) == piece
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 600_000


def test_large_pieces_of_content_are_not_copied():
    parser, _ = fed(OK + b"Content-Length: 2000000\r\n\r\n")
    piece = b"x" * 1_000_000
    assert parser.feed(piece) is piece
    assert parser.feed(piece) is piece
    assert parser.complete


# --- with a transport ----------------------------------------------------------------------------

def test_the_example_of_the_readme(capsys):
    """It is run as it stands there, against a server."""
    with Server(answer) as server:
        run_readme_example("ResponseParser", server.port)
    said = capsys.readouterr().out
    assert said.startswith("(200, <httpclient.HTTPMessage object ") and "b'hello'" in said


def answer(sock):
    asked = b""
    while not asked.endswith(b"\r\n\r\n"):
        asked += sock.recv(1000)
    assert asked.startswith(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n")
    sock.sendall(b"HTTP/1.1 103 x\r\n\r\n" + ok(b"hello", "A: b"))
    with contextlib.suppress(OSError):      # the client may have left: the message is whole
        sock.shutdown(socket.SHUT_WR)

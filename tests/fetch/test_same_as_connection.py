# SPDX-License-Identifier: MIT
"""A response through a Fetcher is the one through a connection, however it arrives.

The recorded responses, the wires, and the rows of the policy that other tests have, in all modes
of `strict`; whole, byte by byte, and split at each point.  What must come of them is in policy/:
here a connection says it.
"""

import random
import re
import socket
import struct
import zlib

import pytest

import httpclient
from policy.test_corpus import CONFORMANCE, RESPONSES, records, wire
from policy.test_cves import CASES
from policy.test_hostile_bytes import ROWS
from support import arrive, fetched
from support.servers import tcp_pair
from support.wires import WIRES

MODES = {"default": None, "strict": True, "lenient": False}
SHARES = 4
LIMITS = ("max_response_line", "max_response_headers", "max_response_head",
          "max_interim_responses", "max_chunk_line", "max_chunk_overhead")
WHOLE = [None, arrive.bytewise]

# No empty line follows the last chunk, so nothing but the end of the stream ends the message.
ENDS_WITH_THE_STREAM = re.compile(rb"\r\n0+[^\r\n]*\r\n\Z")


def same_answer(data, method, cuts, **options):
    """Compare what a connection and a Fetcher make of data, and return it.

    `cuts` are ways to cut the data for the Fetcher.
    """
    expected = fetched.by_connection(arrive.pair(data), method, **options)
    outcomes = fetched.by_fetcher([arrive.pair(data, cut) for cut in cuts], method, **options)
    for cut, found in zip(cuts, outcomes, strict=True):
        wrong = fetched.difference(expected, found)
        assert not wrong, (data[:2000], method, options, cut, wrong)
    return expected


def same(data, method, cuts, strict):
    """Compare the answers, and whether a second request is sent on the same connection."""
    expected = same_answer(data, method, cuts, strict=strict)
    lasts = len(data) <= arrive.ROOM and not ENDS_WITH_THE_STREAM.search(data)
    if expected["error"] is None and expected["open"] and lasts:
        is_kept = fetched.is_kept_by_connection(data, method, strict=strict)
        if expected["first line"][1] == 101:
            is_kept = False     # The connection belongs to the program; a Fetcher hands out none.
        few = [*WHOLE, *cuts[2::8]]
        found = fetched.are_kept_by_fetcher(data, few, method, strict=strict)
        assert found == [is_kept] * len(few), (data[:2000], method, strict)


def split(data, strict, points=8):
    """Ways to cut data: whole, byte by byte, and in two at about so many points.

    These are others in each mode of `strict`.
    """
    step = 1 + len(data) // points
    first = 1 + [*MODES.values()].index(strict) * step // len(MODES)
    return [*WHOLE, *map(arrive.split_at, range(first, len(data), step))]


@pytest.mark.parametrize("number", range(SHARES))
@pytest.mark.parametrize("which", RESPONSES)
@pytest.mark.parametrize("files", [RESPONSES, CONFORMANCE], ids=["recorded", "conformance"])
def test_recorded_response_is_the_same(files, which, number):
    seen = 0
    for record in records(tuple(files[which])):
        chance = zlib.crc32(record["id"].encode())
        if chance % SHARES != number:
            continue
        data, method = wire(record)
        if method == "CONNECT":
            continue
        strict = [*MODES.values()][chance // SHARES % 3]
        # One record in fifty is split at many points.
        cuts = split(data, strict, 300) if chance // 64 % 50 == 0 else WHOLE
        same(data, method, cuts, strict)
        seen += 1
    assert seen


@pytest.mark.parametrize("strict", MODES.values(), ids=MODES)
@pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)
def test_wire_is_the_same(wire, strict):
    if wire.method == "CONNECT":
        pytest.skip("a Fetcher does not send CONNECT for a program")
    same(wire.data, wire.method, split(wire.data, strict), strict)
    same(wire.data, "HEAD", WHOLE, strict)


@pytest.mark.parametrize(("data", "method", "strict"), [
    pytest.param(*row.values[:3], id=row.id) for row in ROWS if row.values[1] != "CONNECT"])
def test_row_of_the_policy_is_the_same(data, method, strict):
    same(data, method, split(data, strict), strict)


@pytest.mark.parametrize("strict", MODES.values(), ids=MODES)
@pytest.mark.parametrize(("data", "method"), [
    pytest.param(*case.values[:2], id=case.id) for case in CASES if case.values[1] != "CONNECT"])
def test_published_weakness_is_the_same(data, method, strict):
    same(data, method, split(data, strict), strict)


LARGE = random.Random(3).randbytes(5_000_000)


@pytest.mark.parametrize("size", [65_400, 65_536, 65_537, 131_072, 131_073, 2_000_000, 5_000_000])
@pytest.mark.parametrize("framing", ["length", "cut", "lie", "close", "chunks", "large chunks"])
def test_large_content_is_the_same(framing, size):
    content = LARGE[:size]
    if framing in ("length", "cut", "lie"):
        length = {"length": size, "cut": size + 1, "lie": 2 ** 63 - 1}[framing]
        data = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (length, content)
    elif framing == "close":
        data = b"HTTP/1.1 200 OK\r\n\r\n" + content
    else:
        step = 1000 if framing == "chunks" else 200_000
        data = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"".join(
            b"%x\r\n%b\r\n" % (len(content[at:at + step]), content[at:at + step])
            for at in range(0, size, step)) + b"0\r\n\r\n"
    cuts = [None, arrive.split_at(70), arrive.split_at(65_536), lambda at: at + 65_535]
    same_answer(data, "GET", cuts)


@pytest.mark.parametrize("bound", [0, 2, 16, 100])
@pytest.mark.parametrize("limit", LIMITS)
def test_limit_is_the_same(limit, bound):
    try:
        httpclient.HTTPConnection("localhost", **{limit: bound})
    except ValueError:
        with pytest.raises(ValueError, match=limit):
            httpclient.Fetcher(**{limit: bound})
        return
    errors = set()
    for one in WIRES:
        if one.method != "CONNECT":
            seen = same_answer(one.data, one.method, WHOLE, **{limit: bound})
            errors.add(None if seen["error"] is None else seen["error"]["class"].__name__)
    assert len(errors) > 1


# --- resets --------------------------------------------------------------------------------------

WHERE = {
    "before the answer": b"", "in the status line": b"HTTP/1.1 20",
    "in a field line": b"HTTP/1.1 200 OK\r\nA: b",
    "after a field line": b"HTTP/1.1 200 OK\r\nA: b\r\n",
    "after an interim response": b"HTTP/1.1 103 x\r\n\r\n",
    "in content of known length": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
    "in content until close": b"HTTP/1.1 200 OK\r\n\r\nhello",
    "in a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhello",
    "after a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
}


class Resets(arrive.Pair):
    """A TCP connection that is reset after the data."""

    def __init__(self, data):
        self.data = data
        self.sock, self.peer = tcp_pair()
        self.writer = None

    def deliver(self):
        self.peer.sendall(self.data)
        # The data has to be there before the reset, which may overtake it.
        while self.data and len(self.sock.recv(1000, socket.MSG_PEEK)) < len(self.data):
            pass
        self.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.peer.close()


@pytest.mark.parametrize("data", WHERE.values(), ids=WHERE)
def test_reset_is_the_same_error(data):
    expected = fetched.by_connection(Resets(data))
    with Resets(data) as arrival, fetched.supplied([arrival.sock]) as fetcher:
        fetcher.add(fetched.url(0))
        fetcher.turn(0)     # The request has been sent.
        arrival.deliver()
        (answer,) = fetcher
    found = fetched.outcome(answer)
    assert found["error"]["class"] is expected["error"]["class"]
    assert found["content"] == (b"hello" if b"hello" in data else b"")
    assert found.get("first line") == expected.get("first line")

# SPDX-License-Identifier: MIT
"""Servers that flood, and servers that lie about lengths: what they cost in memory.

Each is read by a process of its own (isolated/peak.py), in several ways and through every lane of
the code, and the peak of its resident memory is looked at: at most 8 MiB above what was sent, and
where the flood is refused at most 8 MiB in all.  Python's allocator on builds without a GIL keeps
memory that the runs before have freed, and needs twice as much.
"""

import itertools
import json

import pytest

from support import faults, isolation
from support.faults import MOST, Floods

pytestmark = [pytest.mark.usefixtures("no_descriptor_left"), isolation.needs_peak]

MIB = 1 << 20
ALLOWED = (16 if isolation.FREE_THREADED else 8) * MIB

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n"
LINE = b"A: %b\r\n" % (b"b" * 60)
LANES = ["socket", "raw", "file", "steps"]
WAYS = ["read", "read(5000)", "readinto(5000)", "read1", "readline"]
# What one run has freed must not lie around in the next one's way (glibc's malloc).
EXACT = {"MALLOC_MMAP_THRESHOLD_": str(256 << 10)}
MANY = {"max_response_headers": 1 << 30}
LONG = {"max_response_line": 1 << 30}


def measure(over, plans, runs, **options):
    """What isolated/peak.py tells of these runs: (plan's number, script, lane, strict)."""
    job = {"runs": runs, "options": options, "ca": over.ca_file}
    with over.server(*plans) as server:
        process = isolation.run("peak", server.port, dev=False, input=json.dumps(job), env=EXACT)
    assert process.returncode == 0 and not process.stderr, process.stderr
    facts = json.loads(process.stdout)
    assert facts["left"] == 0
    return facts


# --- heads ---------------------------------------------------------------------------------------

# what comes without end -> the exception, and the options of the connection
HEADS = {
    "status line": (Floods(b"HTTP/1.1 200 ", b"O"), "LineTooLong", {}),
    "no status line": (Floods(b"", b"x"), "LineTooLong", {}),
    "line ends": (Floods(b"", b"\r\n"), "BadStatusLine", {}),
    "zeros": (Floods(b"", b"\0"), "LineTooLong", {}),
    "field line": (Floods(OK + b"A: ", b"b"), "LineTooLong", {}),
    "field name": (Floods(OK, b"A"), "LineTooLong", {}),
    "field lines": (Floods(OK, b"A: b\r\n"), "HTTPException", {}),
    "long field lines": (Floods(OK, b"A: " + b"b" * 60_000 + b"\r\n"), "HTTPException", {}),
    "any number of field lines": (Floods(OK, LINE), "HTTPException", MANY),
    "field line of any length": (Floods(OK + b"A: ", b"b"), "HTTPException", LONG),
    "status line of any length": (Floods(b"HTTP/1.1 200 ", b"O"), "HTTPException", LONG),
    "folded field": (Floods(OK + b"A: b\r\n", b" b\r\n"), "HTTPException", {}),
    "folded field of any length": (Floods(OK + LINE, b" " + LINE), "HTTPException", MANY),
    "no fields": (Floods(OK, b"nonsense\r\n"), "HTTPException", {}),
    "interim responses": (Floods(b"", CONTINUE + b"\r\n"), "HTTPException", {}),
    "field lines of an interim response":
        (Floods(CONTINUE, b"A: b\r\n"), "HTTPException", {}),
    "field line of an interim response":
        (Floods(CONTINUE + b"A: ", b"b"), "LineTooLong", {}),
    "any number of field lines of an interim response":
        (Floods(CONTINUE, LINE), "HTTPException", MANY),
}


@pytest.mark.parametrize("name", HEADS)
def test_flood_in_the_head(plain, name):
    """Refused long before the flood is over."""
    flood, error, options = HEADS[name]
    runs = [(0, "read", lane, strict) for lane in LANES for strict in (None, True)]
    facts = measure(plain, [flood], runs, **options)
    for lane, outcome in zip(runs, facts["outcomes"]):
        assert outcome == [error, 0, 0], lane
    assert facts["grown"] < ALLOWED
    assert flood.sent < len(runs) * MOST / 2


def test_interim_responses_need_no_more_memory_than_their_bytes(plain):
    """What they say is kept for `informational`: no more than they have sent."""
    head = CONTINUE + b"A: %b\r\n" % (b"b" * 40_000) * 10 + b"\r\n"
    flood = Floods(b"", head)
    facts = measure(plain, [flood], [(0, "read", "socket", None)])
    assert facts["outcomes"] == [["HTTPException", 0, 0]]
    assert facts["grown"] < flood.sent + ALLOWED


# --- content -------------------------------------------------------------------------------------

# what comes without end -> the exception, and the options of the connection
FRAMING = {
    "chunk extension": (Floods(CHUNKED + b"1;", b"x"), "LineTooLong", {}),
    "chunk size": (Floods(CHUNKED, b"0"), "LineTooLong|IncompleteRead", {}),
    "chunk extensions":
        (Floods(CHUNKED, b"1;" + b"e" * 4000 + b"\r\nx\r\n"), "IncompleteRead", {}),
    "short extensions": (Floods(CHUNKED, b"1;a=bcdefghi\r\nx\r\n"), "IncompleteRead",
                         {"max_chunk_overhead": 1 << 16}),
    "chunk extension of any length":
        (Floods(CHUNKED + b"1;", b"x"), "IncompleteRead", LONG | {"max_chunk_line": 1 << 30}),
    "trailer line": (Floods(CHUNKED + b"0\r\nT: ", b"u"), "LineTooLong", {}),
    "trailer line of any length": (Floods(CHUNKED + b"0\r\nT: ", b"u"), "HTTPException", LONG),
    "trailer lines": (Floods(CHUNKED + b"0\r\n", b"T: u\r\n"), "HTTPException", {}),
    "any number of trailer lines": (Floods(CHUNKED + b"0\r\n", LINE), "HTTPException", MANY),
    "long trailer lines":
        (Floods(CHUNKED + b"0\r\n", b"T: " + b"u" * 60_000 + b"\r\n"), "HTTPException", {}),
}


@pytest.mark.parametrize("name", FRAMING)
def test_flood_of_chunk_framing_needs_little_memory(plain, name):
    flood, error, options = FRAMING[name]
    runs = [(0, way, lane, strict)
            for lane in LANES for way in WAYS for strict in (None, True)]
    facts = measure(plain, [flood], runs, **options)
    for each, (raised, count, partial) in zip(runs, facts["outcomes"]):
        assert raised in error, (each, raised)
        assert count + partial < MOST / 100, each
    assert facts["grown"] < ALLOWED
    assert flood.sent < len(runs) * MOST / 2


@pytest.mark.parametrize(("way", "count"), [
    ("read", 200_000), *((way, 40_000) for way in WAYS if way != "read")])
def test_tiny_chunks_need_no_more_memory_than_their_content(plain, way, count):
    """All right, and all that they cost is their content: one octet in each."""
    wire = CHUNKED + b"1\r\nx\r\n" * count + b"0\r\n\r\n"
    facts = measure(plain, [faults.stalls(wire)], [(0, way, lane, None) for lane in LANES])
    assert facts["outcomes"] == [[None, count, 0]] * len(LANES)
    assert facts["grown"] < ALLOWED


def sends(head, size, tail=b""):
    """A plan: a head, so many octets of content, and what follows."""
    def plan(sock):
        for piece in itertools.chain([head], itertools.repeat(b"x" * MIB, size // MIB), [tail]):
            sock.sendall(piece)
        faults.end_stream(sock)
        faults.wait_for_the_end(sock)
    return plan


# size in MiB, what comes before and after so much content, and the exception
UNKNOWN = {
    "to the end": (32, OK + b"\r\n", b"", None),
    "much to the end": (160, OK + b"\r\n", b"", None),
    "one chunk": (32, CHUNKED + b"2000000\r\n", b"\r\n0\r\n\r\n", None),
    "cut chunk": (32, CHUNKED + b"2000001\r\n", b"", "IncompleteRead"),
    "short of its length":
        (32, OK + b"Content-Length: 33554433\r\n\r\n", b"", "IncompleteRead"),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_large_content_is_held_once(plain, name):
    """Also where the last piece does not fit any more, and where it is cut to size."""
    size, before, after, error = UNKNOWN[name]
    facts = measure(plain, [sends(before, size * MIB, after)], [(0, "read", "socket", None)])
    [(raised, count, partial)] = facts["outcomes"]
    assert (raised, count + partial) == (error, size * MIB)
    assert facts["grown"] < size * MIB + ALLOWED


# --- lies ----------------------------------------------------------------------------------------

SENT = 6 * MIB
FREED = SENT if isolation.FREE_THREADED else 0      # the content of a run before
CONTENT = b"x" * SENT


def promising(length):
    return OK + b"Content-Length: %d\r\n\r\n" % length + CONTENT


# what is announced, and what comes -> exception by default, and with strict=True
LIES = {
    "length 2^62": (promising(1 << 62), "IncompleteRead", "IncompleteRead"),
    "length 2^63 - 1": (promising((1 << 63) - 1), "IncompleteRead", "IncompleteRead"),
    "length 2^63": (promising(1 << 63), "IncompleteRead", "BadHeaderLine"),
    "length 2^64": (promising(1 << 64), "IncompleteRead", "BadHeaderLine"),
    "length 2^64 + 1": (promising((1 << 64) + 1), "IncompleteRead", "BadHeaderLine"),
    "length 10^599": (promising(10 ** 599), "IncompleteRead", "BadHeaderLine"),
    "chunk 2^62": (CHUNKED + b"4000000000000000\r\n" + CONTENT,
                   "IncompleteRead", "IncompleteRead"),
    "chunk 2^63 - 1": (CHUNKED + b"7fffffffffffffff\r\n" + CONTENT,
                       "IncompleteRead", "IncompleteRead"),
}
NOT_AT_ALL = {
    "chunk 2^63": CHUNKED + b"8000000000000000\r\n" + CONTENT,
    "chunk 2^64": CHUNKED + b"10000000000000000\r\n" + CONTENT,
    "chunk 2^64 + 1": CHUNKED + b"10000000000000001\r\n" + CONTENT,
    "chunk -1": CHUNKED + b"-1\r\n" + CONTENT,
}


@pytest.mark.parametrize(("over", "name"), [
    *(("plain", name) for name in LIES), ("TLS", "length 2^62"), ("TLS", "chunk 2^62")],
    indirect=["over"])
def test_lie_about_a_length(over, name):
    """All that came is there; nothing is allocated for the rest."""
    wire, default, strict = LIES[name]
    chunked = name.startswith("chunk")
    runs = [(0, way, lane, strict) for strict in (None, True)
            for lane in LANES for way in ("read", "read(2^62)", "read1")]
    facts = measure(over, [faults.ends(wire)], runs)
    for each, (raised, count, partial) in zip(runs, facts["outcomes"]):
        _, way, _, strictly = each
        if strictly and strict == "BadHeaderLine":
            assert (raised, count, partial) == (strict, 0, 0), each
            continue
        # http.client's reads of an amount say nothing (COMPATIBILITY.md: content shorter).
        silent = not (strictly or chunked or way == "read")
        assert raised == (None if silent else default), each
        assert count + partial == SENT, each
    assert facts["grown"] < SENT + FREED + ALLOWED


@pytest.mark.parametrize("name", NOT_AT_ALL)
def test_invalid_chunk_size_takes_no_memory(plain, name):
    runs = [(0, way, lane, None) for lane in LANES for way in WAYS]
    facts = measure(plain, [faults.ends(NOT_AT_ALL[name])], runs)
    assert facts["outcomes"] == [["IncompleteRead", 0, 0]] * len(runs)
    assert facts["grown"] < ALLOWED

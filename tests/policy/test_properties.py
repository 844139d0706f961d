# SPDX-License-Identifier: MIT
"""Properties that hold for every response: hypothesis makes them, and damages them.

A valid response comes back exactly, whatever it looks like, however it is cut and whatever calls
read it.  A damaged one is read or refused, never anything else, and never as something that h11
or llhttp read otherwise; with strict=True nothing is read that h11 refuses.  EXEMPTIONS are the
cases where a difference is right, each with its reason and with an example that shows it.

What is tried is the same in every run.  HTTPCLIENT_EXAMPLES=<number> tries so many other ones for
each property, new ones each time; hypothesis keeps some 35 KiB of memory for each.  Give
``-o faulthandler_timeout=0`` with it, for then a test may well take longer than that.
"""

import copy
import functools
import operator
import os
import pickle
import re
import socket
from dataclasses import dataclass

import pytest

import httpclient

pytest.importorskip("hypothesis", reason="hypothesis is not installed: no property tests")
pytest.importorskip("h11", reason="h11 is not installed: nothing to compare with")
pytest.importorskip("httptools", reason="httptools is not installed: nothing to compare with")

from hypothesis import HealthCheck, given, note, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from support import arrive, generate, peers  # noqa: E402
from support.compare import differences, judged  # noqa: E402
from support.ways import in_each_way  # noqa: E402

EXAMPLES = int(os.environ.get("HTTPCLIENT_EXAMPLES", "0"))
CALLS = 30_000      # more than a response has octets that are read singly
MODES = [None, True, False]


def tried(count):
    """So many examples, or as many as were asked for."""
    return settings(max_examples=EXAMPLES or count, derandomize=not EXAMPLES, database=None,
                    deadline=None, print_blob=True, report_multiple_bugs=False,
                    suppress_health_check=list(HealthCheck))


# Way of arrival by name: a function of octets and cuts.
WAYS = {
    "socket": arrive.pair,
    "buffered file": arrive.buffered,
    "file": lambda data, cuts: arrive.memory(data),
    "least of a file": lambda data, cuts: arrive.minimal(data),
    "fed": arrive.fed,
}
FILES = ("file", "least of a file", "fed")     # with read() and readinto() alone
ways = st.sampled_from(sorted(WAYS))


# --- valid responses -----------------------------------------------------------------------------

def call(response, name, size, plain):
    """One read; `plain`: of a file that has no other method."""
    return getattr(response, "read" if plain or name == "peek" else name)(size)


def read_by(response, script, plain):
    """All content, by these calls in turn."""
    content, seen = bytearray(), (0, b"")
    for _ in range(CALLS):
        before = len(content)
        for name, size in script:
            if name == "peek" and not plain:
                seen = len(content), response.peek(size)
            elif name == "readinto":
                space = bytearray(size)
                content += space[:response.readinto(space)]
            else:
                content += call(response, name, size, plain)
        at, shown = seen
        assert content[at:at + len(shown)] == shown[:len(content) - at]
        if len(content) == before:
            break
    return bytes(content + response.read())


def head_of(response):
    """What the head says, as a generated response has it."""
    return (response.version, response.status, response.reason, response.getheaders(),
            [(status, reason, headers.items()) for status, reason, headers
             in response.informational])


def expected_head(made):
    return made.version, made.status, made.reason, made.fields, made.interim


def came_back(response, made, content):
    assert content == made.content
    assert response.isclosed() and not response.incomplete
    assert response.trailers.items() == made.trailers
    for message in (response.msg, response.trailers):
        # The email package looks for parts in a multipart message, and misses them.
        assert not message.defects or message.get_content_maintype() == "multipart"


@tried(350)
@given(generate.responses(), generate.surplus, ways, generate.cuts, generate.scripts,
       st.sampled_from(MODES))
def test_valid_response_comes_back(made, surplus, way, cuts, script, strict):
    if made.until_close:
        surplus = b""
    with WAYS[way](made.data + surplus, cuts) as arrival:
        arrival.deliver()
        response = arrival.response(httpclient, made.method, strict=strict)
        with response:
            response.begin()
            assert head_of(response) == expected_head(made)
            content = read_by(response, script, way in FILES)
            came_back(response, made, content)
            # Surplus bytes may be seen, and then end the connection, too.
            assert response.will_close is made.closes or surplus
        if arrival.left() is not None:
            assert arrival.left() == surplus


@tried(90)
@given(st.lists(generate.responses(), min_size=2, max_size=4), generate.cuts, generate.scripts,
       st.sampled_from(MODES))
def test_valid_responses_on_one_connection(series, cuts, script, strict):
    with arrive.pair(b"", cuts) as arrival:
        conn = httpclient.HTTPConnection("localhost", strict=strict)
        conn.auto_open = 0
        conn.sock = arrival.sock
        for made in series:
            conn.request(made.method, "/")
            arrival.peer.sendall(made.data)
            if made.until_close:
                arrival.peer.shutdown(socket.SHUT_WR)
            response = conn.getresponse()
            assert head_of(response) == expected_head(made)
            came_back(response, made, read_by(response, script, False))
            assert (conn.sock is None) is made.closes
            if made.closes:
                break
        conn.close()


@tried(40)
@given(made=generate.responses(), record=st.integers(20, 300), script=generate.scripts,
       strict=st.sampled_from(MODES))
def test_valid_response_over_tls(contexts, made, record, script, strict):
    if len(made.data) > arrive.ROOM // 2:
        record = None
    with arrive.tls(contexts, record)(made.data) as arrival:
        arrival.deliver()
        with arrival.response(httpclient, made.method, strict=strict) as response:
            response.begin()
            assert head_of(response) == expected_head(made)
            came_back(response, made, read_by(response, script, False))


# --- damaged responses: in pieces as at once -----------------------------------------------------

def is_documented(exc):
    """An HTTPException that says what is wrong in few words, and can be pickled and copied."""
    assert isinstance(exc, httpclient.HTTPException), repr(exc)
    assert len(str(exc)) < 1000
    for twin in (pickle.loads(pickle.dumps(exc)), copy.copy(exc), copy.deepcopy(exc)):
        assert type(twin) is type(exc)
        assert (twin.args, twin.__dict__, str(twin)) == (exc.args, exc.__dict__, str(exc))
    return type(exc).__name__


def outcome(arrival, method, strict, read=operator.methodcaller("read")):
    """What comes of a response: None where its head is refused, else the head's facts, the
    content, the name of the exception that ended it, and the trailer fields.
    """
    with arrival:
        arrival.deliver()
        with arrival.response(httpclient, method, strict=strict) as response:
            try:
                response.begin()
            except Exception as exc:
                is_documented(exc)
                return None
            head = (*head_of(response), response.chunked,
                    [type(one).__name__ for one in response.msg.defects])
            try:
                content, error = read(response), None
            except Exception as exc:
                error = is_documented(exc)
                content = getattr(exc, "partial", b"")
                assert response.incomplete
            assert response.isclosed()
            return head, content, error, response.trailers.items()


def is_same(one, other):
    """Where a line is too long and wrong in another way, too, either may be said."""
    if one and other and one[2] and other[2] and "LineTooLong" in (one[2], other[2]):
        return one[0] == other[0]
    return one == other


def read_partly(response, script, plain, given):
    """read_by(), where `given` gets what comes before an exception."""
    for _ in range(CALLS):
        before = len(given)
        for name, size in script:
            size = size or 1
            if name == "readinto":
                space = bytearray(size)
                given += space[:response.readinto(space)]
            else:
                given += call(response, name, size, plain)
        if len(given) == before:
            given += response.read()
            return bytes(given)
    raise AssertionError("no end of content")


def same_in_pieces(data, method, strict, cuts, script):
    """However it arrives it is the same; and what other calls give is part of that."""
    whole = outcome(arrive.pair(data), method, strict)
    for name, way in WAYS.items():
        assert is_same(outcome(way(data, cuts), method, strict), whole), name
        given = bytearray()
        read = functools.partial(read_partly, script=script, plain=name in FILES, given=given)
        parts = outcome(way(data, cuts), method, strict, read)
        assert (parts is None) is (whole is None), name
        if whole is None:
            continue
        head, content, error, _ = whole
        assert parts[0] == head
        if error in (None, "IncompleteRead"):
            assert content.startswith(given)
        if parts[2] is None:
            # Content that is shorter than its length is not told, unless strict.
            assert given == content and (error is None or not (strict or response_is_chunked(head)))
        else:
            assert error


def response_is_chunked(head):
    return head[-2]


@tried(180)
@given(generate.responses(), generate.surplus,
       st.lists(st.tuples(generate.damage, generate.cuts, generate.scripts), min_size=1,
                max_size=6),
       st.sampled_from(MODES))
def test_damaged_response_in_pieces(made, surplus, damages, strict):
    for edits, cuts, script in damages:
        data = generate.damaged(made.data + surplus, edits)
        note(f"octets: {data!r}")
        same_in_pieces(data, made.method, strict, cuts, script)


# --- damaged responses: what other parsers make of them ------------------------------------------

@dataclass(frozen=True)
class Exemption:
    """A case where a peer reads otherwise, or refuses, and that is right."""

    peer: str
    why: str
    applies: object     # to (data, method)
    example: bytes
    method: str = "GET"


def searches(pattern):
    return lambda data, method: re.search(pattern, data, re.IGNORECASE | re.DOTALL)


LAST = b"0\r\n\r\n"
# What comes before a field line of an interim response.
INTERIM = rb"(^|\n)HTTP/1\.\d[ \t]+1\d\d[^\n]*\n([^\r\n][^\n]*\n)*"

# Both read the response, in any mode, but not the same.
DIFFER = [
    Exemption("llhttp", "llhttp knows 100 to 103; another interim response that has a coding has "
              "content for it, to the end of the stream; there is none (RFC 9112 6.3, 1)",
              searches(INTERIM + rb"transfer-encoding:"),
              b"HTTP/1.1 104 x\r\nTransfer-Encoding: chunked, gzip\r\n\r\nHTTP/1.1 200 OK\r\n"
              b"Content-Length: 5\r\n\r\nhello"),
]

# strict=True reads the response, and h11 refuses it.
REFUSED_BY_H11 = [
    Exemption("h11", "101 is a final response in http.client; h11 takes it only where it sent "
              "Upgrade itself",
              searches(rb"(^|\n)HTTP/1\.\d 101\b"), b"HTTP/1.1 101 Switching\r\n\r\n"),
    Exemption("h11", "h11 knows no transfer coding but chunked; gzip, chunked is valid "
              "(RFC 9112 6.1)",
              searches(rb"transfer-encoding:[^\n]*(gzip|deflate|compress)"),
              b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n" + LAST),
    Exemption("h11", "h11 does not ignore empty elements of Transfer-Encoding, nor one without "
              "elements (RFC 9110 5.6.1.2)",
              searches(rb"transfer-encoding:([ \t]*[,\r]|[^\n]*,[ \t]*[,\r])"),
              b"HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\nTransfer-Encoding: chunked\r\n\r\n"
              + LAST),
    Exemption("h11", "h11 allows no blank before a chunk extension; BWS is valid there "
              "(RFC 9112 7.1.1)",
              searches(rb"\n[0-9a-f]+[ \t]+;"),
              b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5 ;a=b\r\nhello\r\n" + LAST),
    Exemption("h11", "h11 judges framing fields of interim responses, where they frame nothing "
              "(RFC 9112 6.3, 1)",
              searches(INTERIM + rb"(content-length|transfer-encoding):"),
              b"HTTP/1.1 103 x\r\nContent-Length: 5, 6\r\n\r\n"
              b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
]
EXEMPTIONS = DIFFER + REFUSED_BY_H11


def message(data, method, strict):
    """httpclient's Message, or None where it refuses."""
    try:
        return peers.ours(httpclient, data, method, strict)
    except Exception as exc:
        is_documented(exc)
        return None


def exempt(table, peer, data, method):
    return any(one.peer == peer and one.applies(data, method) for one in table)


def compared(message):
    """What must be the same: not how often a length is said, nor the width of blanks."""
    pairs = [(name, re.sub(rb"[ \t]+", b" ", value))
             for name, value in message.fields + message.trailers
             if name not in (b"content-length", b"transfer-encoding")]
    return message.status, message.content, message.used, pairs


def same_as_peers(data, method):
    """As h11 and llhttp read it, if we do; and h11 does, if we are strict."""
    default, strict, lenient = (message(data, method, mode) for mode in MODES)
    assert strict in (None, default)
    assert lenient == default or not data.startswith(b"HTTP/")
    for peer, parse in peers.PEERS.items():
        theirs = parse(data, method)
        if strict and not theirs and peer == "h11":
            assert exempt(REFUSED_BY_H11, peer, data, method), "h11 refuses it"
        if default and theirs and not exempt(DIFFER, peer, data, method):
            assert compared(default) == compared(theirs), peer


@tried(300)
@given(generate.responses(), generate.surplus,
       st.lists(generate.damage, min_size=1, max_size=6))
def test_damaged_response_beside_peers(made, surplus, damages):
    for edits in damages:
        data = generate.damaged(made.data + surplus, edits)
        note(f"octets: {data!r}")
        same_as_peers(data, made.method)


@pytest.mark.parametrize("case", EXEMPTIONS, ids=lambda case: f"{case.peer}: {case.why[:40]}")
def test_example_of_each_exemption_needs_it(case):
    assert case.applies(case.example, case.method)
    ours = message(case.example, case.method, True)
    theirs = peers.PEERS[case.peer](case.example, case.method)
    assert ours
    if case in DIFFER:
        assert theirs and compared(ours) != compared(theirs)
    else:
        assert theirs is None


# --- damaged responses: what the policy makes of them --------------------------------------------

def as_the_policy_says(data, method, cuts):
    """As http.client reads it where no row of COMPATIBILITY.md applies, else as the row says."""
    # http.client has no way to say that so much is missing, and before 3.13.11 no memory.
    if (judged(data, method).length or 0) < 2**31:
        way = functools.partial(arrive.pair, cuts=cuts)
        assert differences(httpclient, data, method, "read", way) == {}


@tried(180)
@given(generate.responses(), generate.surplus,
       st.lists(generate.damage, min_size=1, max_size=6), generate.cuts)
def test_damaged_response_as_the_policy_says(made, surplus, damages, cuts):
    for edits in damages:
        data = generate.damaged(made.data + surplus, edits)
        note(f"octets: {data!r}")
        as_the_policy_says(data, made.method, cuts)


# --- what was found in this way ------------------------------------------------------------------

OK = b"HTTP/1.1 200 OK\r\n"
EMPTY = OK + b"Content-Length: 0\r\n\r\n"
HELLO = OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
FOUND = {
    "version of an interim response": b"HTTP/1.01 103 x\r\n\r\n" + EMPTY,
    "stream ends in an interim response": b"HTTP/1.1 199 x\r\nContent-T",
    "stream ends behind a field of an interim response": b"HTTP/1.1 199 x\r\nA: b\r\n",
    "no field in an interim response": b"HTTP/1.1 100 x\r\nno colon\r\n\r\n" + EMPTY,
    "fold in an interim response": b"HTTP/1.1 100 x\r\nA: b\r\n c\r\n\r\n" + EMPTY,
    "LF behind an interim response": b"HTTP/1.1 100 x\r\n\n" + EMPTY,
    "empty line behind an interim response": b"HTTP/1.1 100 x\r\n\r\n\r\n" + EMPTY,
    "no status line behind an interim response": b"HTTP/1.1 100 x\r\n\r\nhello",
    "phrase that begins with NBSP": b"HTTP/1.1 200 \xa0x\r\n\r\n",
    "phrase that ends in obs-text": b"HTTP/1.1 200 K\xf6\r\n\r\n",
    "vertical tab before the version": b"\x0bHTTP/1.1 200 OK\r\n\r\n",
    "NBSP behind the version": b"HTTP/1.1\xa0200 OK\r\n\r\n",
    "long line that is no status line": b"x" * 3000 + b"\r\n\r\n",
    "long version": b"HTTP/" + b"x" * 3000 + b" 200 OK\r\n\r\n",
    "no coding, and a length": OK + b"Transfer-Encoding: \r\nContent-Length: 5\r\n\r\nhello",
    "keep-alive and close from HTTP/1.0": b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n"
        b"Connection: close\r\nContent-Length: 0\r\n\r\n",
    "quoted string without end": HELLO + b'5;a="b\r\nhello\r\n0\r\n\r\n',
    "stream ends in a trailer line": HELLO + b"0\r\nA: b\r\nC: d",
    "no field in the trailer section": HELLO + b"0\r\nA: b\r\nno colon\r\n\r\n",
    "fold in the trailer section": HELLO + b"0\r\nA: b\r\n c\r\n\r\n",
    "blank before a colon of the trailer section": HELLO + b"0\r\nA : b\r\n\r\n",
    "LF in the trailer section": HELLO + b"0\r\nA: b\n\r\n",
    "LF at the end of the trailer section": HELLO + b"0\r\nA: b\r\n\n",
}


@in_each_way("call", {f"{name}({size})": (name, size) for name, size in [
    ("read", 3), ("readinto", 2), ("readline", 4), ("read1", 3), ("peek", 1)]})
@pytest.mark.parametrize("strict", MODES)
@pytest.mark.parametrize("data", FOUND.values(), ids=FOUND)
def test_damage_found_earlier_reads_the_same_in_pieces(data, strict, call):
    for cuts in (arrive.whole, generate.Cuts((), 1)):
        same_in_pieces(data, "GET", strict, cuts, [call])


@pytest.mark.parametrize("data", FOUND.values(), ids=FOUND)
def test_damage_found_earlier_reads_as_peers_and_policy_say(data):
    same_as_peers(data, "GET")
    as_the_policy_says(data, "GET", generate.Cuts((), 1))

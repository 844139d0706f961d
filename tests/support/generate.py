# SPDX-License-Identifier: MIT
"""Hypothesis strategies: valid responses with what must come of them, and damage done to bytes.

A response is valid by RFC 9110 and 9112 to the letter, in every form that their grammar has: all
of its octets, field names in any case, blanks where they may be, chunk sizes with leading zeros,
chunk extensions, trailer fields.  Damage is made of single edits, most of them in the head and
in what tells where the message ends.
"""

import bisect
import string
from dataclasses import dataclass

from hypothesis import strategies as st

TCHARS = "!#$%&'*+-.^_`|~" + string.digits + string.ascii_letters
VISIBLE = "".join(map(chr, [*range(0x21, 0x7F), *range(0x80, 0x100)]))
TEXT = VISIBLE + " \t"
QUOTED = "".join(set(TEXT) - set("\"\\"))

# What a client looks at by itself; generated apart from the others.
DECIDING = ("content-length", "transfer-encoding", "connection", "keep-alive", "proxy-connection")

NAMES = ["Server", "Date", "Set-Cookie", "ETag", "Content-Type", "content-encoding", "X", "Vary"]
VALUES = ["", "x", "text/plain", "multipart/mixed; boundary=x", "message/rfc822", "a, b",
          "chunked", "5", "close", "HTTP/1.1 200 OK", "=?utf-8?q?x?=", "a: b"]
# Content that looks like framing, and some that needs room.
PIECES = [b"hello", b"\r\n", b"\n", b"0\r\n\r\n", b"5\r\nhello\r\n", b"\0", b"\xff", b"line\n",
          b"HTTP/1.1 200 OK\r\n\r\n", bytes(range(256)), b"y" * 3000, b"z" * 20_000]


@dataclass(frozen=True)
class Response:
    """A valid response, and what a client must make of it.

    The phrase is without white space of any kind at its ends, as http.client has it.
    """

    data: bytes             # the octets of the message
    method: str
    version: int
    status: int
    reason: str
    fields: list
    content: bytes
    interim: list           # of (status, reason, fields), before it
    trailers: list
    closes: bool            # whether the connection ends with it
    until_close: bool       # whether nothing can follow it


def texts(alphabet, most):
    return st.text(alphabet, max_size=most)


def blanks():
    return st.sampled_from(["", "", "", " ", "\t", " \t "])


# --- field lines ---------------------------------------------------------------------------------

field_names = (st.sampled_from(NAMES) | st.text(TCHARS, min_size=1, max_size=12)).filter(
    lambda name: name.lower() not in DECIDING)
field_values = st.sampled_from(VALUES) | texts(TEXT, 30).map(lambda text: text.strip(" \t"))


@st.composite
def field_lines(draw, name=field_names, value=field_values):
    """(field line, (name, value)): a value keeps the blanks after it, as in http.client."""
    name, value, behind = draw(name), draw(value), draw(blanks())
    line = f"{name}:{draw(st.sampled_from(['', ' ', '  ', chr(9)]))}{value}{behind}\r\n"
    return line, (name, value + behind if value else "")


def lists(elements, most):
    return st.lists(elements, max_size=most)


# --- heads ---------------------------------------------------------------------------------------

reasons = st.sampled_from(["OK", "", "Not Found", "a  b"]) | texts(TEXT, 20).map(
    lambda text: text.strip(" \t"))
interim_statuses = st.sampled_from([100, 102, 103, 199])
final_statuses = st.sampled_from([200, 200, 204, 206, 304, 404, 503]) | st.integers(200, 999)


def status_line(version, status, reason):
    return f"HTTP/1.{version - 10} {status} {reason}\r\n"


def head_of(first, lines):
    return (first + "".join(line for line, _ in lines) + "\r\n").encode("latin-1")


@st.composite
def interim_responses(draw):
    status, reason = draw(interim_statuses), draw(reasons)
    lines = draw(lists(field_lines(), 2))
    return (head_of(status_line(11, status, reason), lines),
            (status, reason.strip(), [pair for _, pair in lines]))


@st.composite
def persistence(draw, version):
    """(field lines, whether the connection closes) for the Connection field."""
    default = version == 10
    value, closes = draw(st.sampled_from([
        (None, default), (None, default), ("close", True), ("x, Close", True),
        ("keep-alive", False), ("Keep-Alive,x", False), ("x", default)]))
    if value is None:
        return [], closes
    return [draw(field_lines(cased("Connection"), st.just(value)))], closes


def cased(name):
    return st.sampled_from([name, name.lower(), name.upper()])


# --- chunks --------------------------------------------------------------------------------------

@st.composite
def sizes(draw, number):
    digits = f"{number:x}" if draw(st.booleans()) else f"{number:X}"
    return "0" * draw(st.sampled_from([0, 0, 0, 1, 16 - len(digits)])) + digits


quoted_strings = st.lists(st.sampled_from(QUOTED) | st.sampled_from(TEXT).map("\\".__add__),
                          max_size=8).map(lambda parts: '"' + "".join(parts) + '"')
extension_values = st.one_of(st.none(), st.text(TCHARS, min_size=1, max_size=8), quoted_strings)


@st.composite
def extensions(draw):
    parts = []
    for name, value in draw(st.lists(
            st.tuples(st.text(TCHARS, min_size=1, max_size=8), extension_values), max_size=2)):
        parts.append(f"{draw(blanks())};{draw(blanks())}{name}")
        if value is not None:
            parts.append(f"{draw(blanks())}={draw(blanks())}{value}")
    return "".join(parts)


@st.composite
def chunked_bodies(draw, content):
    """(octets, trailer fields) of this content in chunks."""
    cuts = sorted(draw(st.sets(st.integers(1, max(1, len(content) - 1)), max_size=5)))
    body = []
    for start, stop in zip([0, *cuts], [*cuts, len(content)]):
        piece = content[start:stop]
        if piece:
            line = draw(sizes(len(piece))) + draw(extensions()) + "\r\n"
            body.append(line.encode("latin-1") + piece + b"\r\n")
    last = "0" * draw(st.sampled_from([1, 1, 3, 16])) + draw(extensions())
    trailers = draw(lists(field_lines(), 2))
    return (b"".join(body) + head_of(last + "\r\n", trailers),
            [pair for _, pair in trailers])


# --- whole responses -----------------------------------------------------------------------------

# Small enough for what a socket pair takes without a reader.
contents = st.lists(st.sampled_from(PIECES) | st.binary(max_size=40), max_size=5).map(
    lambda pieces: b"".join(pieces)[:24_000])


@st.composite
def responses(draw, method=None):
    method = method or draw(st.sampled_from(["GET", "GET", "GET", "POST", "HEAD"]))
    interim = draw(lists(interim_responses(), 2))
    version = draw(st.sampled_from([11, 11, 11, 10]))
    status, reason, content = draw(final_statuses), draw(reasons), draw(contents)
    framing = draw(st.sampled_from(["length", "close"] + ["chunked"] * 2 * (version == 11)))
    lines = draw(lists(field_lines(), 4))
    more, closes = draw(persistence(version))
    trailers, body = [], content
    if framing == "length":
        number = "0" * draw(st.sampled_from([0, 0, 3])) + str(len(content))
        more.append(draw(field_lines(cased("Content-Length"), st.just(number))))
    elif framing == "chunked":
        body, trailers = draw(chunked_bodies(content))
        more.append(draw(field_lines(cased("Transfer-Encoding"), cased("chunked"))))
    for line in more:
        lines.insert(draw(st.integers(0, len(lines))), line)
    if method == "HEAD" or status in (204, 304):
        body, content, trailers = b"", b"", []
        # 204 may not say how long it would be (RFC 9110 8.6, RFC 9112 6.1).
        if status == 204:
            lines = [one for one in lines if one[1][0].lower() not in DECIDING[:2]]
        until_close = False
    else:
        until_close = framing == "close"
    return Response(
        b"".join(octets for octets, _ in interim)
        + head_of(status_line(version, status, reason), lines) + body,
        method, version, status, reason.strip(), [pair for _, pair in lines], content,
        [what for _, what in interim], trailers, closes or until_close, until_close)


surplus = st.sampled_from([b"", b"", b"HTTP/1.1 200 surplus\r\n\r\n", b"\r\n", b"\0", b"5\r\n"])


# --- arrival -------------------------------------------------------------------------------------

class Cuts:
    """Where pieces end: a function as the ways of support.arrive take it."""

    def __init__(self, points, every=None):
        self.points = sorted(points)
        self.every = every

    def __call__(self, at):
        if self.every:      # of a long response not in each place
            return at + (self.every if at < 2000 else 997)
        place = bisect.bisect_right(self.points, at)
        return self.points[place] if place < len(self.points) else 1 << 62

    def __repr__(self):
        return f"Cuts({self.points}, {self.every})"


cuts = st.one_of(
    st.sets(st.integers(1, 400), max_size=8).map(Cuts),
    st.sampled_from([1, 2, 7, 61]).map(lambda every: Cuts((), every)))

# Calls of a response, one after the other, and again from the beginning: (method, size).
scripts = st.lists(
    st.tuples(st.sampled_from(["read", "readinto", "read1", "readline", "peek"]),
              st.sampled_from([0, 1, 2, 3, 5, 16, 100, 5000])),
    min_size=1, max_size=4)


# --- damage --------------------------------------------------------------------------------------

LAST = b"0\r\n\r\n"
OCTETS = b"\0\t\n\r\x0b \"+,-/0129:;=AFXafx_\x7f\x85\xa0\xb2\xff"
INSERTS = [
    b"\r\n", b"\n", b"\r", b"\r\n ", b"\n\t", b" ", b"  ", b"\0", b"0x", b"+", b"-", b"_", b";",
    b",", b":", b";a=b", b"0", b"1", b"f", b"00000000000000000", b"8000000000000000", b"\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"5\r\nhello\r\n", b"\xc2\xb2", LAST,
]
LINES = [
    b"Content-Length: 5\r\n", b"content-length: 6\r\n", b"Content-Length: 5, 5\r\n",
    b"Content-Length: 5,6\r\n", b"Content-Length: +5\r\n", b"Content-Length: 0x5\r\n",
    b"Content-Length: \r\n", b"Content-Length: -1\r\n", b"Content-Length: 18446744073709551621\r\n",
    b"Content-Length : 5\r\n", b"Content-Length:\r\n 5\r\n", b"Content-Length\0: 5\r\n",
    b"Transfer-Encoding: chunked\r\n", b"transfer-encoding: CHUNKED\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n", b"Transfer-Encoding: chunked, gzip\r\n",
    b"Transfer-Encoding: xchunked\r\n", b"Transfer-Encoding: identity\r\n",
    b"Transfer-Encoding: chunked, chunked\r\n", b"Transfer-Encoding: \x0bchunked\r\n",
    b"Transfer-Encoding : chunked\r\n", b"Transfer-Encoding:\r\n chunked\r\n",
    b"Transfer-Encoding: \r\n", b"Transfer-Encoding: ,chunked\r\n",
    b"Connection: close\r\n", b"Connection: keep-alive\r\n", b"no colon\r\n", b" fold\r\n",
    b": no name\r\n", b"K\xf6ln: x\r\n", b"A B: c\r\n", b"A: b\rC: d\r\n", b"\r\n",
]
LINE_ENDS = [b"\n", b"\r", b"\r\r\n", b"\n\r", b"\r\n\r\n", b""]

places = st.integers(0, 500)
edits = st.one_of(
    st.tuples(st.just("flip"), places, st.integers(0, 7)),
    st.tuples(st.just("set"), places, st.sampled_from(OCTETS)),
    st.tuples(st.just("insert"), places, st.sampled_from(INSERTS)),
    st.tuples(st.just("delete"), places, st.integers(1, 8)),
    st.tuples(st.just("repeat"), places, st.integers(1, 40)),
    st.tuples(st.just("cut"), places, st.just(0)),
    st.tuples(st.just("line end"), st.integers(0, 12), st.sampled_from(LINE_ENDS)),
    st.tuples(st.just("line"), st.integers(0, 8), st.sampled_from(LINES)),
    st.tuples(st.just("repeat line"), st.integers(0, 12), st.integers(0, 12)),
)
damage = st.lists(edits, min_size=1, max_size=2)


def damaged(data, edits):
    """The octets after these edits."""
    for kind, place, what in edits:
        data = EDITS[kind](data, place, what)
    return data


def at(data, place):
    return place % (len(data) + 1)


def flip(data, place, bit):
    place %= max(1, len(data))
    return data[:place] + bytes(octet ^ 1 << bit for octet in data[place:place + 1]) \
        + data[place + 1:]


def put(data, place, octet):
    place %= max(1, len(data))
    return data[:place] + bytes([octet]) + data[place + 1:]


def insert(data, place, octets):
    place = at(data, place)
    return data[:place] + octets + data[place:]


def delete(data, place, count):
    place = at(data, place)
    return data[:place] + data[place + count:]


def repeat(data, place, count):
    place = at(data, place)
    return data[:place + count] + data[place:]


def cut(data, place, _):
    return data[:at(data, place)]


def line_end(data, number, end):
    lines = data.split(b"\r\n")
    number %= len(lines)
    if number == len(lines) - 1:
        return data
    lines[number:number + 2] = [lines[number] + end + lines[number + 1]]
    return b"\r\n".join(lines)


def line(data, number, octets):
    """A line more after one of the head's."""
    lines = data.splitlines(keepends=True)
    place = number % (data.partition(b"\r\n\r\n")[0].count(b"\n") + 1) + 1
    return b"".join(lines[:place]) + octets + b"".join(lines[place:])


def repeat_line(data, number, target):
    lines = data.splitlines(keepends=True)
    if lines:
        lines.insert(target % len(lines), lines[number % len(lines)])
    return b"".join(lines)


EDITS = {"flip": flip, "set": put, "insert": insert, "delete": delete, "repeat": repeat, "cut": cut,
         "line end": line_end, "line": line, "repeat line": repeat_line}

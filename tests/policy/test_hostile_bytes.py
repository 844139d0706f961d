# SPDX-License-Identifier: MIT
"""The policy for hostile bytes, row by row: what comes of them by default and with strict=True.

A row is (bytes, by default, strict).  strict=False is the default here: it differs only where there
is no status line.  Each row and mode is one test, which runs over a real socket, over a fake one,
and fed to a parser, since these take different ways through the code; whole, bytewise, and split
at each point.  TLS has a test of its own, and needs trustme.
"""

import functools
from dataclasses import dataclass

import pytest

import httpclient
from support import arrive
from support.compare import judged
from support.ways import in_each_way

OK = b"HTTP/1.1 200 OK\r\n"
LENGTH = b"Content-Length: 5\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
HELLO = b"5\r\nhello\r\n"
LAST = b"0\r\n\r\n"
RETRY = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


@dataclass(frozen=True)
class Takes:
    """Taken: the content, and what else is worth a look."""

    content: bytes = b"hello"
    fields: tuple | None = None     # without the fields that the wires have in common
    closes: bool = False
    reason: str = "OK"
    status: int = 200
    version: int = 11
    defects: int = 0    # how many are noted


@dataclass(frozen=True)
class Refuses:
    """Refused with the head: the class, and a part of the bytes that its text names."""

    error: str
    named: bytes = b""


@dataclass(frozen=True)
class Breaks:
    """Taken, but the body ends in IncompleteRead after this content."""

    content: bytes = b"hello"


BAD_STATUS = Refuses("BadStatusLine")
BAD_FIELD = Refuses("BadHeaderLine")
BAD_CODING = Refuses("UnknownTransferEncoding")
CUT = Refuses("IncompleteRead")
UNTIL_CLOSE = Takes(closes=True)
NO_LENGTH = Takes(closes=True, defects=1)

ROWS = []


def row(name, data, default, strict=None, method="GET", lenient=None):
    """One row; `strict` is None where it is as by default."""
    for way, expected in (("default", default), ("strict", strict or default),
                          ("lenient", lenient or default)):
        given = {"default": None, "strict": True, "lenient": False}[way]
        ROWS.append(pytest.param(data, method, given, expected, id=f"{name}, {way}"))


def field(*lines, status=b"HTTP/1.1 200 OK", body=b"hello"):
    """A response with these field lines and a Content-Length."""
    head = b"".join(line + b"\r\n" for line in lines)
    return status + b"\r\n" + head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def fields(*pairs, defects=0):
    return Takes(fields=pairs, defects=defects)


# --- lines ---------------------------------------------------------------------------------------

row("bare LF after the status line", b"HTTP/1.1 200 OK\n" + LENGTH + b"\r\nhello",
    Takes(), BAD_STATUS)
row("bare LF after a field line", OK + b"Content-Length: 5\n\r\nhello", Takes(), BAD_FIELD)
row("bare LF as the empty line", OK + LENGTH + b"\nhello", Takes(), BAD_FIELD)
row("bare CR in the status line", field(status=b"HTTP/1.1 200 O\rK"), BAD_STATUS)
row("bare CR behind the status line", field(status=b"HTTP/1.1 200 OK\r"), BAD_STATUS)
row("bare CR between the parts", field(status=b"HTTP/1.1\r200 OK"), BAD_STATUS)
row("bare CR in a field name", field(b"A\rB: c"), Refuses("BadHeaderLine", b"A\rB: c"))
row("bare CR in a field value", field(b"A: b\rC: d"), Refuses("BadHeaderLine", b"A: b\rC: d"))
row("bare CR before a field name", field(b"\rA: b"), Refuses("BadHeaderLine", b"\rA: b"))
row("bare CR behind a field value", field(b"A: b\r"), BAD_FIELD)
row("NUL in a field value", field(b"A: b\0c"), Refuses("BadHeaderLine", b"A: b\0c"))
row("NUL at the end of a field value", field(b"A: b\0"), BAD_FIELD)
row("NUL in a field name", field(b"A\0B: c"), Refuses("BadHeaderLine", b"A\0B: c"))
row("NUL in a line without colon", field(b"A\0"), BAD_FIELD)
row("control characters in a field value", field(b"A: \x01\x0b\x0c\x1f\x7f"),
    fields(("A", "\x01\x0b\x0c\x1f\x7f")), BAD_FIELD)
row("obs-text in a field value", field(b"A: \xe4\x80\xff"), fields(("A", "\xe4\x80\xff")))
row("obs-fold", field(b"A: b\r\n c"), fields(("A", "b c")), Refuses("BadHeaderLine", b" c"))
row("obs-fold by TAB", field(b"A: b \r\n\t c"), fields(("A", "b c")), BAD_FIELD)
row("obs-fold, twice", field(b"A: b\r\n c\r\n d", b"E: f"),
    fields(("A", "b c d"), ("E", "f")), BAD_FIELD)
row("obs-fold behind LF", field(b"A: b\n c"), fields(("A", "b c")), BAD_FIELD)
row("obs-fold of nothing", field(b"A: b \r\n \t\r\n c"), fields(("A", "b c")), BAD_FIELD)
row("obs-fold of an empty value", field(b"A:\r\n b"), fields(("A", "b")), BAD_FIELD)
row("obs-fold of the length", OK + b"Content-Length:\r\n 5\r\n\r\nhello, more", Takes(), BAD_FIELD)
row("obs-fold of the coding", OK + b"Transfer-Encoding:\r\n chunked\r\n\r\n" + HELLO + LAST,
    Takes(), BAD_FIELD)
row("blank before the colon", field(b"A : b", b"C\t: d"),
    fields(("A", "b"), ("C", "d"), defects=2), BAD_FIELD)
row("blank before the colon of the length", OK + b"content-length : 5\r\n\r\nhello",
    Refuses("BadHeaderLine", b"content-length : 5"))
row("blank before the colon of the coding", OK + b"Transfer-Encoding\t: chunked\r\n\r\n" + LAST,
    BAD_FIELD)
row("no colon", field(b"A: b", b"nonsense", b"C: d"),
    Takes(fields=(("A", "b"), ("C", "d")), defects=1), Refuses("BadHeaderLine", b"nonsense"))
row("no colon, first", field(b"nonsense", b"C: d"), Takes(fields=(("C", "d"),), defects=1),
    BAD_FIELD)
row("empty name", field(b"A: b", b": c", b"D: e"),
    Takes(fields=(("A", "b"), ("D", "e")), defects=1), BAD_FIELD)
row("space in the name", field(b"A: b", b"C D: e", b"F: g"),
    Takes(fields=(("A", "b"), ("F", "g")), defects=1), BAD_FIELD)
row("TAB in the name", field(b"A: b", b"C\tD: e", b"F: g"),
    Takes(fields=(("A", "b"), ("F", "g")), defects=1), BAD_FIELD)
row("fold of a skipped line", field(b"A: b", b"no colon\r\n c: d", b"E: f"),
    Takes(fields=(("A", "b"), ("E", "f")), defects=1), BAD_FIELD)
row("skipped line that looks like the length", field(b"Content Length: 3"),
    Takes(defects=1), BAD_FIELD)
row("control character in the name", field(b"A: b", b"C\x01D: e", b"F\x7f: g"),
    Takes(fields=(("A", "b"),), defects=2), BAD_FIELD)
row("non-ASCII field name", field(b"K\xf6ln: b", b"C: d"),
    fields(("K\xf6ln", "b"), ("C", "d"), defects=1), BAD_FIELD)
row("blank before the first field", OK + b" A: b\r\n" + LENGTH + b"\r\nhello",
    fields(defects=1), BAD_FIELD)
row("blank line before the first field", OK + b"\t\r\n" + LENGTH + b"\r\nhello",
    fields(defects=1), BAD_FIELD)
row("end of stream behind a field line", OK + b"A: b\r\n",
    Takes(b"", (("A", "b"),), closes=True), CUT)
row("end of stream behind the status line", OK, Takes(b"", closes=True), CUT)
row("end of stream behind the length", OK + b"Content-Length: 0\r\n", Takes(b"", closes=True), CUT)
row("end of stream in a field line", OK + b"A: b", CUT)
row("end of stream in an empty line", OK + b"A: b\r\n\r", CUT)

# --- status line ---------------------------------------------------------------------------------

for line in (b"HTTP/1.1 +200 OK", b"HTTP/1.1 2_00 OK", b"HTTP/1.1 0200 OK", b"HTTP/1.1 20 OK",
             b"HTTP/1.1 2000 OK", b"HTTP/1.1 099 OK", b"HTTP/1.1 2x0 OK"):
    row(f"status {line}", field(status=line), BAD_STATUS)
for line in (b"HTTP/1.10 200 OK", b"HTTP/2.0 200 OK", b"HTTP/1.x 200 OK"):
    row(f"status {line}", field(status=line), Refuses("BadStatusLine|UnknownProtocol"))
for line in (b"HTTP/1.1  200 OK", b"HTTP/1.1 200  OK", b"HTTP/1.1\t200 OK", b"HTTP/1.1 200\tOK",
             b"HTTP/1.1 \t 200 \t OK"):
    row(f"status {line}", field(status=line), Takes(), BAD_STATUS)
row("no reason phrase, no SP", field(status=b"HTTP/1.1 200"), Takes(reason=""), BAD_STATUS)
row("no reason phrase", field(status=b"HTTP/1.1 200 "), Takes(reason=""))
for line in (b"<html>", b"ICY 200 OK", b"HTTPS/1.1 200 OK", b"http/1.1 200 OK", b"\0", b"HTT",
             b"220 mail.example ESMTP"):
    data = line + b"\r\n\r\nhello"
    row(f"no status line: {line}", data, BAD_STATUS, BAD_STATUS,
        lenient=Takes(data, (), closes=True, reason="", version=9))
row("no status line, but an empty one", b"\r\n" + RETRY, BAD_STATUS, BAD_STATUS,
    lenient=Takes(b"\r\n" + RETRY, (), closes=True, reason="", version=9))
row("no status line, no line end", b"hello", BAD_STATUS, BAD_STATUS,
    lenient=Takes(b"hello", (), closes=True, reason="", version=9))
for line in (b" HTTP/1.1 200 OK", b"\tHTTP/1.1 200 OK", b"\x0bHTTP/1.1 200 OK",
             b"\xa0HTTP/1.1 200 OK"):
    row(f"blank before {line}", field(status=line), BAD_STATUS,
        lenient=Takes(field(status=line), (), closes=True, reason="", version=9))
row("end of stream in the reason phrase", b"HTTP/1.1 200 Ok",
    Takes(b"", closes=True, reason="Ok"), Refuses("IncompleteRead|BadStatusLine"))
row("end of stream behind the status code", b"HTTP/1.1 200",
    Takes(b"", closes=True, reason=""), Refuses("IncompleteRead|BadStatusLine"))
row("nothing", b"", Refuses("RemoteDisconnected"))

# --- message framing -----------------------------------------------------------------------------

for value in (b"-3", b"3x", b"", b"x", b"3.0", b"0x3", b"+3", b"0_3", b"\x0b3", b"3\x0c", b"3\xa0",
              b"\x853", b"\xb2", "\N{ARABIC-INDIC DIGIT THREE}".encode(), b"-0", b"1 2"):
    row(f"Content-Length: {value}", OK + b"Content-Length: " + value + b"\r\n\r\nhello",
        NO_LENGTH, Refuses("BadHeaderLine", b"Content-Length: " + value))
row("Content-Length: x, twice", OK + 2 * b"Content-Length: x\r\n" + b"\r\nhello", NO_LENGTH,
    BAD_FIELD)
row("Content-Length: x, HEAD", OK + b"Content-Length: x\r\n\r\n", Takes(b"", defects=1),
    BAD_FIELD, method="HEAD")
row("Content-Length: x, 304", b"HTTP/1.1 304 OK\r\nContent-Length: x\r\n\r\n",
    Takes(b"", status=304, defects=1), BAD_FIELD)
row("Content-Length: x, chunked", OK + b"Content-Length: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    + HELLO + LAST, NO_LENGTH, BAD_FIELD)
row("Content-Length: 5000 letters", OK + b"Content-Length: " + b"x" * 5000 + b"\r\n\r\nhello",
    NO_LENGTH, BAD_FIELD)
row("Content-Length: 600 digits", OK + b"Content-Length: " + b"9" * 600 + b"\r\n\r\nhello",
    Breaks(), BAD_FIELD)
row("Content-Length: 601 digits", OK + b"Content-Length: " + b"0" * 601 + b"\r\n\r\nhello",
    Refuses("BadHeaderLine", b"Content-Length: 0000"))
row("Content-Length: 2^63", OK + b"Content-Length: 9223372036854775808\r\n\r\nhello",
    Breaks(), Refuses("BadHeaderLine", b"9223372036854775808"))
row("Content-Length: 2^64 + 5", OK + b"Content-Length: 18446744073709551621\r\n\r\nhello",
    Breaks(), BAD_FIELD)
row("Content-Length: 2^63 - 1", OK + b"Content-Length: 9223372036854775807\r\n\r\nhello", Breaks())
row("Content-Length: 40 digits of zero and 5", OK + b"Content-Length: " + b"0" * 40 +
    b"5\r\n\r\nhello, more", Takes())
row("equal lengths on lines", OK + LENGTH + LENGTH + b"\r\nhello, more", Takes())
row("equal lengths as a list", OK + b"Content-Length: 5, 5\r\n\r\nhello, more", Takes())
row("equal lengths on lines and as a list",
    OK + LENGTH + b"content-length: 5 ,5\r\n\r\nhello, more", Takes())
row("lengths on lines that differ", OK + LENGTH + b"Content-Length: 6\r\n\r\nhello, more",
    BAD_FIELD)
row("lengths as a list that differ", OK + b"Content-Length: 5,6\r\n\r\nhello, more", BAD_FIELD)
row("lengths of equal value, written otherwise",
    OK + LENGTH + b"Content-Length: 05\r\n\r\nhello, more", BAD_FIELD)
row("lengths, one is none", OK + LENGTH + b"Content-Length: x\r\n\r\nhello, more", BAD_FIELD)
row("Transfer-Encoding and Content-Length",
    OK + LENGTH + b"Transfer-Encoding: chunked\r\n\r\n" + HELLO + LAST, UNTIL_CLOSE, BAD_FIELD)
row("Transfer-Encoding and lengths that differ", OK + b"Transfer-Encoding: chunked\r\n" + LENGTH +
    b"Content-Length: 6\r\n\r\n" + HELLO + LAST, Refuses("BadHeaderLine"))
row("gzip, chunked", OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + HELLO + LAST, Takes())
row("gzip and chunked on lines", OK + b"Transfer-Encoding: gzip\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n" + HELLO + LAST, Takes())
row("unknown coding, chunked", OK + b"Transfer-Encoding: sparkle, chunked\r\n\r\n" + HELLO + LAST,
    Takes(), BAD_CODING)
row("CHUNKED", OK + b"Transfer-Encoding: CHUNKED\r\n\r\n" + HELLO + LAST, Takes())
row("chunked and blanks", OK + b"Transfer-Encoding: \t chunked \t\r\n\r\n" + HELLO + LAST, Takes())
row("gzip alone", OK + b"Transfer-Encoding: gzip\r\n\r\nhello", UNTIL_CLOSE)
row("no coding", OK + b"Transfer-Encoding: \r\n\r\nhello", UNTIL_CLOSE)
row("chunked, gzip", OK + b"Transfer-Encoding: chunked, gzip\r\n\r\nhello", UNTIL_CLOSE)
row("xchunked", OK + b"Transfer-Encoding: xchunked\r\n\r\nhello", UNTIL_CLOSE, BAD_CODING)
row("identity alone", OK + b"Transfer-Encoding: identity\r\n\r\nhello", UNTIL_CLOSE, BAD_CODING)
row("identity, chunked", OK + b"Transfer-Encoding: identity, chunked\r\n\r\n" + HELLO + LAST,
    Takes(), BAD_CODING)
for coding in (b"gzip", b"", b",", b"chunked, gzip", b"deflate\r\nTransfer-Encoding: gzip"):
    row(f"a length, and {coding}", OK + LENGTH + b"Transfer-Encoding: " + coding +
        b"\r\n\r\nhello, more", UNTIL_CLOSE, BAD_FIELD)
for coding in (b"sparkle", b"xchunked", b"chunked, identity", b"identity, gzip", b"identity;q=1"):
    row(f"a length, and {coding}", OK + b"Transfer-Encoding: " + coding + b"\r\n" + LENGTH +
        b"\r\nhello, more", UNTIL_CLOSE, BAD_CODING)
for coding in (b"identity", b"Identity ,", b"identity\r\ntransfer-encoding: IDENTITY"):
    row(f"a length, and {coding}", OK + b"Transfer-Encoding: " + coding + b"\r\n" + LENGTH +
        b"\r\nhello", Takes(), BAD_CODING)
row("a length, and identity, more", OK + LENGTH + b"Transfer-Encoding: identity\r\n\r\nhello, more",
    Takes(), BAD_CODING)
row("gzip and lengths that differ", OK + b"Transfer-Encoding: gzip\r\n" + LENGTH +
    b"Content-Length: 6\r\n\r\nhello", BAD_FIELD)
row("gzip and no number", OK + b"Transfer-Encoding: gzip\r\nContent-Length: x\r\n\r\nhello",
    NO_LENGTH, BAD_FIELD)
row("gzip and content that is too short",
    OK + b"Transfer-Encoding: gzip\r\nContent-Length: 9\r\n\r\nhello", Breaks(), BAD_FIELD)
for coding in (b"gzip", b"identity", b""):
    row(f"a length from HTTP/1.0, and {coding}", b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n"
        b"Transfer-Encoding: " + coding + b"\r\n" + LENGTH + b"\r\nhello, more",
        Takes(closes=True, version=10), Refuses("BadHeaderLine|UnknownTransferEncoding"))
row("chunked, chunked", OK + b"Transfer-Encoding: chunked, chunked\r\n\r\n" + LAST,
    BAD_CODING)
row("chunked on two lines", OK + 2 * b"Transfer-Encoding: chunked\r\n" + b"\r\n" + LAST,
    BAD_CODING)
row("chunked, gzip, chunked", OK + b"Transfer-Encoding: chunked, gzip, chunked\r\n\r\n" + LAST,
    BAD_CODING)
row("chunked from HTTP/1.0", b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n" + HELLO + LAST, Takes(closes=True, version=10), BAD_FIELD)
for status in (204, 304, 101):
    line = b"HTTP/1.1 %d OK\r\n" % status
    row(f"{status} with chunked", line + b"Transfer-Encoding: chunked\r\n\r\n" + HELLO + LAST,
        Takes(b"", status=status))
    row(f"{status} with a length", line + LENGTH + b"\r\n", Takes(b"", status=status))
row("HEAD with chunked", CHUNKED + HELLO + LAST, Takes(b""), method="HEAD")
row("HEAD with a length", RETRY, Takes(b""), method="HEAD")
row("CONNECT with a length", RETRY + b", more", Takes(),
    Takes(b"hello, more", closes=True), method="CONNECT")
row("CONNECT with chunked", CHUNKED + HELLO + LAST, Takes(),
    Takes(HELLO + LAST, closes=True), method="CONNECT")
row("CONNECT with lengths that differ", OK + LENGTH + b"Content-Length: 6\r\n\r\nhello, more",
    BAD_FIELD, BAD_FIELD, method="CONNECT")
row("CONNECT, refused by the proxy", b"HTTP/1.1 407 OK\r\n" + LENGTH + b"\r\nhello, more",
    Takes(status=407), method="CONNECT")

# --- connection, interim responses ---------------------------------------------------------------

row("Connection: not-closed", field(b"Connection: not-closed"), Takes())
row("Connection: closed", field(b"Connection: closed"), Takes())
row("Connection: x, CLOSE ,y", field(b"Connection: x, CLOSE ,y"), UNTIL_CLOSE)
row("Connection: keep-alive on a second line",
    field(b"Connection: x", b"Connection: keep-alive", status=b"HTTP/1.0 200 OK"),
    Takes(version=10))
row("Connection: keep-alive and close, HTTP/1.0",
    field(b"Connection: keep-alive", b"Connection: close", status=b"HTTP/1.0 200 OK"),
    Takes(version=10, closes=True))
row("103", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + RETRY, Takes())
row("102 with a length", b"HTTP/1.1 102 x\r\nContent-Length: 9\r\n\r\n" + RETRY, Takes())
row("100, 102, 103, 199", b"".join(b"HTTP/1.1 %d x\r\n\r\n" % code for code in (100, 102, 103, 199))
    + RETRY, Takes())
row("99 interim responses", 99 * b"HTTP/1.1 100 Continue\r\n\r\n" + RETRY, Takes())
row("101 interim responses", 101 * b"HTTP/1.1 100 Continue\r\n\r\n" + RETRY,
    Refuses("HTTPException"))

# --- chunked bodies ------------------------------------------------------------------------------

for size in (b"0x2", b"+2", b"-2", b"2_0", b" 2", b"\t2", b"", b"g", b";a=b", b"2 x", b"\x0b2",
             b"8000000000000000", b"ffffffffffffffff", b"00000000000000002", b"10000000000000002"):
    row(f"chunk size {size}", CHUNKED + HELLO + size + b"\r\n" + b"ab" * 16 + b"\r\n" + LAST,
        Breaks())
row("chunk size of 16 digits", CHUNKED + b"0000000000000005\r\nhello\r\n" + LAST, Takes())
row("blanks behind the chunk size", CHUNKED + b"5 \t\r\nhello\r\n" + LAST, Takes(), Breaks(b""))
row("blanks behind the last size", CHUNKED + HELLO + b"0 \r\n\r\n", Takes(), Breaks())
row("LF behind the chunk size", CHUNKED + HELLO + b"2\nab\r\n" + LAST, Breaks())
row("LF behind the last size", CHUNKED + HELLO + b"0\n\r\n", Breaks())
row("CR behind the chunk size", CHUNKED + HELLO + b"2\rab\r\n" + LAST, Breaks())
for end in (b"", b"\n", b"\r", b"\n\r", b"ab", b"\r\r\n", b"X\r\n", b"X\n"):
    row(f"{end} after chunk data", CHUNKED + b"5\r\nhello" + end + LAST, Breaks())
row("chunk extension", CHUNKED + b'5;a=b;c="d;e" ; f\r\nhello\r\n0;g\r\n\r\n', Takes())
for extension in (b";", b";=b", b";a=", b';a"b";', b";a b", b";\x01", b";\\"):
    row(f"chunk extension {extension}",
        CHUNKED + HELLO + b"5" + extension + b"\r\nhello\r\n" + LAST,
        Takes(b"hellohello"), Breaks())
for extension in (b';a="b', b';a="b\\"', b';a="b\\', b';a="b";c="', b';"'):
    row(f"chunk extension {extension}",
        CHUNKED + HELLO + b"5" + extension + b'\r\nhello\r\n"\r\nhello\r\n' + LAST, Breaks())
for end in (b"", b"5", b"5\r", b"5\r\n", b"0", b"0\r", b"0\r\nA: b\r\n", b"0\r\nA"):
    row(f"end of stream behind {end}", CHUNKED + HELLO + end, Breaks())
row("end of stream in chunk data", CHUNKED + HELLO + b"5\r\nhel", Breaks(b"hellohel"))
row("end of stream behind chunk data", CHUNKED + b"5\r\nhello", Breaks())
row("end of stream behind the last size", CHUNKED + HELLO + b"0\r\n", Takes(), Breaks())
row("no chunk", CHUNKED, Breaks(b""))
row("trailer section", CHUNKED + HELLO + b"0\r\nA: b\r\nC:\td\xff \r\n\r\n", Takes())
for line in (b"A: b\n", b"A: b\r\n c\r\n", b"no colon\r\n", b"A : b\r\n", b": b\r\n", b"A B: c\r\n",
             b"A: b\0\r\n", b"A: b\rC: d\r\n", b"A: \x01\r\n", b"K\xf6ln: b\r\n", b" A: b\r\n"):
    row(f"trailer line {line}", CHUNKED + HELLO + b"0\r\n" + line + b"\r\n", Takes(), Breaks())
row("LF behind the trailer section", CHUNKED + HELLO + b"0\r\nA: b\r\n\n", Takes(), Breaks())
row("content shorter than Content-Length", OK + b"Content-Length: 9\r\n\r\nhello", Breaks())


# --- the test ------------------------------------------------------------------------------------

def bytewise(way):
    return functools.partial(way, cuts=arrive.bytewise)


SOCKETS = {"socket": arrive.pair, "socket, bytewise": bytewise(arrive.pair),
           "file": arrive.buffered, "file, bytewise": bytewise(arrive.buffered),
           "memory": arrive.memory}
WAYS = SOCKETS | {"fed": arrive.fed, "fed, bytewise": bytewise(arrive.fed)}
each_row = pytest.mark.parametrize(("data", "method", "strict", "expected"), ROWS)


def open_response(arrival, method, strict):
    response = arrival.response(httpclient, method, strict=strict)
    try:
        response.begin()
    except Exception:
        response.close()
        raise
    return response


def is_refused(arrival, method, strict, expected, data):
    """Refused before the body, by the class, naming the bytes."""
    errors = tuple(getattr(httpclient, name) for name in expected.error.split("|"))
    with pytest.raises(errors) as caught:
        open_response(arrival, method, strict)
    assert isinstance(caught.value, httpclient.HTTPException)
    text = str(caught.value)
    assert len(text) < 1000
    assert repr(expected.named)[2:-1] in text
    if isinstance(caught.value, httpclient.BadHeaderLine):
        assert isinstance(caught.value.line, bytes)
        assert repr(caught.value.line[:100])[2:-1] in text


def is_taken(response, expected):
    assert (response.status, response.reason) == (expected.status, expected.reason)
    assert response.version == expected.version
    common = ("content-length", "transfer-encoding", "connection")
    given = tuple(pair for pair in response.getheaders() if pair[0].lower() not in common)
    assert given == (expected.fields if expected.fields is not None else given)
    assert len(response.msg.defects) == expected.defects, response.msg.defects
    # A parser that has been fed more than the message knows that, too, by now.
    assert response.will_close is (expected.closes or bool(getattr(response, "surplus", b"")))
    assert response.read() == expected.content
    assert response.isclosed()
    assert response.read() == b""


def breaks(response, expected):
    with pytest.raises(httpclient.IncompleteRead) as caught:
        response.read()
    assert caught.value.partial == expected.content
    assert response.isclosed()
    if response.chunked:
        causes = []
        cause = caught.value
        while cause := cause.__cause__:
            causes.append(type(cause))
        assert ValueError in causes


@in_each_way("way", WAYS)
@each_row
def test_row_has_the_outcome_of_the_policy(data, method, strict, expected, way):
    with way(data) as arrival:
        judge(arrival, data, method, strict, expected)


@in_each_way("way", {"socket": arrive.pair, "fed": arrive.fed})
@each_row
def test_row_in_two_pieces_has_the_outcome_of_the_policy(data, method, strict, expected, way):
    """strict=False is a mode of its own only where HTTP/ comes or does not."""
    end = min(12 if strict is False else len(data), len(data))
    for point in range(1, end, 1 if len(data) < 500 else 101):
        with way(data, arrive.split_at(point)) as arrival:
            judge(arrival, data, method, strict, expected)


@in_each_way("records", {"one record": 1, "small records": 40})
@each_row
def test_row_over_tls_has_the_outcome_of_the_policy(
        data, method, strict, expected, contexts, records):
    """Small records are as small as the kernel's buffer takes them."""
    record = None if records == 1 else 1 + len(data) // records
    with arrive.tls(contexts, record)(data) as arrival:
        judge(arrival, data, method, strict, expected)


def judge(arrival, data, method, strict, expected):
    arrival.deliver()
    if isinstance(expected, Refuses):
        is_refused(arrival, method, strict, expected, data)
        return
    with open_response(arrival, method, strict) as response:
        head = b"" if response.version == 9 else judged(data, method).head
        assert response.raw_head == head
        (breaks if isinstance(expected, Breaks) else is_taken)(response, expected)


@pytest.mark.parametrize(("data", "method", "strict", "expected"),
                         [row for row in ROWS if isinstance(row.values[3], Refuses)])
def test_refusal_closes_the_connection(data, method, strict, expected):
    with arrive.pair(data) as arrival:
        conn = httpclient.HTTPConnection("localhost", strict=strict)
        conn.sock = arrival.sock
        conn.request(method, "/")
        arrival.deliver()
        with pytest.raises(httpclient.HTTPException):
            conn.getresponse()
        assert conn.sock is None or conn.sock.fileno() == -1
        conn.close()


SHORT = OK + b"Content-Length: 9\r\n\r\nhello"
PARTLY = {
    "read(n)": lambda response: response.read(7),
    "readinto": lambda response: response.readinto(bytearray(7)),
    "read1": lambda response: response.read1(7),
    "readline": lambda response: response.readline(),
}


@in_each_way("way", SOCKETS)
@pytest.mark.parametrize("strict", [None, False, True])
@pytest.mark.parametrize("call", PARTLY.values(), ids=PARTLY)
def test_partial_reads_of_short_content_end_silently_unless_strict(call, strict, way):
    """As in http.client.  A parser always raises: Breaks() above."""
    with way(SHORT) as arrival:
        arrival.deliver()
        with open_response(arrival, "GET", strict) as response:
            if strict:
                with pytest.raises(httpclient.IncompleteRead):
                    while call(response):
                        pass
            else:
                while call(response):
                    pass
                assert response.length == 4
            assert response.isclosed()

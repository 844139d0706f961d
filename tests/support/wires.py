# SPDX-License-Identifier: MIT
"""Responses as they come over the wire: regular ones, rare ones, and some that are neither.

Each wire has a name, its bytes, the method it answers, and the rows of the policy for hostile bytes
that apply to it.  Where there is none, httpclient must do what http.client does with these bytes;
where there is one, `policy.judge()` tells the plain response that it must be read like, or that it
is refused.  What exactly comes of each row is spelled out in test_hostile_bytes.py.
"""

from dataclasses import dataclass

import pytest

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
LAST = b"0\r\n\r\n"
TEXT = b"alpha\nbeta\r\n\r\ngamma\x00\xff\ndelta"
BLOB = bytes(range(256)) * 100      # above what one recv_into() of 16 KiB takes


@dataclass(frozen=True)
class Wire:
    """One response."""

    name: str
    data: bytes
    method: str = "GET"
    rows: tuple = ()


WIRES = []
NO_NUMBER = "Content-Length that is no number"


def wire(name, data, *rows, method="GET"):
    WIRES.append(Wire(name, data, method, rows))


def sized(body=TEXT, extra=b"", status=b"HTTP/1.1 200 OK"):
    """A response with a Content-Length."""
    return b"%b\r\n%bContent-Length: %d\r\n\r\n%b" % (status, extra, len(body), body)


def chunks(*pieces):
    """Chunks of these pieces, without the last chunk."""
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)


# --- message framing -----------------------------------------------------------------------------

wire("length", sized())
wire("length, surplus", sized() + b"HTTP/1.1 200 surplus\r\n\r\n")
wire("length 0", sized(b""))
wire("length 0, surplus", sized(b"") + b"more")
wire("length 1", sized(b"x"))
wire("length, lines", sized(b"one\ntwo\r\n\nlast line\n"))
wire("length, one long line", sized(b"y" * 300))
wire("length, 25 KiB", sized(BLOB))
wire("length, cut", OK + b"Content-Length: 20\r\n\r\nten octets")
wire("length, nothing comes", OK + b"Content-Length: 20\r\n\r\n")
wire("length, leading zeros", OK + b"Content-Length: 0005\r\n\r\nhello and more")
wire("length, blanks behind", OK + b"Content-Length: 5 \t \r\n\r\nhello and more")
wire("length, blanks before", OK + b"Content-Length: \t  5\r\n\r\nhello and more")
wire("length, no blank", OK + b"content-length:5\r\n\r\nhello and more")
wire("length -3", OK + b"Content-Length: -3\r\n\r\nhello", NO_NUMBER)
wire("length 3x", OK + b"Content-Length: 3x\r\n\r\nhello", NO_NUMBER)
wire("length empty", OK + b"Content-Length: \r\n\r\nhello", NO_NUMBER)
wire("length 3.0", OK + b"Content-Length: 3.0\r\n\r\nhello", NO_NUMBER)
wire("length 0x3", OK + b"Content-Length: 0x3\r\n\r\nhello", NO_NUMBER)
wire("length +3", OK + b"Content-Length: +3\r\n\r\nhello", NO_NUMBER)
wire("length 0_3", OK + b"Content-Length: 0_3\r\n\r\nhello", NO_NUMBER)
wire("length 3 behind NBSP", OK + b"Content-Length: \xa03\r\n\r\nhello", NO_NUMBER)
wire("length 3 and a vertical tab", OK + b"Content-Length: 3\x0b\r\n\r\nhello", NO_NUMBER)
wire("two equal lengths", OK + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello, more",
     "several Content-Length")
wire("list of equal lengths", OK + b"Content-Length: 5, 5,5\r\n\r\nhello, more",
     "several Content-Length")
wire("two lengths", OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello, more",
     "several Content-Length")
wire("until close", OK + b"\r\n" + TEXT)
wire("until close, fields", OK + b"Server: x\r\nX-Y: z\r\n\r\n" + TEXT)
wire("until close, empty", OK + b"\r\n")
wire("until close, 25 KiB", OK + b"\r\n" + BLOB)
wire("until close, HTTP/1.0", b"HTTP/1.0 200 OK\r\nServer: x\r\n\r\n" + TEXT)
wire("identity", OK + b"Transfer-Encoding: identity\r\n\r\nhello",
     "Transfer-Encoding not ending in chunked")
wire("gzip, length", OK + b"Transfer-Encoding: gzip\r\nContent-Length: 2\r\n\r\nhello",
     "Transfer-Encoding not ending in chunked", "Transfer-Encoding and Content-Length")
wire("gzip, chunked", OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + chunks(b"hello") + LAST,
     "Transfer-Encoding lines are combined")
wire("gzip line, chunked line",
     OK + b"Transfer-Encoding: gzip\r\nTransfer-Encoding: Chunked\r\n\r\n"
     + chunks(b"hello") + LAST,
     "Transfer-Encoding lines are combined")
wire("chunked, gzip", OK + b"Transfer-Encoding: chunked, gzip\r\n\r\nhello",
     "Transfer-Encoding not ending in chunked")
wire("chunked, chunked", OK + b"Transfer-Encoding: chunked, chunked\r\n\r\n" + LAST,
     "chunked twice")
wire("two lines chunked", OK + 2 * b"Transfer-Encoding: chunked\r\n" + b"\r\n" + LAST,
     "chunked twice")
wire("chunked and length", OK + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n"
     + chunks(b"hello") + LAST + b"more", "Transfer-Encoding and Content-Length")
wire("length and chunked", OK + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
     + chunks(b"hello") + LAST + b"more", "Transfer-Encoding and Content-Length")
wire("chunked from HTTP/1.0", b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n"
     b"Transfer-Encoding: chunked\r\n\r\n" + chunks(b"hello") + LAST + b"more",
     "Transfer-Encoding from HTTP/1.0")
wire("HEAD, length", sized() + b"surplus", method="HEAD")
wire("HEAD, chunked", CHUNKED + chunks(b"hello") + LAST, method="HEAD")
wire("HEAD, neither", OK + b"Server: x\r\n\r\n", method="HEAD")
wire("204", b"HTTP/1.1 204 No Content\r\nServer: x\r\n\r\nsurplus")
wire("204, length", b"HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nsurplus")
wire("204, chunked", b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n"
     + chunks(b"hello") + LAST, "framing fields without a body")
wire("304", b"HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\nsurplus")
wire("304, length", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 300\r\n\r\nsurplus")
wire("101", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nframes")
wire("CONNECT", b"HTTP/1.1 200 Connection established\r\n\r\ntunnelled", method="CONNECT")
wire("POST, 201", sized(b"made", b"Location: /1\r\n", b"HTTP/1.1 201 Created"), method="POST")

# --- connection ----------------------------------------------------------------------------------

wire("close", sized(extra=b"Connection: close\r\n"))
wire("Close", sized(extra=b"Connection: Close\r\n"))
wire("keep-alive", sized(extra=b"Connection: Keep-Alive\r\n"))
wire("keep-alive, close", sized(extra=b"Connection: keep-alive, close\r\n"))
wire("not-closed", sized(extra=b"Connection: not-closed\r\n"), "Connection options")
wire("close on the second line",
     sized(extra=b"Connection: x-special\r\nConnection: close\r\n"), "Connection options")
wire("HTTP/1.0, length", sized(status=b"HTTP/1.0 200 OK"))
wire("HTTP/1.0, keep-alive", sized(b"hello", b"Connection: keep-alive\r\n", b"HTTP/1.0 200 OK"))
wire("HTTP/1.0, Keep-Alive", sized(b"hello", b"Keep-Alive: timeout=5\r\n", b"HTTP/1.0 200 OK"))
wire("HTTP/1.0, empty Keep-Alive", sized(b"hello", b"Keep-Alive:\r\n", b"HTTP/1.0 200 OK"))
wire("HTTP/1.0, Proxy-Connection",
     sized(b"hello", b"Proxy-Connection: Keep-Alive\r\n", b"HTTP/1.0 200 OK"))
wire("HTTP/1.0, Proxy-Connection: close",
     sized(b"hello", b"Proxy-Connection: close\r\n", b"HTTP/1.0 200 OK"))
wire("HTTP/1.0, keep-alive, until close", b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\nhello")
wire("HTTP/1.0, no-keep-alive",
     sized(b"hello", b"Connection: no-keep-alive\r\n", b"HTTP/1.0 200 OK"), "Connection options")

# --- status line ---------------------------------------------------------------------------------

for line in (
    b"HTTP/1.1 200", b"HTTP/1.1 200 ", b"HTTP/1.1 200  ", b"HTTP/1.1 404 Not Found",
    b"HTTP/1.1 200 a  b \tc", b"HTTP/1.1 200 OK  \t", b"HTTP/1.1 200 K\xf6ln \xe2\x82\xac",
    b"HTTP/1.1 200 \xa0OK\x85", b"HTTP/1.1 200 O\x00K", b"HTTP/1.1 200 O\x0bK\x0c",
    b"HTTP/1.1 999 Enhance your calm", b"HTTP/1.1 600 x", b"HTTP/1.1  200 OK",
    b"HTTP/1.1\t200\tOK", b"HTTP/1.1 200   OK", b"HTTP/1.1 200\tOK", b"HTTP/1.1\x0b200\x0bOK",
    b"HTTP/1.2 200 OK", b"HTTP/1.9 200 OK", b"HTTP/0.9 200 OK", b"HTTP/1.0 200 OK",
    b"garbage", b"HTTP/1.1", b"HTTP/1.1 ", b"HTTP", b"HTTP/1.1 abc", b"HTTP/1.1 2xx OK",
    b"HTTP/1.1 200OK", b"HTTP/1.1 200.1 OK", b"HTTP/1.1 99 OK", b"HTTP/1.1 099 OK",
    b"HTTP/1.1 1000 OK", b"HTTP/1.1 -200 OK", b"http/1.1 200 OK", b"HTTP 200 OK",
    b"HTTP/2.0 200 OK", b"HTTP/2 200", b"HTTP/01.1 200 OK", b"HTTP/ 1.1 200 OK", b"ICY 200 OK",
    b"\x00HTTP/1.1 200 OK", b"H\xd6TP/1.1 200 OK", b"", b"<html>", b"HTTP/11 200 OK",
):
    wire(f"status line {line}", sized(b"hello", status=line))
for line in (b"HTTP/1.1 +200 OK", b"HTTP/1.1 2_00 OK", b"HTTP/1.1 0200 OK", b"HTTP/1.10 200 OK",
             b"HTTP/1. 200 OK", b"HTTP/1.1x 200 OK", b"HTTP/1.1.1 200 OK"):
    wire(f"status line {line}", sized(b"hello", status=line), "status code")
for line in (b"HTTP/1.1 200 O\rK", b"HTTP/1.1\r200 OK", b"HTTP/1.1 200 OK\r", b"\rHTTP/1.1 200 OK",
             b"HTTP/1.1 200 OK\rA: b"):
    wire(f"status line {line}", sized(b"hello", status=line), "bare CR")
wire("blank before HTTP/", b" " + sized(b"hello"), "blank before HTTP/")
wire("nothing", b"")
wire("status line alone", b"HTTP/1.1 200 OK\r\n", "end of stream in the head")
wire("status line cut", b"HTTP/1.1 200 Ok", "end of stream in the head")

# --- interim responses ---------------------------------------------------------------------------

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
wire("100", CONTINUE + sized())
wire("100 with fields", b"HTTP/1.1 100 Continue\r\nA: b\r\nC: d\r\n\r\n" + sized())
wire("100 in LF", b"HTTP/1.1 100 Continue\n\n" + sized())
wire("100, five times", 5 * CONTINUE + sized())
wire("100 and the end", CONTINUE)
wire("100 and garbage", CONTINUE + b"garbage\r\n\r\n")
wire("100, 204", CONTINUE + b"HTTP/1.1 204 No Content\r\n\r\n")
wire("100, 101", CONTINUE + b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\nframes")
wire("103", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + sized(), "interim responses")
wire("102, 100, 199", b"HTTP/1.1 102 Processing\r\n\r\n" + CONTINUE
     + b"HTTP/1.1 199 x\r\nContent-Length: 9\r\n\r\n" + sized(), "interim responses")
wire("102 and the end", b"HTTP/1.1 102 Processing\r\n\r\n", "interim responses")

# --- field section -------------------------------------------------------------------------------

for line in (
    b"Empty:", b"Empty: ", b"NoBlank:x", b"Blanks:  \t x", b"Behind: x \t ",
    b"Twice: 1\r\nTwice: 2",
    b"CaSe: x\r\ncase: y", b"Colons: a:b::c", b"Latin: K\xf6ln \xff", b"Utf: \xe2\x82\xac \xc2\x85",
    b"Controls: \x01\x08\x0b\x0c\x0e\x1b\x1c\x1d\x1e\x1f\x7f", b"Tab: a\tb", b"Quoted: \"a\\\"b\"",
    b"!#$%&'*+-.^_`|~09: every tchar", b"Slash/(name)\"<>@[]{}?=;,\\: no token", b"Control:\x0bx",
    b"Set-Cookie: a=b\r\nSet-Cookie: c=d; Path=/", b"Encoded: =?utf-8?q?x?=",
    b"Content-Type: text/plain; charset=utf-8", b"Content-Type: message/rfc822",
    b"Content-Type: multipart/mixed; boundary=xyz", b"Content-Type: multipart/mixed",
    b"Content-Type: nonsense", b"Content-Transfer-Encoding: base64",
    b"Long: " + b"z" * 3000,
):
    wire(f"field {line[:60]}", sized(b"hello", line + b"\r\n"))
wire("98 fields", sized(b"hello", b"".join(b"X-%d: %d\r\n" % (i, i) for i in range(97))))
wire("a value of 20 KiB", sized(b"hello", b"Long: " + b"z" * 20480 + b"\r\n"))
wire("no fields", b"HTTP/1.1 200 OK\r\n\r\nhello")
wire("LF line ends", b"HTTP/1.1 200 OK\nA: b\nContent-Length: 5\n\nhello")
wire("some LF line ends", b"HTTP/1.1 200 OK\nA: b\r\nContent-Length: 5\n\r\nhello")
wire("LF at the end only", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\nhello")
for name, line, row in (
    ("fold", b"A: b\r\n c\r\nB: d", "obs-fold"),
    ("fold by TAB, LF", b"A: b\n\tc\nB: d", "obs-fold"),
    ("two folds", b"A: b \r\n  c\r\n \td\r\nB: e", "obs-fold"),
    ("blank fold", b"A: b\r\n \r\nB: c", "obs-fold"),
    ("fold of an empty value", b"A:\r\n b\r\nB: c", "obs-fold"),
    ("CR in a value", b"A: b\rc", "bare CR"),
    ("CR behind a value", b"A: b\r\r\nB: c", "bare CR"),
    ("CR in a name", b"A\rB: c", "bare CR"),
    ("CR first", b"\rA: b", "bare CR"),
    ("CR in a fold", b"A: b\r\n c\rd", "bare CR"),
    ("NUL in a value", b"A: b\0c", "NUL in field value"),
    ("NUL alone", b"A: \0", "NUL in field value"),
    ("blank before the colon", b"A : b", "blank before the colon"),
    ("TABs before the colon", b"A\t \t: b", "blank before the colon"),
    ("no colon", b"A: b\r\nnonsense\r\nC: d", "no field line"),
    ("no colon, first", b"nonsense\r\nC: d", "no field line"),
    ("empty name", b"A: b\r\n: c\r\nD: e", "no field line"),
    ("space in the name", b"A: b\r\nC D: e\r\nF: g", "no field line"),
    ("control character in the name", b"A: b\r\nC\x01D: e\r\nF: g", "no field line"),
    ("name is UTF-8", b"K\xc3\xb6ln: b\r\nC: d", "non-ASCII field name"),
):
    wire(name, sized(b"hello", line + b"\r\n"), row)
wire("blank before the first field", OK + b" A: b\r\nContent-Length: 5\r\n\r\nhello",
     "blank before the first field")
wire("blank before the colon of the length", OK + b"Content-Length : 5\r\n\r\nhello",
     "blank before the colon")
wire("blank before the colon of the coding", OK + b"transfer-encoding\t: chunked\r\n\r\n" + LAST,
     "blank before the colon")
wire("head ends behind a line", OK + b"A: b\r\nContent-Length: 0\r\n", "end of stream in the head")
wire("head ends in a line", OK + b"A: b\r\nContent-Le", "end of stream in the head")
wire("head ends before the LF", OK + b"A: b\r", "end of stream in the head")

# --- chunked bodies ------------------------------------------------------------------------------

for name, body in (
    ("one chunk", chunks(b"hello") + LAST),
    ("chunks", chunks(b"hel", b"lo, ", b"world") + LAST),
    ("no content", LAST),
    ("chunks of one octet", chunks(*(bytes([octet]) for octet in TEXT)) + LAST),
    ("lines across chunks", chunks(b"one\ntw", b"o\r", b"\n\nlast", b" line\n", b"x") + LAST),
    ("chunk looks like framing", chunks(b"5\r\nhello\r\n", LAST) + LAST),
    ("upper-case size", b"1A\r\n" + b"x" * 26 + b"\r\n" + LAST),
    ("lower-case size", b"1a\r\n" + b"x" * 26 + b"\r\n" + LAST),
    ("leading zeros", b"0005\r\nhello\r\n0000\r\n\r\n"),
    ("16 digits", b"0000000000000005\r\nhello\r\n" + LAST),
    ("blanks behind the size", b"5  \t\r\nhello\r\n0   \r\n\r\n"),
    ("extension", b"5;a=b\r\nhello\r\n0;last\r\n\r\n"),
    ("quoted extension", b'5 ; a="b;c\\"d" ;e\r\nhello\r\n' + LAST),
    ("long extension", b"5;" + b"e" * 2000 + b"\r\nhello\r\n" + LAST),
    ("senseless extension", b'5;=;;\x01\xff;""a\r\nhello\r\n' + LAST),
    ("trailer section", chunks(b"hello") + b"0\r\nA: b\r\n\r\n"),
    ("trailer fields", chunks(b"hello") + b"0\r\nA: b\r\nC: d\r\n e\r\nno colon\r\n\r\n"),
    ("trailer section in LF", chunks(b"hello") + b"0\r\nA: b\nC: d\n\n"),
    ("surplus", chunks(b"hello") + LAST + b"HTTP/1.1 200 OK\r\n\r\n"),
    ("surplus behind trailers", chunks(b"hello") + b"0\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"),
    ("ends behind the last size", chunks(b"hello") + b"0\r\n"),
    ("25 KiB in one chunk", chunks(BLOB) + LAST),
    ("25 KiB in chunks", chunks(*(BLOB[i:i + 700] for i in range(0, len(BLOB), 700))) + LAST),
):
    wire(f"chunked: {name}", CHUNKED + body)
for name, body in (
    ("cut in chunk data", chunks(b"hel") + b"5\r\nlo"),
    ("cut behind the size", chunks(b"hello") + b"5\r\n"),
    ("cut in the size", chunks(b"hello") + b"5"),
    ("cut behind the size's CR", chunks(b"hello") + b"5\r"),
    ("cut in an extension", chunks(b"hello") + b"5;a"),
    ("cut behind chunk data", b"5\r\nhello"),
    ("cut in the CRLF", b"5\r\nhello\r"),
    ("cut behind the CRLF", b"5\r\nhello\r\n"),
    ("cut in the last size", chunks(b"hello") + b"0"),
    ("cut behind the last CR", chunks(b"hello") + b"0\r"),
    ("cut in the trailer section", chunks(b"hello") + b"0\r\nA: b\r\n"),
    ("cut in a trailer line", chunks(b"hello") + b"0\r\nA: b"),
    ("nothing comes", b""),
    ("size 0x2", chunks(b"hello") + b"0x2\r\nab\r\n" + LAST),
    ("size +2", chunks(b"hello") + b"+2\r\nab\r\n" + LAST),
    ("size -2", chunks(b"hello") + b"-2\r\nab\r\n" + LAST),
    ("size 2_0", chunks(b"hello") + b"2_0\r\n" + b"x" * 32 + b"\r\n" + LAST),
    ("size g", chunks(b"hello") + b"g\r\n" + LAST),
    ("blank before the size", chunks(b"hello") + b" 2\r\nab\r\n" + LAST),
    ("size is empty", chunks(b"hello") + b"\r\n" + LAST),
    ("size is an extension", chunks(b"hello") + b";a=b\r\n" + LAST),
    ("text behind the size", chunks(b"hello") + b"2 x\r\nab\r\n" + LAST),
    ("LF behind the size", chunks(b"hello") + b"2\nab\r\n" + LAST),
    ("LF behind an extension", chunks(b"hello") + b"2;a\nab\r\n" + LAST),
    ("LF behind the last size", chunks(b"hello") + b"0\n\r\n"),
    ("LF behind chunk data", b"5\r\nhello\n" + LAST),
    ("chunk data too long", b"5\r\nhello!!\r\n" + LAST),
    ("size 2^63", chunks(b"hello") + b"8000000000000000\r\nab"),
    ("17 digits", chunks(b"hello") + b"00000000000000002\r\nab\r\n" + LAST),
):
    wire(f"chunked: {name}", CHUNKED + body, "chunk framing")


def table(*wires):
    """Wires as pytest parameters."""
    return [pytest.param(one, id=one.name.encode("unicode_escape").decode()) for one in wires]

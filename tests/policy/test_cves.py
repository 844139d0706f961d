# SPDX-License-Identifier: MIT
"""Published weaknesses of HTTP/1 code that httpclient avoids: http.client's and those of its peers.

Each entry names the advisory, whose code it was and what was wrong, in one sentence; the octets
are a response that brings the same about in a client.  (Where it was a server or a proxy, the
message is turned round.)  Each response arrives whole and in two pieces, split at every point,
over a real socket, over a file and fed to a parser, in all three modes.  Whatever a server wants
to slip in is called *smuggled*: it must never be seen as a field or as content.  Requests are in
test_cves_requests.py.
"""

import io
import time
import tracemalloc
from dataclasses import dataclass

import pytest

import httpclient
from support import arrive
from support.ways import in_each_way

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
HELLO = b"5\r\nhello\r\n"
LAST = b"0\r\n\r\n"
NEXT = b"HTTP/1.1 200 smuggled\r\nContent-Length: 8\r\n\r\nsmuggled"


@dataclass(frozen=True)
class Refused:
    """The head is refused, by one of these classes."""

    by: str


@dataclass(frozen=True)
class Broken:
    """The content ends in IncompleteRead, after so much of it."""

    content: bytes = b"hello"


@dataclass(frozen=True)
class Taken:
    """Taken whole, with these fields among others; `closes`: the framing ends the connection."""

    content: bytes = b"hello"
    fields: tuple = ()
    closes: bool = False


BAD_FIELD = Refused("BadHeaderLine")
BAD_STATUS = Refused("BadStatusLine")
BAD_CODING = Refused("UnknownTransferEncoding|BadHeaderLine")
# A length that is none is as good as no length: the message ends with the stream.
TO_THE_END = Taken(b"hello, to the end", closes=True)

CASES = []


def advisory(names, what, data, default, strict=None, method="GET"):
    """One entry; `strict` is None where strict=True makes no difference."""
    CASES.append(pytest.param(data, method, default, strict or default, id=f"{names}: {what}"))


def framed(*lines, body=b"hello"):
    """A response with these field lines and a length, followed by another response."""
    return OK + b"".join(line + b"\r\n" for line in lines) \
        + b"Content-Length: %d\r\n\r\n" % len(body) + body + NEXT


def sized(value):
    """A response with this Content-Length."""
    return OK + b"Content-Length: " + value + b"\r\n\r\nhello, to the end"


def chunk(size, data=b"hello"):
    """A chunk of *hello*, then one whose size is written in this way."""
    return CHUNKED + HELLO + size + b"\r\n" + data + b"\r\n" + LAST


# --- Content-Length ------------------------------------------------------------------------------

advisory("CVE-2019-16792", "waitress took two Content-Length, as one list, for a length of 0",
         OK + 2 * b"Content-Length: 5\r\n" + b"\r\nhello" + NEXT, Taken())
advisory("CVE-2020-10108 CVE-2015-5740 CVE-2017-7658 CVE-2019-20445",
         "Twisted, Go, Jetty and Netty took one of two Content-Length that differ",
         OK + b"Content-Length: 5\r\nContent-Length: 0\r\n\r\nhello", BAD_FIELD)
advisory("CVE-2015-5740 CVE-2019-20445", "the same with the larger one behind, and as a list",
         OK + b"Content-Length: 0, 8\r\n\r\nsmuggled", BAD_FIELD)
advisory("CVE-2021-32715 CVE-2023-40167 CVE-2022-24801 CVE-2022-24761 CVE-2023-47627 "
         "CVE-2022-42252 GHSA-qppv-j76h-2rpx",
         "hyper, Jetty, Twisted, waitress, aiohttp, Tomcat and Tornado took +5 for a length",
         sized(b"+5"), TO_THE_END, BAD_FIELD)
advisory("CVE-2023-47627 GHSA-qppv-j76h-2rpx", "aiohttp and Tornado read lengths by int(): 0_5",
         sized(b"0_5"), TO_THE_END, BAD_FIELD)
advisory("CVE-2018-7159", "http_parser skipped blanks within a length: 1 2 was 12",
         sized(b"1 2"), TO_THE_END, BAD_FIELD)
advisory("CVE-2025-69224", "aiohttp took digits outside ASCII for digits",
         sized("\N{ARABIC-INDIC DIGIT FIVE}".encode()), TO_THE_END, BAD_FIELD)
advisory("CVE-2023-40225 CVE-2023-40175",
         "HAProxy passed on an empty Content-Length; Puma took it for 0",
         sized(b""), TO_THE_END, BAD_FIELD)
advisory("CVE-2014-0099", "Tomcat let a Content-Length overflow: 2^64 + 5 was 5",
         sized(b"18446744073709551621"), Broken(b"hello, to the end"), BAD_FIELD)
advisory("CVE-2019-16276 CVE-2019-16869 CVE-2021-22959 CVE-2019-18678",
         "Go, Netty, llhttp and Squid took a field name with a blank before the colon",
         OK + b"Content-Length : 8\r\n\r\nsmuggled", BAD_FIELD)
advisory("CVE-2015-5739", "Go took \"Content Length\" for Content-Length",
         OK + b"Content Length: 8\r\nContent-Length: 5\r\n\r\nhello" + NEXT,
         Taken(), BAD_FIELD)
advisory("CVE-2024-27982", "llhttp did not see a Content-Length behind a blank in the first line",
         OK + b" Content-Length: 8\r\nContent-Length: 5\r\n\r\nhello" + NEXT,
         Taken(), BAD_FIELD)
advisory("CVE-2021-40346", "HAProxy cut the length of a name to 8 bits, and found another field",
         framed(b"Content-Length0" + b"a" * 255 + b": 8"), Taken())
advisory("CVE-2024-52530", "libsoup overlooked a NUL behind a field name",
         framed(b"Content-Length\0: 8"), BAD_FIELD)

# --- Transfer-Encoding ---------------------------------------------------------------------------

advisory("CVE-2020-10109 CVE-2017-7658 CVE-2019-20445 CVE-2015-5741 CVE-2023-47641 CVE-2005-2088",
         "Twisted, Jetty, Netty, Go, aiohttp and Apache took Content-Length beside "
         "Transfer-Encoding",
         OK + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n" + HELLO + LAST + NEXT,
         Taken(closes=True), BAD_FIELD)
advisory("CVE-2022-32213 CVE-2019-15605 CVE-2024-1135 CVE-2022-1705",
         "llhttp, http_parser, gunicorn and Go's client took what only resembles chunked for it",
         OK + b"Transfer-Encoding: chunkedchunked\r\n\r\nhello", Taken(closes=True), BAD_CODING)
advisory("CVE-2022-32213 CVE-2022-1705", "the same: a coding that begins like chunked",
         OK + b"Transfer-Encoding: chunked-not\r\n\r\nhello", Taken(closes=True), BAD_CODING)
advisory("CVE-2022-32215", "llhttp read a Transfer-Encoding on two lines by its first",
         OK + b"Transfer-Encoding: chunked,\r\n identity\r\n\r\nhello", Taken(closes=True),
         BAD_FIELD)
advisory("CVE-2022-32215", "llhttp did not see a coding on the second line",
         OK + b"Transfer-Encoding:\r\n chunked\r\n\r\n" + HELLO + LAST + NEXT,
         Taken(), BAD_FIELD)
advisory("CVE-2020-8287 CVE-2021-21299",
         "Node and hyper took the first of two Transfer-Encoding and forgot the second",
         OK + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\nhello",
         Taken(closes=True), BAD_CODING)
advisory("CVE-2019-16786", "waitress knew chunked in lower case and alone only",
         OK + b"Transfer-Encoding: gzip, Chunked\r\n\r\n" + HELLO + LAST + NEXT,
         Taken())
advisory("CVE-2019-16789 CVE-2019-18277",
         "waitress and HAProxy stripped more than blanks and saw chunked, or did not",
         OK + b"Transfer-Encoding: \x0bchunked\r\n\r\nhello", Taken(closes=True), BAD_FIELD)
advisory("CVE-2024-52530", "libsoup overlooked a NUL behind Transfer-Encoding",
         OK + b"Transfer-Encoding\0: chunked\r\n\r\n" + HELLO + LAST, BAD_FIELD)

advisory("CVE-2019-15606 CVE-2019-18802", "Node and Envoy kept the blanks behind a value",
         OK + b"Transfer-Encoding: chunked \t\r\nConnection: close \r\n\r\n" + HELLO + LAST + NEXT,
         Taken(closes=True))
advisory("CVE-2021-33037", "Tomcat did not see a Transfer-Encoding from HTTP/1.0",
         b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n"
         + HELLO + LAST + NEXT, Taken(closes=True), BAD_FIELD)
advisory("CVE-2021-33037", "Tomcat did not see that chunked must be the last coding",
         OK + b"Transfer-Encoding: chunked, identity\r\n\r\nhello", Taken(closes=True), BAD_CODING)

# --- chunks --------------------------------------------------------------------------------------

for end in (b"XX", b"\rX", b"X\n", b"\n\n"):
    advisory("CVE-2025-43859", f"h11 took any two octets behind chunk data for its CRLF: {end}",
             CHUNKED + b"5\r\nhello" + end + LAST, Broken())
advisory("CVE-2025-47905", "Varnish did without the CRLF behind chunk data",
         CHUNKED + HELLO[:-2] + b"8\r\nsmuggled\r\n" + LAST, Broken())
advisory("CVE-2014-0227", "Tomcat read on behind chunk framing that was bad",
         CHUNKED + HELLO + b"x\r\n8\r\nsmuggled\r\n" + LAST, Broken())
advisory("CVE-2025-43859", "h11: a shorter chunk hides in the two octets",
         CHUNKED + b"5\r\nhello2\nsmuggled", Broken())
advisory("CVE-2002-0392 CVE-2013-2028 CVE-2013-2070 CVE-2017-13089 CVE-2017-13090",
         "Apache, nginx (as a client, too) and Wget took large chunk sizes for negative ones",
         chunk(b"fffffffffffffffb"), Broken())
advisory("CVE-2017-13089 CVE-2017-13090", "Wget read chunk sizes with a sign",
         chunk(b"-5"), Broken())
advisory("CVE-2021-32714 CVE-2017-7657 CVE-2014-0075 CVE-2017-12425",
         "hyper, Jetty, Tomcat and Varnish let a chunk size overflow: 2^64 + 8 was 8",
         chunk(b"10000000000000008", b"smuggled"), Broken())
for digits in (b"0x8", b"+8", b"0_8", b" 8"):
    advisory("CVE-2022-24801 CVE-2022-24761 CVE-2023-47627 GHSA-qppv-j76h-2rpx",
             f"Twisted, waitress, aiohttp and Tornado read chunk sizes by int(): {digits}",
             chunk(digits, b"smuggled"), Broken())
advisory("CVE-2025-22871", "Go took a bare LF for the end of a chunk-size line",
         CHUNKED + HELLO + b"8\nsmuggled\r\n" + LAST, Broken())
advisory("CVE-2024-52304 CVE-2025-58056 CVE-2021-22960 CVE-2025-55315",
         "aiohttp, Netty, llhttp and Kestrel ended a chunk extension at a bare LF, or never",
         CHUNKED + HELLO + b"5;a\nsmuggled\r\nhello\r\n" + LAST, Broken())
advisory("CVE-2021-22960 CVE-2025-55315",
         "llhttp and Kestrel did not look at chunk extensions: bare CR",
         CHUNKED + HELLO + b"5;\rsmuggled\r\nhello\r\n" + LAST, Broken())
advisory("CVE-2026-33870 CVE-2026-2332",
         "Netty and Jetty ended a chunk extension within a quoted string",
         CHUNKED + HELLO + b'5;a="\r\nsmuggled\r\n0\r\n\r\n";\r\nhello\r\n' + LAST, Broken())
advisory("CVE-2023-45648", "Tomcat took a bad line of the trailer section for the end of it",
         CHUNKED + HELLO + b"0\r\nsmuggled\r\nA: b\r\n\r\n" + NEXT, Taken(), Broken())
advisory("CVE-2025-53643 CVE-2023-40175 CVE-2025-58068",
         "aiohttp, Puma and eventlet took the trailer section for the next message",
         CHUNKED + HELLO + b"0\r\nA: smuggled\r\nContent-Length: 3\r\n\r\n" + NEXT,
         Taken())

# --- field lines ---------------------------------------------------------------------------------

advisory("CVE-2022-32214 CVE-2022-35256 CVE-2019-16785 CVE-2021-41136",
         "llhttp, waitress and Puma ended field lines with a bare LF, and others did not",
         OK + b"A: b\nContent-Length: 5\r\n\r\nhello" + NEXT,
         Taken(fields=(("A", "b"),)), BAD_FIELD)
advisory("CVE-2023-30589 CVE-2016-8743 CVE-2015-8852",
         "llhttp, Apache and Varnish ended field lines with a bare CR",
         framed(b"A: b\rSmuggled: c"), BAD_FIELD)
advisory("CVE-2025-23167", "llhttp took CRLF CR and any octet for the end of the head",
         OK + b"Content-Length: 5\r\n\rXhello\r\n\r\nhello", BAD_FIELD)
advisory("CVE-2019-9900 CVE-2026-34520",
         "Envoy and aiohttp kept NUL in field values, where others end",
         framed(b"A: b\0c"), BAD_FIELD)
advisory("CVE-2023-25725", "HAProxy lost all fields behind one with an empty name",
         framed(b": a", b"B: c"), Taken(fields=(("B", "c"),)), BAD_FIELD)
advisory("CVE-2019-20444 CVE-2025-1734",
         "Netty and PHP's client took a line without colon for a field, or for a part of one",
         framed(b"A: b", b"Smuggled", b"C: d"),
         Taken(fields=(("A", "b"), ("C", "d"))), BAD_FIELD)
advisory("CVE-2025-1217", "PHP's client took the second line of a folded field for another field",
         framed(b"A: b", b" Smuggled: c", b"D: e"),
         Taken(fields=(("A", "b Smuggled: c"), ("D", "e"))), BAD_FIELD)
advisory("CVE-2022-37436", "Apache's proxy cut the head at a bad field, the rest became content",
         framed(b"A: b", b"bad name: c", b"D: e"),
         Taken(fields=(("A", "b"), ("D", "e"))), BAD_FIELD)
advisory("CVE-2024-23829 CVE-2016-8743",
         "aiohttp and Apache took blanks and controls where the grammar has none",
         framed(b"A\x0b: b", b"C: d"), Taken(fields=(("C", "d"),)), BAD_FIELD)

advisory("CVE-2021-43797", "Netty skipped control characters around a field name",
         OK + b"\x0bTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello" + NEXT,
         Taken(), BAD_FIELD)
advisory("CVE-2018-0494", "Wget kept the line end of a folded Set-Cookie, and wrote it to a file",
         framed(b"Set-Cookie: a=b", b"\tSmuggled=c", b"D: e"),
         Taken(fields=(("Set-Cookie", "a=b Smuggled=c"), ("D", "e"))), BAD_FIELD)
advisory("CVE-2025-1861", "PHP's client cut a long Location",
         framed(b"Location: /" + b"x" * 300), Taken(fields=(("Location", "/" + "x" * 300),)))

# --- status line ---------------------------------------------------------------------------------

advisory("CVE-2016-8743", "Apache took a status line with other white space in it",
         b"HTTP/1.1\r200 OK\r\n\r\nhello", BAD_STATUS)
for line in (b"HTTP/1.1 +200 OK", b"HTTP/1.1 2_00 OK", b"HTTP/1.1 0200 OK"):
    advisory("CVE-2023-47627", f"aiohttp read numbers of the head by int(): {line}",
             line + b"\r\nContent-Length: 5\r\n\r\nhello", BAD_STATUS)


# --- the test of them ----------------------------------------------------------------------------

def judge(arrival, method, strict, expected):
    """Reads one response, and finds what is expected."""
    arrival.deliver()
    with arrival.response(httpclient, method, strict=strict) as response:
        if isinstance(expected, Refused):
            with pytest.raises(tuple(getattr(httpclient, name)
                                     for name in expected.by.split("|"))):
                response.begin()
            return
        response.begin()
        names = [name.lower() for name, _ in response.getheaders()]
        assert not [name for name in names if "smuggled" in name]
        if isinstance(expected, Broken):
            with pytest.raises(httpclient.IncompleteRead) as caught:
                response.read()
            content = caught.value.partial
        else:
            content = response.read()
            assert set(expected.fields) <= set(response.getheaders())
            assert response.will_close or not expected.closes
        assert content == expected.content
        assert response.isclosed() and response.read() == b""


def splits(data):
    """Whole, and in two pieces."""
    return [arrive.whole, *(arrive.split_at(point) for point in range(1, len(data)))]


@in_each_way("way", {"socket": arrive.pair, "file": arrive.buffered, "fed": arrive.fed})
@pytest.mark.parametrize(("data", "method", "default", "strict"), CASES)
def test_vulnerable_response_has_the_outcome_of_the_policy(data, method, default, strict, way):
    for cuts in splits(data):
        for mode, expected in ((None, default), (True, strict), (False, default)):
            with way(data, cuts) as arrival:
                judge(arrival, method, mode, expected)


# --- without an end ------------------------------------------------------------------------------

class Endless(io.RawIOBase):
    """A stream that goes on for ever; `taken` is how much of it was wanted."""

    def __init__(self, head, unit):
        self.rest = head
        self.block = unit * (4096 // len(unit) + 1)
        self.taken = 0

    def readable(self):
        return True

    def readinto(self, space):
        if not self.rest:
            self.rest = self.block
        piece = self.rest[:len(space)]
        self.rest = self.rest[len(piece):]
        space[:len(piece)] = piece
        self.taken += len(piece)
        return len(piece)


INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"
TINY = b"1;" + b"e" * 1000 + b"\r\nx\r\n"

# (advisory, beginning, what then comes for ever, exception)
FLOODS = [
    pytest.param(head, unit, error, id=f"{name}: {what}")
    for name, what, head, unit, error in [
        ("CVE-2013-1752", "http.client read a status line of any length",
         b"HTTP/1.1 200 ", b"x", "LineTooLong"),
        ("CVE-2013-1752", "http.client read a field line of any length",
         OK + b"A: ", b"x", "LineTooLong"),
        ("CVE-2013-1752", "http.client read any number of fields",
         OK, b"A: b\r\n", "HTTPException"),
        ("CVE-2013-1752 CVE-2017-2885",
         "http.client read a chunk-size line of any length, libsoup wrote it beyond its room",
         CHUNKED + b"5;", b"x", "LineTooLong"),
        ("CVE-2021-3737", "http.client read fields behind 100 Continue for ever",
         INTERIM[:-2], b"A: b\r\n", "HTTPException"),
        ("CVE-2021-3737", "http.client read 100 Continue for ever", b"", INTERIM, "HTTPException"),
        ("GHSA-w4q2-g22w-6fr4", "http.client read interim responses for ever",
         b"", b"HTTP/1.1 103 x\r\nA: b\r\n\r\n", "HTTPException"),
        ("GHSA-w4q2-g22w-6fr4", "http.client read trailer lines for ever",
         CHUNKED + HELLO + b"0\r\n", b"A: b\r\n", "HTTPException"),
        ("CVE-2026-22815 CVE-2023-46589", "aiohttp and Tomcat had no limit for a trailer section",
         CHUNKED + HELLO + b"0\r\n", b"A: " + b"x" * 60_000 + b"\r\n", "HTTPException"),
        ("CVE-2023-46589", "Tomcat took what came behind a long trailer for the next message",
         CHUNKED + HELLO + b"0\r\nA: ", b"x", "LineTooLong"),
        ("CVE-2023-38039 CVE-2018-12121", "curl and Node kept fields without a limit",
         OK, b"A: " + b"x" * 60_000 + b"\r\n", "HTTPException"),
        ("CVE-2021-31525", "Go's client ran out of stack in a long field line",
         OK + b"A: ", b"b,", "LineTooLong"),
        ("CVE-2024-22019 CVE-2024-21647 CVE-2012-3544",
         "Node, Puma and Tomcat read chunk extensions without a limit",
         CHUNKED + b"5", b";a=b", "LineTooLong"),
        ("CVE-2023-39326", "Go read many times the content in chunk extensions",
         CHUNKED, TINY, "IncompleteRead"),
    ]
]


@pytest.mark.parametrize("mode", [None, True])
@pytest.mark.parametrize(("head", "unit", "error"), FLOODS)
def test_flood_from_a_file_raises_at_a_limit(head, unit, error, mode):
    stream = Endless(head, unit)
    sock = arrive.Fake(b"", lambda data: io.BufferedReader(stream))
    with httpclient.HTTPResponse(sock, method="GET", strict=mode) as response:
        with pytest.raises(getattr(httpclient, error)):
            response.begin()
            response.read()
    assert stream.taken < 3 << 20


@in_each_way("size", {"small pieces": 53, "large pieces": 100_000})
@pytest.mark.parametrize("mode", [None, True])
@pytest.mark.parametrize(("head", "unit", "error"), FLOODS)
def test_flood_fed_to_a_parser_raises_at_a_limit(head, unit, error, mode, size):
    """With no more memory than the limits allow."""
    parser = httpclient.ResponseParser("GET", strict=mode)
    stream = io.BufferedReader(Endless(head, unit), 100_000)
    taken = 0
    tracemalloc.start()
    try:
        with pytest.raises(getattr(httpclient, error)):
            while taken < 3 << 20:
                taken += size
                parser.feed(stream.read(size))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 << 20
    assert parser.failed and parser.will_close


@pytest.mark.parametrize("mode", [None, True])
@pytest.mark.parametrize(("head", "unit", "error"), FLOODS)
def test_flood_from_a_socket_raises_at_a_limit(head, unit, error, mode):
    data = head + unit * ((3 << 20) // len(unit))
    with arrive.pair(data) as arrival:
        arrival.deliver()
        with httpclient.HTTPResponse(arrival.sock, method="GET", strict=mode) as response:
            with pytest.raises(getattr(httpclient, error)):
                response.begin()
                response.read()


@pytest.mark.parametrize("data", [
    pytest.param(OK + b"Content-Length: 4611686018427387904\r\n\r\nhello", id="length"),
    pytest.param(CHUNKED + b"4000000000000000\r\nhello", id="chunk size"),
])
@in_each_way("way", {"socket": arrive.pair, "file": arrive.memory, "fed": arrive.fed})
def test_cve_2025_13836_announced_size(data, way):
    """http.client allocated what a server announced before it had sent it."""
    with way(data) as arrival:
        arrival.deliver()
        with arrival.response(httpclient, "GET") as response:
            response.begin()
            tracemalloc.start()
            try:
                with pytest.raises(httpclient.IncompleteRead) as caught:
                    response.read()
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
    assert caught.value.partial == b"hello"
    assert peak < 4 << 20


def test_cve_2015_2080_message_of_an_earlier_response():
    """Jetty showed octets of other messages when it complained of a bad one (JetLeak)."""
    secret = b"the secret of another response"
    with arrive.pair(b"") as arrival:
        conn = httpclient.HTTPConnection("localhost")
        conn.sock = arrival.sock
        conn.request("GET", "/")
        arrival.peer.sendall(OK + b"Content-Length: %d\r\n\r\n" % len(secret) + secret)
        assert conn.getresponse().read() == secret
        conn.request("GET", "/")
        arrival.peer.sendall(OK + b"A\0: b\r\n\r\n")
        with pytest.raises(httpclient.BadHeaderLine) as caught:
            conn.getresponse()
        assert "secret" not in f"{caught.value!r} {caught.value} {caught.value.__dict__}"


@in_each_way("way", {"socket": arrive.pair, "file": arrive.buffered})
def test_cve_2024_25111_cve_2025_69229_many_chunks(way):
    """Squid went one call deeper for each chunk, aiohttp took long for many small ones."""
    count = 200_000
    with way(CHUNKED + b"1\r\nx\r\n" * count + LAST) as arrival:
        arrival.deliver()
        with httpclient.HTTPResponse(arrival.sock, method="GET") as response:
            response.begin()
            begin = time.process_time()
            assert response.read() == b"x" * count
            assert time.process_time() - begin < 10     # it takes one, by steps


def test_cve_2024_24791_final_response_to_100_continue():
    """Go's client could not use the connection again that had brought it."""
    with arrive.pair(b"") as arrival:
        conn = httpclient.HTTPConnection("localhost")
        conn.auto_open = 0
        conn.sock = arrival.sock
        for status in (417, 200):
            conn.request("POST", "/", b"x" * 1000, {"Expect": "100-continue"})
            arrival.peer.sendall(b"HTTP/1.1 %d x\r\nContent-Length: 5\r\n\r\nhello" % status)
            response = conn.getresponse()
            assert (response.status, response.read()) == (status, b"hello")
        conn.close()
        arrival.peer.settimeout(5)
        sent = arrival.peer.makefile("rb").read()
        assert sent.count(b"POST / HTTP/1.1\r\n") == 2 and sent.count(b"x" * 1000) == 2

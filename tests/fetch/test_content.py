# SPDX-License-Identifier: MIT
"""Content of a Fetcher's answers: sinks, `max_content`, and `decode`, however it arrives."""

import contextlib
import functools
import io

import pytest

import httpclient
from httpclient.decoding import (
    ContentTooLong, Decoder, TruncatedContent, UnknownCoding, decoded,
)
from support import arrive, fetched
from support.codings import CODING_OF, CONTENTS, FORMATS, until_error
from support.ways import in_each_way

TEXT = CONTENTS["text"]
CUTS = {"whole": None, "byte by byte": arrive.bytewise,
        **{f"split at {point}": arrive.split_at(point) for point in (1, 17, 40, 70, 90, 120, 300)}}


def wire_of(content, *fields, framing="length"):
    head = b"HTTP/1.1 200 OK\r\n" + b"".join(line + b"\r\n" for line in fields)
    if framing == "length":
        return head + b"Content-Length: %d\r\n\r\n" % len(content) + content
    if framing == "close":
        return head + b"\r\n" + content
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(content[at:at + 70]), content[at:at + 70])
                      for at in range(0, len(content), 70))
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"


framings = pytest.mark.parametrize("framing", ["length", "chunked", "close"])


class Sink:
    """A sink; `pieces` are what it was given."""

    def __init__(self):
        self.pieces = []

    def __call__(self, piece):
        assert type(piece) is bytes and piece
        self.pieces.append(piece)

    @property
    def content(self):
        return b"".join(self.pieces)


def answers(wire, sinks=(None,), method="GET", cuts=CUTS, **options):
    """The answers to requests for the same response, one for each way to cut it."""
    arrivals = [arrive.pair(wire, cut) for cut in cuts.values()]
    with fetched.receiving(arrivals, **options) as fetcher:
        for number in range(len(arrivals)):
            sink = sinks[number % len(sinks)]
            fetcher.add(httpclient.Request(method, fetched.url(number), sink=sink,
                                           context=[*cuts][number]))
        found = list(fetcher)
    assert len(found) == len(cuts)
    return found


def content_and_error(wire, cuts=CUTS, **options):
    """What all answers have: (content, the error's class or None); with sinks and without."""
    seen = set()
    for answer in answers(wire, cuts=cuts, **options):
        seen.add((answer.content, type(answer.error)))
    for answer in answers(wire, cuts=cuts, **options):
        seen.add((answer.content, type(answer.error)))
    for name, cut in cuts.items():
        sink = Sink()
        (answer,) = answers(wire, [sink], cuts={name: cut}, **options)
        assert answer.content == b""
        seen.add((sink.content, type(answer.error)))
    (one,) = seen
    return one[0], None if one[1] is type(None) else one[1]


# --- sinks ---------------------------------------------------------------------------------------

@framings
def test_content_goes_to_a_function(framing):
    assert content_and_error(wire_of(TEXT, framing=framing)) == (TEXT, None)


@framings
def test_content_goes_to_a_file(framing):
    file = io.BytesIO()
    (answer,) = answers(wire_of(TEXT, framing=framing), [file], cuts={"": arrive.split_at(60)})
    assert (answer.error, answer.content, file.getvalue()) == (None, b"", TEXT)


BROKEN = {
    "bad chunk size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nx\r\n",
    "no end of a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloxx",
    "end of stream in a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhello",
    "end of stream": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
}


@pytest.mark.parametrize("wire", BROKEN.values(), ids=BROKEN)
def test_a_sink_gets_the_content_before_broken_framing(wire):
    assert content_and_error(wire) == (b"hello", httpclient.IncompleteRead)
    for answer in answers(wire, [Sink()]):
        assert answer.error.partial == b""
    for answer in answers(wire):
        assert answer.error.partial == answer.error.args[0] == b"hello"


def test_a_sink_gets_the_content_before_a_long_line():
    wire = BROKEN["bad chunk size"].replace(b"x\r\n", b"1;" + b"x" * 5000)
    assert content_and_error(wire) == (b"hello", httpclient.LineTooLong)


def test_a_sink_gets_the_content_of_http_0_9():
    assert content_and_error(b"hello", strict=False) == (b"hello", None)


def test_a_sink_gets_nothing_where_there_is_no_content():
    for wire, method in [(wire_of(TEXT), "HEAD"), (wire_of(b""), "GET"),
                         (b"HTTP/1.1 204 No Content\r\n\r\n", "GET"),
                         (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "GET")]:
        sink = Sink()
        for answer in answers(wire, [sink], method):
            assert (answer.error, answer.content) == (None, b"")
        assert sink.pieces == []


class Refuses(Exception):
    """What a sink raises."""


@framings
def test_an_exception_of_a_sink_is_the_error_of_its_answer_alone(framing):
    def sink(piece):
        raise Refuses

    found = answers(wire_of(TEXT, framing=framing), [sink, None])
    for answer in found:
        if answer.request.sink is None:
            assert (answer.error, answer.content) == (None, TEXT)
        else:
            assert isinstance(answer.error, Refuses)
            assert (answer.status, answer.content) == (200, b"")


# --- max_content ---------------------------------------------------------------------------------

@pytest.mark.parametrize("size", [0, 1, 69, 70, 71, 200])
@framings
def test_max_content_is_a_bound(framing, size):
    for length in {0, size - 1, size, size + 1, 5 * size + 300}:
        content = TEXT[:max(length, 0)]
        expected = (content, None) if len(content) <= size else (content[:size], ContentTooLong)
        assert content_and_error(wire_of(content, framing=framing), max_content=size) == expected


def test_max_content_comes_before_broken_framing():
    wire = BROKEN["bad chunk size"]
    assert content_and_error(wire, max_content=4) == (b"hell", ContentTooLong)
    assert content_and_error(wire, max_content=5) == (b"hello", httpclient.IncompleteRead)


# --- decode --------------------------------------------------------------------------------------

def coded(content, *formats, framing="length"):
    """A response with this content in these codings, the first one innermost."""
    for name in formats:
        content = FORMATS[name][1](content)
    return wire_of(content, b"Content-Encoding: " + ", ".join(
        CODING_OF[name] for name in formats).encode(), framing=framing)


decodes = functools.partial(content_and_error, decode=True)
formats = pytest.mark.parametrize("name", FORMATS)


@formats
@framings
def test_content_is_decoded(name, framing):
    assert decodes(coded(TEXT, name, framing=framing)) == (TEXT, None)
    assert decodes(coded(b"", name, framing=framing)) == (b"", None)


@formats
def test_codings_on_top_of_each_other_are_removed(name):
    assert decodes(coded(TEXT, name, "gzip", "zlib", framing="chunked")) == (TEXT, None)


def test_content_without_a_coding_stays_as_it_is():
    assert decodes(wire_of(TEXT)) == (TEXT, None)
    assert decodes(wire_of(TEXT, b"Content-Encoding: identity")) == (TEXT, None)


def test_coded_content_stays_as_it_is_without_decode():
    wire = coded(TEXT, "gzip")
    assert content_and_error(wire)[0] == FORMATS["gzip"][1](TEXT)


@formats
def test_content_cut_within_its_coding_is_an_error(name):
    content = FORMATS[name][1](TEXT)[:-3]
    wire = wire_of(content, b"Content-Encoding: " + CODING_OF[name].encode())
    found, error = decodes(wire)
    assert error is TruncatedContent
    assert TEXT.startswith(found)
    assert found == until_error(Decoder(CODING_OF[name]), [content])[0]


def by_decoded(wire, most):
    """What decoded() makes of a response on a connection: (content, error's class, its text)."""
    with arrive.pair(wire) as arrival, contextlib.closing(
            httpclient.HTTPConnection("localhost")) as connection:
        connection.sock = arrival.sock
        connection.request("GET", "/")
        arrival.deliver()
        try:
            return decoded(connection.getresponse(), max_length=most).read(), None, None
        except httpclient.HTTPException as error:
            return error.partial, type(error), str(error)


@formats
@pytest.mark.parametrize("most", [None, 100])
def test_damaged_content_is_that_of_decoded(name, most):
    """One byte is another one, or the content is cut, or more comes after it."""
    good = FORMATS[name][1](TEXT)
    damaged = [good[:at] + bytes([good[at] ^ 0x41]) + good[at + 1:] for at in range(len(good))]
    damaged += [good[:at] for at in range(len(good))] + [good + b"more", good + good]
    cuts = {"whole": None, "byte by byte": arrive.bytewise, "split at 90": arrive.split_at(90)}
    errors = set()
    for content in damaged:
        wire = wire_of(content, b"Content-Encoding: " + CODING_OF[name].encode())
        expected = by_decoded(wire, most)
        errors.add(expected[1])
        for answer in answers(wire, cuts=cuts, decode=True, max_content=most):
            error = answer.error
            found = answer.content, error and type(error), error and str(error)
            assert found == expected, (content, answer.request.context)
    assert len(errors) > 1


def test_broken_framing_of_coded_content_gives_what_could_be_decoded():
    wire = coded(TEXT, "gzip", framing="chunked")
    wire = wire[:wire.rindex(b"0\r\n\r\n")] + b"x\r\n"
    assert decodes(wire) == (TEXT, httpclient.IncompleteRead)


def test_an_unknown_coding_is_an_error():
    wire = wire_of(TEXT, b"Content-Encoding: unheard-of")
    assert decodes(wire) == (b"", UnknownCoding)
    assert content_and_error(wire) == (TEXT, None)


@in_each_way("response", {
    "HEAD": ("HEAD", wire_of(TEXT, b"Content-Encoding: gzip")[:-len(TEXT)]),
    "204": ("GET", b"HTTP/1.1 204 No Content\r\nContent-Encoding: gzip\r\n\r\n"),
    "304": ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Encoding: gzip\r\n\r\n"),
    "length 0": ("GET", wire_of(b"", b"Content-Encoding: gzip")),
    "unknown coding": ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Encoding: unheard-of\r\n\r\n"),
})
def test_a_coding_of_no_content_is_no_error(response):
    method, wire = response
    for answer in answers(wire, method=method, decode=True):
        assert (answer.error, answer.content) == (None, b"")


@formats
@pytest.mark.parametrize("size", [0, 1, 1000, 199_999])
def test_max_content_bounds_what_is_decoded(name, size):
    cuts = {"whole": None, "split at 90": arrive.split_at(90)}
    wire = coded(CONTENTS["zeros"], name)
    assert decodes(wire, cuts, max_content=size) == (bytes(size), ContentTooLong)
    assert decodes(wire, cuts, max_content=200_000) == (bytes(200_000), None)


@formats
def test_a_bomb_is_decoded_in_bounded_pieces(name):
    bomb = coded(bytes(50_000_000), name, "gzip")
    if len(bomb) > arrive.ROOM:
        pytest.skip("this coding makes no bombs")
    sizes = []
    (answer,) = answers(bomb, [lambda piece: sizes.append(len(piece))], cuts={"": None},
                        decode=True)
    assert answer.error is None
    assert sum(sizes) == 50_000_000 and max(sizes) <= 256 * 1024

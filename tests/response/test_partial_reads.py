# SPDX-License-Identifier: MIT
"""Content by pieces in one call in C each: the same as by steps, whatever calls are mixed."""

import random

import pytest

import httpclient
from httpclient._core.response_state import response_state
from support import arrive
from support.outcome import describe

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
SIZES = (0, 1, 2, 3, 8, 20, 100, 511, 512, 513, 5000, 20_000, -1)
CASES = 500


def begun(arrival, method="GET", **options):
    arrival.deliver()
    response = arrival.response(httpclient, method, **options)
    response.begin()
    return response


# --- any calls, any wire -------------------------------------------------------------------------

def chunks(chance, content):
    at = 0
    while at < len(content):
        piece = content[at:at + chance.choice((1, 2, 7, 100, 700))]
        extension = chance.choice((b"", b"", b"", b";e", b";" + 300 * b"e"))
        yield b"%x%b\r\n%b\r\n" % (len(piece), extension, piece)
        at += len(piece)
    yield b"0\r\n" + chance.choice((b"", b"", b"T: u\r\n")) + b"\r\n"


def damaged(chance, body):
    at = chance.randrange(len(body) + 1)
    return chance.choice((
        body[:at], body[:at] + chance.choice((b"\r", b"\n", b"0", b";", b"z")) + body[at + 1:],
        body[:at] + chance.choice((b"\r\n", b"0\r\n\r\n", 18 * b"f")) + body[at:],
        body + b"surplus",
    ))


def wire(chance):
    """(method, octets) of a response, of which some are damaged, to be read by pieces."""
    content = bytes(chance.choices(b"abcdefgh\r\n", k=chance.choice((0, 1, 5, 100, 600, 3000))))
    fields, body = chance.choice((
        (b"Transfer-Encoding: chunked\r\n", b"".join(chunks(chance, content))),
        (b"Transfer-Encoding: chunked\r\n", b"".join(chunks(chance, content))),
        (b"Content-Length: %d\r\n" % len(content), content),
        (b"Content-Length: %d\r\n" % (len(content) + chance.choice((1, 2**62))), content),
        (b"", content),
    ))
    if chance.random() < 0.25:
        body = damaged(chance, body)
    status = chance.choice((*12 * (OK,), b"HTTP/1.1 304 No\r\n"))
    return chance.choice((*12 * ("GET",), "HEAD")), status + fields + b"\r\n" + body


def way_of(chance, octets):
    head = octets.index(b"\r\n\r\n") + 4
    points = sorted(chance.sample(range(1, len(octets) + 1), min(len(octets), 20)))
    return chance.choice((
        arrive.whole, arrive.bytewise, arrive.split_at(head), arrive.split_at(points[0]),
        lambda at: next((point for point in points if point > at), 1 << 62),
    ))


def into(response, size, form="B"):
    space = bytearray(4 * abs(size))
    return response.readinto(memoryview(space).cast(form)), bytes(space)


def set_something(response, size):
    """What programs set that read a part by themselves."""
    if response.chunked and size % 2:
        response.chunk_left = response.chunk_left and response.chunk_left // 2 + 1
    elif response.length:
        response.length = None if size == 100 else response.length // 2 + 1
    elif size > 500 and response.chunked:
        response.chunked = False


CALLS = {
    "read": lambda response, size: response.read(size),
    "readinto": lambda response, size: response.readinto(bytearray(abs(size))),
    "readinto a view": lambda response, size: into(response, size, "I"),
    "read1": lambda response, size: response.read1(),
    "read1, limited": lambda response, size: response.read1(size),
    "peek": lambda response, size: response.peek(size),
    "readline": lambda response, size: response.readline(),
    "readline, limited": lambda response, size: response.readline(size),
    "iteration": lambda response, size: next(response, None),
}
RARELY = {
    "all": lambda response, size: response.read(),
    "readline of fp": lambda response, size: response.fp and response.fp.readline(),
    "_safe_read": lambda response, size: response.fp and response._safe_read(abs(size)),
    "set": set_something,
}


def script(chance):
    """Calls with a size, to be made one after the other."""
    names = chance.sample(list(CALLS), chance.choice((1, 2, len(CALLS))))
    for _ in range(chance.choice((5, 40, 150))):
        yield chance.choice(names if chance.random() < 0.97 else list(RARELY)), chance.choice(SIZES)
    yield from [("all", 0)] * 2


def told(response, calls, stepwise):
    """The result of each call, and the response's attributes after it."""
    if stepwise:
        # An attribute of the object stands for a method that a program watches.
        response._close_conn = response._close_conn
    for name, size in calls:
        try:
            got = (CALLS | RARELY)[name](response, size)
        except Exception as error:
            got = describe(error), str(error.__cause__)
        fp = response.fp
        yield (name, size, got, response.length, response.chunk_left, response.will_close,
               response.incomplete, response_state(response).trailer_section,
               fp is None or fp.unread)


@pytest.mark.parametrize("strict", [None, True])
def test_mixed_calls_give_the_outcome_of_steps(strict):
    for seed in range(CASES):
        chance = random.Random(seed)
        method, octets = wire(chance)
        way = way_of(chance, octets)
        calls = list(script(chance))
        both = []
        for stepwise in (False, True):
            with arrive.pair(octets, way) as arrival:
                with begun(arrival, method, strict=strict) as response:
                    both.append(list(told(response, calls, stepwise)))
        for ours, by_steps in zip(*both, strict=True):
            assert ours == by_steps, f"seed {seed}"


# --- limits --------------------------------------------------------------------------------------

@pytest.mark.parametrize("take", [
    lambda response: response.readline(), lambda response: (response.peek(), response.read(1)),
    lambda response: response.read1() + response.read(1),
])
@pytest.mark.parametrize("way", [None, arrive.bytewise])
def test_endless_framing_is_refused_in_c_and_by_steps(take, way):
    """What is read in C and what by steps is counted apart: twice the limit at most."""
    octets = CHUNKED + 21 * (b"1;" + 400 * b"e" + b"\r\nx\r\n") + b"0\r\n\r\n"
    with arrive.pair(octets, way) as arrival, begun(arrival) as response:
        state = response_state(response)
        state.limits = state.limits._replace(chunk_overhead=4000)
        with pytest.raises(httpclient.IncompleteRead) as caught:
            for _ in range(21):
                take(response)
        assert "more chunk framing" in str(caught.value.__cause__)


# --- replaced methods ----------------------------------------------------------------------------

@pytest.mark.parametrize("on", ["the class", "the object"])
@pytest.mark.parametrize(("call", "step", "given"), [
    (lambda response: response.read(3), "_read_chunked", b"own"),
    (lambda response: response.readinto(bytearray(3)), "_readinto_chunked", 2),
    (lambda response: response.read1(3), "_read1_chunked", b"own"),
    (lambda response: response.peek(), "_peek_chunked", b"own"),
    (lambda response: response.readline(1), "_peek_chunked", b"hello"),
    (lambda response: response.readline(3), "_read_chunked", b"own"),
])
def test_a_replaced_method_that_reads_chunks_is_called(call, step, given, on):
    called = []

    def replaced(self, *args):
        called.append(args)
        return given

    cls = type("Own", (httpclient.HTTPResponse,), {step: replaced} if on == "the class" else {})
    with arrive.pair(CHUNKED + b"5\r\nhello\r\n0\r\n\r\n") as arrival:
        arrival.deliver()
        with cls(arrival.sock) as response:
            response.begin()
            if on == "the object":
                setattr(response, step, replaced.__get__(response))
            assert call(response) in (given, b"h") and called


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("other", [lambda: [1], lambda: None, "another response's"])
def test_chunks_of_another_response_are_not_read(call, other):
    octets = CHUNKED + b"5\r\nhel\nx\r\n5\r\nworld\r\n0\r\n\r\n"
    with arrive.pair(octets) as arrival, begun(arrival) as response, \
            arrive.pair(CHUNKED + b"ffff\r\n" + 12_000 * b"x") as more, begun(more) as second:
        second.peek()
        second.read(2)
        response_state(response).body = (
            other() if callable(other) else response_state(second).body)
        response.chunk_left = None if callable(other) else 0xFFFF
        try:
            CALLS[call](response, 8000)
        except (httpclient.IncompleteRead, AttributeError, TypeError):
            pass
        assert second.fp.unread <= 12_000 and response.fp is None or response.fp.unread <= 40

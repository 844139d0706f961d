# SPDX-License-Identifier: MIT
"""Generated responses, whole and damaged, are the same through a Fetcher and a connection."""

import contextlib
import functools
import socket

import pytest

import httpclient

pytest.importorskip("hypothesis", reason="hypothesis is not installed: no property tests")
pytest.importorskip("h11", reason="h11 is not installed: nothing to compare with")
pytest.importorskip("httptools", reason="httptools is not installed: nothing to compare with")

from hypothesis import given, note  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from policy.test_properties import MODES, tried  # noqa: E402
from support import arrive, fetched, generate  # noqa: E402

LIMITS = [
    {}, {}, {"max_response_line": 60}, {"max_response_headers": 2}, {"max_response_head": 120},
    {"max_interim_responses": 1}, {"max_chunk_line": 8}, {"max_chunk_overhead": 100},
]


def deliver(arrival, made, has_line):
    """Send a response, after an empty line if `has_line`."""
    arrival.peer.sendall(b"\r\n" * has_line + made.data)
    if made.until_close:
        arrival.peer.shutdown(socket.SHUT_WR)


def on_one_connection(series, empty_lines, cuts, strict):
    """The outcomes of these responses on one connection, by HTTPConnection and by a Fetcher.

    An empty line comes before some of them, from the second one on.
    """
    with (arrive.pair(b"") as first, arrive.pair(b"", cuts) as second,
          contextlib.closing(httpclient.HTTPConnection("localhost", strict=strict)) as connection,
          fetched.supplied([second.sock], strict=strict) as fetcher):
        connection.auto_open = 0
        connection.sock = first.sock
        for made, has_line in zip(series, [False, *empty_lines]):
            expected = fetched.exchange(
                connection, made.method, functools.partial(deliver, first, made, has_line))
            fetcher.add(httpclient.Request(made.method, fetched.url(0)))
            fetcher.turn(0)
            deliver(second, made, has_line)
            (answer,) = fetcher
            found = fetched.outcome(answer)
            found["open"] = fetcher.open == 1
            yield expected, found
            if not (expected["open"] and found["open"]):
                break


def same(data, method, cuts, **options):
    note(f"bytes: {data!r}")
    expected = fetched.by_connection(arrive.pair(data), method, **options)
    outcomes = fetched.by_fetcher([arrive.pair(data, cut) for cut in cuts], method, **options)
    for found in outcomes:
        assert not fetched.difference(expected, found)


@tried(200)
@given(generate.responses(), generate.surplus, st.lists(generate.cuts, min_size=1, max_size=4),
       st.sampled_from(MODES), st.sampled_from(LIMITS))
def test_valid_response_is_the_same(made, surplus, cuts, strict, limits):
    surplus = b"" if made.until_close else surplus
    same(made.data + surplus, made.method, [None, *cuts], strict=strict, **limits)


@tried(200)
@given(generate.responses(), generate.surplus,
       st.lists(st.tuples(generate.damage, generate.cuts), min_size=1, max_size=6),
       st.sampled_from(MODES), st.sampled_from(LIMITS))
def test_damaged_response_is_the_same(made, surplus, damages, strict, limits):
    for edits, cuts in damages:
        data = generate.damaged(made.data + surplus, edits)
        same(data, made.method, [None, cuts], strict=strict, **limits)


@tried(100)
@given(st.lists(generate.responses(), min_size=2, max_size=4),
       st.lists(st.booleans(), min_size=3, max_size=3), generate.cuts, st.sampled_from(MODES))
def test_responses_on_one_connection_are_the_same(series, empty_lines, cuts, strict):
    for expected, found in on_one_connection(series, empty_lines, cuts, strict):
        assert not fetched.difference(expected, found)
        if not expected["open"] or expected["error"] is not None:
            break
        assert found["open"]

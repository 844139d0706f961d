# SPDX-License-Identifier: MIT
"""Properties of Decoder: any content, under any codings, in any pieces, within any bounds.

What is tried is the same in every run; HTTPCLIENT_EXAMPLES=<number> tries so many other examples.
"""

import os

import pytest

from httpclient.decoding import ContentTooLong, Decoder
from support.codings import FORMATS, fed, until_error

pytest.importorskip("hypothesis", reason="hypothesis is not installed: no property tests")

from hypothesis import HealthCheck, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

EXAMPLES = int(os.environ.get("HTTPCLIENT_EXAMPLES", "0"))
tried = settings(max_examples=EXAMPLES or 150, derandomize=not EXAMPLES, database=None,
                 deadline=None, print_blob=True, suppress_health_check=list(HealthCheck))

contents = st.one_of(
    st.binary(max_size=300),
    st.builds(lambda piece, count: piece * count, st.binary(max_size=20),
              st.integers(0, 5000)),
    st.builds(lambda first, count, last: first + bytes(count) + last, st.binary(max_size=20),
              st.integers(0, 200_000), st.binary(max_size=20)))
formats = st.lists(st.sampled_from(sorted(FORMATS)), min_size=1, max_size=5)
cuts = st.lists(st.integers(1, 3000), min_size=1, max_size=5)
bounds = st.one_of(st.none(), st.integers(50, 100_000))


def encoded(content, names):
    for name in names:
        content = FORMATS[name][1](content)
    return content, ", ".join(FORMATS[name][0] for name in names)


def pieces(data, sizes):
    """Cut into pieces of these sizes, over and over."""
    at, found = 0, []
    while at < len(data):
        size = sizes[len(found) % len(sizes)]
        found.append(data[at:at + size])
        at += size
    return found


@tried
@given(contents, formats, cuts, bounds)
def test_round_trip(content, names, sizes, bound):
    wire, value = encoded(content, names)
    size = len(content)
    assert fed(Decoder(value, max_length=size), pieces(wire, sizes), bound) == content
    assert fed(Decoder(value), [wire]) == content
    if size:
        found, error = until_error(Decoder(value, max_length=size - 1), pieces(wire, sizes), bound)
        assert type(error) is ContentTooLong and found == content[:-1]


@tried
@given(contents, formats, cuts, bounds, st.floats(0, 1), st.integers(0, 255), st.booleans())
def test_damaged(content, names, sizes, bound, where, byte, cut):
    """Refused or decoded, the same in pieces as at once, and never wrong if it has a checksum."""
    wire, value = encoded(content, names)
    at = min(int(len(wire) * where), len(wire) - 1)
    wire = wire[:at] + (b"" if cut else bytes([byte]) + wire[at + 1:])
    limit = 2 * len(content) + 1000
    found, error = until_error(Decoder(value, max_length=limit), [wire])
    again, other = until_error(Decoder(value, max_length=limit), pieces(wire, sizes), bound)
    assert type(other) is type(error)
    assert found.startswith(again) or again.startswith(found)
    if error is None and FORMATS[names[-1]][2]:
        assert found == again == (content if wire else b"")


@tried
@given(st.binary(min_size=1, max_size=2000), formats, cuts)
def test_any_bytes(data, names, sizes):
    value = ", ".join(FORMATS[name][0] for name in names)
    found, error = until_error(Decoder(value, max_length=1 << 20), [data])
    again, other = until_error(Decoder(value, max_length=1 << 20), pieces(data, sizes))
    assert (found, type(error)) == (again, type(other))

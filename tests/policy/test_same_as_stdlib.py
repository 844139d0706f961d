# SPDX-License-Identifier: MIT
"""httpclient makes of every wire what the stdlib makes of it, however it is read and arrives.

Wires times ways of reading times ways of arrival.  Where the policy for hostile bytes has a row for
a wire, the stdlib reads the plain response that `support.policy` makes of it, or there must be a
refusal; everything else is the same to the last byte left in the file.
"""

import functools

import pytest

import httpclient
from support import arrive, newest, policy, reads, wires
from support.compare import differences
from support.outcome import observe
from support.ways import in_each_way

WAYS = {
    "memory": (arrive.memory, "response"),
    "minimal file": (arrive.minimal, "response"),
    "buffered file": (arrive.buffered, "response"),
    "buffered file, bytewise": (
        functools.partial(arrive.buffered, cuts=arrive.bytewise), "response"),
    "buffered file, connection": (arrive.buffered, "connection"),
    "socket": (arrive.pair, "response"),
    "socket, bytewise": (functools.partial(arrive.pair, cuts=arrive.bytewise), "response"),
    "socket, connection": (arrive.pair, "connection"),
    "socket, connection, bytewise": (
        functools.partial(arrive.pair, cuts=arrive.bytewise), "connection"),
}

# What is read where reading in every way would take too long.
SOME = ["read", "read(3)", "readinto(4)", "readline", "read1", "_get_chunk_left"]


def assert_same(wire, names, way, through):
    wrong = {}
    for name in names:
        if found := differences(httpclient, wire.data, wire.method, name, way, through):
            wrong[name] = found
    assert not wrong, "\n".join(f"{name}: {found}" for name, found in wrong.items())


@in_each_way("way, through", WAYS)
@pytest.mark.parametrize("wire", wires.table(*wires.WIRES))
def test_wire_reads_as_in_http_client(wire, way, through):
    assert_same(wire, reads.SCRIPTS if len(wire.data) < 5000 else reads.LARGE, way, through)


@in_each_way("way", {"buffered file": arrive.buffered, "socket": arrive.pair})
@pytest.mark.parametrize("wire", wires.table(*(w for w in wires.WIRES if len(w.data) < 600)))
def test_wire_split_at_each_point_reads_as_in_http_client(wire, way):
    for point in range(1, len(wire.data)):
        cut = functools.partial(way, cuts=arrive.split_at(point))
        names = ["read", SOME[1 + point % (len(SOME) - 1)]]
        assert_same(wire, names, cut, "response")


@in_each_way("record", {"one record": None, "records of 7 bytes": 7})
@pytest.mark.parametrize("wire", wires.table(*(w for w in wires.WIRES if len(w.data) < 600)))
def test_wire_over_tls_reads_as_in_http_client(wire, record, contexts):
    way = arrive.tls(contexts, record)
    assert_same(wire, ["read", "read1", "readline"], way, "response")
    assert_same(wire, ["read(3)"], way, "connection")


@in_each_way("way", {"memory": arrive.memory, "buffered file": arrive.buffered,
                     "buffered file, bytewise": functools.partial(
                         arrive.buffered, cuts=arrive.bytewise), "socket": arrive.pair})
@pytest.mark.parametrize("name", reads.EXACT)
def test_response_of_http_0_9_reads_as_content_that_ends_with_the_stream(name, way):
    """http.client no longer reads HTTP/0.9, so the same content comes to it after a head."""
    script, head = reads.SCRIPTS[name], b"HTTP/1.0 200 OK\r\n\r\n"
    for content in (wires.TEXT, b"HTT", b"H\nTTP/1.1 200 OK\r\n\r\n", b"one line\n" * 3):
        ours = observe(httpclient, way(content), script, strict=False)
        theirs = observe(newest, way(head + content), script)
        if theirs.get("error", {}).get("raised") != "AttributeError":   # no peek() in the file
            assert ours["steps"] == theirs["steps"]


@pytest.mark.parametrize("wire", wires.table(*wires.WIRES))
def test_wire_belongs_to_the_rows_that_it_names(wire):
    assert policy.judge(wire.data, wire.method).rows == set(wire.rows)

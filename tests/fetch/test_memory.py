# SPDX-License-Identifier: MIT
"""What content costs a Fetcher in memory: the content itself, and nothing with a sink.

A process of its own fetches it (isolated/fetched_peak.py), and the peak of its resident memory is
looked at.
"""

import contextlib
import json

import pytest

from support import isolation
from support.servers import Server, read_head

pytestmark = isolation.needs_peak

MIB = 1 << 20
ALLOWED = (16 if isolation.FREE_THREADED else 8) * MIB
OK = b"HTTP/1.1 200 OK\r\n"
BLOCK = b"x" * 65536


class Sends:
    """A handler that answers each GET with so many bytes of content, in this framing."""

    def __init__(self, size, framing):
        self.size = size
        self.framing = framing

    def __call__(self, sock):
        with sock.makefile("rb", 0) as file, contextlib.suppress(ConnectionError):
            while head := read_head(file):
                if head.startswith(b"HEAD"):
                    sock.sendall(OK + b"Content-Length: 0\r\n\r\n")
                    continue
                sock.sendall(OK + {
                    "length": b"Content-Length: %d\r\n\r\n" % self.size, "close": b"\r\n",
                    "chunked": b"Transfer-Encoding: chunked\r\n\r\n"}[self.framing])
                for at in range(0, self.size, len(BLOCK)):
                    self.send_piece(sock, BLOCK[:self.size - at])
                if self.framing == "chunked":
                    sock.sendall(b"0\r\n\r\n")
                if self.framing == "close":
                    return

    def send_piece(self, sock, piece):
        if self.framing == "chunked":
            piece = b"%x\r\n%b\r\n" % (len(piece), piece)
        sock.sendall(piece)


def measured(size, framing, count, where):
    """How far the peak of the resident memory grew, and that of the address space."""
    with Server(Sends(size, framing)) as server:
        process = isolation.run("fetched_peak", f"http://127.0.0.1:{server.port}/", count, where,
                                dev=False)
    assert process.returncode == 0 and not process.stderr, process.stderr
    facts = json.loads(process.stdout)
    assert facts["sizes"] == [size] * count
    assert facts["errors"] == ["NoneType"] * count
    return facts["grown"], facts["space"]


framings = pytest.mark.parametrize("framing", ["length", "chunked", "close"])


@framings
def test_content_for_a_sink_is_not_kept(framing):
    grown, _ = measured(100 * MIB, framing, 1, "sink")
    assert grown < ALLOWED


@framings
def test_large_content_is_kept_once(framing):
    grown, _ = measured(100 * MIB, framing, 1, "content")
    assert grown < 100 * MIB + ALLOWED


@framings
def test_many_contents_are_kept_once(framing):
    """Content of unknown length may take twice its size, in any number of answers."""
    size = 100 * 300 * 1024
    grown, space = measured(size // 100, framing, 100, "content")
    assert grown < (1 if framing == "length" else 2) * size + ALLOWED
    # Where the system reserves memory with address space, each answer would need that.
    assert space < 4 * size + 256 * MIB

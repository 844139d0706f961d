# SPDX-License-Identifier: MIT
"""Responses over TLS and answers to CONNECT are the same through a Fetcher and a connection."""

import contextlib
import socket

import pytest

import httpclient
from policy.test_hostile_bytes import ROWS
from support import arrive, fetched, policy
from support.faults import wait_for_the_end
from support.servers import Server, read_head
from support.wires import WIRES


class Answers:
    """A handler that answers a request for /N with the N-th wire, in pieces of this size."""

    def __init__(self, size=None):
        self.size = size

    def __call__(self, sock):
        with sock.makefile("rb", 0) as file:
            head = read_head(file)
        data = WIRES[int(head.split()[1].removeprefix(b"/"))].data
        step = self.size or len(data) or 1
        with contextlib.suppress(OSError):      # The client may refuse the head, and leave.
            for at in range(0, len(data), step):
                sock.sendall(data[at:at + step])
            end(sock)


def end(sock):
    """End the stream, in TLS without a word, and wait for the client."""
    socket.socket.shutdown(sock, socket.SHUT_WR)
    wait_for_the_end(sock)


@pytest.mark.parametrize("size", [None, 7], ids=["one piece", "small records"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_wires_over_tls_are_the_same(certificates, size, method):
    context = certificates.client()
    numbers = [number for number, wire in enumerate(WIRES)
               if wire.method != "CONNECT" and (size is None or len(wire.data) < 2000)]
    with Server(Answers(size), tls=certificates.server()) as server:
        with httpclient.Fetcher(ssl_context=context, per_host=20, idle=0) as fetcher:
            for number in numbers:
                fetcher.add(httpclient.Request(
                    method, f"https://localhost:{server.port}/{number}", context=number))
            found = {answer.request.context: fetched.outcome(answer) for answer in fetcher}
        assert sorted(found) == numbers
        for number in numbers:
            connection = httpclient.HTTPSConnection("localhost", server.port, context=context)
            with contextlib.closing(connection):
                expected = fetched.exchange(connection, method, lambda: None, f"/{number}")
            expected["open"] = found[number]["open"] = None
            assert not fetched.difference(expected, found[number]), WIRES[number]


# --- proxies -------------------------------------------------------------------------------------

# The error's text tells how many bytes came after an answer, which one reader may not see at once.
CONNECTS = {wire.name: (wire.data, None) for wire in WIRES if len(wire.data) < 10_000}
CONNECTS |= {row.id: (row.values[0], row.values[2]) for row in ROWS if row.values[1] == "CONNECT"}


def is_less_looked_at_by_a_connection(data):
    """Return True if set_tunnel() differs, as http.client does.

    It skips no interim responses, checks neither the version nor the field lines, and begins with
    TLS where the stream has ended within the head.
    """
    response = fetched.by_connection(arrive.pair(data), "HEAD")
    return response["error"] is not None or bool(response["interim"]) or not policy.ends(data)


class Proxy:
    """A handler that gives the answers to CONNECT for hosts named by numbers, and ends."""

    def __init__(self, answers):
        self.answers = answers

    def __call__(self, sock):
        with sock.makefile("rb", 0) as file:
            head = read_head(file)
        name = head.split()[1].split(b":")[0].removeprefix(b"origin-")
        with contextlib.suppress(OSError):
            sock.sendall(self.answers[int(name)])
            end(sock)


@pytest.mark.parametrize("strict", [None, True, False])
def test_answers_to_connect_are_the_same_errors(certificates, strict):
    names = [name for name, (_, mode) in CONNECTS.items() if mode in (None, strict)]
    answers = [CONNECTS[name][0] for name in names]
    context = certificates.client()
    with Server(Proxy(answers)) as proxy:
        with httpclient.Fetcher(ssl_context=context, proxy=f"http://127.0.0.1:{proxy.port}",
                                strict=strict) as fetcher:
            for number in range(len(names)):
                fetcher.add(httpclient.Request("GET", f"https://origin-{number}/", context=number))
            found = {answer.request.context: answer for answer in fetcher}
        for number, name in enumerate(names):
            connection = httpclient.HTTPSConnection("127.0.0.1", proxy.port, context=context,
                                                    strict=strict)
            connection.set_tunnel(f"origin-{number}", 443)
            with contextlib.closing(connection), pytest.raises(Exception) as raised:
                connection.request("GET", "/")
            answer = found[number]
            assert answer.status is None and answer.content == b"", name
            assert answer.error is not None, name
            if not is_less_looked_at_by_a_connection(answers[number]):
                expected = type(raised.value), str(raised.value)
                assert (type(answer.error), str(answer.error)) == expected, name

# SPDX-License-Identifier: MIT
"""Responses through a Fetcher, and through a connection, out of the same bytes.

The bytes arrive as in support.arrive: by a real socket that may be cut, and which takes the place
of a connection that has been opened.  Nothing here needs a thread as long as the bytes fit into the
kernel's buffer.
"""

import contextlib
import socket

import httpclient
from support import arrive

# Each response takes two descriptors, and a process may have few.
AT_ONCE = 200


class Opened:
    """Attempts to connect that have succeeded at once, with this socket."""

    def __init__(self, sock):
        self._sock = sock

    def go_on(self):
        return self._sock

    def close(self):
        """There are no others."""


def url(number):
    """The URL of the origin with this number."""
    return f"http://origin-{number}/"


def supplied(sockets, **options):
    """A Fetcher whose n-th origin is at the other end of the n-th of these sockets."""
    sockets = [*sockets]
    fetcher = httpclient.Fetcher(connections=AT_ONCE, **options)

    def race(transfer, key):
        number = int(key[1].removeprefix("origin-"))
        sock, sockets[number] = sockets[number], None
        if sock is None:
            raise ConnectionRefusedError("there is no second connection")
        sock.setblocking(False)
        return Opened(sock)

    fetcher._opening.race = race
    return fetcher


@contextlib.contextmanager
def receiving(arrivals, **options):
    """A Fetcher whose n-th origin sends what the n-th of `arrivals` has; it has been sent."""
    with contextlib.ExitStack() as stack:
        for arrival in arrivals:
            stack.enter_context(arrival)
            arrival.deliver()
        yield stack.enter_context(supplied([arrival.sock for arrival in arrivals], **options))


def error_of(exc):
    """What is told by an exception; its cause shows what has arrived by then, which differs."""
    if exc is None:
        return None
    facts = {"class": type(exc), "args": exc.args}
    if isinstance(exc, httpclient.LineTooLong):
        return facts | {"partial": getattr(exc, "partial", b"")}    # its line may be longer
    facts["text"] = str(exc)
    for name in ("line", "partial", "expected"):
        if hasattr(exc, name):
            facts[name] = getattr(exc, name)
    return facts


def head_facts(response):
    """What is told by the head of a response or of an answer."""
    return {
        "first line": (response.version, response.status, response.reason),
        "fields": response.getheaders(),
        "headers": response.headers.items(),
        "values": [response.getheader(name.upper()) for name, _ in response.getheaders()],
        "defects": [type(one).__name__ for one in response.headers.defects],
        "raw head": response.raw_head,
        "interim": [(one.status, one.reason, one.headers.items())
                    for one in response.informational],
    }


def by_connection(arrival, method="GET", **options):
    """The outcome of a response on a connection."""
    with arrival, contextlib.closing(
            httpclient.HTTPConnection("localhost", **options)) as connection:
        connection.sock = arrival.sock
        return exchange(connection, method, arrival.deliver)


def exchange(connection, method, deliver, target="/"):
    """The outcome of a request on an open connection; deliver() lets the response arrive."""
    connection.request(method, target)
    deliver()
    try:
        response = connection.getresponse()
    except Exception as exc:
        return {"error": error_of(exc), "content": b"", "open": connection.sock is not None}
    with response:
        seen = head_facts(response)
        try:
            seen["content"] = response.read()
            error = None
        except Exception as exc:
            error = exc
            seen["content"] = getattr(exc, "partial", b"")
        seen["error"] = error_of(error)
        seen["trailers"] = response.trailers.items()
        seen["open"] = connection.sock is not None
        return seen


def by_fetcher(arrivals, method="GET", **options):
    """The outcomes of responses on a Fetcher that receives all of them at once."""
    seen = []
    arrivals = [*arrivals]
    for at in range(0, len(arrivals), AT_ONCE):
        seen += _by_fetcher(arrivals[at:at + AT_ONCE], method, **options)
    return seen


def _by_fetcher(arrivals, method, **options):
    seen = [None] * len(arrivals)
    with receiving(arrivals, **options) as fetcher:
        for number in range(len(arrivals)):
            fetcher.add(httpclient.Request(method, url(number), context=number))
        for answer in fetcher:
            number = answer.request.context
            assert seen[number] is None, "a request has two answers"
            seen[number] = outcome(answer)
            seen[number]["open"] = arrivals[number].sock.fileno() != -1
    return seen


class Lasting(arrive.Pair):
    """The peer does not end the stream."""

    def deliver(self):
        assert len(self.data) <= arrive.ROOM
        self.peer.sendall(self.data)

    def answer(self):
        """Answer the second request on this connection; return False if there was none."""
        asked = self.peer.recv(arrive.ROOM, socket.MSG_DONTWAIT)
        if asked.count(b"\r\n\r\n") < 2:
            return False
        self.peer.sendall(SECOND)
        return True


SECOND = b"HTTP/1.1 299 second\r\nContent-Length: 6\r\n\r\nsecond"


def is_kept_by_connection(data, method, **options):
    """Return True if a connection sends its second request on the same socket."""
    with Lasting(data) as arrival, contextlib.closing(
            httpclient.HTTPConnection("localhost", **options)) as connection:
        connection.auto_open = 0
        connection.sock = arrival.sock
        connection.request(method, "/")
        arrival.deliver()
        with connection.getresponse() as response:
            response.read()
        try:
            connection.request("GET", "/")
        except httpclient.NotConnected:
            return False
        assert arrival.answer()
        with connection.getresponse() as response:
            assert (response.status, response.read()) == (299, b"second")
        return True


def are_kept_by_fetcher(data, cuts, method, **options):
    """Return for each way to cut the data whether a Fetcher sends on the same socket."""
    arrivals = [Lasting(data, cut) for cut in cuts]
    with receiving(arrivals, **options) as fetcher:
        for number in range(len(arrivals)):
            fetcher.add(httpclient.Request(method, url(number)))
        assert [answer.error for answer in fetcher] == [None] * len(arrivals)
        for number in range(len(arrivals)):
            fetcher.add(httpclient.Request("GET", url(number), context=number))
        fetcher.turn(0)
        kept = [arrival.answer() for arrival in arrivals]
        for answer in fetcher:
            assert answer.reused is kept[answer.request.context]
            if answer.reused:
                assert (answer.status, answer.content, answer.error) == (299, b"second", None)
            else:
                assert isinstance(answer.error, ConnectionRefusedError)
        return kept


def outcome(answer):
    """What is told by an answer."""
    seen = {"error": error_of(answer.error), "content": answer.content}
    if answer.status is not None:
        seen |= head_facts(answer)
        seen["trailers"] = answer.trailers.items()
    return seen


def difference(by_connection, by_fetcher):
    """{what: (by the one, by the other)} for everything that differs between two outcomes.

    A connection that cannot be used again may still be open: that is found out before the next
    request.  A Fetcher may close it earlier.
    """
    names = by_connection.keys() | by_fetcher.keys()
    if by_connection["open"]:
        names.discard("open")
    return {name: (by_connection.get(name), by_fetcher.get(name)) for name in sorted(names)
            if by_connection.get(name) != by_fetcher.get(name)}

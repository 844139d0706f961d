# SPDX-License-Identifier: MIT
"""A server for requests that expect 100 (Continue), and checks of the exchange."""

import contextlib
import re
import select

import httpclient

from support.servers import PATIENCE, Request, Server, ok, read_body, read_head

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
DONE = ok(b"done")
REFUSED = ok(b"no", status="417 Expectation Failed")
CONTENT = b"first second \xe9"


class Origin:
    """A handler that answers the head of a request that expects 100 by `early`.

    After an interim answer it reads the body, and sends `late`.  After any other, it only notes
    what else arrives.  Requests that expect nothing are answered by "plain".
    """

    def __init__(self, early, late=DONE, end=None, look=0.01):
        self.early, self.late, self.end = early, late, end
        self.look = look        # seconds to wait for octets of a body
        self.requests = []
        self.hasty = False      # True if an octet of a body came before the answer

    def __call__(self, sock):
        # Heads are read without a buffer, so that select() shows whether more has arrived.
        with sock.makefile("rb", 0) as file, sock.makefile("rb") as bodies:
            while head := read_head(file):
                request = Request(head)
                self.requests.append(request)
                if request.field("Expect") is None:
                    read_body(bodies, request)
                    sock.sendall(ok(b"plain"))
                    continue
                self.hasty |= bool(select.select([sock], [], [], self.look)[0])
                sock.sendall(self.early)
                if self.end:
                    return self.end(sock)
                if re.match(rb"HTTP/1.1 ([2-9]|101)", self.early):
                    request.body = bodies.read()
                    return
                read_body(bodies, request)
                sock.sendall(self.late)


@contextlib.contextmanager
def served(client, early, *args, **options):
    """(a connection, the Origin, its server)."""
    origin = Origin(early, *args)
    with Server(origin) as server:
        options = {"timeout": PATIENCE, **options}
        with contextlib.closing(client.HTTPConnection(*server.address, **options)) as connection:
            yield connection, origin, server


def statuses(response):
    return [interim.status for interim in response.informational]


def informational(client, response):
    """The statuses of the interim responses; http.client's own class has no such attribute."""
    if client is httpclient:
        return statuses(response)
    return [interim.status for interim in response._hc_state.interim]


def is_next(connection, server, accepted):
    """Check that the next request gets its own answer, after `accepted` connections in all."""
    connection.request("POST", "/next", b"next")
    assert connection.getresponse().read() == b"plain"
    assert server.accepted == accepted


class Untouched:
    """An iterable, or a file, of which nothing may be taken."""

    def __iter__(self):
        raise AssertionError("an octet of the body was taken")

    def read(self, *args):
        raise AssertionError("an octet of the body was taken")

# SPDX-License-Identifier: MIT
"""Expect: 100-continue, the wait between a request's head and its body (RFC 9110 10.1.1).

request() makes an Expectation.  _send_request() adds the field, and _send_output() waits after it
has sent the head.  The wait takes from the socket what has arrived, without blocking, and reads
nothing but whole interim responses.  All else stays unread in the response's own reader, and
getresponse() continues with that: with a part of a head, with a final response, or with bytes that
are no response.

Only a ``socket.socket`` can be waited for, because only its reader may take whatever has arrived.
Over any other object the body follows at once, which RFC 9110 allows.
"""
import selectors

from .._common.deadline import seconds_of
from .._common.exceptions import HTTPException
from .._core.connection_state import connection_state
from .._core.deadline import Deadline
from .._core.response_state import response_state
from .._core.socket_reader import SocketReader
from .._core.store import WAITING
from .._response.head import arrived_status, read_interim
from .._response.response import HTTPResponse as _our_response_class
from . import body as _body
from .recovery import _CS_AWAITED, _CS_REQ_SENT, moved
from .stale import real_socket
from .steps import new_response


def expectation_of(seconds):
    """Return the Expectation for an argument of request() that is not None.

    Raises TypeError unless it is a number, and ValueError unless that is above 0.
    """
    longest = seconds_of(seconds, "expect_continue")
    if longest <= 0:
        raise ValueError(f"expect_continue should be more than 0 seconds, got {seconds!r}")
    return Expectation(longest)


class Expectation:
    """Whether a request waits for 100 (Continue), and the response that has begun meanwhile."""

    def __init__(self, seconds):
        self._seconds = seconds
        self._sent = False      # True if the request has the field
        self.met = True         # False if the body is not to be sent
        self.complete = False   # True if all of the request was sent
        self.response = None    # the response that getresponse() continues with
        self.error = None       # the exception that getresponse() raises

    def put_field(self, connection, body, headers):
        """Add Expect, unless `headers` has it; not to a request without content (RFC 9110 10.1.1).

        Nor if the previous response is unread: its content comes first.
        """
        if (body is None or _body.content_length(body, False) == 0 or connection._http_vsn != 11
                or connection._HTTPConnection__response):
            return
        self._sent = True
        if not any(_is_expectation(name, value) for name, value in headers.items()):
            connection.putheader("Expect", "100-continue")

    def allows_body(self, connection):
        """Wait after the head was sent; return True if the body is to be sent.

        Raises TimeoutError if the deadline passes.
        """
        state, sock = connection_state(connection), connection.sock
        if not self._sent or not issubclass(type(sock), real_socket):
            return True
        request = state.unsent
        if not moved(connection, _CS_REQ_SENT, _CS_AWAITED):
            # Another thread has closed the connection, or is waiting for the response already.
            return request is not None
        try:
            self.response = response = new_response(connection, state, sock)
            if not state.keep_early(request, self):
                self.met = False    # Another thread has closed the connection.
            elif (isinstance(response, _our_response_class)
                    and type(getattr(response, "fp", None)) is SocketReader):
                if (most := getattr(connection, "max_response_headers", None)) is not None:
                    response_state(response).limits = state.limits._replace(fields=most)
                self.met = state.call(self._wait, sock, response, state.due)
        finally:
            if state.is_own():
                moved(connection, _CS_AWAITED, _CS_REQ_SENT)
        return self.met

    def _wait(self, sock, response, due):
        """Wait for a response that decides, no longer than the socket's timeout.

        Returns True after 100 or if time is up, False after anything else.  Raises TimeoutError at
        the deadline `due`, unless that is None.
        """
        timeout = sock.gettimeout()
        longest = self._seconds if timeout is None else min(timeout, self._seconds)
        end = Deadline(longest)
        # A TLS socket may be readable and still have no content, so it must not block.
        sock.settimeout(0)
        try:
            # gevent patches the module.
            with selectors.DefaultSelector() as selector:
                selector.register(sock, selectors.EVENT_READ)
                while True:
                    try:
                        left = end.shorten(None)
                    except TimeoutError:
                        return True
                    try:
                        received = response.fp.receive_more()
                    except WAITING:
                        received = None
                    if received is None:
                        selector.select(left if due is None else due.shorten(left))
                    elif not received:
                        return False
                    elif (met := _decision(response)) is not None:
                        return met
        except (HTTPException, OSError) as error:
            if isinstance(error, TimeoutError):
                raise
            # Without its traceback, which refers to this object.
            self.error = error.with_traceback(None)
            return False
        finally:
            if sock.fileno() >= 0:
                sock.settimeout(timeout)


def _decision(response):
    """Read the interim responses that have arrived; return True after 100, None before it.

    Returns False if a final response has begun, or bytes that are no response.
    """
    fp, most = response.fp, response_state(response).limits.head
    while (status := arrived_status(response)) is not None:
        if not 100 <= status < 200 or status == 101:
            return False
        if (head := fp.take_section(most, most, most)) is None:
            break
        fp.put_back(head)
        read_interim(response)
        if status == 100:
            return True
    # If it is too much for a head, getresponse() says so.
    return None if fp.unread <= most else False


def _is_expectation(name, value):
    """Return True if a field (str or bytes, and any type) is ``Expect: 100-continue``."""
    name, value = (text.decode("latin-1") if isinstance(text, bytes) else str(text)
                   for text in (name, value))
    return name.lower() == "expect" and "100-continue" in value.lower()

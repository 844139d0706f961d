# SPDX-License-Identifier: MIT
"""Reuse: is a connection ready for the next request?

The previous exchange may have left a response that is not read to its end, a socket whose next
bytes cannot be the beginning of a response, or a stale socket.  A request by any lane asks here,
after it has changed the state: then no other thread begins a request on the connection.
"""
import socket

cimport cython

from .connection_state cimport RESPONSE, ConnectionState
from .guards cimport Originals, attributes, get
from .poll cimport has_input

cdef object real_socket = socket.socket


cdef bint is_over(Originals answers, object response) except -1:
    """Return True if a response has been read to its end, and no bytes came after it."""
    cdef dict own
    if not answers.of_class(type(response)):
        return False
    own = attributes(response)
    return get(own, "fp", None) is None and get(own, "will_close", None) is False


@cython.final
cdef class Reuse:
    """Forgets the previous exchange of a connection; see reuse.pxd for the attributes."""

    def __init__(self, Originals answers not None, forget_exchange, drop, has_unread_input):
        self._answers = answers
        self._forget_exchange = forget_exchange
        self._drop = drop
        self._has_unread_input = has_unread_input

    cpdef object usable_socket(self, dict own, object connection, ConnectionState state):
        """Forget the previous response, and drop a socket that cannot be reused.

        Returns the socket, or None if a new one has to be opened.  A response that is not read to
        its end stays, and so does its socket.
        """
        response = get(own, RESPONSE, None)
        with cython.critical_section(state):
            spoiled = state._spoiled
            answered = state._answered
            state.abandoned = False
        if spoiled is None and (response is None or is_over(self._answers, response)):
            if response is not None:
                own[RESPONSE] = None
            sock = get(own, "sock", None)
        else:
            # `own` may be a copy, so ask the connection what the function has changed.
            self._forget_exchange(connection)
            sock = getattr(connection, "sock", None)
            if getattr(connection, RESPONSE) is not None:
                return sock
        if sock is None or answered is not sock:
            return sock
        if state._vouched:
            state._vouched = False
            return sock
        if not (has_input(sock) if type(sock) is real_socket else self._has_unread_input(sock)):
            return sock
        self._drop(connection)
        return None

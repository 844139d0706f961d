# SPDX-License-Identifier: MIT
"""Leaving a connection idle or closed after an exception.

Exceptions may come from anywhere: a signal handler, an audit hook, a subclass's method.
No line of the request that was being made may go out with the next one, no response may
be taken for another one's, and no state may last that no call leads out of.  A request
that has gone out in part is known by its ConnectionState: the response that the server may
have sent all the same can be read, and the connection ends with it.
"""
from .._common.exceptions import Aborted, HTTPException, renamed
from .._core.connection_state import connection_state
from .._response.ending import is_lost
from .._response.response import HTTPResponse as _our_response_class
from .._response.stand_ins import changed

_CS_IDLE = "Idle"
_CS_REQ_STARTED = "Request-started"
_CS_REQ_SENT = "Request-sent"
_CS_AWAITED = "Response-awaited"    # not http.client's: two threads must not read two heads


def moved(connection, before, state):
    """Change the state in one step; return True if it was `before`."""
    return changed(connection, connection_state(connection).moved, before, state)


def is_idle(connection):
    """Return True if a request may begin; forget one whose response need not be waited for."""
    state = connection_state(connection)
    if connection._HTTPConnection__state == _CS_REQ_SENT and state.end_abandoned():
        drop(connection)
        state.unsent = state.due = None
        connection._HTTPConnection__state = _CS_IDLE
    return connection._HTTPConnection__state == _CS_IDLE


def give_up(connection):
    """After an exception, leave nothing of the request that this thread has begun."""
    state = connection_state(connection)
    if not state.is_own():
        return      # another thread has begun one since
    if connection._HTTPConnection__state == _CS_REQ_STARTED:
        reset(connection)
    elif connection._HTTPConnection__state == _CS_REQ_SENT and state.unsent is None:
        connection.close()      # it may have gone out, or not


def reset(connection):
    """Go back to Idle, unless another thread has begun a request since."""
    if changed(connection, connection_state(connection).reset):
        drop_lines(connection)


def drop_lines(connection):
    """Forget the lines of the request, if there is a list of them."""
    try:
        del connection._buffer[:]
    except (AttributeError, TypeError):
        pass    # http.client's own method would not look for it


def sending_failed(connection, error, request):
    """Deal with an exception raised while `request`, its token, was being sent."""
    state = connection_state(connection)
    _note_failure(state, getattr(connection, "sock", None), error)
    if state.unsent is not request:
        # It has been closed, perhaps by another thread, which may use it again.
        if state.aborted and isinstance(error, OSError):
            raise Aborted() from error
        return
    drop_lines(connection)
    if not isinstance(error, OSError):
        connection.close()      # half a request is under way
    # A server that has had enough may have answered: getresponse() tells.
    elif connection.sock is None:
        reset(connection)
    elif state.due is not None and isinstance(error, TimeoutError):
        connection.close()
    else:
        state.abandoned = True


def _note_failure(state, sock, error):
    """Tell an HTTPS connection of a failure before its first response."""
    if state.session_failed is not None and sock is not state.answered:
        state.session_failed(sock, error)


def cut_off(connection, sock):
    """Note that bytes which send() was given have gone out in part on a socket."""
    if connection.sock is not sock:
        return      # closed meanwhile, and perhaps in use again
    state = connection_state(connection)
    if connection._HTTPConnection__state == _CS_IDLE:
        state.spoiled = connection.sock
    elif state.unsent is None:
        state.unsent = sock
        state.abandoned = True


def closed_meanwhile(connection):
    """Raise, since another thread has closed the connection while a request was sent."""
    if (connection._HTTPConnection__state == _CS_IDLE and connection.sock is not None
            and connection_state(connection).answered is not connection.sock):
        drop(connection)        # a subclass's connect() has opened it since
    raise Aborted()


def forget_response(connection):
    """Let go of the response before, if it has been read to its end."""
    response = connection._HTTPConnection__response
    if response:
        if (isinstance(response, _our_response_class) and not response.isclosed()
                and is_lost(response)):
            response.close()
        if response.isclosed():
            if getattr(response, "will_close", False):
                # Decided after getresponse(): there was surplus, or the rest is lost.
                state = connection_state(connection)
                state.spoiled = state.answered
            connection._HTTPConnection__response = None


def drop_spoiled(connection):
    """Drop the socket if its next bytes have no known meaning."""
    spoiled = connection_state(connection).spoiled
    if spoiled and spoiled is connection.sock:
        drop(connection)


def drop(connection):
    """Close the socket, so that send() opens another one.

    Not by close(): subclasses forget more in theirs than this is about.
    """
    state = connection_state(connection)
    sock, connection.sock = connection.sock, None
    state.spoiled = state.answered = None
    if sock is not None:
        sock.close()


def _spoil(connection):
    """Close the socket of a connection whose next bytes have no known meaning.

    `sock` stays for callers to look at, until the next request opens another.
    """
    state = connection_state(connection)
    state.spoiled = connection.sock
    state.unsent = None
    connection._HTTPConnection__state = _CS_IDLE
    if connection.sock is not None:
        connection.sock.close()


def beginning_failed(connection, response, sock, error):
    """Restore the connection after reading a response head has failed."""
    renamed(error)
    state = connection_state(connection)
    _note_failure(state, sock, error)
    try:
        if connection.sock is not sock:     # closed meanwhile, and perhaps in use again
            if state.aborted and isinstance(error, OSError):
                raise Aborted() from error
            return
        due, state.due = state.due, None
        if isinstance(error, ConnectionError):
            moved(connection, _CS_AWAITED, _CS_REQ_SENT)    # close() may be overridden
            connection.close()
            return
        # Half a head may be lost: what follows it is no response.
        fp = getattr(response, "fp", None)
        if (isinstance(error, HTTPException) or getattr(fp, "arrived", False)
                or due is not None or connection._HTTPConnection__state == _CS_IDLE):
            _spoil(connection)
        elif (moved(connection, _CS_AWAITED, _CS_REQ_SENT)
              or connection._HTTPConnection__state == _CS_REQ_SENT):
            state.abandoned = True
    finally:
        if response is not None:
            response.close()

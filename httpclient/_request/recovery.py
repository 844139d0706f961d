# SPDX-License-Identifier: MIT
"""Leave a connection idle or closed after an exception.

An exception may come from anywhere: a signal handler, an audit hook, a subclass's method.  Then

- no line of the failed request may be sent with the next one,
- no response may be taken for the response to another request,
- the connection must not be stuck in a state in which no call is allowed.

The ConnectionState remembers a request that was sent in part.  If the server has responded all
the same, the response can be read, and the connection ends with it.
"""
from .._common.exceptions import Aborted, HTTPException, ReadAborted, renamed
from .._core.connection_state import connection_state
from .._response.ending import is_lost
from .._response.response import HTTPResponse as _our_response_class
from .._response.stand_ins import changed

_CS_IDLE = "Idle"
_CS_REQ_STARTED = "Request-started"
_CS_REQ_SENT = "Request-sent"
# http.client has no such state.  It keeps two threads from reading two heads.
_CS_AWAITED = "Response-awaited"


def moved(connection, before, state):
    """Change the state in one step if it is `before`; return True if it was."""
    return changed(connection, connection_state(connection).move, before, state)


def is_idle(connection):
    """Return True if a request may begin; first drop an abandoned one and its connection."""
    state = connection_state(connection)
    if connection._HTTPConnection__state == _CS_REQ_SENT and state.end_abandoned():
        drop(connection)
        state.unsent = state.due = state.early = None
        connection._HTTPConnection__state = _CS_IDLE
    return connection._HTTPConnection__state == _CS_IDLE


def give_up(connection):
    """Discard the request that this thread has begun, after an exception."""
    state = connection_state(connection)
    if not state.is_own():
        # Another thread has begun a request since.
        return
    if connection._HTTPConnection__state == _CS_REQ_STARTED:
        reset(connection)
    elif connection._HTTPConnection__state == _CS_REQ_SENT and not state.abandoned:
        # The request may have been sent, or not.
        connection.close()


def reset(connection):
    """Set the state to Idle, unless another thread has begun a request since."""
    if changed(connection, connection_state(connection).reset):
        drop_lines(connection)


def drop_lines(connection):
    """Empty the list of the request's lines, if there is one."""
    try:
        del connection._buffer[:]
    except (AttributeError, TypeError):
        # http.client's own method does not need a `_buffer` here.
        pass


def sending_failed(connection, error, request):
    """Restore the connection after sending a request failed; `request` is the request's token."""
    state = connection_state(connection)
    sock = getattr(connection, "sock", None)
    _note_failure(state, sock, error)
    state.unanswered = sock is not None and sock is state.answered
    if state.unsent is not request:
        # The connection was closed, perhaps by another thread, which may use it again.
        if state.aborted and isinstance(error, OSError):
            raise Aborted() from error
        return
    drop_lines(connection)
    if not isinstance(error, OSError):
        # The server has a part of the request, which cannot be completed.
        connection.close()
    elif connection.sock is None:
        reset(connection)
    elif state.due is not None and isinstance(error, TimeoutError):
        connection.close()
    else:
        # A server that refuses the rest of a body may have responded: getresponse() reads that.
        state.abandoned = True


def _note_failure(state, sock, error):
    """Call the HTTPS connection's `session_failed` after a failure before the first response."""
    if state.session_failed is not None and sock is not state.answered:
        state.session_failed(sock, error)


def cut_off(connection, sock):
    """Note that send() may have sent only a part of its data on `sock`."""
    if connection.sock is not sock:
        # The connection was closed meanwhile, and may be in use again.
        return
    state = connection_state(connection)
    if connection._HTTPConnection__state == _CS_IDLE:
        state.spoiled = connection.sock
    elif state.unsent is None:
        state.unsent = sock
        state.abandoned = True


def closed_meanwhile(connection):
    """Raise Aborted, because another thread closed the connection while a request was sent."""
    if (connection._HTTPConnection__state == _CS_IDLE and connection.sock is not None
            and connection_state(connection).answered is not connection.sock):
        # A subclass's connect() has opened it since.
        drop(connection)
    raise Aborted()


def forget_response(connection):
    """Forget the previous response if it has been read to its end."""
    response = connection._HTTPConnection__response
    if response:
        if (isinstance(response, _our_response_class) and not response.isclosed()
                and is_lost(response)):
            response.close()
        if response.isclosed():
            if getattr(response, "will_close", False):
                # Since getresponse(), bytes came after the end of the message, or content was
                # lost.
                state = connection_state(connection)
                state.spoiled = state.answered
            connection._HTTPConnection__response = None


def forget_exchange(connection):
    """Forget the previous response, and drop the socket if its next bytes cannot begin another."""
    forget_response(connection)
    spoiled = connection_state(connection).spoiled
    if spoiled and spoiled is connection.sock:
        drop(connection)


def drop(connection):
    """Close the socket, so that send() opens another one."""
    # Do not call close(): subclasses override it to discard state that the next request needs.
    state = connection_state(connection)
    sock, connection.sock = connection.sock, None
    state.spoiled = state.answered = None
    if sock is not None:
        sock.close()


def _spoil(connection):
    """Close the socket of a connection whose next bytes cannot be the beginning of a response.

    The attribute `sock` keeps it, as in http.client, until the next request opens another one.
    """
    state = connection_state(connection)
    state.spoiled = connection.sock
    state.unsent = None
    connection._HTTPConnection__state = _CS_IDLE
    if connection.sock is not None:
        connection.sock.close()


def beginning_failed(connection, response, sock, error):
    """Restore the connection after reading a response head failed."""
    renamed(error)
    state = connection_state(connection)
    _note_failure(state, sock, error)
    fp = getattr(response, "fp", None)
    state.unanswered = (sock is not None and sock is state.answered
                        and not getattr(fp, "arrived", True))
    try:
        if connection.sock is not sock:
            # The connection was closed meanwhile, and may be in use again.
            if isinstance(error, ReadAborted) or state.aborted and isinstance(error, OSError):
                raise Aborted() from error
            return
        due, state.due = state.due, None
        if isinstance(error, ConnectionError):
            # An overridden close() may look at the state.
            moved(connection, _CS_AWAITED, _CS_REQ_SENT)
            connection.close()
            return
        # If a part of the head was read, the next bytes are not the beginning of a response.
        if (isinstance(error, HTTPException) or getattr(fp, "arrived", False)
                or due is not None or connection._HTTPConnection__state == _CS_IDLE):
            _spoil(connection)
        elif (moved(connection, _CS_AWAITED, _CS_REQ_SENT)
              or connection._HTTPConnection__state == _CS_REQ_SENT):
            state.abandoned = True
    finally:
        if response is not None:
            response.close()

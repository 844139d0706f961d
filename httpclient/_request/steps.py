# SPDX-License-Identifier: MIT
"""A request and its response by http.client's steps, if C does not do all of them in one call.

Subclasses, tracers and tests override or replace any of the steps, so each is called by its name.
"""
from .._common.deadline import seconds_of
from .._common.exceptions import (
    Aborted, CannotSendHeader, CannotSendRequest, RemoteDisconnected, ResponseNotReady,
)
from .._common.mistakes import misplaced_header, noted, out_of_order
from .._core.connection_state import connection_state
from .._core.counters import tally
from .._core.deadline import Deadline
from .._core.exchange import RESPONSE_DATA
from .._core.guards import Originals
from .._core.reuse import Reuse
from .._response.ending import READERS
from .._response.head import belongs_to
from .._response.response import _UNKNOWN, HTTPResponse as _our_response_class
from .._response.settings import RESPONSE_SETTINGS, connection_settings, response_settings
from .._response.stand_ins import changed
from .output import put_host
from .recovery import (
    _CS_AWAITED, _CS_IDLE, _CS_REQ_SENT, _CS_REQ_STARTED, beginning_failed, closed_meanwhile, drop,
    drop_lines, forget_exchange, forget_response, give_up, is_idle, sending_failed,
)
from .stale import has_unread_input

# ---- the request

def put_first_lines(connection, method, url, skip_host, skip_accept_encoding):
    """Do putrequest()."""
    _start(connection)
    url = url or "/"
    connection._validate_method(method)
    connection._validate_path(url)
    line = connection._encode_request(f"{method} {url} {connection._http_vsn_str}")
    # The response's framing depends on the method.
    connection._method = method
    connection._output(line)
    if connection._http_vsn == 11:
        if not skip_host:
            put_host(connection, url)
        if not skip_accept_encoding:
            # httpclient does not decode content codings: you ask for them, and decode them.
            connection.putheader("Accept-Encoding", "identity")


def _start(connection):
    """Change the state from Idle to Request-started, and drop a socket that cannot be reused.

    Raises CannotSendRequest in another state.
    """
    state = connection_state(connection)
    if not changed(connection, state.move, _CS_IDLE, _CS_REQ_STARTED):
        now = connection._HTTPConnection__state
        raise noted(CannotSendRequest(now), out_of_order, now)
    if state.end_cut():
        drop_lines(connection)
    changed(connection, reuse.usable_socket, connection, state)
    if state.due is None and (seconds := connection_settings(connection).deadline) is not None:
        state.due = Deadline(seconds_of(seconds))


def request_by_steps(connection, method, url, body, headers, encode_chunked, deadline,
                     expectation):
    """Do request() by _send_request(); `expectation` is an Expectation or None."""
    state = connection_state(connection)
    idle, due = connection._HTTPConnection__state == _CS_IDLE or is_idle(connection), state.due
    try:
        if deadline is not None:
            state.due = Deadline(seconds_of(deadline))
        if expectation is not None:
            state.expectation = expectation
        connection._send_request(method, url, body, headers, encode_chunked)
    except BaseException as error:
        if not idle:
            # Another request is in progress: restore its deadline.
            state.due = due
        elif not isinstance(error, (CannotSendRequest, Aborted)):
            give_up(connection)
            if connection._HTTPConnection__state == _CS_IDLE:
                state.due = None
        raise
    finally:
        if expectation is not None and state.expectation is expectation:
            state.expectation = None


def send_lines(connection, body, encode_chunked):
    """Do endheaders() by _send_output()."""
    state, request = connection_state(connection), object()
    try:
        if not changed(connection, state.start_sending, request):
            raise noted(CannotSendHeader(), misplaced_header, connection._HTTPConnection__state)
        connection._send_output(body, encode_chunked=encode_chunked)
        early = state.early
        if early is not None:
            early.complete = early.met
        if not (state.sent(request) if early is None else state.unsent is request):
            closed_meanwhile(connection)
    except BaseException as error:
        sending_failed(connection, error, request)
        raise
    tally.requests += 1


# ---- the response

def next_response(connection):
    """Do getresponse() by the response's own steps."""
    if connection._HTTPConnection__response:
        forget_response(connection)
    sock, response = getattr(connection, "sock", None), None
    state = connection_state(connection)
    try:
        if connection._HTTPConnection__response or not changed(
                connection, state.move, _CS_REQ_SENT, _CS_AWAITED):
            now = connection._HTTPConnection__state
            raise noted(ResponseNotReady(now), out_of_order, now,
                        connection._HTTPConnection__response)
        if connection._HTTPConnection__response or getattr(connection, "sock", None) is not sock:
            # Another thread has closed the connection since, or taken the response.
            changed(connection, state.move, _CS_AWAITED, _CS_REQ_SENT)
            raise ResponseNotReady(_CS_IDLE)
        if state.spoiled and state.spoiled is sock:
            # The request was sent before the previous response was read to its end.  Then that
            # response has ended the connection, or bytes followed it that are no response.
            raise RemoteDisconnected("The connection ended with the previous response")
        early = state.early
        if early is None:
            response = new_response(connection, state, sock)
        else:
            response = early.response
            state.early = None
            if early.complete:
                state.unsent = None
            if early.error is not None:
                raise early.error
        if type(fp := getattr(response, "fp", None)) in READERS:
            state.read_by(fp)
        most = getattr(connection, "max_response_headers", None)
        if most is None:
            response.begin()
        else:
            response.begin(_max_headers=most)
        assert response.will_close != _UNKNOWN
        # If the connection was closed meanwhile, only the response uses the socket.
        if connection.sock is sock:
            _begun(connection, state, response, sock)
        if type(fp) in READERS and fp.aborted:
            raise Aborted()     # its content is lost
    except ResponseNotReady:
        raise
    except BaseException as error:
        beginning_failed(connection, response, sock, error)
        raise
    finally:
        state.read_by(None)
    tally.responses += 1
    return response


def new_response(connection, state, sock):
    """Return a new `response_class` with the settings of the connection."""
    if connection.debuglevel > 0:
        response = connection.response_class(sock, connection.debuglevel,
                                             method=connection._method)
    else:
        response = connection.response_class(sock, method=connection._method)
    strict = connection_settings(connection).strict
    if strict is not None:
        response_settings(response).strict = strict
    if isinstance(response, _our_response_class):
        belongs_to(response, state.limits, state.due, state.answered is sock)
    return response


def _begun(connection, state, response, sock):
    """Set the state to Idle, or leave the socket to a response that ends the connection."""
    if state.unsent is not None:
        # Only a part of the request was sent.
        response.will_close = True
    ends = response.will_close
    if changed(connection, state.answer, sock, None if ends else response) and ends:
        leave_to(connection, response)


def leave_to(connection, response):
    """Close the connection, but leave its socket to the response."""
    state = connection_state(connection)
    state.leaving = True
    try:
        connection.close()
    except BaseException:
        response.close()
        raise
    finally:
        state.leaving = False
        # Another thread may have begun a request since.
        if state.is_own():
            changed(connection, state.move, _CS_AWAITED, _CS_IDLE)


# Both lanes ask `reuse` whether a connection is ready for a request.
answers = Originals(_our_response_class, "__new__", "__init__", "begin", "isclosed",
                    "_read_status", "_check_close", "_close_conn",
                    data=(*RESPONSE_DATA, *RESPONSE_SETTINGS))
reuse = Reuse(answers, forget_exchange, drop, has_unread_input)

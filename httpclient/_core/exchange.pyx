# SPDX-License-Identifier: MIT
"""Requests, Responses and Fields: one call in C for many steps of http.client.

Sending a request and reading the head of its response are one call each if a program cannot see
the difference: no step is overridden or replaced, debug output is off, and the socket is a real
one.  Each method checks that first.  Otherwise it returns False or NOT_MINE without side effects,
and the caller takes the steps of http.client.  After an error, functions of connection.py restore
the state.

The attributes of connections and responses stay http.client's, in the ``__dict__`` of the
objects, where programs read and change them.
"""
import io
import socket
import sys

cimport cython
from cpython.dict cimport PyDict_Contains, PyDict_Copy
from cpython.object cimport PyObject, PyObject_TypeCheck, PyTypeObject

from .connection_state cimport (
    CONNECTION_STATE, RESPONSE, STATE, ConnectionState,
)
from .connection_state cimport state_in as connection_state_in
from .deadline cimport Deadline
from .head cimport OK, Head, MessageFraming, skip_empty_line, take_head
from .guards cimport Bindings, Originals, attributes, get, set_attributes
from .python cimport PySys_Audit, PyUnicode_IS_ASCII, load_flag
from .reader cimport Reader
from .request cimport ACCEPT_ENCODING, field_line, whole_head
from .response_state cimport RESPONSE_STATE, HeadLimits, ResponseState, read_limits, state_in
from .reuse cimport Reuse
from .socket_reader cimport SocketReader, may_take_all, open_socket, send_all
from .store cimport refuse_second_thread
from .counters cimport Tally

from .._common.exceptions import Aborted
from .counters import tally as _tally
from .guards import NOT_MINE as _NOT_MINE

cdef extern from "Python.h":
    Py_ssize_t PyUnicode_Tailmatch(object text, object part, Py_ssize_t start, Py_ssize_t end,
                                   int direction)

cdef extern from *:
    """
    #define httpclient_new(cls, args) \\
        ((PyTypeObject *)(cls))->tp_new((PyTypeObject *)(cls), args, NULL)
    """
    object new_instance "httpclient_new"(object cls, tuple args)

cpdef enum:
    JOINED = 16 * 1024      # the largest body that is sent together with the head

cdef Py_ssize_t LARGEST = sys.maxsize

cdef Tally counts = _tally
cdef object NOT_MINE = _NOT_MINE
cdef object NOTHING = 0
cdef object response_type = type(io.BufferedIOBase)
cdef object real_socket = socket.socket


CONNECTION_DATA = ("__getattribute__", "__setattr__", STATE, RESPONSE, CONNECTION_STATE, "sock",
                   "host", "port", "debuglevel", "_tunnel_host", "_method", "_buffer")
RESPONSE_CONNECTION_DATA = ("__getattribute__", "__setattr__", STATE, RESPONSE, CONNECTION_STATE,
                            "sock", "debuglevel", "_method", "max_response_headers")
RESPONSE_DATA = ("__getattribute__", "__setattr__", "fp", "status", "version", "reason", "code",
                 "length", "chunked", "chunk_left", "will_close", "headers", "msg", "debuglevel",
                 "_method", RESPONSE_STATE)

cdef str USUAL = "GET"

# The attributes of a response after begin(); a usual response changes few of these values.
cdef dict FIELDS = {
    "fp": None, "debuglevel": 0, "_method": USUAL, RESPONSE_STATE: None, "version": 11, "code": 200,
    "status": 200, "reason": OK, "chunked": False, "length": None, "will_close": False,
}


def alone(response, function, argument):
    """Return function(response, argument), which reads content, and keep other threads out.

    Raises RuntimeError if another thread is reading the response.  After an exception that lost
    content, nothing more can be read from a Reader.
    """
    cdef Reader reader = None
    cdef ResponseState state = None
    cdef bint failed = True

    fp = response.fp
    if isinstance(fp, Reader):
        reader = <Reader> fp
        reader.begin_turn()
    else:
        state = state_in(attributes(response))
        if not state.begin_turn():
            refuse_second_thread()
    try:
        result = function(response, argument)
        failed = False
        return result
    finally:
        if reader is not None:
            reader.end_turn(failed)
        else:
            state.end_turn()


cdef bint is_absolute(str target) noexcept:
    """Return True if a request target may be a URL, which has its own host."""
    return PyUnicode_Tailmatch(target, "http", 0, LARGEST, -1) != 0


cdef bint is_usual(object deadline) except -1:
    """Return True for a deadline that needs no check: a float except NaN, or an int below 1e9."""
    if type(deadline) is float:
        return deadline == deadline
    return type(deadline) is int and -1e9 < deadline < 1e9


cdef bint prints(dict own) except -1:
    """Return True if debug output is on (``set_debuglevel()``)."""
    level = get(own, "debuglevel", NOTHING)
    return level is not NOTHING and level > 0


cdef tuple host_line(object connection, ConnectionState state, object cold, object host,
                     object port, object default_port):
    """Return the (host, port, default port, Host field line) of a connection, or None.

    None: http.client's steps have to make the line, as the host has unusual characters.
    """
    cdef tuple known

    with cython.critical_section(state):
        known = state._host_line
    if (known is not None and host == known[0] and port == known[1]
            and default_port == known[2]):
        return known
    if (type(host) is not str or not PyUnicode_IS_ASCII(host) or ":" in <str> host
            or type(port) is not int):
        return cold.note_host_line(connection, host, port, default_port)
    line = field_line("Host", host if port == default_port else f"{host}:{port}")
    if line is None:
        return None
    known = host, port, default_port, <bytes> line + b"\r\n"
    with cython.critical_section(state):
        state._host_line = known
    return known


cdef int send_audited(object connection, ConnectionState state, object sock, Deadline due,
                      bytes head, object body) except -1:
    """Send a head, and a body if there is one, in one piece, with an audit event for each."""
    PySys_Audit("http.client.send", "OO", <PyObject *> connection, <PyObject *> head)
    if body:
        PySys_Audit("http.client.send", "OO", <PyObject *> connection, <PyObject *> body)
        head = head + body
    state.begin_call()
    try:
        send_all(sock, head, due)
    finally:
        state.end_call()
    return 0


@cython.final
cdef class Requests:
    """Sends requests whose head can be built in one step."""

    cdef Originals _methods
    cdef Reuse _reuse
    cdef Bindings _rules
    cdef dict _namespace
    cdef object _cold           # functions for rare cases, see connection.py

    def __init__(self, Originals methods not None, Reuse reuse not None,
                 Bindings rules not None, dict namespace not None, cold):
        self._methods = methods
        self._reuse = reuse
        self._rules = rules
        self._namespace = namespace
        self._cold = cold

    def send(self, connection, method, target, body, headers, deadline):
        """Send a request on an idle connection; return False if the caller must take the steps."""
        cdef dict own
        cdef ConnectionState state
        cdef Deadline due = None

        if type(body) is str:
            try:
                body = (<str> body).encode("latin-1")
            except UnicodeEncodeError:
                return False
        if (type(headers) is not dict
                or not (body is None or type(body) is bytes or type(body) is bytearray)
                or type(method) is not str or type(target) is not str
                or is_absolute(target)):
            return False
        own = attributes(connection)
        if not (self._methods.of_object(connection, own) and self._rules.intact()):
            return False
        length = self.length_of(method, body)
        default_port = connection.default_port      # a subclass may make it a property
        state = connection_state_in(own)
        if not self.is_plain(own, state):
            return False
        known = host_line(connection, state, self._cold, get(own, "host", None),
                          get(own, "port", None), default_port)
        if known is None:
            return False
        if deadline is None:
            with cython.critical_section(state):
                deadline = state._deadline
        if deadline is not None and not is_usual(deadline):
            return False
        head = whole_head(method, target or "/", <bytes> known[3], ACCEPT_ENCODING, headers,
                          length)
        if head is None:
            return False

        # Claim the connection first: the next steps may run Python code or other threads.
        if not state.start(own, head):
            return False
        try:
            if deadline is not None:
                due = Deadline(deadline)
                with cython.critical_section(state):
                    state._due = due
            sock = self._reuse.usable_socket(own, connection, state)
            if get(own, "_method", None) is not method:
                own["_method"] = method
            if (PyObject_TypeCheck(sock, <PyTypeObject *> real_socket)
                    and (body is None or len(body) <= JOINED)):
                send_audited(connection, state, sock, due, <bytes> head, body)
            else:
                self._cold.send_pieces(connection, head, body)
            if not state.sent(head):
                self._cold.closed_meanwhile(connection)
        except BaseException as error:
            self._cold.sending_failed(connection, error, head)
            raise
        counts.requests += 1
        return True

    cdef bint is_plain(self, dict own, ConnectionState state) except -1:
        """Return True if no request has begun, debug output is off, and there is no tunnel."""
        cdef bint started

        buffer = get(own, "_buffer", None)
        with cython.critical_section(state):
            started = state._due is not None
        return (not started and not prints(own) and type(buffer) is list and not <list> buffer
                and not get(own, "_tunnel_host", None))

    cdef object length_of(self, str method, object body):
        """Return the value of Content-Length, or None for no such field."""
        if body is not None:
            return len(body)
        if method != "GET" and method.upper() in self._namespace["_METHODS_EXPECTING_BODY"]:
            return NOTHING
        return None


@cython.final
cdef class Responses:
    """Begins responses whose head is regular."""

    cdef Originals _connection
    cdef Originals _methods
    cdef Bindings _rules
    cdef object _begin_with
    cdef object _message_framing
    cdef object _cold

    def __init__(self, Originals connection not None, Originals methods not None,
                 Bindings rules not None, begin_with, message_framing, cold):
        self._cold = cold
        self._begin_with = begin_with
        self._connection = connection
        self._methods = methods
        self._rules = rules
        self._message_framing = message_framing

    def take(self, connection):
        """Return the response to the request that was sent, after reading its head.

        Returns NOT_MINE, without side effects, if the caller must take http.client's steps.
        """
        cdef dict own
        cdef dict fields
        cdef SocketReader reader
        cdef ConnectionState mine
        cdef ResponseState state
        cdef Deadline due

        if not (self._connection.of_class(type(connection)) and self._rules.intact()):
            return NOT_MINE
        cls = connection.response_class
        # A metaclass may override __call__(), which new_instance() skips.
        if type(cls) is not response_type or not self._methods.of_class(cls):
            return NOT_MINE
        own = attributes(connection)
        sock = get(own, "sock", None)
        mine = connection_state_in(own)
        with cython.critical_section(mine):
            strict = mine._strict
        if not ((strict is None or strict is True) and may_take_all(sock)
                and self.is_plain(own, mine) and mine.wait(own, sock)):
            return NOT_MINE
        fields = PyDict_Copy(FIELDS)
        state = ResponseState.__new__(ResponseState)
        if strict is not None:
            state.strict = strict
        with cython.critical_section(mine):
            state._limits = mine._limits
            answered = mine._answered
            due = mine._due
        fields[RESPONSE_STATE] = state
        method = get(own, "_method", None)
        if method is not USUAL:
            fields["_method"] = method
        response = None
        try:
            reader = open_socket(sock)
            mine.read_by(reader)
            fields["fp"] = reader
            if due is not None:
                reader.obey(due)
            response = new_instance(cls, ())
            set_attributes(response, fields)
            if strict is None and answered is sock:
                skip_empty_line(reader)
            self.begin(response, fields, state, reader, method, strict)
            if not self._methods.of_class(cls) or PyDict_Contains(fields, "headers"):
                self._cold.complete(fields)     # since uninstall(), or a change of the class
            will_close = fields["will_close"]
            kept = mine.answer(own, sock, None if will_close else response)
            if load_flag(&reader._aborted):
                raise Aborted()     # its content is lost
        except BaseException as error:
            mine.read_by(None)
            self._cold.beginning_failed(connection, response, sock, error)
            raise error     # beginning_failed() may have changed its class
        counts.responses += 1
        if kept and will_close:
            self._cold.leave_to(connection, response)
        return response

    cdef bint is_plain(self, dict own, ConnectionState state) except -1:
        """Return True if nothing has to be read first, and debug output and limits are not set."""
        return (not prints(own)
                and get(own, RESPONSE, None) is None and state._spoiled is None
                and get(own, "max_response_headers", None) is None)

    cdef int begin(self, object response, dict fields, ResponseState state, SocketReader reader,
                   object method, object strict) except -1:
        """Do what HTTPResponse.begin() does; call it for an interim response or an odd head."""
        cdef Head head
        cdef int status
        cdef HeadLimits limits
        cdef MessageFraming message

        read_limits(state._limits, &limits)
        read = take_head(reader, limits.line, limits.fields, limits.head, strict is True)
        if type(read) is not Head or not (<Head> read).is_final():
            self._begin_with(response, state, read)
            return 0
        head = <Head> read
        status = head.status
        state._head = head
        if status != 200:
            fields["status"] = fields["code"] = status
        if head.reason is not OK:
            fields["reason"] = head.reason
        if head.version != 11:
            fields["version"] = head.version
        if not head.frame(method, strict is True, &message):
            self._message_framing(head, method, status, head.version, strict)   # raises
        if message.length >= 0:
            fields["length"] = message.length
        if message.will_close:
            fields["will_close"] = True
        if message.chunked:
            fields["chunked"] = True
            fields["chunk_left"] = None
        return 0


@cython.final
cdef class Fields:
    """Finds single fields in the head of a response."""

    cdef Originals _fields

    def __init__(self, Originals fields not None):
        self._fields = fields

    def value_of(self, response, name):
        """Return the value of a field (str), None if it is absent, or NOT_MINE: ask the message."""
        cdef dict own
        cdef ResponseState state

        if type(name) is not str or not self._fields.of_class(type(response)):
            return NOT_MINE
        own = attributes(response)
        state = state_in(own)
        with cython.critical_section(state):
            head = None if state._message is not None else state._head
        if (type(head) is not Head
                or get(own, "headers", None) is not None or not PyUnicode_IS_ASCII(name)):
            return NOT_MINE
        return (<Head> head).value_of(<str> name)

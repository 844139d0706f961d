# SPDX-License-Identifier: MIT
"""Steps: putrequest(), putheader() and endheaders(), each as one call in C.

They serve programs that override some methods of HTTPConnection and call its other methods: each
step checks only the methods that it would call itself, and calls them if they are replaced.  A
step returns False, without side effects, if it cannot do the work; then connection.py does it.
"""
import socket

cimport cython
from cpython.object cimport PyObject_TypeCheck, PyTypeObject

from .connection_state cimport (
    CONNECTION_STATE, IDLE, REQUEST_STARTED, RESPONSE, STATE, ConnectionState, state_in,
)
from .deadline cimport Deadline
from .exchange cimport host_line, is_usual, send_audited
from .guards cimport Bindings, Originals, attributes, get
from .request cimport field_line, request_line
from .reuse cimport Reuse
from .counters cimport Tally

from .counters import tally as _tally

cdef Tally counts = _tally
cdef object real_socket = socket.socket

STEPS_DATA = ("__getattribute__", "__setattr__", STATE, RESPONSE, CONNECTION_STATE, "sock",
              "debuglevel", "_tunnel_host", "_method", "_buffer")


@cython.final
cdef class Steps:
    """The steps of a request, for connections of any class."""

    cdef Originals _line        # the methods that make a request line,
    cdef Originals _output      # that add a line,
    cdef Originals _field       # that add a field line,
    cdef Originals _sending     # and that send the lines
    cdef Reuse _reuse
    cdef Bindings _rules
    cdef object _cold           # functions for rare cases, see connection.py

    def __init__(self, Originals line not None, Originals output not None,
                 Originals field not None, Originals sending not None,
                 Reuse reuse not None, Bindings rules not None, cold):
        self._line = line
        self._output = output
        self._field = field
        self._sending = sending
        self._reuse = reuse
        self._rules = rules
        self._cold = cold

    def putrequest(self, connection, method, target, skip_host, skip_accept_encoding):
        """Begin a request with its request line; return False if connection.py must do it."""
        cdef dict own = attributes(connection)
        cdef list lines = self.lines_of(connection, own, IDLE)
        cdef ConnectionState state = state_in(own)
        cdef tuple host = None
        cdef bint plain, fields

        if (lines is None or lines or type(target) is not str
                or not self._line.of_object(connection, own)):
            return False
        with cython.critical_section(state):
            deadline = state._deadline if state._due is None else None
        if deadline is not None and not is_usual(deadline):
            return False
        line = request_line(method, target or "/", "HTTP/1.1")
        if line is None:
            return False
        plain = not (skip_host or get(own, "_tunnel_host", None)
                     or (<str> target).startswith("http"))
        if plain:
            host = host_line(connection, state, self._cold, connection.host, connection.port,
                             connection.default_port)
        if plain and host is None or not state.move(own, IDLE, REQUEST_STARTED):
            return False
        try:
            if deadline is not None:
                with cython.critical_section(state):
                    state._due = Deadline(deadline)
            self._reuse.usable_socket(own, connection, state)
            own["_method"] = method
            lines.append(line)
            fields = self._field.of_object(connection, own)
            if plain and fields:
                lines.append((<bytes> host[3])[:-2])
            elif plain:
                connection.putheader("Host", host_value(host))
            elif not skip_host:
                self._cold.put_host(connection, target)
            if not skip_accept_encoding:
                # httpclient decodes no content coding, so it must not ask for one.
                if fields:
                    lines.append(b"Accept-Encoding: identity")
                else:
                    connection.putheader("Accept-Encoding", "identity")
        except BaseException:
            self._cold.reset(connection)
            raise
        return True

    def putheader(self, connection, name, tuple values not None):
        """Add a field line that is legal beyond doubt; return False if connection.py must do it."""
        cdef dict own = attributes(connection)
        cdef list lines = self.lines_of(connection, own, REQUEST_STARTED)

        if lines is None or len(values) != 1:
            return False
        line = field_line(name, values[0])
        if line is None:
            return False
        lines.append(line)
        return True

    def endheaders(self, connection):
        """Send the lines, without a body; return False if connection.py must do it."""
        cdef dict own = attributes(connection)
        cdef list lines = self.lines_of(connection, own, REQUEST_STARTED)
        cdef ConnectionState state = state_in(own)
        cdef Deadline due

        if lines is None or not self._sending.of_object(connection, own):
            return False
        sock = get(own, "sock", None)
        level = get(own, "debuglevel", None)
        if (not PyObject_TypeCheck(sock, <PyTypeObject *> real_socket)
                or level is not None and level > 0):
            return False
        head = b"\r\n".join([*lines, b"", b""])
        if not state.start_sending(own, head):
            return False
        with cython.critical_section(state):
            due = state._due
        try:
            lines.clear()
            send_audited(connection, state, sock, due, head, None)
            if not state.sent(head):
                self._cold.closed_meanwhile(connection)
        except BaseException as error:
            self._cold.sending_failed(connection, error, head)
            raise
        counts.requests += 1
        return True

    cdef list lines_of(self, object connection, dict own, str state):
        """Return the unsent lines of a connection; None in another state, or if replaced."""
        if (get(own, STATE, None) != state or not self._output.of_object(connection, own)
                or not self._rules.intact()):
            return None
        lines = get(own, "_buffer", None)
        return <list> lines if type(lines) is list else None


cdef object host_value(tuple line):
    """Return the value of a Host field line: bytes, or str with a port, as in http.client."""
    value = (<bytes> line[3])[6:-2]
    return value if line[1] == line[2] else value.decode("ascii")

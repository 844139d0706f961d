# SPDX-License-Identifier: MIT
"""Steps: putrequest(), putheader() and endheaders(), each as one call in C.

For those who override some methods of HTTPConnection and call the others: each step looks
only at what it would itself go through, and calls what somebody has replaced.  A step says
False before it has done anything where there is more to it; then connection.py takes it.
"""
import socket

cimport cython
from cpython.object cimport PyObject, PyObject_TypeCheck, PyTypeObject

from .deadline cimport Deadline
from .exchange cimport is_over, is_usual
from .idle cimport has_input
from .originals cimport Bindings, Originals, attributes, get
from .progress cimport (
    ANSWERED, IDLE, PROGRESS, REQUEST_STARTED, RESPONSE, SPOILED, STATE, UNLOCKED, Progress,
    progress_in,
)
from .python cimport PySys_Audit
from .request cimport field_line, request_line
from .sockets cimport send_all
from .tally cimport Tally

from .tally import tally as _tally

cdef Tally counts = _tally
cdef object real_socket = socket.socket

STEPS_DATA = ("__getattribute__", "__setattr__", STATE, RESPONSE, ANSWERED, SPOILED, PROGRESS,
              "sock", "debuglevel", "_tunnel_host", "_method", "_buffer", "_hc_due")


@cython.final
cdef class Steps:
    """Takes the steps of requests."""

    cdef Originals _line        # what makes a request line,
    cdef Originals _output      # adds a line,
    cdef Originals _field       # adds a field line,
    cdef Originals _sending     # and sends them
    cdef Originals _answers
    cdef Bindings _rules
    cdef object _has_news
    cdef str _deadline          # the name of the attribute

    def __init__(self, Originals line not None, Originals output not None,
                 Originals field not None, Originals sending not None,
                 Originals answers not None, Bindings rules not None, has_news, str deadline):
        self._line = line
        self._output = output
        self._field = field
        self._sending = sending
        self._answers = answers
        self._rules = rules
        self._has_news = has_news
        self._deadline = deadline

    def putrequest(self, connection, method, target, skip_host, skip_accept_encoding):
        """Begin a request with its request line; False: nothing has been done."""
        cdef dict own = attributes(connection)
        cdef list lines = self.lines_of(connection, own, IDLE)
        cdef bint plain, fields

        if (lines is None or lines or type(target) is not str
                or not self._line.of_object(connection, own)):
            return False
        deadline = get(own, self._deadline, None) if get(own, "_hc_due", None) is None else None
        if deadline is not None and not is_usual(deadline):
            return False
        line = request_line(method, target or "/", "HTTP/1.1")
        if line is None:
            return False
        plain = not (skip_host or get(own, "_tunnel_host", None)
                     or (<str> target).startswith("http"))
        host = host_line(connection, own) if plain else None
        if plain and host is None or not self.begin(connection, own):
            return False
        try:
            if deadline is not None:
                own["_hc_due"] = Deadline(deadline)
            self.check_socket(connection, own)
            own["_method"] = method
            lines.append(line)
            fields = self._field.of_object(connection, own)
            if plain and fields:
                lines.append((<bytes> (<tuple> host)[3])[:-2])
            elif plain:
                connection.putheader("Host", host_value(<tuple> host))
            elif not skip_host:
                connection._hc_put_host(target)
            if not skip_accept_encoding:
                # Content codings are for the caller to ask for, and to decode.
                if fields:
                    lines.append(b"Accept-Encoding: identity")
                else:
                    connection.putheader("Accept-Encoding", "identity")
        except BaseException:
            connection._hc_reset()
            raise
        return True

    def putheader(self, connection, name, tuple values not None):
        """Add a field line that is legal beyond doubt; False: nothing has been done."""
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
        """Send the lines, and no body; False: nothing has been done."""
        cdef dict own = attributes(connection)
        cdef list lines = self.lines_of(connection, own, REQUEST_STARTED)
        cdef Progress progress = progress_in(own)
        cdef Deadline due = get(own, "_hc_due", None)

        if lines is None or not self._sending.of_object(connection, own):
            return False
        sock = get(own, "sock", None)
        level = get(own, "debuglevel", None)
        if (not PyObject_TypeCheck(sock, <PyTypeObject *> real_socket)
                or level is not None and level > 0):
            return False
        head = b"\r\n".join([*lines, b"", b""])
        if not progress.started_sending(own, head):
            return False
        try:
            lines.clear()
            PySys_Audit("http.client.send", "OO", <PyObject *> connection, <PyObject *> head)
            progress.begin_call()
            try:
                send_all(sock, head, due)
            finally:
                progress.end_call()
            if not progress.sent(head):
                connection._hc_closed_meanwhile()
        except BaseException as error:
            connection._hc_sending_failed(error, head)
            raise
        counts.requests += 1
        return True

    cdef list lines_of(self, object connection, dict own, str state):
        """The lines so far of a connection in this `state`; None: it is another, or odd."""
        if (get(own, STATE, None) != state or not self._output.of_object(connection, own)
                or not self._rules.intact()):
            return None
        lines = get(own, "_buffer", None)
        return <list> lines if type(lines) is list else None

    cdef bint begin(self, object connection, dict own) except -1:
        """From Idle to Request-started, if nothing is left of the request before."""
        cdef Progress progress = progress_in(own)

        response = get(own, RESPONSE, None)
        if (get(own, SPOILED, None) is not None or progress.abandoned
                or response is not None and not is_over(self._answers, response)):
            return False
        if not progress.move(own, IDLE, REQUEST_STARTED):
            return False
        if UNLOCKED and get(own, SPOILED, None) is not None:
            connection._hc_drop_spoiled()
        if not UNLOCKED or get(own, RESPONSE, None) is response:
            own[RESPONSE] = None        # else another thread has taken one since, that is unread
        return True

    cdef int check_socket(self, object connection, dict own) except -1:
        """Drop a socket on which something has come that nobody has asked for."""
        sock = get(own, "sock", None)
        if sock is not None and get(own, ANSWERED, None) is sock:
            if has_input(sock) if type(sock) is real_socket else self._has_news(sock):
                connection._hc_drop()
        return 0


cdef object host_line(object connection, dict own):
    """The Host field line, with what it is made of, as the connection keeps it; None if odd."""
    host, port, default_port = connection.host, connection.port, connection.default_port
    known = get(own, "_hc_host_line", None)
    if type(known) is tuple and len(<tuple> known) == 4 and (
            host == (<tuple> known)[0] and port == (<tuple> known)[1]
            and default_port == (<tuple> known)[2]):
        return known
    return connection._hc_note_host_line(host, port, default_port)


cdef object host_value(tuple line):
    """The value in such a line: bytes, or str where it has a port, as in http.client."""
    value = (<bytes> line[3])[6:-2]
    return value if line[1] == line[2] else value.decode("ascii")

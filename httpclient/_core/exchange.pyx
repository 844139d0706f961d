# SPDX-License-Identifier: MIT
"""Requests and Responses: one call in C for what http.client does in many steps.

A request, the head of its response, and its content are each taken in one go while
nobody could tell the difference: no step is overridden or replaced, nothing is to be
printed, and the socket is a real one.  Each method looks whether that is so first, and
says False or None before it has done anything if it is not; the caller then takes the
steps.  What goes wrong on the way is for connection.py and response.py to deal with.

The attributes of connection and response are those of http.client, in the objects'
own dicts, where everybody finds and changes them.
"""
import http.client as _standard
import io
import socket
import sys

cimport cython
from cpython.bytes cimport PyBytes_GET_SIZE
from cpython.dict cimport PyDict_Copy
from cpython.object cimport PyObject, PyObject_TypeCheck, PyTypeObject

from .deadline cimport Deadline
from .head cimport OK, Head, skip_empty_line, take_head
from .idle cimport has_input
from .originals cimport Bindings, Originals, attributes, get, set_attributes
from .progress cimport (
    ANSWERED, PROGRESS, RESPONSE, SPOILED, STATE, Progress, claimed, progress_in,
)
from .python cimport PySys_Audit, PyUnicode_IS_ASCII, clipped_size
from .reader cimport Reader
from .request cimport whole_head
from .sockets cimport SocketReader, may_take_all, open_socket, send_all
from .store cimport refuse_second_thread
from .tally cimport Tally

from ..limits import DEFAULT
from .tally import tally as _tally

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
    JOINED = 16 * 1024      # a body up to this size goes out with the head

cdef Py_ssize_t LARGEST = sys.maxsize

cdef Tally counts = _tally
cdef object NOTHING = 0
cdef object response_type = type(io.BufferedIOBase)
cdef object real_socket = socket.socket
cdef dict standard = _standard.__dict__
cdef Bindings usual_limits = Bindings(standard, "_MAXLINE", "_MAXHEADERS")
cdef Py_ssize_t MAX_LINE = _standard._MAXLINE
cdef Py_ssize_t MAX_FIELDS = _standard._MAXHEADERS
cdef Py_ssize_t MAX_HEAD = DEFAULT.head

cdef str READING = "_hc_reading"

CONNECTION_DATA = ("__getattribute__", "__setattr__", STATE, RESPONSE, ANSWERED, SPOILED, PROGRESS,
                   "sock", "host", "port", "debuglevel", "_tunnel_host", "_method", "_buffer",
                   "_hc_due", "_hc_limits")
RESPONSE_CONNECTION_DATA = ("__getattribute__", "__setattr__", STATE, RESPONSE, ANSWERED, SPOILED,
                            PROGRESS, "sock", "debuglevel", "_method", "_hc_due", "_hc_limits")
RESPONSE_DATA = ("__getattribute__", "__setattr__", "fp", "status", "version", "reason", "code",
                 "length", "chunked", "chunk_left", "will_close", "headers", "msg", "debuglevel",
                 "_method", "_hc_head", "_hc_message", "_hc_interim", "_hc_reused",
                 "_hc_limits", "_max_headers")

cdef str USUAL = "GET"

# What a response has after its head; most of it mostly stays so.
cdef dict FIELDS = {
    "fp": None, "debuglevel": 0, "_method": USUAL, "_hc_head": None, "version": 11, "code": 200,
    "status": 200, "reason": OK, "chunked": False, "length": None, "will_close": False,
}


def alone(response, function, argument):
    """function(response, argument), which reads content: as one thread at a time may do.

    RuntimeError for another one.  After an exception by which content is lost, nothing more
    can be read from a Reader.
    """
    cdef Reader reader = None
    cdef dict own = None
    cdef bint failed = True

    fp = response.fp
    if isinstance(fp, Reader):
        reader = <Reader> fp
        reader.begin_turn()
    else:
        own = attributes(response)
        if not claimed(own, READING, None, True):
            refuse_second_thread()
    try:
        result = function(response, argument)
        failed = False
        return result
    finally:
        if reader is not None:
            reader.end_turn(failed)
        else:
            own[READING] = None


cdef bint is_absolute(str target) noexcept:
    """Whether a request target may be a URL, with a host of its own."""
    return PyUnicode_Tailmatch(target, "http", 0, LARGEST, -1) != 0


cdef bint is_usual(object deadline) except -1:
    """Return True for seconds that need no check: a float but NaN, or an int of usual size."""
    if type(deadline) is float:
        return deadline == deadline
    return type(deadline) is int and -1e9 < deadline < 1e9


cdef bint prints(dict own) except -1:
    """Whether a connection is to print what it does."""
    level = get(own, "debuglevel", NOTHING)
    return level is not NOTHING and level > 0


cdef bint is_over(Originals answers, object response) except -1:
    """Whether a response has been read to its end, and nothing came behind it."""
    cdef dict own
    if not answers.of_class(type(response)):
        return False
    own = attributes(response)
    return get(own, "fp", None) is None and get(own, "will_close", None) is False


@cython.final
cdef class Requests:
    """Sends requests whose head can be made in one go."""

    cdef Originals _methods
    cdef Originals _answers
    cdef Bindings _rules
    cdef dict _namespace
    cdef object _has_news
    cdef str _deadline          # the name of the attribute

    def __init__(self, Originals methods not None, Originals answers not None,
                 Bindings rules not None, dict namespace not None, has_news, str deadline):
        self._methods = methods
        self._answers = answers
        self._rules = rules
        self._namespace = namespace
        self._has_news = has_news
        self._deadline = deadline

    def send(self, connection, method, target, body, headers, deadline):
        """Send a request on an idle connection; False: nothing has been done."""
        cdef dict own
        cdef Progress progress
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
        default_port = connection.default_port      # perhaps a property
        if not self.is_plain(own):
            return False
        host = get(own, "host", None)
        port = get(own, "port", None)
        known = get(own, "_hc_host_line", None)
        if type(known) is not tuple or len(<tuple> known) != 4 or not (
                host == (<tuple> known)[0] and port == (<tuple> known)[1]
                and default_port == (<tuple> known)[2]):
            known = connection._hc_note_host_line(host, port, default_port)
            if known is None:
                return False
        if deadline is None:
            deadline = get(own, self._deadline, None)
        if deadline is not None and not is_usual(deadline):
            return False
        head = whole_head(method, target or "/", <bytes> (<tuple> known)[3], headers, length)
        if head is None:
            return False

        # First, as what follows may run Python code, or other threads.
        progress = progress_in(own)
        if not progress.start(own, head):
            return False
        try:
            if deadline is not None:
                own["_hc_due"] = due = Deadline(deadline)
            sock = self.usable_socket(connection, own)
            if get(own, "_method", None) is not method:
                own["_method"] = method
            self.emit(connection, progress, sock, due, <bytes> head, body)
            if not progress.sent(head):
                connection._hc_closed_meanwhile()
        except BaseException as error:
            connection._hc_sending_failed(error, head)
            raise
        counts.requests += 1
        return True

    cdef object usable_socket(self, object connection, dict own):
        """Let go of the response before, and of a socket that cannot be used again.

        Returns the socket, or None where one has to be opened.
        """
        unread = False
        response = get(own, RESPONSE, None)
        spoiled = get(own, SPOILED, None)
        if response is not None or spoiled is not None:
            if spoiled is None and is_over(self._answers, response):
                own[RESPONSE] = None
            else:
                connection._hc_forget_response()
                connection._hc_drop_spoiled()
                unread = get(own, RESPONSE, None) is not None
        sock = get(own, "sock", None)
        if sock is None or unread or get(own, ANSWERED, None) is not sock:
            return sock
        if not (has_input(sock) if type(sock) is real_socket else self._has_news(sock)):
            return sock
        connection._hc_drop()
        return None

    cdef bint is_plain(self, dict own) except -1:
        """Whether a connection has nothing begun, and goes straight to its server."""
        buffer = get(own, "_buffer", None)
        return (not prints(own) and type(buffer) is list and not <list> buffer
                and not get(own, "_tunnel_host", None) and get(own, "_hc_due", None) is None)

    cdef object length_of(self, str method, object body):
        """The value of Content-Length, or None for no such field."""
        if body is not None:
            return len(body)
        if method != "GET" and method.upper() in self._namespace["_METHODS_EXPECTING_BODY"]:
            return NOTHING
        return None

    cdef int emit(self, object connection, Progress progress, object sock, Deadline due,
                  bytes head, object body) except -1:
        if not PyObject_TypeCheck(sock, <PyTypeObject *> real_socket) or (
                body is not None and len(body) > JOINED):
            connection._hc_send_pieces(head, body)
            return 0
        PySys_Audit("http.client.send", "OO", <PyObject *> connection, <PyObject *> head)
        if body:
            PySys_Audit("http.client.send", "OO", <PyObject *> connection, <PyObject *> body)
            head = head + body
        progress.begin_call()
        try:
            send_all(sock, head, due)
        finally:
            progress.end_call()
        return 0


@cython.final
cdef class Responses:
    """Takes responses whose head is regular, and their content."""

    cdef Originals _connection
    cdef Originals _methods
    cdef Bindings _rules
    cdef object _message_framing
    cdef str _strict            # the names of the attributes
    cdef str _max_response_headers

    def __init__(self, Originals connection not None, Originals methods not None,
                 Bindings rules not None, message_framing, str strict,
                 str max_response_headers):
        self._connection = connection
        self._methods = methods
        self._rules = rules
        self._message_framing = message_framing
        self._strict = strict
        self._max_response_headers = max_response_headers

    def take(self, connection):
        """The response to the request that was sent, begun; None: nothing has been done."""
        cdef dict own
        cdef dict fields
        cdef SocketReader reader
        cdef Progress progress

        if not (self._connection.of_class(type(connection)) and self._rules.intact()):
            return None
        cls = connection.response_class
        # Any class that leaves all this to us; one with a metaclass of its own may not.
        if type(cls) is not response_type or not self._methods.of_class(cls):
            return None
        own = attributes(connection)
        sock = get(own, "sock", None)
        strict = get(own, self._strict, None)
        if not ((strict is None or strict is True) and may_take_all(sock)
                and self.is_plain(own)):
            return None
        progress = progress_in(own)
        if not progress.wait(own, sock):
            return None
        fields = PyDict_Copy(FIELDS)
        if strict:
            fields[self._strict] = strict
        limits = get(own, "_hc_limits", DEFAULT)
        if limits is not DEFAULT:
            fields["_hc_limits"] = limits
        method = get(own, "_method", None)
        if method is not USUAL:
            fields["_method"] = method
        answered = get(own, ANSWERED, None)
        due = get(own, "_hc_due", None)
        response = None
        try:
            reader = open_socket(sock)
            progress.read_by(reader)
            fields["fp"] = reader
            if due is not None:
                reader.obey(due)
            response = new_instance(cls, ())
            set_attributes(response, fields)
            if strict is None and answered is sock:
                skip_empty_line(reader)
            self.begin(response, fields, reader, method, strict, limits)
        except BaseException as error:
            progress.read_by(None)
            connection._hc_beginning_failed(response, sock, error)
            raise error     # of which _hc_beginning_failed() may have changed the class
        counts.responses += 1
        will_close = fields["will_close"]
        if progress.answered(own, sock, None if will_close else response) and will_close:
            connection._hc_leave_to(response)
        return response

    cdef bint is_plain(self, dict own) except -1:
        """Whether nothing is to be read first, and how it is answered is nobody else's affair."""
        return (not prints(own)
                and get(own, RESPONSE, None) is None and get(own, SPOILED, None) is None
                and get(own, self._max_response_headers, None) is None)

    cdef int begin(self, object response, dict fields, SocketReader reader, object method,
                   object strict, object limits) except -1:
        """HTTPResponse.begin(), for a regular head of a final response."""
        cdef Head head
        cdef int status
        cdef Py_ssize_t max_line = MAX_LINE, max_fields = MAX_FIELDS

        if limits is DEFAULT:
            if not usual_limits.intact():
                max_line = standard["_MAXLINE"]
                max_fields = standard["_MAXHEADERS"]
            read = take_head(reader, max_line, max_fields, MAX_HEAD, strict is True)
        else:
            read = take_head(reader, limits.max_line, limits.max_fields, limits.head,
                             strict is True)
        if type(read) is not Head or not (<Head> read).is_final():
            response._hc_begin_with(read)
            return 0
        head = <Head> read
        status = head.status
        fields["_hc_head"] = head
        if status != 200:
            fields["status"] = fields["code"] = status
        if head.reason is not OK:
            fields["reason"] = head.reason
        if head.version != 11:
            fields["version"] = head.version
        if (head._framing.has_length and head.version == 11 and status >= 200
                and status != 204 and status != 304
                and (method is USUAL or method != "HEAD")):
            fields["length"] = head._framing.length
            if head._framing.close:
                fields["will_close"] = True
            return 0
        chunked, length, will_close = self._message_framing(
            head, method, status, head.version, strict)
        fields["chunked"] = chunked
        fields["length"] = length
        fields["will_close"] = will_close
        if chunked:
            fields["chunk_left"] = None
        return 0


@cython.final
cdef class Content:
    """Takes content of known length, and single fields, of a response that has begun."""

    cdef Originals _methods
    cdef Originals _fields

    def __init__(self, Originals methods not None, Originals fields not None):
        self._methods = methods
        self._fields = fields

    def read(self, response):
        """The rest of the content (bytes); None: nothing has been done."""
        cdef SocketReader reader
        cdef Py_ssize_t size
        cdef dict own = attributes(response)
        cdef bytes data
        cdef bint failed = True

        fp = get(own, "fp", None)
        if type(fp) is not SocketReader or not self._methods.of_object(response, own):
            return None
        length = get(own, "length", None)
        method = get(own, "_method", None)
        if (type(length) is not int or get(own, "chunked", None) is not False
                or (method is not USUAL and method == "HEAD")):
            return None
        reader = <SocketReader> fp
        size = clipped_size(length, NULL)
        reader.begin_turn()
        try:
            with cython.critical_section(reader):
                data = reader.take_last(size)
            if data is None:
                failed = False
                return None     # another thread has closed it since
            if PyBytes_GET_SIZE(data) != length:
                response._hc_came_short(data)
            own["length"] = NOTHING
            if reader.surplus:
                own["will_close"] = True    # as in _close_conn(), before the response is over
            own["fp"] = None
            failed = False
            return data
        finally:
            reader.end_turn(failed)

    def field(self, response, name):
        """The value of a field, as getheader() gives it; None: it is not there, or not so easy."""
        cdef dict own

        if type(name) is not str or not self._fields.of_class(type(response)):
            return None
        own = attributes(response)
        head = get(own, "_hc_head", None)
        if (type(head) is not Head or get(own, "headers", None) is not None
                or get(own, "_hc_message", None) is not None or not PyUnicode_IS_ASCII(name)):
            return None
        return (<Head> head).value_of(<str> name)

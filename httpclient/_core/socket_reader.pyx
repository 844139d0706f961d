# SPDX-License-Identifier: MIT
"""SocketReader and RawReader: Readers over a socket that nothing else reads from.

A greedy reader receives more bytes than it was asked for, so it must not share its socket with
other code.  open_reader() decides whether it may be used.
"""
import _socket
import errno
import io
import os
import socket
from functools import partial
from types import BuiltinMethodType

cimport cython
from cpython.bytes cimport PyBytes_GET_SIZE
from cpython.dict cimport PyDict_Contains
from cpython.object cimport PyObject, PyObject_TypeCheck, PyTypeObject

from .deadline cimport Deadline, shortened, wait_until
from .poll cimport ready_within
from .guards cimport Originals, attributes
from .reader cimport Reader
from .store cimport refuse_second_thread

cdef extern from "Python.h":
    PyObject *self_of "PyCFunction_GET_SELF"(object function)
    object call_method "PyObject_CallMethodOneArg"(object obj, object name, object argument)
    object get_attribute "PyObject_GetAttr"(object obj, object name)
    int set_attribute "PyObject_SetAttr"(object obj, object name, object value) except -1

cdef extern from *:
    """
    #include <structmember.h>

    /* Returns the offset of a slot (__slots__) in the objects of a class, or -1 if it is none. */
    static Py_ssize_t
    httpclient_slot(PyObject *cls, PyObject *name)
    {
        Py_ssize_t offset = -1;
    #ifndef Py_GIL_DISABLED
        PyObject *descriptor = PyObject_GetAttr(cls, name);

        if (descriptor == NULL)
            PyErr_Clear();
        else if (Py_IS_TYPE(descriptor, &PyMemberDescr_Type)
                 && ((PyMemberDescrObject *)descriptor)->d_member->type == T_OBJECT_EX)
            offset = ((PyMemberDescrObject *)descriptor)->d_member->offset;
        Py_XDECREF(descriptor);
    #else
        (void)cls;
        (void)name;
    #endif
        return offset;
    }

    static PyObject *
    httpclient_slot_value(PyObject *obj, Py_ssize_t slot, PyObject *name)
    {
        PyObject *value = slot < 0 ? NULL : *(PyObject **)((char *)obj + slot);

        return value == NULL ? PyObject_GetAttr(obj, name) : Py_NewRef(value);
    }

    /* Adds to an int in a slot, ten times as fast as by the attribute.  Returns -1, and changes
       nothing, if the caller must use the attribute. */
    static int
    httpclient_add_to_count(PyObject *obj, Py_ssize_t slot, long n)
    {
        PyObject **place = (PyObject **)((char *)obj + slot);
        PyObject *sum;
        long count;

        if (slot < 0 || *place == NULL || !PyLong_CheckExact(*place))
            return -1;
        count = PyLong_AsLong(*place);
        if (count < 0 || (sum = PyLong_FromLong(count + n)) == NULL) {
            PyErr_Clear();
            return -1;
        }
        Py_SETREF(*place, sum);
        return 0;
    }
    """
    Py_ssize_t slot "httpclient_slot"(object cls, object name) except *
    object slot_value "httpclient_slot_value"(object obj, Py_ssize_t slot, object name)
    int add_to_count "httpclient_add_to_count"(object obj, Py_ssize_t slot, long n) noexcept

# Bound at import, so that a later patch is noticed and respected.
cdef object real_socket = socket.socket
cdef object socket_io = socket.SocketIO
cdef Originals sockets = Originals(real_socket, "makefile")
cdef Originals socket_files = Originals(socket_io, "readinto")
cdef object buffered_reader = io.BufferedReader
cdef object ONE = 1
cdef object send_in_c = _socket.socket.send
cdef object timeout_of = _socket.socket.gettimeout
cdef object descriptor_of = _socket.socket.fileno
cdef int DONT_WAIT = getattr(socket, "MSG_DONTWAIT", 0)
cdef Py_ssize_t IO_REFS = slot(real_socket, "_io_refs")
cdef Py_ssize_t CLOSED = slot(real_socket, "_closed")


cdef int hold(object sock) except -1:
    """Keep the descriptor of a real socket open until release(), even if the socket is closed.

    It raises the socket's count of open makefile() files, which close() respects.  Otherwise a
    close() by another thread would free the descriptor during a system call, which knows its
    number alone, as OpenSSL does; and the next connection would get the same number.
    """
    with cython.critical_section(sock):
        if add_to_count(sock, IO_REFS, 1) < 0:
            set_attribute(sock, "_io_refs", get_attribute(sock, "_io_refs") + ONE)
    return 0


cdef int release(object sock) except -1:
    """Undo hold(); free the descriptor if the socket was closed in the meantime."""
    with cython.critical_section(sock):
        if not is_closed(sock):
            if add_to_count(sock, IO_REFS, -1) < 0:
                set_attribute(sock, "_io_refs", get_attribute(sock, "_io_refs") - ONE)
            return 0
    sock._decref_socketios()
    return 0


cdef object send_all(object sock, object data, Deadline due):
    """Call sock.sendall(data) with the socket held, within a deadline unless that is None."""
    if not PyObject_TypeCheck(sock, <PyTypeObject *> real_socket):
        if due is not None:
            return call_in_time(due, sock, sock.sendall, data)
        return call_method(sock, "sendall", data)
    hold(sock)
    try:
        check_open(sock)
        if due is None:
            return call_method(sock, "sendall", data)
        sendall = sock.sendall
        if is_method_in_c(sendall, sock):
            return send_in_time(sock, data, due)
        return call_in_time(due, sock, sendall, data)
    finally:
        release(sock)


cdef bint is_method_in_c(object method, object sock) except -1:
    """Return True if a method is the C socket's own: neither a subclass's nor a patch."""
    return isinstance(method, BuiltinMethodType) and self_of(method) is <PyObject *> sock


cdef object send_in_time(object sock, object data, Deadline due):
    """Call sendall() in C within a deadline; first send as much as needs no waiting."""
    cdef Py_ssize_t sent

    timeout = timeout_of(sock)
    if within_timeout(sock, timeout, due):
        return call_method(sock, "sendall", data)
    # If the socket has a timeout, even a send with MSG_DONTWAIT would first wait for room.
    if DONT_WAIT and (timeout is None or ready_within(descriptor_of(sock), True, 0)):
        try:
            sent = send_in_c(sock, data, DONT_WAIT)
        except BlockingIOError:
            sent = 0
        if sent == len(data):
            return None
        data = memoryview(data)[sent:]
    return call_in_time(due, sock, sock.sendall, data)


cdef bint within_timeout(object sock, object timeout, Deadline due) except -1:
    """Return True if a call with this timeout ends before the deadline.

    Raises TimeoutError, and closes the socket, if the deadline has passed.
    """
    try:
        return shortened(due, timeout) is timeout
    except TimeoutError:
        close_for_all(sock)
        raise


def call_in_time(Deadline due not None, sock, method, *args):
    """Call a blocking method of a socket; close the socket if the deadline passes.

    Raises TimeoutError when the deadline, or the socket's own timeout, has passed.
    """
    timeout = sock.gettimeout()
    if within_timeout(sock, timeout, due):
        return method(*args)
    try:
        sock.settimeout(shortened(due, timeout))
        return method(*args)
    except TimeoutError:
        within_timeout(sock, timeout, due)
        raise
    finally:
        if sock.fileno() >= 0:
            sock.settimeout(timeout)


cdef int close_for_all(object sock) except -1:
    """Close a socket, and end the calls of responses and files that read from it."""
    interrupt(sock)
    sock.close()
    return 0


cdef bint is_closed(object sock) except -1:
    """Return True if a real socket's close() was called; its descriptor may still be held."""
    return slot_value(sock, CLOSED, "_closed") is not False


cdef int check_open(object sock) except -1:
    """Raise OSError if another thread has called the close() of a held socket."""
    if is_closed(sock):
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    return 0


def held(sock, str method, *args):
    """Call a method of a socket, and keep the descriptor open during the call.

    Objects that are not a socket.socket are called without that.
    """
    if not PyObject_TypeCheck(sock, <PyTypeObject *> real_socket):
        return getattr(sock, method)(*args)
    hold(sock)
    try:
        check_open(sock)
        return getattr(sock, method)(*args)
    finally:
        release(sock)


def interrupt(sock):
    """End the calls of other threads on a real socket; the last one frees the descriptor."""
    if isinstance(sock, real_socket):
        hold(sock)      # Otherwise the descriptor may be freed just before shutdown().
        try:
            # SSLSocket.shutdown() would make the other threads continue without TLS.
            real_socket.shutdown(sock, socket.SHUT_RDWR)
        except OSError:
            pass    # The socket is no longer connected.
        finally:
            release(sock)


@cython.final
cdef class SocketReader(Reader):
    """Reads from a real socket, also one with TLS, by its recv_into().

    It keeps the descriptor open as a file from makefile() does: see hold().
    """

    cdef int attach(self, object sock) except -1:
        self._receive = sock.recv_into
        # Another callable could keep the store that it is given, as ``[].append`` would.
        self._direct = is_method_in_c(self._receive, sock)
        hold(sock)
        self._holds = True
        self._sock = sock
        return 0

    cdef bytes take_last(self, Py_ssize_t n, bint goes_on):
        """Return the last `n` bytes of the message as read() does, and close the reader.

        `goes_on` says whether the connection may be used again.  Leaves the reader open if the
        stream ends first.  Returns None if it was closed before.
        """
        if self.closed:
            return None
        self.check_readable()
        data = self.read_octets(n)
        if PyBytes_GET_SIZE(data) == n:
            if self._receiving:     # Another thread reads ``fp``, and is writing to the store.
                refuse_second_thread()
            self.surplus = self._at != self._end
            self._complete = goes_on and not self.surplus
            self.closed = True
            self.release_store()
            self.leave()
        return data

    def obey(self, Deadline deadline):
        receive = None
        if not self._direct:
            receive = partial(call_in_time, deadline, self._sock, self._sock.recv_into)
        with cython.critical_section(self):
            if self._direct:
                self._due = deadline
            else:
                self._receive = receive

    cdef int wait(self) except -1:
        if descriptor_of(self._sock) < 0:
            return 0            # It was detached: the receive itself raises.
        if not within_timeout(self._sock, timeout_of(self._sock), self._due):
            try:
                wait_until(descriptor_of(self._sock), False, self._due)
            except TimeoutError:
                close_for_all(self._sock)
                raise
        return 0

    @property
    def raw(self):
        """The socket as a raw file, for programs that get the socket by ``fp.raw._sock``."""
        makefile = self._sock.makefile
        with cython.critical_section(self):
            self.check_open()
            if self._raw is None:
                self._raw = makefile("rb", 0)
            return self._raw

    @property
    def name(self):
        return self.fileno()

    @property
    def mode(self):
        return "rb"

    def fileno(self):
        self.check_open()
        return self._sock.fileno()

    cdef int end_receive(self) except -1:
        interrupt(self._sock)
        return 0

    cdef int leave(self) except -1:
        raw, self._raw = self._raw, None
        if raw is not None:
            raw.close()
        if self._holds:
            self._holds = False
            release(self._sock)
        if self._lease is not None:
            self.end_lease()
        return 0

    cdef int note_failure(self, object error, bint lost) except -1:
        Reader.note_failure(self, error, lost)
        # If a deadline has closed the socket, or nothing can use it again, free its descriptor.
        if self._failure is not None and (self._lease is not None or is_closed(self._sock)):
            self.leave()
        return 0

    def __del__(self):
        if self._holds:
            self.close()

    def __repr__(self):
        return f"<{type(self).__name__} of {self._sock!r}>"


cdef int shut_down(object file) except -1:
    """End a receive from the socket under a file that is not a socket.socket."""
    try:
        file.raw._sock.shutdown(socket.SHUT_RDWR)
    except (OSError, AttributeError):
        pass    # The socket is no longer connected, or is none.
    return 0


@cython.final
cdef class RawReader(Reader):
    """Reads from the raw file under a new BufferedReader, whose own buffer stays empty.

    It serves sockets that are not a socket.socket, such as gevent's, with their own makefile().
    """

    cdef object _file

    def __init__(self, file):
        self._receive = file.raw.readinto
        self._file = file

    def obey(self, Deadline deadline):
        raw = self._file.raw
        receive = partial(call_in_time, deadline, raw._sock, raw.readinto)
        with cython.critical_section(self):
            self._receive = receive

    @property
    def raw(self):
        return self._file.raw

    @property
    def name(self):
        return self._file.name

    @property
    def mode(self):
        return self._file.mode

    def fileno(self):
        return self._file.fileno()

    cdef int end_receive(self) except -1:
        return shut_down(self._file)

    cdef int leave(self) except -1:
        self._file.close()
        if self._lease is not None:
            self.end_lease()
        return 0

    cdef int note_failure(self, object error, bint lost) except -1:
        Reader.note_failure(self, error, lost)
        sock = getattr(self._file.raw, "_sock", None)
        if self._failure is not None and (self._lease is not None
                                          or getattr(sock, "_closed", False)):
            self.leave()    # See SocketReader.note_failure().
        return 0

    def __repr__(self):
        return f"<{type(self).__name__} of {self._file!r}>"


cdef bint may_take_all(object sock) except -1:
    """Return True for a real socket with an unpatched makefile(): a greedy reader may be used."""
    if not (PyObject_TypeCheck(sock, <PyTypeObject *> real_socket)
            and sockets.of_class(type(sock)) and socket_files.of_class(socket_io)):
        return False
    # A plain socket.socket has no __dict__.
    return type(sock) is real_socket or not PyDict_Contains(attributes(sock), "makefile")


cdef SocketReader open_socket(object sock):
    cdef SocketReader reader = SocketReader.__new__(SocketReader)
    reader.attach(sock)
    return reader


def open_reader(sock):
    """Return the file through which a response reads `sock`.

    That is a Reader if nothing else reads from the socket.  Otherwise it is the result of the
    socket's ``makefile("rb")``, from which a response never reads more than it needs.
    """
    if may_take_all(sock):
        return open_socket(sock)
    file = sock.makefile("rb")
    if type(file) is buffered_reader and type(file.raw) is socket_io:
        return RawReader(file)
    return file

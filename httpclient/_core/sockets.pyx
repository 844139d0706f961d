# SPDX-License-Identifier: MIT
"""SocketReader and RawReader: a Reader over a socket whose octets are all ours.

A greedy reader takes what nobody has asked for yet, so it stands only over a socket
that nobody else reads from; open_reader() decides.
"""
import io
import socket
from functools import partial
from types import BuiltinMethodType

cimport cython
from cpython.bytes cimport PyBytes_GET_SIZE
from cpython.object cimport PyObject, PyObject_TypeCheck, PyTypeObject

from .originals cimport Originals
from .reader cimport Reader

cdef extern from "Python.h":
    PyObject *self_of "PyCFunction_GET_SELF"(object function)

# Seen at import: what is patched or replaced later is not ours to go around.
cdef object real_socket = socket.socket
cdef object socket_io = socket.SocketIO
cdef Originals sockets = Originals(real_socket, "makefile")
cdef Originals socket_files = Originals(socket_io, "readinto")
cdef object buffered_reader = io.BufferedReader


@cython.final
cdef class SocketReader(Reader):
    """Octets from a real socket, TLS too, by its recv_into().

    It keeps the socket open as a file of makefile() does: by the count of
    those who read, which close() of the socket respects.
    """

    cdef int attach(self, object sock) except -1:
        self._receive = sock.recv_into
        # Another object's method might keep the store that it is given: [].append does.
        self._direct = (isinstance(self._receive, BuiltinMethodType)
                        and self_of(self._receive) is <PyObject *> sock)
        sock._io_refs += 1
        self._sock = sock
        return 0

    cdef bytes take_last(self, Py_ssize_t n):
        """As read(n), of what is the message's end: closes if it has all come.

        `unread` stays: surplus that is nobody's.
        """
        cdef Py_ssize_t left
        self.check_readable()
        data = self.read_octets(n)
        if PyBytes_GET_SIZE(data) == n:
            left = self._end - self._at
            self.let_go()
            self._end = left
        return data

    def obey(self, deadline):
        self._receive = partial(deadline.call, self._sock, self._sock.recv_into)
        self._direct = False

    @property
    def raw(self):
        """The socket as a raw file, for those who look for the socket behind ``fp``."""
        self.check_open()
        if self._raw is None:
            self._raw = self._sock.makefile("rb", 0)
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

    def close(self):
        if not self.closed:
            self.let_go()

    cdef int let_go(self) except -1:
        self.closed = True
        self._receive = None
        self.release_store()
        sock, self._sock = self._sock, None
        raw, self._raw = self._raw, None
        if raw is not None:
            raw.close()
        if sock._closed:
            sock._decref_socketios()
        else:
            sock._io_refs -= 1
        return 0

    def __del__(self):
        if self._sock is not None:
            self.close()

    def __repr__(self):
        return f"<{type(self).__name__} of {self._sock!r}>"


@cython.final
cdef class RawReader(Reader):
    """Octets from the raw file under a fresh BufferedReader, which then buffers nothing.

    For sockets of other make (gevent's), whose makefile() is their own.
    """

    cdef object _file

    def __init__(self, file):
        self._receive = file.raw.readinto
        self._file = file

    def obey(self, deadline):
        raw = self._file.raw
        self._receive = partial(deadline.call, raw._sock, raw.readinto)

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

    def close(self):
        if self.closed:
            return
        self.closed = True
        self._receive = None
        self.release_store()
        self._file.close()

    def __repr__(self):
        return f"<{type(self).__name__} of {self._file!r}>"


cdef bint may_take_all(object sock) except -1:
    """Whether all the octets of a socket are ours to take: a real one, and nothing patched."""
    return (PyObject_TypeCheck(sock, <PyTypeObject *> real_socket)
            and sockets.of_class(type(sock)) and socket_files.of_class(socket_io))


cdef SocketReader open_socket(object sock):
    cdef SocketReader reader = SocketReader.__new__(SocketReader)
    reader.attach(sock)
    return reader


def open_reader(sock):
    """What a response reads `sock` through.

    A Reader where all the octets are ours to take; else what its own
    ``makefile("rb")`` gives, which is then asked for one line or just so many
    octets, and never for more.
    """
    if may_take_all(sock):
        return open_socket(sock)
    file = sock.makefile("rb")
    if type(file) is buffered_reader and type(file.raw) is socket_io:
        return RawReader(file)
    return file

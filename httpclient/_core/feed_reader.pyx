# SPDX-License-Identifier: MIT
"""FeedReader: a Reader that somebody feeds, without a socket.

Nothing ever waits here: what has been fed is all there is for now, so a refill
gives nothing, and until end() that is not the end of the stream.  Whoever reads
then leaves the unread octets where they are, says so, and is called again after
more has been fed.  A search for the empty line goes on where it stopped; a
chunk-size line, which is short, is looked at anew.
"""
cimport cython
from cpython.buffer cimport (
    PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer,
)
from libc.string cimport memcpy

from .http1 cimport *
from .reader cimport Reader
from .store cimport refuse_second_thread

cdef Py_ssize_t ROOM = 16 * 1024        # what most responses fit into


@cython.final
cdef class FeedReader(Reader):
    """Octets that feed() brings, until end()."""

    cdef const uint8_t *_fed            # what is being fed, during feed() alone
    cdef Py_ssize_t _fed_size
    cdef http1_lines _searched          # of the octets that are unread

    def __cinit__(self):
        self._direct = True
        self._waits = True
        self._resumes = True

    @cython.critical_section
    def feed(self, data):
        """Put the octets of a bytes-like object behind the unread ones."""
        cdef Py_buffer view

        self.check_open()
        if self._fed_size:      # another thread's feed() waits for room
            refuse_second_thread()
        PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
        try:
            if view.len:
                self._fed = <const uint8_t *> view.buf
                self._fed_size = view.len
                Reader.refill(self, max(view.len, ROOM))
        finally:
            self._fed_size = 0
            PyBuffer_Release(&view)

    @cython.critical_section
    def end(self):
        """Say that nothing more will be fed."""
        self._waits = False

    cdef Py_ssize_t refill(self, Py_ssize_t room) except -1:
        return 0

    cdef Py_ssize_t receive(self, object space, Py_ssize_t room) except -1:
        cdef Py_buffer view
        cdef Py_ssize_t n = self._fed_size

        if n:
            PyObject_GetBuffer(space, &view, PyBUF_WRITABLE)
            memcpy(view.buf, self._fed, n)
            PyBuffer_Release(&view)
            self.arrived = True
        return n

    cdef http1_rc find_empty_line(self, http1_lines *lines, Py_ssize_t limit) except *:
        cdef http1_rc rc

        lines.at = self._searched.at
        lines.line = self._searched.line
        lines.count = self._searched.count
        rc = Reader.find_empty_line(self, lines, limit)
        self._searched = lines[0]
        if rc != HTTP1_MORE:
            self._searched.at = self._searched.line = self._searched.count = 0
        return rc

    @cython.critical_section
    def close(self):
        self.closed = True
        self.release_store()

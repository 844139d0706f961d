# SPDX-License-Identifier: MIT
"""FeedReader: a Reader without a socket, which is fed by feed().

Nothing waits here.  A refill gives nothing, which means the end of the stream only after end().
Before that, a read that needs more bytes leaves the unread ones where they are and reports it; its
caller repeats it after the next feed().  A search for the empty line continues where it stopped.
A chunk-size line is short, so it is parsed again.
"""
cimport cython
from cpython.buffer cimport PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from libc.string cimport memcpy

from .http1 cimport *
from .reader cimport Reader
from .store cimport refuse_second_thread

cdef Py_ssize_t ROOM = 16 * 1024        # bytes; most responses fit into it


@cython.final
cdef class FeedReader(Reader):
    """A Reader over the bytes given to feed(), until end()."""

    def __cinit__(self):
        self._direct = True
        self._waits = True
        self._resumes = True

    @cython.critical_section
    cdef int feed(self, const uint8_t *octets, Py_ssize_t n) except -1:
        """Append octets to the unread bytes."""
        self.check_open()
        if self._fed_size:      # Another thread is in feed().
            refuse_second_thread()
        if n:
            self._fed = octets
            self._fed_size = n
            try:
                Reader.refill(self, max(n, ROOM))
            finally:
                self._fed_size = 0
        return 0

    @cython.critical_section
    cdef int end(self) except -1:
        """Say that nothing more will be fed."""
        self._waits = False
        return 0

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

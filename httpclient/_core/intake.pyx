# SPDX-License-Identifier: MIT
"""Intake: the content of one answer, as it arrives.

One piece is kept as it is.  More are gathered in a Result, into which a socket can receive, too.
"""
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.string cimport memcpy

from .bytes_builder cimport Result, begun, grown
from .loop cimport BUFFER

cdef Py_ssize_t UNKNOWN = 2 ** 62       # the size of content of unknown length
# grown() reserves address space, which pays for a few large contents, and not for many small ones.
cdef Py_ssize_t SMALL = 4 * 1024 * 1024


cdef class Intake:
    """Collects content; take() returns it and begins anew."""

    def __cinit__(self):
        self._piece = b""

    cdef bint is_large(self) noexcept:
        """Return True if there was more than one piece."""
        return self._result is not None

    cdef Result room(self, Py_ssize_t left):
        """Return a Result with room after `_have`; `left` bytes are to come, -1 if unknown."""
        cdef Py_ssize_t more = UNKNOWN if left < 0 else min(left, UNKNOWN)
        cdef bytes piece = self._piece

        if self._result is None:
            self._result = begun(max(2 * BUFFER, PyBytes_GET_SIZE(piece) + min(left, UNKNOWN)))
            self._have = 0
            self._piece = b""
            self.append(piece)
        elif self._have == self._result.size():
            self.grow(self._have + more if more < UNKNOWN else UNKNOWN)
        return self._result

    cdef int grow(self, Py_ssize_t most) except -1:
        """Make the full result larger, but not larger than `most` bytes."""
        cdef Py_ssize_t size = self._result.size()

        if size < SMALL:
            return self._result.resize(min(2 * size, most))
        self._result = grown(self._result, most)
        return 0

    cdef int fill(self, Py_ssize_t n) noexcept:
        """Note that `n` bytes have been received into the room."""
        self._have += n
        self.count += n
        return 0

    cdef int put(self, bytes content) except -1:
        """Put content after what is there."""
        self.count += PyBytes_GET_SIZE(content)
        if self._result is None and not self._piece:
            self._piece = content
            return 0
        self.room(-1)
        return self.append(content)

    cdef int append(self, bytes content) except -1:
        cdef Py_ssize_t n = PyBytes_GET_SIZE(content)

        while self._result.size() - self._have < n:
            self.grow(UNKNOWN)
        memcpy(self._result.octets() + self._have, PyBytes_AS_STRING(content), n)
        self._have += n
        return 0

    cdef bytes take(self, Py_ssize_t most):
        """Return the content, `most` bytes of it at most unless that is negative."""
        cdef bytes content = self._piece
        cdef Result result = self._result

        self._piece = b""
        self._result = None
        self.count = 0
        if result is not None:
            return result.finish(self._have if most < 0 else min(self._have, most))
        return content if most < 0 else content[:most]

# SPDX-License-Identifier: MIT
from libc.stdint cimport uint8_t

from .deadline cimport Deadline
from .http1 cimport http1_lines, http1_rc


cdef class Store:
    cdef bytearray _store       # owns the memory; the bytes [_at, _end) are unread
    cdef Py_ssize_t _at
    cdef Py_ssize_t _end
    cdef readonly bint closed
    cdef bint _aborted          # a flag: True if close() came during a read of the response or head
    cdef readonly bint arrived  # True once a byte has been received
    cdef readonly bint after_last_chunk     # True if a chunked body's end was read by lines
    cdef Py_ssize_t _size_at    # the position of the next chunk-size line, known from line reads
    cdef bint _last_chunk       # True if the last chunk's line was read, and only lines since
    cdef bint _receiving        # True during a receive, which may write to the store
    cdef int _turns             # the depth of nested reads of the response,
    cdef unsigned long _reads   # and the thread that does them
    cdef Py_ssize_t _before     # bytes of the stream before those in the store
    cdef Py_ssize_t _settled    # the stream position that the response's attributes describe
    cdef bint _waits            # True if a refill may give nothing before the stream has ended
    cdef bint _resumes          # True if a search for the empty line continues where it stopped
    cdef bint _direct           # True if _receive is a C method, which keeps no buffer
    cdef str _failure           # the reason why nothing more can be read, or None
    cdef object _receive        # recv_into() or readinto(): function(buffer) -> bytes received
    cdef Deadline _due          # the deadline of a receive in C, or None

    cdef uint8_t *unread_octets(self) noexcept
    cdef Py_ssize_t position(self) noexcept
    cdef int begin_turn(self) except -1
    cdef int end_turn(self, bint failed) except -1
    cdef int check_open(self) except -1
    cdef int check_readable(self) except -1
    cdef int release_store(self) except -1
    cdef int leave(self) except -1
    cdef int give_back(self, const uint8_t *octets, Py_ssize_t n, object error) except -1
    cdef int give_back_bytes(self, bytes octets, object error) except -1
    cdef Py_ssize_t refill(self, Py_ssize_t room) except -1
    cdef int wait(self) except -1
    cdef Py_ssize_t receive(self, object space, Py_ssize_t room) except -1
    cdef Py_ssize_t fill(self, object target, Py_ssize_t at, Py_ssize_t end,
                         bint once) except -1
    cdef bytes line_at(self, Py_ssize_t at)
    cdef http1_rc find_empty_line(self, http1_lines *lines, Py_ssize_t limit) except *
    cdef bytes take(self, Py_ssize_t n)
    cdef bytes take_line(self, Py_ssize_t n)
    cdef int note_failure(self, object error, bint lost) except -1
    cdef bytes read_octets(self, Py_ssize_t n)
    cdef bytes receive_octets(self, Py_ssize_t n, bint once)
    cdef bytes read_to_end(self)


cdef int refuse_second_thread() except -1
cdef bint is_of_python(object error) except -1

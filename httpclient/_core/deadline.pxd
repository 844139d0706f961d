# SPDX-License-Identifier: MIT


cdef class Deadline:
    cdef readonly double seconds
    cdef double _end            # by the monotonic clock

    cdef double seconds_left(self) except -1


cdef double clock() except? -1
cdef object shortened(Deadline due, object timeout)
cdef int wait_until(int fd, bint output, Deadline due) except -1

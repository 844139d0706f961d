# SPDX-License-Identifier: MIT
cdef bint ready_within(int fd, bint output, double seconds) except -1
cpdef bint readable(int fd) except -1
cdef bint has_input(object sock) except -1

# SPDX-License-Identifier: MIT
cpdef bint readable(int fd) except -1
cdef bint has_input(object sock) except -1
cdef bint has_room(int fd) noexcept

# SPDX-License-Identifier: MIT
from .connection_state cimport ConnectionState
from .guards cimport Originals

cdef bint is_over(Originals answers, object response) except -1
cdef tuple host_line(object connection, ConnectionState state, object cold, object host,
                     object port, object default_port)
cdef bint is_usual(object deadline) except -1

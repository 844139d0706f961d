# SPDX-License-Identifier: MIT
from .connection_state cimport ConnectionState

cdef tuple host_line(object connection, ConnectionState state, object cold, object host,
                     object port, object default_port)
cdef bint is_usual(object deadline) except -1

# SPDX-License-Identifier: MIT
from .connection_state cimport ConnectionState
from .deadline cimport Deadline

cdef tuple host_line(object connection, ConnectionState state, object cold, object host,
                     object port, object default_port)
cdef bint is_usual(object deadline) except -1
cdef int send_audited(object connection, ConnectionState state, object sock, Deadline due,
                      bytes head, object body) except -1

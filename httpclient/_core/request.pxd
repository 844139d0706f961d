# SPDX-License-Identifier: MIT
from .guards cimport Bindings


cdef class Heads:
    cdef readonly dict known    # URL up to its path -> a tuple, see plain()
    cdef Bindings _rules
    cdef bytes _accept_encoding

    cpdef bytes whole(self, str method, str target, bytes host_line, dict headers, length)
    cpdef tuple with_headers(self, str method, str url, dict headers)
    cpdef tuple plain(self, str url)


cdef bytes ACCEPT_ENCODING
cdef bytes whole_head(str method, str target, bytes host_line, bytes accept_encoding,
                      dict headers, object length)
cpdef bytes request_line(object method, object target, object version)
cpdef bytes field_line(object name, object value)

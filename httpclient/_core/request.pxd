# SPDX-License-Identifier: MIT
cdef bytes ACCEPT_ENCODING
cdef bytes whole_head(str method, str target, bytes host_line, bytes accept_encoding,
                      dict headers, object length)
cpdef bytes request_line(object method, object target, object version)
cpdef bytes field_line(object name, object value)

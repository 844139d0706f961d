# SPDX-License-Identifier: MIT
cdef bytes whole_head(str method, str target, bytes host_line, dict headers, object length)
cpdef bytes request_line(object method, object target, object version)
cpdef bytes field_line(object name, object value)

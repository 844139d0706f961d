# SPDX-License-Identifier: MIT
cdef bytes whole_head(str method, str target, bytes host_line, dict headers, object length)

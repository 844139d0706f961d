# SPDX-License-Identifier: MIT
cdef str name_text(const char *octets, Py_ssize_t n)
cdef str value_text(const char *octets, Py_ssize_t n)

# SPDX-License-Identifier: MIT
from .originals cimport Originals

cdef bint is_over(Originals answers, object response) except -1
cdef bint is_usual(object deadline) except -1

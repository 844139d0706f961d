# SPDX-License-Identifier: MIT
"""Counts of requests, responses and bytes in this process, for ``python -m httpclient --stats``.

Counting takes a nanosecond and no lock, so without a GIL some counts are lost between threads.
"""
cimport cython


@cython.final
cdef class Tally:
    """Numbers of requests sent, responses begun, and bytes received (`octets`)."""


tally = Tally()

# SPDX-License-Identifier: MIT
"""How much has been done in this process, for ``python -m httpclient --stats``.

Plain numbers, for a nanosecond each: where threads run at once without a GIL, some are lost.
"""
cimport cython


@cython.final
cdef class Tally:
    """Requests sent, responses begun, and octets received from real sockets."""


tally = Tally()

# SPDX-License-Identifier: MIT
"""Loop: what all connections of a Fetcher share: the poller, the buffer and the settings."""
from .hosts cimport Schedule, Timed


cdef class Loop(Schedule):
    """A Schedule with I/O; Crowd takes its turns."""

    def __cinit__(self, *args, **keywords):
        self._transfers = {}
        self._by_descriptor = {}
        self._buffer = bytearray(BUFFER)

    cdef int watch(self, int fd, bint output, Timed transfer) except -1:
        """Begin to look for input on a descriptor, and for output if `output`."""
        self._poller.register(fd, INPUT | OUTPUT if output else INPUT)
        self._by_descriptor[fd] = transfer
        return 0

    cdef int watch_for(self, int fd, bint output) except -1:
        """Look for output, too, or no longer."""
        self._poller.modify(fd, INPUT | OUTPUT if output else INPUT)
        return 0

    cdef int watch_output(self, int fd, Timed transfer) except -1:
        """Look for output alone."""
        if fd in self._by_descriptor:
            self._poller.modify(fd, OUTPUT)
        else:
            self._poller.register(fd, OUTPUT)
            self._by_descriptor[fd] = transfer
        return 0

    cdef int unwatch(self, int fd) except -1:
        """Look no longer; call it before the descriptor is closed."""
        if self._by_descriptor.pop(fd, None) is not None:
            try:
                self._poller.unregister(fd)
            except OSError:
                pass        # A TLS socket that could not be made has closed it.
        return 0

# SPDX-License-Identifier: MIT
"""Sender: the request on a connection of a Fetcher, on its way out.

The head goes out first, then what the body gives piece by piece.  A body without a piece to send
is hungry: resume() of Transfer goes on.
"""
from .job cimport SENT, Job
from .link cimport BUSY, Link
from .store cimport is_of_python

cdef enum:
    SENDS = 16          # pieces of a body that are sent in one event


cdef class Sender(Link):
    """A connection that sends requests; Transfer adds the answers."""

    cdef bint is_sending(self) noexcept:
        return self._out is not None or self._upload is not None

    cdef int send_on(self) except -1:
        """Send as much as the socket takes."""
        cdef Job job = self._job
        cdef Py_ssize_t sent
        cdef int left = SENDS

        while self._out is not None or (self._upload is not None):
            if self._out is None:
                self._unsafe = True
                piece = self._upload.next_piece()
                self._unsafe = False
                if self._job is not job:
                    return 0
                if piece is None:
                    # resume() will tell that there is one.
                    self._hungry = True
                    self.progress()
                    return self.look_for(False)
                self._hungry = False
                if not len(piece):
                    break
                self._out = piece
            try:
                sent = self._send(self._out)
            except self._loop._cold.SEND_LATER:
                return self.look_for(True)
            except self._loop._cold.RECEIVE_LATER:
                return self.look_for(False)
            except OSError as error:
                if is_of_python(error):
                    raise
                # The server may have answered before it closed the connection.
                self._sending_failed = error
                self.send_no_more()
                return self.look_for(False)
            if sent == len(self._out):
                self._out = None
            else:
                self._out = memoryview(self._out)[sent:]
            self.progress()
            left -= 1
            if left == 0 and self._upload is not None:
                return self.look_for(True)
        if self._upload is not None:
            self._upload = None
            self.progress()
        if self._state == BUSY:
            job._moments[SENT] = self._loop._now
        return self.look_for(False)

    cdef int send_no_more(self) except -1:
        """Give up the rest of the request, but not the response."""
        upload, self._upload = self._upload, None
        self._out = None
        self.progress()
        if upload is not None:
            upload.stop()
        return 0

    cdef int resume_sending(self) except -1:
        self._hungry = False
        if self._upload is None:
            return 0
        self.progress()
        self.arm()
        return self.send_on()

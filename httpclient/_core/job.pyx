# SPDX-License-Identifier: MIT
"""Job: one request of a Fetcher on its way, and what came of it.

Answer, a class in Python, adds what programs read.  A Job is made when its request is added, and
is handed out once.
"""
cdef double INFINITE = float("inf")


cdef class Job:
    """A request, and the response or the error that ended it."""

    def __cinit__(self):
        self._due = self._seconds = self._queue_due = INFINITE
        self.content = b""

    @property
    def feed(self):
        """The ResponseFeed, or None if no octet of a response has arrived."""
        return self._feed

    @property
    def given(self):
        """What was added: a Request, or the URL of a GET (str)."""
        return self._request

    @property
    def sink(self):
        """The sink of the request, or None."""
        return self._sink

    def moments(self):
        """Return the times of the moments, in the order of job.pxd, by the loop's clock.

        A moment that did not come is 0.0.
        """
        return [moment for moment in self._moments]

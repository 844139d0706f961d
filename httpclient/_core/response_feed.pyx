# SPDX-License-Identifier: MIT
"""ResponseFeed: one response out of octets that are fed, without I/O.

Octets are taken by their address, and used only during the call.  The fast lane is a regular final
head that is whole in the first octets, and the content after it: it keeps a copy of these two, and
runs no Python code.  Other octets go to a FeedReader, from which they are read by the functions
that also read from a socket.  It exists only while octets must be kept until more have been fed.

Threads.  Each call that feeds has a turn (ResponseState.begin_turn()).  Only the thread that has it
uses the reader and the body.  The attributes are set and read in critical sections.
"""
import sys

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE

from .chunked cimport ChunkedBody, new_body
from .feed_reader cimport FeedReader
from .head cimport Head, MessageFraming, head_at
from .response_state cimport HeadLimits, ResponseState, read_limits

from .._common.exceptions import HTTPException, IncompleteRead

cdef int64_t LARGEST = 0x7fffffffffffffff
cdef Py_ssize_t LARGEST_SIZE = sys.maxsize


cdef object truth(int value):
    """Return None for -1, else a bool."""
    return None if value < 0 else value != 0


cdef int truth_of(object value) except -2:
    """Return -1 for None, else 0 or 1."""
    return -1 if value is None else bool(value)


cdef tuple split(object length):
    """Return (`_left`, `_beyond`) for a length, or for None."""
    if length is None:
        return -1, 0
    return min(length, LARGEST), max(length - LARGEST, 0)


@cython.freelist(16)
cdef class ResponseFeed:
    """The engine of ResponseParser, and a response for programs in C: see response_feed.pxd."""

    def __cinit__(self):
        self._state = ResponseState.__new__(ResponseState)
        self._chunked = self._will_close = self._strict = self._left = -1
        self._beyond = 0
        self._surplus = b""

    def __init__(self, method, bint reused, strict, limits, cold):
        self.prepare(method, reused, strict, limits, cold)

    cdef int prepare(self, object method, bint reused, object strict, object limits,
                     object cold) except -1:
        with cython.critical_section(self):
            self._method = method
            self._reused = reused
            self._strict = truth_of(strict)
            self._cold = cold
        with cython.critical_section(self._state):
            self._state._limits = limits
        return 0

    # ---- feeding

    def feed(self, data):
        """Take received bytes, and return the content among them.

        :param data: the next bytes of the stream (bytes-like).
        :return: bytes; b"" if `data` has no content.  `complete` says whether the message goes on.

        Raises the errors of HTTPResponse.begin() and read(), HTTPException after such an error,
        ValueError after the end of the message, and RuntimeError if two threads feed the parser.
        ``IncompleteRead.partial`` has the content of the same call.
        """
        cdef Py_buffer view

        self.begin_turn()
        try:
            self.check_open()
            if self.is_plain():
                if type(data) is not bytes:
                    data = bytes(memoryview(data))
                if self._left < 0 or PyBytes_GET_SIZE(data) <= self._left:
                    self.count(PyBytes_GET_SIZE(data))
                    return data
            if type(data) is bytes:
                return self.accept(<const uint8_t *> PyBytes_AS_STRING(data),
                                   PyBytes_GET_SIZE(data))
            PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
            try:
                return self.accept(<const uint8_t *> view.buf, view.len)
            finally:
                PyBuffer_Release(&view)
        finally:
            self._state.end_turn()

    def end(self):
        """Take the end of the stream, and return content that only the end reveals (bytes).

        Raises the errors of HTTPResponse.begin() and read(), such as RemoteDisconnected and
        IncompleteRead, if the message is not complete.  Does nothing if it is.
        """
        return self.finish()

    cdef bytes take(self, const uint8_t *octets, Py_ssize_t n):
        self.begin_turn()
        try:
            self.check_open()
            return self.accept(octets, n)
        finally:
            self._state.end_turn()

    cdef bytes finish(self):
        self.begin_turn()
        try:
            return b"" if self._complete else self.accept_end()
        finally:
            self._state.end_turn()

    cdef Py_ssize_t plain_left(self) noexcept:
        if self._complete or self._failed or not self.is_plain():
            return NOT_PLAIN
        if self._left < 0:
            return UNTIL_CLOSE
        return min(self._left, <int64_t> LARGEST_SIZE)

    cdef int count_plain(self, Py_ssize_t n) except -1:
        cdef Py_ssize_t left = self.plain_left()

        if left == NOT_PLAIN or n < 0 or 0 <= left < n:
            raise ValueError(f"cannot count {n} octets of content, plain_left() is {left}")
        return self.count(n)

    cdef int begin_turn(self) except -1:
        if not self._state.begin_turn():
            raise RuntimeError("two threads feed one ResponseParser at once: feed it from one")
        return 0

    cdef int check_open(self) except -1:
        """Raise if nothing more may be fed."""
        if self._failed:
            raise HTTPException("nothing is read after an error, close the connection: "
                                f"{self._why}")
        if self._complete:
            raise ValueError("the message is complete: use a new ResponseParser for the next one")
        return 0

    cdef bytes accept(self, const uint8_t *octets, Py_ssize_t n):
        """Return the content among octets."""
        if n == 0:
            return b""
        try:
            if self._state._head is not None:
                return self.content(octets, n)
            if self._reader is None:
                return self.begin(octets, n)
            self._reader.feed(octets, n)
            return self.begin_by_reader()
        except BaseException as error:
            self.fail(error)
            raise

    cdef bytes accept_end(self):
        """Do finish() for a message that is not complete."""
        cdef bytes content = b""

        self.check_open()
        try:
            if self._state._head is None:
                self.keep(NULL, 0)
                self._reader.end()
                content = self.begin_by_reader()
            if self._body is not None:
                self.keep(NULL, 0)
                self._reader.end()
                content = self.content_by_reader(None)
            elif self._left > 0:
                raise IncompleteRead(content, self.length)
            elif not self._complete:
                self.end_message(NULL, 0)
            return content
        except BaseException as error:
            self.fail(error)
            raise

    cdef int fail(self, object error) except -1:
        """Note the error that ends the response."""
        # The exception itself would keep all frames of its traceback.
        self._why = f"{type(error).__name__}: {error}"
        with cython.critical_section(self):
            self._failed = True
            self._will_close = 1
        self.release()
        self._body = None
        return 0

    cdef int end_message(self, const uint8_t *octets, Py_ssize_t n) except -1:
        """Note the end of the message, and the octets after it."""
        cdef bytes surplus = PyBytes_FromStringAndSize(<const char *> octets, n)

        with cython.critical_section(self):
            self._complete = True
            if n:
                self._surplus = surplus
                # As in HTTPResponse, bytes after the message end the use of the connection.
                self._will_close = 1
        self.release()
        self._body = None
        return 0

    cdef int keep(self, const uint8_t *octets, Py_ssize_t n) except -1:
        """Keep octets until more have been fed."""
        if self._reader is None:
            self._reader = FeedReader.__new__(FeedReader)
            if self._body is not None:
                self._body.reader = self._reader
            elif self._reused:
                self._state.reused = True
        self._reader.feed(octets, n)
        return 0

    cdef int release(self) except -1:
        """Release the memory of the reader."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        return 0

    # ---- the content

    cdef bytes content(self, const uint8_t *octets, Py_ssize_t n):
        """Return the content among octets after the head."""
        cdef Py_ssize_t used = n
        cdef bytes content

        if self._body is None:
            if 0 <= self._left < n:
                used = self._left
            content = PyBytes_FromStringAndSize(<const char *> octets, used)
            self.count(used)
            if used < n:
                self.end_message(octets + used, n - used)
            return content
        if self._reader is None:
            content = self._body.decoded(octets, n, &used)
            if content is not None:
                if self._body.ended:
                    self.end_message(octets + used, n - used)
                elif used < n:
                    self.keep(octets + used, n - used)
                return content
        self.keep(octets, n)
        return self.content_by_reader(self._reader._end - self._reader._at)

    cdef bytes content_by_reader(self, object size):
        """Return the content among `size` octets of the reader, or up to its end if None."""
        cdef ChunkedBody body = self._body
        cdef FeedReader reader = self._reader
        cdef bytes content = body.read(size)
        cdef bytes surplus

        if body.ended:
            try:
                self._cold.check_trailers(body.trailers, self.strict)
            except IncompleteRead as error:
                raise self._cold.incomplete(content, error)
            self._state.trailer_section = body.trailers
            if not body.trailers:
                # Not even an empty line followed the last chunk: the stream has ended.
                self.will_close = True
            surplus = reader.take(reader._end - reader._at)
            self.end_message(<const uint8_t *> PyBytes_AS_STRING(surplus),
                             PyBytes_GET_SIZE(surplus))
        elif reader._at == reader._end:
            self.release()
        return content

    cdef bint is_plain(self) noexcept:
        """Return True if the head has been read, and the content has no chunks."""
        return self._body is None and self._state._head is not None

    cdef int count(self, Py_ssize_t n) except -1:
        """Count octets of content without chunks."""
        if self._left >= 0:
            with cython.critical_section(self):
                self._left -= n
                self._complete = self._left == 0
        return 0

    # ---- the head

    cdef bytes begin(self, const uint8_t *octets, Py_ssize_t n):
        """Read the head if it is whole in the first octets, and return the content after it."""
        cdef HeadLimits limits
        cdef Py_ssize_t at = 0
        cdef Head head

        read_limits(self._state._limits, &limits)
        if self._reused and self._strict != 1:
            # The empty line that skip_empty_line() skips.
            if octets[0] == c'\n':
                at = 1
            elif n > 1 and octets[0] == c'\r' and octets[1] == c'\n':
                at = 2
        head = head_at(octets + at, n - at, limits.line, limits.fields, limits.head,
                       self._strict == 1)
        if head is not None and head.is_final():
            self.begin_with(head)
            at += head.size
            return self.content(octets + at, n - at)
        self.keep(octets, n)
        return self.begin_by_reader()

    cdef bytes begin_by_reader(self):
        """Read the head from the reader if it is whole, and return the content after it."""
        cdef FeedReader reader = self._reader
        cdef bytes content

        head = self._cold.final_head(reader, self._state, self.strict)
        if head is None:
            return b""
        self.begin_with(head)
        if self._body is not None:
            self._body.reader = reader
            return self.content_by_reader(reader._end - reader._at)
        content = reader.take(reader._end - reader._at)
        self.release()
        return self.content(<const uint8_t *> PyBytes_AS_STRING(content),
                            PyBytes_GET_SIZE(content))

    cdef int begin_with(self, object found) except -1:
        """Set the attributes from a Head or OddHead."""
        cdef MessageFraming message
        cdef int version, status
        cdef object reason, beyond = 0
        cdef bint regular = type(found) is Head and (<Head> found).frame(
            self._method, self._strict == 1, &message)

        if regular:
            version, status = (<Head> found).version, (<Head> found).status
            reason = (<Head> found).reason
        else:
            version, status, reason = found.first_line()
            message.chunked, length, message.will_close = self._cold.message_framing(
                found.framing, self._method, status, version, self.strict)
            message.length, beyond = split(length)
        if message.chunked and message.length < 0:
            self._body = new_body(self._state._limits, self._strict == 1)
        with cython.critical_section(self._state):
            self._state._head = found
        with cython.critical_section(self):
            self._version, self._status, self._reason = version, status, reason
            self._chunked, self._will_close = message.chunked, message.will_close
            self._left = message.length
            self._left, self._beyond = message.length, beyond
        return 0

    # ---- copies

    def _kept(self):
        """Return the arguments of _restore() for a copy; raise TypeError if octets are kept."""
        if self._reader is not None or self._body is not None:
            raise TypeError(f"cannot copy a {type(self).__name__} amid a head or chunks")
        with cython.critical_section(self):
            return (self._method, self._reused, truth(self._strict), self._state, self._status,
                    self._version, self._reason, self._chunked, self._will_close, self._complete,
                    self._failed, self._left, self._beyond, self._surplus, self._why)

    def _restore(self, cold, method, bint reused, strict, ResponseState state not None, int status,
                 int version, reason, int chunked, int will_close, bint complete, bint failed,
                 int64_t left, beyond, bytes surplus, str why):
        """Become the copy of another parser; call it on a new object."""
        self.prepare(method, reused, strict, state.limits, cold)
        self._state = state
        self._status, self._version, self._reason = status, version, reason
        self._chunked, self._will_close = chunked, will_close
        self._complete, self._failed, self._why = complete, failed, why
        self._left, self._beyond, self._surplus = left, beyond, surplus

    # ---- the attributes, which programs may also set

    @property
    def status(self):
        with cython.critical_section(self):
            return self._status if self._status else None

    @status.setter
    def status(self, value):
        with cython.critical_section(self):
            self._status = value or 0

    @property
    def version(self):
        with cython.critical_section(self):
            return self._version if self._version else None

    @version.setter
    def version(self, value):
        with cython.critical_section(self):
            self._version = value or 0

    @property
    def reason(self):
        with cython.critical_section(self):
            return self._reason

    @reason.setter
    def reason(self, value):
        with cython.critical_section(self):
            self._reason = value

    @property
    def chunked(self):
        with cython.critical_section(self):
            return truth(self._chunked)

    @chunked.setter
    def chunked(self, value):
        with cython.critical_section(self):
            self._chunked = truth_of(value)

    @property
    def will_close(self):
        with cython.critical_section(self):
            return truth(self._will_close)

    @will_close.setter
    def will_close(self, value):
        with cython.critical_section(self):
            self._will_close = truth_of(value)

    @property
    def strict(self):
        with cython.critical_section(self):
            return truth(self._strict)

    @strict.setter
    def strict(self, value):
        with cython.critical_section(self):
            self._strict = truth_of(value)

    @property
    def length(self):
        with cython.critical_section(self):
            return None if self._left < 0 else self._left + self._beyond

    @length.setter
    def length(self, value):
        with cython.critical_section(self):
            self._left, self._beyond = split(value)

    @property
    def complete(self):
        with cython.critical_section(self):
            return self._complete

    @complete.setter
    def complete(self, value):
        with cython.critical_section(self):
            self._complete = value

    @property
    def failed(self):
        with cython.critical_section(self):
            return self._failed

    @failed.setter
    def failed(self, value):
        with cython.critical_section(self):
            self._failed = value

    @property
    def surplus(self):
        with cython.critical_section(self):
            return self._surplus

    @surplus.setter
    def surplus(self, value):
        with cython.critical_section(self):
            self._surplus = value


cdef ResponseFeed new_feed(object method, bint reused, object strict, object limits, object cold):
    cdef ResponseFeed feed = ResponseFeed.__new__(ResponseFeed)

    feed.prepare(method, reused, strict, limits, cold)
    return feed

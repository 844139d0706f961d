# SPDX-License-Identifier: MIT
"""ResponseParser: a response out of octets that somebody else receives (asyncio, trio, a file).

The same head, policy, framing and chunks as HTTPResponse, over a FeedReader.
Head and chunks go through that reader; content that needs no decoding goes
past it.
"""
from .._common import limits as _limits
from .._common.exceptions import HTTPException, IncompleteRead
from .._common.signatures import shown_signature
from .._core.chunked import ChunkedBody
from .._core.feed_reader import FeedReader
from .._core.head import head_in
from .._core.response_state import ResponseState
from .chunked import check_trailers, incomplete
from .framing import message_framing
from .head import final_head
from .message import message_of, trailers_of


class ResponseParser:
    """One response, without I/O: feed() takes the octets of the stream and returns content.

    `method` is the request's, on which it depends whether there is content.  `reused`:
    whether the connection has brought a response before, behind which servers may send an
    empty line.  `strict` and the limits are those of HTTPConnection.

    Each attribute is None until it is known: `status` (int), `reason` (str), `version`
    (10, 11, or 9 for HTTP/0.9), `headers` (HTTPMessage), `chunked` (bool), `will_close`
    (whether the connection ends with this message) with the head; `length` too, which is
    how many octets of content are still to come, or None where nobody knows.

    `complete`: whether the message has been read to its end.  `surplus`: octets (bytes) that
    were fed behind it; they are never part of the response: after 101 they are the other
    protocol's (RFC 9110 7.8).  `failed`: whether the response was refused, or broken; the
    connection must be closed then.
    """

    status = reason = version = chunked = length = will_close = None
    complete = failed = False
    surplus = b""
    _reader = None          # of what has to wait for more
    _why = None             # the failure, for who feeds on

    @shown_signature(("method", "GET"), reused=False, strict=None, max_response_headers=None,
                     **dict.fromkeys(_limits.KEYWORDS))
    def __init__(self, method="GET", *, reused=False, strict=None, max_response_headers=None,
                 **keywords):
        self._method = method
        self.strict = None if strict is None else bool(strict)
        self._state = ResponseState()
        self._state.reused = reused
        if keywords:
            self._state.limits = _limits.taken_from(keywords)
        if keywords:
            raise TypeError(f"{type(self).__name__}() got an unexpected keyword argument "
                            f"{next(iter(keywords))!r}")
        if max_response_headers is not None:
            self._state.limits = self._state.limits._replace(fields=max_response_headers)

    # ---- what comes

    def feed(self, data):
        """Take what has been received (bytes-like); return the content in it (bytes).

        b"" where there is none yet, or there is none: `complete` tells.  Raises what
        HTTPResponse.begin() and read() raise; content that came in the same call is in
        IncompleteRead.partial.  ValueError when the message is complete.
        """
        if not self._state.begin_turn():
            raise _two_threads()
        try:
            self._check_open()
            if self._state.head is not None and self._state.body is None:
                return self._plain_content(
                    data if type(data) is bytes else bytes(memoryview(data)))
            head = None
            if self._reader is None:
                head = self._head_in(data)
                if head is None:
                    self._reader = FeedReader()
            if head is None:
                self._reader.feed(data)
            try:
                if head is not None:
                    return self._begin_with(head, data[head.size:])
                if self._state.head is None:
                    return self._begin()
                return self._from_chunks(self._reader.unread)
            except BaseException as error:
                self._fail(error)
                raise
        finally:
            self._state.end_turn()

    def end(self):
        """Take note that the stream has ended; return content that was not known to be any.

        Raises what HTTPResponse.begin() and read() raise of it: RemoteDisconnected,
        IncompleteRead ...  Does nothing when the message is complete.
        """
        if not self._state.begin_turn():
            raise _two_threads()
        try:
            return b"" if self.complete else self._end()
        finally:
            self._state.end_turn()

    def _end(self):
        self._check_open()
        if self._reader is None:
            self._reader = FeedReader()
        self._reader.end()
        try:
            content = self._begin() if self._state.head is None else b""
            if self._state.body is not None:
                content = self._from_chunks(None)
            elif self.length:
                raise IncompleteRead(content, self.length)
            elif not self.complete:
                self._finish(b"")
            return content
        except BaseException as error:
            self._fail(error)
            raise

    def _check_open(self):
        if self.failed:
            raise HTTPException(f"nothing is read after an error: {self._why}")
        if self.complete:
            raise ValueError("the message is complete")

    def _fail(self, error):
        # Not the exception itself, whose traceback would keep all of its frames.
        self._why = f"{type(error).__name__}: {error}"
        self.failed = self.will_close = True
        self._state.body = None
        self._close()

    def _finish(self, surplus):
        self.complete = True
        if surplus:
            self.surplus = surplus
            self.will_close = True  # as with HTTPResponse
        self._close()

    def _close(self):
        if self._reader is not None:
            self._reader.close()

    # ---- the content

    def _from_chunks(self, size):
        """The content among so many octets that are unread; None: all that there may be."""
        body, reader = self._state.body, self._reader
        content = body.read(size)
        if body.ended:
            try:
                check_trailers(body.trailers, self.strict)
            except IncompleteRead as error:
                raise incomplete(content, error)
            self._state.trailer_section = body.trailers
            if not body.trailers:
                self.will_close = True  # the stream has ended there
            self._finish(reader.read(reader.unread))
        return content

    def _plain_content(self, data):
        """The content in octets of a message body without chunks."""
        length = self.length
        if length is None:
            return data
        if len(data) < length:
            self.length = length - len(data)
            return data
        self.length = 0
        self._finish(data[length:])
        return data[:length]

    # ---- the head

    def _head_in(self, data):
        """The final head, if it is plain and all in the first octets; else None."""
        if type(data) is not bytes or self._state.reused or self.strict is False:
            return None
        limits = self._state.limits
        head = head_in(data, limits.max_line, limits.max_fields, limits.head,
                       self.strict is True)
        return head if head is not None and head.final else None

    def _begin(self):
        """Take the head, if all of it is there; return content behind it."""
        head = final_head(self._reader, self._state, self.strict)
        return b"" if head is None else self._begin_with(head, None)

    def _begin_with(self, head, data):
        """Take what the head says; return content out of `data`; None: out of the reader."""
        version, status, reason = head.first_line()
        chunked, length, will_close = message_framing(
            head.framing, self._method, status, version, self.strict)
        self._state.head = head
        self.version, self.status, self.reason = version, status, reason
        self.chunked, self.length, self.will_close = chunked, length, will_close
        if not chunked or length is not None:
            if data is None:
                data = self._reader.read(self._reader.unread)
            return self._plain_content(data)
        if data is not None:
            self._reader = FeedReader()
            self._reader.feed(data)
        self._state.body = ChunkedBody(self._reader, self._state.limits, self.strict is True)
        return self._from_chunks(self._reader.unread)

    # ---- what the fields say

    @property
    def headers(self):
        """The fields, as an HTTPMessage that is built when it is first asked for."""
        state = self._state
        if state.message is None and state.head is not None:
            state.message = message_of(state.head)
        return state.message

    def getheaders(self):
        """A list of (field name, field value), as they came; None before the head."""
        return None if self._state.head is None else self._state.head.pairs()

    @property
    def informational(self):
        """A list of the interim responses (1xx) that have come, as InterimResponse."""
        return list(self._state.interim)

    @property
    def trailers(self):
        """An HTTPMessage with the fields of the trailer section (RFC 9112 7.1.2).

        Empty where there is none, and before the message is complete.
        A section that would be refused as headers is empty, with the reason in its defects.
        """
        return trailers_of(self._state.trailer_section)


def _two_threads():
    return RuntimeError("one ResponseParser is fed by two threads at once")

# SPDX-License-Identifier: MIT
"""Receiver: where the content of an answer goes if it is decoded, or if the request has a sink."""
import io

from .._response.codings import ContentTooLong, DecodingError

# The most bytes of decoded content that are made at a time.
_STEP = 256 * 1024


def too_long(most):
    """Return the exception for content of more than `most` bytes."""
    return ContentTooLong(f"the content has more than {most} bytes (max_content)")


class Streaming:
    """A sink that takes the content of an answer together with its head, and can pause it."""

    def receiver(self, job):
        """Take the head of an answer, and return an object with the methods of a Receiver."""
        raise NotImplementedError


class Receiver:
    """Takes content as it arrives, and gives it to a sink or keeps it.

    :param sink: a function of one argument (bytes), a file with write(), or None.
    :param decoder: a Decoder, which keeps `most` itself, or None.
    :param most: the most bytes of content (int), or None.
    """

    __slots__ = ("_give", "_kept", "_decoder", "_most", "_count")

    def __init__(self, sink, decoder, most):
        self._kept = None
        if sink is None:
            self._kept = io.BytesIO()
            self._give = self._kept.write
        else:
            self._give = getattr(sink, "write", sink)
        self._decoder = decoder
        self._most = most
        self._count = 0

    def take(self, content):
        """Take content as received.  Raises what the sink raises, and DecodingError."""
        if self._decoder is None:
            self._count += len(content)
            if self._most is not None and self._count > self._most:
                if rest := content[:self._most - self._count]:
                    self._give(rest)
                raise too_long(self._most)
            self._give(content)
            return
        self._decode(self._decoder.feed, content)

    def end(self):
        """Take the end of the content."""
        if self._decoder is not None:
            self._decode(self._decoder.end)

    def _decode(self, step, *content):
        try:
            self._pass_on(step(*content, _STEP))
            while self._decoder.pending:
                self._pass_on(step(*[b"" for _ in content], _STEP))
        except DecodingError as error:
            self._pass_on(error.partial)
            raise

    def _pass_on(self, piece):
        if piece:
            self._give(piece)

    def content(self):
        """Return the content that was kept (bytes); b"" with a sink."""
        return b"" if self._kept is None else self._kept.getvalue()

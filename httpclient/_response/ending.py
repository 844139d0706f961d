# SPDX-License-Identifier: MIT
"""The end of a response: complete, or abandoned together with its connection."""
from .._common.exceptions import IncompleteRead
from .._core.response_state import response_state
from .._core.socket_reader import RawReader, SocketReader

# The classes of `fp` over a real socket.
READERS = (SocketReader, RawReader)


def abandon(response):
    """End a response whose remaining content is lost, and the use of its connection."""
    response_state(response).broken = True
    response.will_close = True
    if response.fp is not None:
        response._close_conn()


def lose(response, content):
    """Abandon a response because `content` (bytes) was read but cannot be returned.

    The next read raises IncompleteRead with this content.
    """
    abandon(response)
    response_state(response).unsaid = IncompleteRead(content)


def nothing_left(response):
    """Return b"" for a read after the end of the message, or raise the exception kept for it."""
    state = response_state(response)
    if state.unsaid is not None:
        error, state.unsaid = state.unsaid, None
        try:
            raise error
        finally:
            # The exception refers to this frame: a reference back would form a cycle.
            del error
    return b""


def is_lost(response):
    """Return True if content is known to be missing, or was abandoned."""
    fp = response.fp
    return response_state(response).broken or (type(fp) in READERS and fp.failed)


def goes_on(response):
    """Return True unless the message is known to end at the current position."""
    if response.length == 0 or getattr(response, "_method", None) == "HEAD":
        return False
    # urllib3 and other libraries read chunks from `fp` themselves, up to the empty line after
    # the trailer section, and then close the response.
    fp = response.fp
    return not (response.chunked is True and not response.chunk_left
                and type(fp) in READERS and fp.after_last_chunk)

# SPDX-License-Identifier: MIT
"""How a message ends: read to its end, or given up with its connection."""
from .._common.exceptions import IncompleteRead
from .._core.response_state import response_state
from .._core.socket_reader import RawReader, SocketReader

READERS = (SocketReader, RawReader)


def abandon(response):
    """End a message whose rest is lost; the connection must not be used again."""
    response_state(response).broken = True
    response.will_close = True
    if response.fp is not None:
        response._close_conn()


def lose(response, content):
    """Give up the rest, since this content was taken and is not returned; the next read raises."""
    abandon(response)
    response_state(response).unsaid = IncompleteRead(content)


def nothing_left(response):
    """Return b"", which a read gives after the end of the message; raise what is kept for it."""
    state = response_state(response)
    if state.unsaid is not None:
        error, state.unsaid = state.unsaid, None
        try:
            raise error
        finally:
            del error   # or this frame and its exception would keep each other
    return b""


def is_lost(response):
    """Return True if content is known to be missing, or given up."""
    fp = response.fp
    return response_state(response).broken or (type(fp) in READERS and fp.failed)


def goes_on(response):
    """Return True if the message goes on after what has been read, as far as can be told."""
    if response.length == 0 or getattr(response, "_method", None) == "HEAD":
        return False
    # urllib3 and others read chunks from `fp` by themselves, up to the empty line after
    # the trailer section, and then close.
    fp = response.fp
    return not (response.chunked is True and not response.chunk_left
                and type(fp) in READERS and fp.after_last_chunk)

# SPDX-License-Identifier: MIT
"""The body of a request: its length, its blocks, its chunks.

A body is bytes-like, a str (Latin-1), a file (sent from its current position; text as Latin-1),
or an iterable of bytes-like objects.
"""


def content_length(body, expected):
    """Return the length of `body` in bytes, or None if it is unknown before sending.

    If there is no body, return 0 if `expected`, else None.
    """
    if body is None:
        return 0 if expected else None
    if hasattr(body, "read"):
        return None
    try:
        return memoryview(body).nbytes
    except TypeError:
        return len(body) if isinstance(body, str) else None


def file_blocks(file, blocksize, encode):
    """Yield the rest of a file as bytes, `blocksize` at a time; `encode` if it gives str."""
    while block := file.read(blocksize):
        yield block.encode("iso-8859-1") if encode else block


def blocks(body, read_file):
    """Return an iterable of the pieces of a body that is not None; `read_file` reads files.

    Raises TypeError for a body of another type.
    """
    if hasattr(body, "read"):
        # This test comes before the buffer protocol: an mmap is sent from its current position.
        return read_file(body)
    try:
        memoryview(body)
    except TypeError:
        try:
            return iter(body)
        except TypeError:
            raise TypeError("message_body should be a bytes-like object or an iterable, "
                            f"got {type(body)!r}") from None
    return (body,)


def chunk(block):
    """Return a block (bytes-like) as one chunk (bytes; RFC 9112 7.1)."""
    size = len(block) if type(block) is bytes else memoryview(block).nbytes
    return b"%X\r\n%b\r\n" % (size, block)


LAST_CHUNK = b"0\r\n\r\n"

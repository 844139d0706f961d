# SPDX-License-Identifier: MIT
"""What an outgoing message body is: its length, its blocks, its chunks.

A body is bytes-like, a str (latin-1), a file (binary, or text as latin-1; from
its current position), or an iterable of bytes-like objects.
"""


def content_length(body, expected):
    """The octets of `body`, or None where only sending it tells.

    `expected`: whether no body is to be announced as one of 0 octets.
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
    """Yield the rest of a file in blocks of `blocksize`; `encode` if they are str."""
    while block := file.read(blocksize):
        yield block.encode("iso-8859-1") if encode else block


def blocks(body, read_file):
    """The pieces of a body that is not None; files are read by `read_file`."""
    if hasattr(body, "read"):
        # Before the buffer protocol: an mmap is sent from its current position.
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
    """A block as one chunk (RFC 9112 7.1)."""
    size = len(block) if type(block) is bytes else memoryview(block).nbytes
    return b"%X\r\n%b\r\n" % (size, block)


LAST_CHUNK = b"0\r\n\r\n"

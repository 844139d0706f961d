# SPDX-License-Identifier: MIT
"""Read content by http.client's steps: the slow lane of HTTPResponse's read methods.

alone() calls each function with a response and the argument of the read method.
"""
import sys

from .._common.exceptions import IncompleteRead
from .chunked import _MIN_READ_BUF_SIZE, chunked_body, from_chunks, read_at_most
from .ending import abandon, nothing_left
from .settings import strict_of


def _note_content(response, n, asked):
    """Count `n` bytes of content, read by a call for up to `asked` bytes."""
    if not n and asked:
        # The stream has ended.  As in http.client, an early end is no error here.
        missing = response.length
        if missing is None:
            response._close_conn()
        else:
            abandon(response)
        if missing and strict_of(response):
            raise IncompleteRead(b"", missing)
    elif response.length is not None:
        response.length -= n
        if not response.length:
            response._close_conn()


def _read_to_length(response):
    """Read and return all of the content, whose length is known."""
    try:
        data = response._safe_read(response.length)
    except IncompleteRead:
        abandon(response)
        raise
    response.length = 0
    return data


def came_short(response, data):
    """Raise for content that ended after `data`, before its announced length."""
    abandon(response)
    raise IncompleteRead(data, response.length - len(data))


def read_content(response, amt):
    """Do HTTPResponse.read()."""
    fp = response.fp
    if fp is None:
        return nothing_left(response)
    if response._method == "HEAD":
        response._close_conn()
        return b""
    if response.chunked:
        return response._read_chunked(amt)
    if amt is not None and amt >= 0:
        if response.length is not None and amt > response.length:
            amt = response.length
        data = read_at_most(fp, amt)
        _note_content(response, len(data), amt)
        return data
    data = fp.read() if response.length is None else _read_to_length(response)
    response._close_conn()
    return data


def readinto_content(response, b):
    """Do HTTPResponse.readinto()."""
    fp = response.fp
    if fp is None:
        return len(nothing_left(response))
    if response._method == "HEAD":
        response._close_conn()
        return 0
    if response.chunked:
        return response._readinto_chunked(b)
    size = memoryview(b).nbytes
    if response.length is not None and size > response.length:
        size = response.length
        b = memoryview(b).cast("B")[:size]
    n = fp.readinto(b)
    _note_content(response, n, size)
    return n


def read1_content(response, n):
    """Do HTTPResponse.read1()."""
    fp = response.fp
    if fp is None or response._method == "HEAD":
        return nothing_left(response)
    if response.chunked:
        return response._read1_chunked(n)
    if response.length is not None and (n < 0 or n > response.length):
        n = min(response.length, _MIN_READ_BUF_SIZE)
    data = fp.read1(n)
    _note_content(response, len(data), n)
    return data


def peek_content(response, n):
    """Do HTTPResponse.peek()."""
    fp = response.fp
    if fp is None or response._method == "HEAD":
        return b""
    if response.chunked:
        return response._peek_chunked(n)
    length = response.length
    if isinstance(length, int):
        # After the end of the content, peek() of the file would wait for the next response.
        return fp.peek(n)[:min(length, sys.maxsize)] if length else b""
    return fp.peek(n)


def readline_content(response, limit):
    """Do HTTPResponse.readline(), without chunks or by a ChunkedBody."""
    fp = response.fp
    if fp is None or response._method == "HEAD":
        return nothing_left(response)
    limit = -1 if limit is None else limit
    if response.chunked:
        body = chunked_body(response)
        if body is None:
            # Another thread has closed the response since readline() looked.
            return nothing_left(response)
        return from_chunks(response, body, body.readline, limit)
    if response.length is not None and (limit < 0 or limit > response.length):
        limit = min(response.length, sys.maxsize)
    line = fp.readline(limit)
    _note_content(response, len(line), limit)
    return line

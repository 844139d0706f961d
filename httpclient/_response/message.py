# SPDX-License-Identifier: MIT
"""HTTPMessage out of field lines: parse_headers() and its relatives.

A regular field section becomes an HTTPMessage without the email package's parser: the C grammar
(``_core/head``) gives its pairs, and the object equals the one that the parser makes.  policy.py
judges odd sections.

Other programs call parse_headers(): http.server reads requests with it.  For them it accepts a
few field lines that a response refuses, as http.client does, where they cannot mislead the
program.  The message's defects then hold the exception that refuses them in a response.
"""
from __future__ import annotations

import email.parser
import http.client as _standard
import sys

from .._common import limits
from .._common.classes import HTTPMessage
from .._common.exceptions import BadHeaderLine, HTTPException, line_too_long
from .._core.head import field_section
from .._core.reader import Reader
from .policy import EMPTY_LINES, OddHead, ends_whole, incomplete_head

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, TypeVar, overload

    from _typeshed import SupportsReadline

    _M = TypeVar("_M", bound=email.message.Message[Any, Any])

# Before 3.15, _read_headers() of http.client returns the empty line, too, and programs print it.
_ENDED = sys.version_info < (3, 15)


def _read_section(fp, limits, before=0):
    """Read and return the lines of a field section (list of bytes) from a file.

    The last one is the empty line, unless the stream ends before.  `before` is the number of
    bytes of the head that have been read.  Raises LineTooLong, HTTPException.
    """
    max_line, max_fields, left = limits.max_line, limits.max_fields, limits.head - before
    lines = []
    while True:
        line = fp.readline(min(max_line, left) + 1)
        if len(line) > max_line:
            raise line_too_long("header line", max_line, line)
        left -= len(line)
        if left < 0:
            raise HTTPException(f"got more than {limits.head} bytes of head")
        if not line:
            return lines
        lines.append(line)
        if line in EMPTY_LINES:
            return lines
        if len(lines) > max_fields:
            raise HTTPException(f"got more than {max_fields} headers")


def _read_headers(fp: SupportsReadline[bytes], max_headers: int | None = None) -> list[bytes]:
    """Read and return the lines of a field section (list of bytes) from a file.

    Before Python 3.15 the last one is the empty line, or b"" if the stream ends before.
    Raises LineTooLong for a line of more than ``_MAXLINE`` bytes, and HTTPException for more
    than `max_headers` lines (int, default ``_MAXHEADERS``).  Source: http.client.
    """
    lines = _read_section(fp, limits.Limits(fields=max_headers))
    ended = bool(lines) and lines[-1] in EMPTY_LINES
    if not _ENDED and ended:
        lines.pop()
    elif _ENDED and not ended:
        lines.append(b"")
    return lines


if TYPE_CHECKING:
    @overload
    def _parse_header_lines(header_lines: Iterable[bytes]) -> HTTPMessage: ...
    @overload
    def _parse_header_lines(header_lines: Iterable[bytes], _class: Callable[[], _M]) -> _M: ...


def _parse_header_lines(header_lines, _class=HTTPMessage):
    """Return a message of `_class` from lines (bytes) as _read_headers() returns them.

    Raises BadHeaderLine if a field line is refused.  Source: http.client.
    """
    return _message_of_lines(header_lines, None, _class, tolerant=True)


if TYPE_CHECKING:
    @overload
    def parse_headers(
        fp: SupportsReadline[bytes], *, _max_headers: int | None = None,
    ) -> HTTPMessage: ...
    @overload
    def parse_headers(
        fp: SupportsReadline[bytes], _class: Callable[[], _M], *, _max_headers: int | None = None,
    ) -> _M: ...


def parse_headers(fp, _class=HTTPMessage, *, _max_headers=None):
    """Read a field section up to its empty line, and return it as a message.

    :param fp: a binary file.
    :param _class: the class of the message, default HTTPMessage.
    :param _max_headers: the most field lines (int), default ``_MAXHEADERS``.

    Raises BadHeaderLine if a field line is refused, LineTooLong for a line of more than
    ``_MAXLINE`` bytes, HTTPException for too many lines.  Source: http.client.
    """
    return _parse_header_lines(_read_headers(fp, _max_headers), _class)


def raise_tolerated(message):
    """Raise the first exception in the defects of a message that parse_headers() has made."""
    defects = getattr(message, "defects", ())
    for at, defect in enumerate(defects):
        if isinstance(defect, HTTPException):
            # A reference from this frame or the message would form a cycle with the exception.
            del defect
            raise defects.pop(at)


def fields_of(lines, strict):
    """Return the message with the fields of lines (bytes) of a response's head."""
    return _message_of_lines(lines, strict)


def _message_of_lines(lines, strict, _class=HTTPMessage, tolerant=False):
    """Return a message of `_class`; `tolerant` is as for odd_fields(), and accepts a cut line."""
    section, defects = b"".join(lines), []
    if section and not section.endswith(b"\n"):
        if not tolerant:
            raise incomplete_head(section)
        defects.append(incomplete_head(section))
        section += b"\n" if section.endswith(b"\r") else b"\r\n"
    if not ends_whole(section):
        section += b"\r\n"
    head = field_section(section, strict is True)
    if head is None or defects:
        head = OddHead(11, 200, "", section, strict, tolerant=tolerant)
        head.defects += defects
    return message_of(head, _class)


def read_fields(fp, limits, strict, before):
    """Read the fields of a response.

    Returns the message, the facts for message_framing(), and the field section as received.
    `before` is the size of the status line in bytes.  The stream may end after a whole field
    line, unless `strict`.
    """
    section = None
    if isinstance(fp, Reader):
        section = fp.take_section(limits.max_line, limits.max_fields, limits.head - before)
    if section is None:
        section = b"".join(_read_section(fp, limits, before))
    cut = not ends_whole(section)
    if cut:
        if strict or section and not section.endswith(b"\n"):
            raise incomplete_head(section)
    else:
        head = field_section(section, strict is True)
        if head is not None:
            return message_of(head), head, section
    odd = OddHead(11, 200, "", section, strict, cut)
    return message_of(odd), odd.framing, section


def trailers_of(section):
    """Return the message with the fields of a trailer section (bytes).

    If headers with these bytes would be refused, it is empty, with the reason in its defects.
    """
    try:
        return fields_of([section], None)
    except BadHeaderLine as refused:
        message = fields_of([], None)
        message.defects.append(refused)
        return message


def message_of(head, _class=HTTPMessage):
    """Return the message with the fields of a Head or OddHead."""
    pairs = head.pairs()
    if head.compound or _class not in (HTTPMessage, _standard.HTTPMessage):
        # The parser looks into multipart and message types, and a program's own class may
        # depend on the calls that the parser makes.
        text = "".join([f"{name}: {value}\r\n" for name, value in pairs])
        message = email.parser.Parser(_class=_class).parsestr(text + "\r\n")
        if head.defects:
            message._headers = pairs
    else:
        message = _class()
        message._headers = pairs
        message._payload = ""
    message.defects.extend(head.defects)
    return message

# SPDX-License-Identifier: MIT
"""The policy for odd heads: which bytes are repaired, and which are refused.

Every head that the C grammar (``_core/head``) does not call regular is judged here, line by line.
A repair is noted in the message's defects; a refusal is an exception.  COMPATIBILITY.md lists
the cases.
"""
import re
from email.errors import (
    FirstHeaderLineIsContinuationDefect, InvalidHeaderDefect, MissingHeaderBodySeparatorDefect,
)

from .._common.exceptions import BadHeaderLine, IncompleteRead, bad_status_line, unknown_protocol
from .._common.limits import SHOWN
from .._core.head import status_line
from .framing import FramingFields

EMPTY_LINES = (b"\r\n", b"\n")
_BLANKS = " \t"
_FRAMING = ("content-length", "transfer-encoding")
# Servers put several blanks between the parts of a status line, or leave out the reason phrase.
_STATUS_LINE = re.compile(r"HTTP/(\S*)\s+([1-9][0-9][0-9])(?:\s+(.*))?").fullmatch
_STRICT_STATUS_LINE = re.compile(
    "HTTP/(1\\.[0-9]) ([1-9][0-9][0-9]) (?![ \t])([\t -~\x80-\xff]*)\r\n").fullmatch
_VERSION = re.compile(r"1\.[0-9]|0\.9").fullmatch
_NAME = re.compile("[!-9;-~\x80-\xff]+").fullmatch
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
_STRICT_VALUE = re.compile("[\t -~\x80-\xff]*").fullmatch


class OddHead:
    """A response head that the C grammar does not call regular; it stands in for a ``Head``."""

    # The whole head, as received.  HTTP/0.9 has none.
    raw = b""

    def __init__(self, version, status, reason, section, strict, cut=False, tolerant=False):
        self.version = version
        self.status = status
        self.reason = reason
        self.section_size = len(section)
        self.defects = []
        self._pairs = odd_fields(section, strict, self.defects, tolerant)
        self.framing = FramingFields(self._pairs, strict, cut)
        self.defects += self.framing.defects

    @property
    def final(self):
        """True unless this is the head of an interim response (1xx, but not 101)."""
        return self.status >= 200 or self.status == 101

    @property
    def compound(self):
        """True if Content-Type is multipart/* or message/*."""
        for name, value in self._pairs:
            if name.lower() == "content-type":
                return value.lower().startswith(("multipart/", "message/"))
        return False

    def first_line(self):
        """Return (version, status, reason) as int, int, str."""
        return self.version, self.status, self.reason

    def pairs(self):
        """Return a list of (field name, field value)."""
        return list(self._pairs)


def odd_head(head, strict):
    """Return the OddHead of a whole head (bytes), or raise the exception that refuses it."""
    first, lf, section = head.partition(b"\n")
    version, status, reason = odd_status_line(first + lf, strict)
    # The version is refused before the fields, as where the head is read step by step.
    version = http_version(version)
    cut = not ends_whole(section)
    if cut and (strict or section and not section.endswith(b"\n")):
        raise incomplete_head(head)
    odd = OddHead(version, status, reason, section, strict, cut)
    odd.raw = head
    return odd


def incomplete_head(received):
    """Return the exception for a stream that ended within a head, after `received` (bytes).

    These bytes are no content, so ``partial`` is empty and ``__cause__`` shows the last of them.
    """
    error = IncompleteRead(b"")
    error.__cause__ = ValueError(
        f"the stream ended within the head (RFC 9112 8), after {received[-SHOWN:]!r}")
    return error


def ends_whole(section):
    """Return True if a field section (bytes) ends with its empty line."""
    return section.endswith((b"\n\r\n", b"\n\n")) or section in EMPTY_LINES


def http_version(version):
    """Return 10 or 11 for the version of a status line, such as "HTTP/1.1".

    Raises UnknownProtocol.
    """
    if not _VERSION(version[5:]):
        raise unknown_protocol(version, "HTTP/1 and a digit expected (RFC 9112 2.3)")
    # Servers that write HTTP/0.9 into a status line mean 1.0.  A client of 1.1 understands 1.x.
    return 10 if version in ("HTTP/1.0", "HTTP/0.9") else 11


def odd_status_line(line, strict):
    """Return (version, status, reason) of a status line (bytes, with its line end).

    They are str, int, str.  Raises BadStatusLine.
    """
    regular = status_line(line, strict is True)
    if regular is not None:
        return f"HTTP/1.{regular[0]}", regular[1], regular[2]
    text = line.decode("latin-1")
    # The stream may end after the status code: http.client's own tests have such a response.
    content = text.removesuffix("\n").removesuffix("\r")
    found = _STRICT_STATUS_LINE(text) if strict else _STATUS_LINE(content.rstrip())
    if "\r" in content:
        raise bad_status_line(text, "bare CR in the status line (RFC 9112 2.2)")
    if found is None:
        raise bad_status_line(text, f"{'strictly, ' if strict else ''}a status line of HTTP/1 "
                                    "expected, with a code of three digits (RFC 9112 4)")
    return f"HTTP/{found[1]}", int(found[2]), (found[3] or "").strip()


def odd_fields(section, strict, defects, tolerant=False):
    """Return the (name, value) pairs of a field section (bytes); note repairs in `defects`.

    `tolerant` accepts NUL in a value that does not frame a message.  Raises BadHeaderLine.
    """
    # Each field is its name and the lines of its value; a folded value has several.
    fields = []
    # Whether a continuation line belongs to the last field.
    unfolding = False
    for line in section.split(b"\n")[:-1]:
        content = line.removesuffix(b"\r")
        if strict and content == line:
            raise BadHeaderLine(line, "CRLF expected, not LF alone (RFC 9112 2.2)")
        if not content:
            continue
        if b"\r" in content:
            # Other parsers take a bare CR for the end of the line, or of the whole section.
            raise BadHeaderLine(line, "bare CR in a field line (RFC 9112 2.2)")
        text = content.decode("latin-1")
        folded = text[0] in _BLANKS
        if "\0" in text:
            name = fields[-1][0] if folded and fields else text.partition(":")[0]
            defects.append(BadHeaderLine(line, "NUL in a field line (RFC 9110 5.5)"))
            if not tolerant or "\0" in name or name.strip(_BLANKS).lower() in _FRAMING:
                # A local variable would form a cycle of the exception and this frame.
                raise defects.pop()
        if folded:
            if strict:
                raise BadHeaderLine(line, "obsolete line folding (RFC 9112 5.2)")
            if unfolding:
                fields[-1][1].append(text.strip(_BLANKS))
            elif not fields:
                defects.append(FirstHeaderLineIsContinuationDefect(text))
            continue
        pair = odd_field(text, line, strict, defects)
        unfolding = pair is not None
        if pair:
            name, value = pair
            fields.append((name, [value]))
    return [(name, _unfolded(parts)) for name, parts in fields]


def _unfolded(parts):
    """Join the lines of a folded value: each line end and the blanks around it become one SP."""
    if len(parts) > 1:
        parts[0] = parts[0].rstrip(_BLANKS)
    return " ".join(filter(None, parts))


def odd_field(text, line, strict, defects):
    """Return the (name, value) pair of one field line, or None if the line is skipped.

    `text` is `line` (bytes) as str without its line end.  Raises BadHeaderLine.
    """
    name, colon, value = text.partition(":")
    value = value.lstrip(_BLANKS)
    if strict and not (colon and _TOKEN(name) and _STRICT_VALUE(value)):
        raise BadHeaderLine(line, "a name, a colon and a value expected (RFC 9112 5)")
    stripped = name.rstrip(_BLANKS)
    shown = repr(text[:SHOWN])
    if not colon:
        defects.append(MissingHeaderBodySeparatorDefect(text))
        return None
    if not _NAME(stripped):
        defects.append(InvalidHeaderDefect(f"bad field name: {shown}"))
        return None
    if stripped != name:
        if stripped.lower() in _FRAMING:
            raise BadHeaderLine(line, "blank before the colon (RFC 9112 5.1)")
        defects.append(InvalidHeaderDefect(f"blank before the colon: {shown}"))
    elif not stripped.isascii():
        defects.append(InvalidHeaderDefect(f"bad field name: {shown}"))
    return stripped, value

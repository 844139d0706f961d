# SPDX-License-Identifier: MIT
"""parse_headers(), and the slow lane for heads that are not regular.

A regular field section becomes an HTTPMessage without the email package's
parser: the C grammar gives its pairs, and the object is the same that the
parser would have made.  Odd ones are judged here, line by line, by the policy
in COMPATIBILITY.md: repaired with a defect noted, or refused.

parse_headers() has callers of its own: http.server reads requests with it.  For
them it tolerates a little more than a response does, where http.client does so
and nobody can be fooled by it.  What a response would refuse is in the defects
then, as the exception that refuses it.
"""
import email.parser
import http.client as _standard
import re
import sys
from email.errors import (
    FirstHeaderLineIsContinuationDefect, InvalidHeaderDefect, MissingHeaderBodySeparatorDefect,
)

from .._common import limits
from .._common.classes import HTTPMessage
from .._common.exceptions import (
    BadHeaderLine, HTTPException, IncompleteRead, bad_status_line, line_too_long, unknown_protocol,
)
from .._common.limits import SHOWN
from .._core.head import field_section, status_line
from .._core.reader import Reader
from .framing import FramingFields

EMPTY_LINES = (b"\r\n", b"\n")
_BLANKS = " \t"
_FRAMING = ("content-length", "transfer-encoding")
# Whether the lines of _read_headers() end with the one that ends the section, as in
# http.client before 3.15: programs print them.
_ENDED = sys.version_info < (3, 15)
# What follows the version; a server may put more blanks between, or leave out the phrase.
_STATUS_LINE = re.compile(r"HTTP/(\S*)\s+([1-9][0-9][0-9])(?:\s+(.*))?").fullmatch
_STRICT_STATUS_LINE = re.compile(
    "HTTP/(1\\.[0-9]) ([1-9][0-9][0-9]) (?![ \t])([\t -~\x80-\xff]*)\r\n").fullmatch
_VERSION = re.compile(r"1\.[0-9]|0\.9").fullmatch
_NAME = re.compile("[!-9;-~\x80-\xff]+").fullmatch
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
_STRICT_VALUE = re.compile("[\t -~\x80-\xff]*").fullmatch


def _read_section(fp, limits, before=0):
    """The lines of a field section (bytes), with the empty one if it comes, from a file.

    `before`: octets of the head that it is behind.
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


def _read_headers(fp, max_headers=None):
    """The lines of a field section (bytes), from a file.

    Before Python 3.15 the empty line is the last of them, or b"" where the stream ends.
    Raises LineTooLong over ``_MAXLINE`` octets in a line, and HTTPException over
    `max_headers` lines (None: ``_MAXHEADERS``).
    """
    lines = _read_section(fp, limits.Limits(fields=max_headers))
    ended = bool(lines) and lines[-1] in EMPTY_LINES
    if not _ENDED and ended:
        lines.pop()
    elif _ENDED and not ended:
        lines.append(b"")
    return lines


def _parse_header_lines(header_lines, _class=HTTPMessage):
    """A message of `_class` from lines (bytes) as _read_headers() gives them.

    Raises BadHeaderLine where a field line is refused.
    """
    return _message_of_lines(header_lines, None, _class, tolerant=True)


def parse_headers(fp, _class=HTTPMessage, *, _max_headers=None):
    """Read a field section from a file up to its empty line, as a message of `_class`.

    Raises BadHeaderLine where a field line is refused, LineTooLong, HTTPException.
    """
    return _parse_header_lines(_read_headers(fp, _max_headers), _class)


def raise_tolerated(message):
    """Raise what parse_headers() has put up with, and a response does not."""
    defects = getattr(message, "defects", ())
    for at, defect in enumerate(defects):
        if isinstance(defect, HTTPException):
            del defect
            raise defects.pop(at)   # kept by this frame or the message, it would be a cycle


def fields_of(lines, strict):
    """The message with the fields of lines (bytes) of a response's head."""
    return _message_of_lines(lines, strict)


def _message_of_lines(lines, strict, _class=HTTPMessage, tolerant=False):
    section, defects = b"".join(lines), []
    if section and not section.endswith(b"\n"):
        if not tolerant:
            raise incomplete(section)
        defects.append(incomplete(section))
        section += b"\n" if section.endswith(b"\r") else b"\r\n"
    if not ends_whole(section):
        section += b"\r\n"
    head = field_section(section, strict is True)
    if head is None or defects:
        head = OddHead(11, 200, "", section, strict, tolerant=tolerant)
        head.defects += defects
    return message_of(head, _class)


def read_fields(fp, limits, strict, before):
    """parse_headers() for a response: its message, and the facts for message_framing().

    `before`: octets of the status line.  The stream may end behind a whole field line,
    unless strict.
    """
    section = None
    if isinstance(fp, Reader):
        section = fp.take_section(limits.max_line, limits.max_fields, limits.head - before)
    if section is None:
        section = b"".join(_read_section(fp, limits, before))
    cut = not ends_whole(section)
    if cut:
        if strict or section and not section.endswith(b"\n"):
            raise incomplete(section)
        section += b"\r\n"
    else:
        head = field_section(section, strict is True)
        if head is not None:
            return message_of(head), head
    odd = OddHead(11, 200, "", section, strict, cut)
    return message_of(odd), odd.framing


def trailers_of(section):
    """The message with the fields of a trailer section.

    One that would be refused as headers is empty, with the reason in its defects.
    """
    try:
        return fields_of([section], None)
    except BadHeaderLine as refused:
        message = fields_of([], None)
        message.defects.append(refused)
        return message


def ends_whole(section):
    """Whether a field section ends with its empty line."""
    return section.endswith((b"\n\r\n", b"\n\n")) or section in EMPTY_LINES


def message_of(head, _class=HTTPMessage):
    """The message with the fields of a Head or OddHead."""
    pairs = head.pairs()
    if head.compound or _class not in (HTTPMessage, _standard.HTTPMessage):
        # The parser looks into multipart and message types, and a foreign class may
        # want to see what it does.
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


# ---- the slow lane


class OddHead:
    """What a Head is, for a head that the C grammar does not call regular."""

    def __init__(self, version, status, reason, section, strict, cut=False, tolerant=False):
        self.version = version
        self.status = status
        self.reason = reason
        self.section = section
        self.defects = []
        self._pairs = odd_fields(section, strict, self.defects, tolerant)
        self.framing = FramingFields(self._pairs, strict, cut)
        self.defects += self.framing.defects

    @property
    def final(self):
        return self.status >= 200 or self.status == 101

    @property
    def compound(self):
        for name, value in self._pairs:
            if name.lower() == "content-type":
                return value.lower().startswith(("multipart/", "message/"))
        return False

    def first_line(self):
        return self.version, self.status, self.reason

    def pairs(self):
        return list(self._pairs)


def odd_head(octets, strict):
    """The OddHead that the octets of a whole head are, or the exception that refuses it."""
    first, lf, section = octets.partition(b"\n")
    version, status, reason = odd_status_line(first + lf, strict)
    version = http_version(version)     # before the rest, as where it is read step by step
    cut = not ends_whole(section)
    if cut and (strict or section and not section.endswith(b"\n")):
        raise incomplete(octets)
    return OddHead(version, status, reason, section, strict, cut)


def incomplete(octets):
    """The exception for a stream that ended within a head, after these octets of it.

    They are no content, so the cause names them, the last ones.
    """
    error = IncompleteRead(b"")
    error.__cause__ = ValueError(
        f"the stream ended within the head (RFC 9112 8), behind {octets[-SHOWN:]!r}")
    return error


def http_version(version):
    """10 or 11 for the version that a status line has."""
    if not _VERSION(version[5:]):
        raise unknown_protocol(version, "HTTP/1 and a digit expected (RFC 9112 2.3)")
    # HTTP/0.9 in a status line is somebody's 1.0; and 1.x is understood by 1.1.
    return 10 if version in ("HTTP/1.0", "HTTP/0.9") else 11


def odd_status_line(line, strict):
    """(version, status, reason) of a status line (bytes, with its line end), or BadStatusLine."""
    regular = status_line(line, strict is True)
    if regular is not None:
        return f"HTTP/1.{regular[0]}", regular[1], regular[2]
    text = line.decode("latin-1")
    # The stream may have ended behind the status code (http.client's own suite has that).
    content = text.removesuffix("\n").removesuffix("\r")
    found = _STRICT_STATUS_LINE(text) if strict else _STATUS_LINE(content.rstrip())
    if "\r" in content:
        raise bad_status_line(text, "bare CR in the status line (RFC 9112 2.2)")
    if found is None:
        raise bad_status_line(text, f"{'strictly, ' if strict else ''}a status line of HTTP/1 "
                                    "expected, with a code of three digits (RFC 9112 4)")
    return f"HTTP/{found[1]}", int(found[2]), (found[3] or "").strip()


def odd_fields(section, strict, defects, tolerant=False):
    """The pairs of a field section, by the policy; what is repaired goes into `defects`.

    `tolerant`: whether a NUL may stand in a value that does not frame a message.
    """
    fields = []     # of a name and the parts of its value, which are more than one if folded
    unfolding = False  # whether a continuation line belongs to the last field
    for line in section.split(b"\n")[:-1]:
        content = line.removesuffix(b"\r")
        if strict and content == line:
            raise BadHeaderLine(line, "CRLF expected, not LF alone (RFC 9112 2.2)")
        if not content:
            continue
        if b"\r" in content:
            # Others take it for the end of a line, or of the whole section.
            raise BadHeaderLine(line, "bare CR in a field line (RFC 9112 2.2)")
        text = content.decode("latin-1")
        folded = text[0] in _BLANKS
        if "\0" in text:
            name = fields[-1][0] if folded and fields else text.partition(":")[0]
            defects.append(BadHeaderLine(line, "NUL in a field line (RFC 9110 5.5)"))
            if not tolerant or "\0" in name or name.strip(_BLANKS).lower() in _FRAMING:
                raise defects.pop()     # kept in a local, it and this frame would be a cycle
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
    """The value whose lines these are: a line end with the blanks around it is one SP."""
    if len(parts) > 1:
        parts[0] = parts[0].rstrip(_BLANKS)
    return " ".join(filter(None, parts))


def odd_field(text, line, strict, defects):
    """The pair that one field line is, or None if it is skipped."""
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

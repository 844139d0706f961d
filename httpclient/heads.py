# SPDX-License-Identifier: MIT
"""HeadReading: the part of HTTPResponse that reads the head.

In one go, by _core, where ``fp`` is our own Reader and nobody has replaced a
step; otherwise by http.client's own steps: _read_status(), parse_headers().
"""
from email.message import Message

from ._core.head import Head, begins_with_http, read_head, skip_empty_line
from ._core.originals import Originals
from .chunks import READERS
from .exceptions import (
    BadStatusLine, HTTPException, RemoteDisconnected, line_too_long, renamed,
)
from .framing import FramingFields, message_framing
from .message import (
    EMPTY_LINES, HTTPMessage, _read_headers, fields_of, http_version, message_of, odd_head,
    odd_status_line, parse_headers, raise_tolerated, read_fields,
)
from .mime import InterimResponse
from .options import STRICT
from .simple import PushedBack
from .stand_ins import as_response

_our_parse_headers = parse_headers
_our_read_headers = _read_headers


class InterimResponses:
    """Keeps the interim responses before the final one, within the limits."""

    _hc_interim = ()    # a list as soon as there is one
    _hc_interim_octets = 0

    def _hc_note_interim(self, status, reason, headers, octets):
        """One more, of so many octets; HTTPException where that is too much."""
        limits = self._hc_limits
        self._hc_interim_octets += octets
        if self._hc_interim_octets > limits.head:
            raise HTTPException(f"got more than {limits.head} bytes of interim responses")
        if not self._hc_interim:
            self._hc_interim = []
        self._hc_interim.append(InterimResponse(status, reason, headers))
        if len(self._hc_interim) > limits.max_interim:
            raise HTTPException(f"got more than {limits.max_interim} interim responses")


def taken_apart(octets, strict):
    """The OddHead that the bytes are which read_head() has handed back."""
    if not octets:
        raise RemoteDisconnected("Remote end closed connection without response")
    return odd_head(octets, strict)


def _persistence_fields(headers):
    """The pairs that say whether the connection goes on, of a message or anything with get()."""
    names = "connection", "keep-alive", "proxy-connection"
    if isinstance(headers, Message):
        return [(name, value) for name in names for value in headers.get_all(name, ())]
    return [(name, headers.get(name) or "") for name in names]


class _Closing:
    """The facts for message_framing(), but that another one decides about the connection."""

    def __init__(self, facts, close):
        self._facts = facts
        self.close = close
        self.keep_alive = not close
        self.cut = False

    def __getattr__(self, name):
        return getattr(self._facts, name)


class HeadReading(InterimResponses):
    """Reads the head; HTTPResponse says when, and what the attributes mean."""

    _hc_simple = False     # whether the answer is HTTP/0.9
    _hc_reused = False     # whether the connection has brought a response before
    _hc_line_octets = 0    # of the status line, for the limit on the whole head

    def _hc_begin_anew(self):
        """begin(), of a response that has not begun."""
        if self._hc_strictness is not None:
            setattr(self, STRICT, bool(self._hc_strictness))
        self._hc_begin_with(None)

    def _hc_begin_with(self, first):
        """_hc_begin_anew(), behind `first`, what read_head() has given, or None."""
        head = self._hc_take_head(first) if self._hc_in_one_go() else None
        if head is None:
            facts = self._hc_head_by_steps()
            version, status, reason = self.version, self.status, self.reason
        else:
            facts = head if type(head) is Head else head.framing
            version, status, reason = head.first_line()
        if not _own_close.in_object(self):
            self._hc_head = head
            self.version = version
            facts = _Closing(facts, self._check_close())
        chunked, length, will_close = message_framing(
            facts, getattr(self, "_method", None), status, version, self._hc_strictness)
        self._hc_have({
            "_hc_head": head, "version": version, "code": status, "status": status,
            "reason": reason, "chunked": chunked, "length": length, "will_close": will_close,
        })
        if chunked:
            self.chunk_left = None

    def _hc_in_one_go(self):
        """Whether C may take the head: nobody replaced a step, or wants them printed."""
        return (
            type(self.fp) in READERS
            and _whole.in_object(self)
            and parse_headers is _our_parse_headers
            and _read_headers is _our_read_headers
            and not self.debuglevel > 0
        )

    def _hc_take_head(self, head):
        """The head out of our own Reader, `head` being the first or None; None if the
        answer is HTTP/0.9.
        """
        fp = self.fp
        strict, limits = self._hc_strictness, self._hc_limits
        if head is None:
            if self._hc_reused:
                self._hc_skip_empty_line()
            if strict is False and not begins_with_http(fp):
                return None
        while True:
            if head is None:
                try:
                    head = read_head(fp, limits.max_line, limits.max_fields, limits.head,
                                     strict is True)
                except HTTPException as error:
                    renamed(error)
                    raise
            if type(head) is not Head:
                try:
                    head = taken_apart(head, strict)
                except RemoteDisconnected:
                    raise
                except BadStatusLine:
                    self._close_conn()
                    raise
            if head.final:
                return head
            self._hc_note_interim(head.status, head.reason, message_of(head), len(head.section))
            head = None

    def _hc_skip_empty_line(self):
        """Old servers put one behind the message body before (RFC 9112 2.2)."""
        if self._hc_reused and not self._hc_strictness:
            self._hc_reused = False
            skip_empty_line(self.fp)

    def _hc_head_by_steps(self):
        """Read the head through the steps that others replace; the facts for the framing."""
        while True:
            version, status, reason = self._read_status()
            if self._hc_simple:
                return self._hc_begin_simple_response()
            if status >= 200 or status == 101:
                break
            http_version(version)
            if self.debuglevel > 0 or _read_headers is not _our_read_headers:
                skipped = _read_headers(self.fp, self._max_headers)
                if self.debuglevel > 0:
                    print("headers:", skipped)
                headers = fields_of(skipped, self._hc_strictness)
            else:
                headers, _ = self._hc_read_fields()
            octets = sum(len(name) + len(value) + 4 for name, value in headers.items()) + 2
            self._hc_note_interim(status, reason.strip(), headers, octets)
        self.code = self.status = status
        self.reason = reason.strip()
        self.version = http_version(version)
        facts = None
        if parse_headers is _our_parse_headers and _read_headers is _our_read_headers:
            self.headers, facts = self._hc_read_fields()
            self.msg = self.headers
        elif self._max_headers is None:
            self.headers = self.msg = parse_headers(self.fp)
        else:
            self.headers = self.msg = parse_headers(self.fp, _max_headers=self._max_headers)
        if facts is None:
            raise_tolerated(self.headers)
        if self.debuglevel > 0:
            for name, value in self.headers.items():
                print("header:", name + ":", value)
        if type(self.fp) in READERS:
            self.fp.begin_content()
        return facts or FramingFields(self.headers.items(), self._hc_strictness)

    def _hc_read_fields(self):
        return read_fields(self.fp, self._hc_limits, self._hc_strictness, self._hc_line_octets)

    def _hc_begin_simple_response(self):
        """HTTP/0.9: no head, and all that comes is content (strict=False alone)."""
        self.version, self.status, self.code, self.reason = 9, 200, 200, ""
        self.headers = self.msg = HTTPMessage()
        return FramingFields((), False)

    def _read_status(self):
        """Read the status line: (version, status, reason) as str, int, str."""
        self = as_response(self)
        if type(self.fp) in READERS:
            self._hc_skip_empty_line()
            if (self._hc_strictness is False and not self._hc_interim
                    and not begins_with_http(self.fp)):
                self._hc_simple = True
                return "HTTP/0.9", 200, ""
        max_line, max_head = self._hc_limits.max_line, self._hc_limits.head
        most = min(max_line, max_head) + 1
        line = self.fp.readline(most)
        if line in EMPTY_LINES and self._hc_reused and not self._hc_strictness:
            line = self.fp.readline(most)
        self._hc_reused = False
        self._hc_line_octets = len(line)
        if len(line) > max_line:
            raise line_too_long("status line", max_line, line)
        if len(line) > max_head:
            raise HTTPException(f"got more than {max_head} bytes of head")
        if self.debuglevel > 0:
            print("reply:", repr(str(line, "iso-8859-1")))
        if not line:
            # Presumably, the server closed the connection before
            # sending a valid response.
            raise RemoteDisconnected("Remote end closed connection without response")
        if self._hc_strictness is False and not self._hc_interim \
                and not line.startswith(b"HTTP/"):
            self.fp = PushedBack(line, self.fp)
            self._hc_simple = True
            return "HTTP/0.9", 200, ""
        try:
            version, status, _ = odd_status_line(line, self._hc_strictness)
        except BadStatusLine:
            self._close_conn()
            raise
        # As in http.client, with what follows the reason phrase.
        _, _, *reason = str(line, "iso-8859-1").split(None, 2)
        return version, status, "".join(reason)

    def _check_close(self):
        """Whether the connection ends with this message, by its fields."""
        self = as_response(self)
        facts = FramingFields(_persistence_fields(self.headers), self._hc_strictness)
        return facts.close or (self.version < 11 and not facts.keep_alive)


# What reading a head in one go leaves out.
_whole = Originals(HeadReading, "_read_status")
_own_close = Originals(HeadReading, "_check_close")

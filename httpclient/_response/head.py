# SPDX-License-Identifier: MIT
"""Read the head of a response, and the interim responses before it.

If ``fp`` is a Reader and no step is replaced, _core reads the whole head at once.  Otherwise
http.client's own steps are called: _read_status() and parse_headers().
"""
import sys
from email.message import Message

from .._common.classes import InterimResponse
from .._common.exceptions import (
    BadStatusLine, HTTPException, RemoteDisconnected, line_too_long, renamed,
)
from .._core.guards import Originals
from .._core.head import Head, begins_with_http, read_head, skip_empty_line
from .._core.response_state import response_state
from . import settings
from .chunked import READERS
from .framing import FramingFields, message_framing
from .http09 import PushedBack
from .message import (
    HTTPMessage, _read_headers, fields_of, message_of, parse_headers, raise_tolerated, read_fields,
)
from .policy import EMPTY_LINES, OddHead, http_version, odd_head, odd_status_line
from .settings import response_settings, strict_of
from .stand_ins import as_response

_our_parse_headers = parse_headers
_our_read_headers = _read_headers


def note_interim(state, status, reason, headers, size):
    """Keep an interim response of `size` bytes; raise HTTPException above the limits."""
    limits = state.limits
    state.interim_bytes += size
    if state.interim_bytes > limits.head:
        raise HTTPException(f"got more than {limits.head} bytes of interim responses")
    if not state.interim:
        state.interim = []
    state.interim.append(InterimResponse(status, reason, headers))
    if len(state.interim) > limits.max_interim:
        raise HTTPException(f"got more than {limits.max_interim} interim responses")


def final_head(reader, state, strict, first=None):
    """Read heads up to the final one, and return that as a Head or OddHead.

    `reader` is a Reader; a FeedReader without a whole head gives None.  `first` is a result of
    read_head() that the caller has already, or None.  Raises the errors of HTTPResponse.begin().
    """
    head = first
    if head is None:
        if state.reused and not strict:
            # Old servers send an empty line after the previous message body (RFC 9112 2.2).
            if not skip_empty_line(reader):
                return None
            state.reused = False
        if strict is False and not state.interim:
            found = begins_with_http(reader)
            if not found:
                return None if found is None else OddHead(9, 200, "", b"", False)
    while True:
        head = _next_head(reader, state, strict, head)
        if head is None or head.final:
            return head
        head = None


def _next_head(reader, state, strict, head=None):
    """Return the next head, or `head` if that was read, as a Head or OddHead; keep interim ones.

    Returns None if a FeedReader has to be fed first.
    """
    if head is None:
        limits = state.limits
        head = read_head(reader, limits.max_line, limits.max_fields, limits.head, strict is True)
        if head is None:
            return None
    if type(head) is not Head:
        if not head:
            raise RemoteDisconnected("Remote end closed connection without response")
        head = odd_head(head, strict)
    if not head.final:
        note_interim(state, head.status, head.reason, message_of(head), head.section_size)
    return head


def arrived_status(response):
    """Return the status of the head that comes next, out of the bytes that `fp`, a Reader, has.

    Returns None if they do not hold its whole status line, and 0 if that is refused.
    """
    fp, state, strict = response.fp, response_state(response), strict_of(response)
    line, lf, _ = (fp.peek() if fp.unread else b"").partition(b"\n")
    if not lf and len(line) == fp.unread:
        return None
    # peek() shows no more than 8 KiB, which is enough of a longer line.
    if state.reused and not strict and line + lf in EMPTY_LINES:
        fp.readline()
        state.reused = False
        return arrived_status(response)
    try:
        return odd_status_line(line + b"\n", strict)[1]
    except BadStatusLine:
        return 0


def read_interim(response):
    """Read the head of an interim response, by replaced steps if there are any.

    Raises the errors of HTTPResponse.begin().
    """
    state, strict = response_state(response), strict_of(response)
    if _whole.in_object(response) and _in_one_go(response):
        _next_head(response.fp, state, strict)
    else:
        _interim_by_steps(response, state, strict, *response._read_status())


def _persistence_fields(headers):
    """Return the (name, value) pairs that decide whether the connection persists.

    `headers` is a message or any object with get().
    """
    names = "connection", "keep-alive", "proxy-connection"
    if isinstance(headers, Message):
        return [(name, value) for name in names for value in headers.get_all(name, ())]
    return [(name, headers.get(name) or "") for name in names]


def raw_head_of(state):
    """Return the head as received (bytes), or None; see HTTPResponse.raw_head."""
    head = state.head
    return state.raw_head if head is None else head.raw


_UNKNOWN = "UNKNOWN"
# Attributes that http.client's constructor sets.  An HTTPResponse has them from its class.
INITIAL = {"headers": None, "msg": None} | dict.fromkeys(
    ("version", "status", "reason", "chunked", "chunk_left", "length", "will_close"), _UNKNOWN)
if sys.version_info >= (3, 15):
    INITIAL["_max_headers"] = None


def complete(own):
    """Add what http.client's own methods need to the attributes of a response, `own`.

    uninstall() does so for the responses that it finds, and then removes the descriptors and
    defaults from the classes.  A call that was under way then does it for its own response.
    """
    for name, value in INITIAL.items():
        own.setdefault(name, value)
    state = own.get("_hc_state")
    if state is not None and state.head is not None:
        if state.message is None:
            state.message = message_of(state.head)
        for name in "headers", "msg":
            if own[name] is None:
                own[name] = state.message


def _complete_if_needed(response):
    """Call complete() after uninstall(), also if install() has been called again since."""
    own = response.__dict__
    if not settings.lazy or own.get("headers", own) is None:
        complete(own)


def belongs_to(response, limits, due, reused):
    """Give a response the settings of its connection.

    `limits` is a Limits, `due` a Deadline or None.  `reused` says whether the connection has
    brought a response before.
    """
    state = response_state(response)
    state.limits = limits
    state.reused = reused
    if due is not None and type(response.fp) in READERS:
        response.fp.obey(due)


def begin(response, state):
    """Do HTTPResponse.begin() for a response whose head has not been read."""
    if (strict := strict_of(response)) is not None:
        response_settings(response).strict = bool(strict)
    begin_with(response, state, None)


def begin_with(response, state, first):
    """Do begin() with `first`, a result of read_head() that the caller has, or None."""
    strict, close = strict_of(response), None
    head = raw_head = None      # A head has its bytes itself.
    ours = _whole.in_object(response)       # Asked first: a step may remove itself.
    if ours and _in_one_go(response):
        head = _head_in_one_go(response, state, strict, first)
    if head is None:
        facts, raw_head = _head_by_steps(response, state, strict)
        if not ours:
            raw_head = None     # Only the program knows which bytes its step has read.
        version, status, reason = response.version, response.status, response.reason
    else:
        facts = head.framing
        version, status, reason = head.first_line()
    if not _own_close.in_object(response):
        state.head = head
        response.version = version
        _complete_if_needed(response)
        close = response._check_close()
    chunked, length, will_close = message_framing(
        facts, getattr(response, "_method", None), status, version, strict, close)
    state.head, state.raw_head = head, raw_head
    response.version, response.reason = version, reason
    response.status = response.code = status
    response.chunked, response.length, response.will_close = chunked, length, will_close
    if chunked:
        response.chunk_left = None
    _complete_if_needed(response)


def _in_one_go(response):
    """Return True if _core may read the head: no function is replaced, and nothing is printed."""
    return (
        type(response.fp) in READERS
        and parse_headers is _our_parse_headers
        and _read_headers is _our_read_headers
        and not response.debuglevel > 0
    )


def _head_in_one_go(response, state, strict, first):
    """Return the final head, read by _core."""
    try:
        return final_head(response.fp, state, strict, first)
    except BadStatusLine as error:
        renamed(error)
        if not isinstance(error, RemoteDisconnected):
            response._close_conn()
        raise
    except HTTPException as error:
        renamed(error)
        raise


def _head_by_steps(response, state, strict):
    """Read the head by the steps that programs replace.

    Returns the facts for the framing, and the head as received (bytes), or None instead of it
    if a program's own function has read the fields.
    """
    while True:
        version, status, reason = response._read_status()
        if state.simple:
            response.version, response.reason = 9, ""
            response.status = response.code = 200
            response.headers = response.msg = HTTPMessage()
            return FramingFields((), False), b""
        if status >= 200 or status == 101:
            break
        _interim_by_steps(response, state, strict, version, status, reason)
    response.code = response.status = status
    response.reason = reason.strip()
    response.version = http_version(version)
    facts = raw_head = None
    if parse_headers is _our_parse_headers and _read_headers is _our_read_headers:
        response.headers, facts, section = read_fields(
            response.fp, state.limits, strict, len(state.status_line))
        response.msg = response.headers
        raw_head = state.status_line + section
    elif state.limits.fields is None:
        response.headers = response.msg = parse_headers(response.fp)
    else:
        response.headers = response.msg = parse_headers(
            response.fp, _max_headers=state.limits.fields)
    if facts is None:
        raise_tolerated(response.headers)
    if response.debuglevel > 0:
        for name, value in response.headers.items():
            print("header:", name + ":", value)
    if type(response.fp) in READERS:
        response.fp.begin_content()
    return facts or FramingFields(response.headers.items(), strict), raw_head


def _interim_by_steps(response, state, strict, version, status, reason):
    """Read the fields of an interim response by steps, after its status line."""
    http_version(version)
    if response.debuglevel > 0 or _read_headers is not _our_read_headers:
        skipped = _read_headers(response.fp, state.limits.fields)
        if response.debuglevel > 0:
            print("headers:", skipped)
        headers = fields_of(skipped, strict)
    else:
        headers, _, _ = read_fields(response.fp, state.limits, strict, len(state.status_line))
    size = sum(len(name) + len(value) + 4 for name, value in headers.items()) + 2
    note_interim(state, status, reason.strip(), headers, size)


class HeadSteps:
    """The methods of HTTPResponse that are http.client's steps of reading a head."""

    fp: object

    def _read_status(self):
        """Read the status line, and return (version, status, reason) as str, int, str."""
        self = as_response(self)
        state, strict = response_state(self), strict_of(self)
        if type(self.fp) in READERS:
            if state.reused and not strict:
                state.reused = False
                skip_empty_line(self.fp)
            if strict is False and not state.interim and not begins_with_http(self.fp):
                state.simple = True
                return "HTTP/0.9", 200, ""
        max_line, max_head = state.limits.max_line, state.limits.head
        most = min(max_line, max_head) + 1
        line = self.fp.readline(most)
        if line in EMPTY_LINES and state.reused and not strict:
            line = self.fp.readline(most)
        state.reused = False
        state.status_line = line
        if len(line) > max_line:
            raise line_too_long("status line", max_line, line)
        if len(line) > max_head:
            raise HTTPException(f"got more than {max_head} bytes of head")
        if self.debuglevel > 0:
            print("reply:", repr(str(line, "iso-8859-1")))
        if not line:
            raise RemoteDisconnected("Remote end closed connection without response")
        if strict is False and not state.interim and not line.startswith(b"HTTP/"):
            self.fp = PushedBack(line, self.fp)
            state.simple = True
            return "HTTP/0.9", 200, ""
        try:
            version, status, _ = odd_status_line(line, strict)
        except BadStatusLine:
            self._close_conn()
            raise
        # As in http.client, the reason keeps the line end.
        _, _, *reason = str(line, "iso-8859-1").split(None, 2)
        return version, status, "".join(reason)

    def _check_close(self):
        """Return True if the fields say that the connection ends with this message."""
        self = as_response(self)
        facts = FramingFields(_persistence_fields(self.headers), strict_of(self))
        return facts.close or (self.version < 11 and not facts.keep_alive)


# The methods that are not called when _core reads the head at once.
_whole = Originals(HeadSteps, "_read_status")
_own_close = Originals(HeadSteps, "_check_close")

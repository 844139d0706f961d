# SPDX-License-Identifier: MIT
"""Where a message body ends, and whether the connection goes on after it.

message_framing() is RFC 9112 6.3, step by step.  What it needs to know of the
fields comes from the C grammar where they are regular (``_core.head.Head``),
and from FramingFields, which weighs every odd case, where they are not.
"""
import re
from email.errors import InvalidHeaderDefect
from functools import partial

from .._common.exceptions import BadHeaderLine, UnknownTransferEncoding
from .._common.limits import SHOWN

_KNOWN_CODINGS = {"gzip", "x-gzip", "deflate", "compress", "x-compress", "chunked"}
_NUMBER = re.compile("[0-9]+").fullmatch
_LARGEST = 2**63 - 1
_DIGITS = 600   # of a number; sys.set_int_max_str_digits() can forbid int() 641


def message_framing(facts, method, status, version, strict, close=None):
    """(chunked, length, will_close) of a response, by RFC 9112 6.3.

    `facts` is a Head or FramingFields.  A length of None with `chunked` false
    means: to the end of the stream.  `close` (bool): whether the connection ends with the
    response; None: as the facts say.  Raises BadHeaderLine or
    UnknownTransferEncoding where the framing is ambiguous.
    """
    if close is None:
        close = facts.close or (version < 11 and not facts.keep_alive) or facts.cut
    if strict:  # the fields must be right also where they frame nothing
        if facts.refusal is not None:
            raise facts.refusal()
        if version < 11 and (facts.chunked or facts.coded):
            raise _refused("Transfer-Encoding", "HTTP/1.0 has no such field (RFC 9112 6.1)")
    # 1. No body: HEAD, 1xx, 204 and 304, whatever the fields say.
    if method == "HEAD" or status < 200 or status == 204 or status == 304:
        return facts.chunked and method == "HEAD", 0, close
    # 2. A 2xx answer to CONNECT has none either: what follows is the tunnel, to the end
    #    of the stream, whatever the fields say.  Tunnels are set_tunnel()'s affair; who
    #    sends CONNECT as a method of his own gets, as in http.client, what the fields say.
    if strict and method == "CONNECT" and status < 300:
        return False, None, True
    if facts.refusal is not None:
        raise facts.refusal()
    # 3. Transfer-Encoding overrides Content-Length, but such a message is suspect: the
    #    connection ends with it.  So it does for HTTP/1.0, which has no such field.
    # 4. Chunked is the last coding: by chunks.  Another one is: to the end of the stream.
    if facts.chunked:
        return True, None, close or facts.both or version < 11
    #    A Content-Length beside it is obeyed all the same: a server that sends one keeps
    #    the connection open, so that its end never comes.  As the connection is closed
    #    then, nothing after that many bytes is ever read.
    if facts.coded:
        return False, facts.length, True
    # 5. An invalid Content-Length was refused above, or left out with a defect noted.
    # 6. Content-Length.  `both` is the identity coding here; see _weigh_codings().
    if facts.length is not None:
        return False, facts.length, close or (facts.both and version < 11)
    # 7. is about requests.
    # 8. To the end of the stream.
    return False, None, True


class FramingFields:
    """The facts for message_framing() of fields that need a closer look.

    `pairs` are (field name, field value) as str.  What is ambiguous becomes
    `refusal`, which makes the exception that is raised only if the message can have
    a body (kept itself, it and the frames that it came through would be a cycle);
    what is left out is noted in `defects`.
    """

    def __init__(self, pairs, strict, cut=False):
        self.cut = cut
        self.both = self.chunked = self.coded = False
        self.length = self.refusal = None
        self.defects = []
        found = {}
        for name, value in pairs:
            found.setdefault(name.lower(), []).append(value)
        options = _tokens(found.get("connection", ()))
        self.close = "close" in options
        self.keep_alive = bool(
            "keep-alive" in options
            or "".join(found.get("keep-alive", ()))
            or "keep-alive" in _tokens(found.get("proxy-connection", ()))
        )
        lengths = found.get("content-length", ())
        coded = found.get("transfer-encoding", ())
        try:
            self.length = self._content_length(lengths, strict)
            if coded:
                self._weigh_codings(_tokens(coded), strict)
            self.both = bool(coded and lengths)
            if strict and self.both:
                raise _refused(f"Content-Length: {lengths[0]}",
                               "Content-Length beside Transfer-Encoding (RFC 9112 6.3)")
        except (BadHeaderLine, UnknownTransferEncoding) as refusal:
            self.refusal = partial(type(refusal), *refusal.args)

    def _content_length(self, values, strict):
        """Content-Length in octets; None where there is none, or none that is a number.

        Equal values on several lines or in a list count once (RFC 9112 6.3, 5).
        """
        if not values:
            return None
        words = {part.strip(" \t") for value in values for part in value.split(",")}
        line = f"Content-Length: {', '.join(values)}"
        if len(words) > 1:
            raise _refused(line, "one Content-Length expected (RFC 9112 6.3)")
        word = words.pop()
        if _NUMBER(word):
            if len(word) > _DIGITS:
                raise _refused(line, f"at most {_DIGITS} digits expected (RFC 9110 8.6)")
            number = int(word)
            if number <= _LARGEST or not strict:
                return number   # however large: nothing is allocated because of it
        if strict:
            raise _refused(line, "a Content-Length below 2^63 expected (RFC 9110 8.6)")
        # http.client's own suite has them: to the end of the stream.
        self.defects.append(InvalidHeaderDefect(f"bad Content-Length: {word[:SHOWN]!r}"))
        return None

    def _weigh_codings(self, codings, strict):
        """Set `chunked` or `coded`; `codings` are all of the message's, in order.

        ``identity`` alone is no coding: RFC 2616 (3.6, 4.4) had that name for it and
        allowed a Content-Length beside it.  RFC 9112 has dropped it.
        """
        shown = repr(", ".join(codings)[:SHOWN])
        if codings.count("chunked") > 1:
            raise UnknownTransferEncoding(
                f"chunked expected once in Transfer-Encoding (RFC 9112 6.1): {shown}")
        self.chunked = codings[-1:] == ["chunked"]
        self.coded = not self.chunked and set(codings) != {"identity"}
        if strict and not _KNOWN_CODINGS.issuperset(codings):
            raise UnknownTransferEncoding(
                f"known codings expected in Transfer-Encoding (RFC 9112 7): {shown}")


def _tokens(values):
    """The elements of a list-based field (RFC 9110 5.6.1), in lower case."""
    return [word for value in values for part in value.split(",")
            if (word := part.strip(" \t").lower())]


def _refused(line, why):
    return BadHeaderLine(line.encode("latin-1", "backslashreplace"), why)


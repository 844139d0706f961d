# SPDX-License-Identifier: MIT
"""The end of a message body, and whether the connection persists after it (RFC 9112 6.3, 9.3).

message_framing() follows the steps of RFC 9112 6.3.  It takes the facts about the fields from a
``_core.head.Head`` if they are regular, else from FramingFields.
"""
import re
from email.errors import InvalidHeaderDefect
from functools import partial

from .._common.exceptions import BadHeaderLine, UnknownTransferEncoding
from .._common.limits import SHOWN

_KNOWN_CODINGS = {"gzip", "x-gzip", "deflate", "compress", "x-compress", "chunked"}
_NUMBER = re.compile("[0-9]+").fullmatch
_LARGEST = 2**63 - 1
# Programs can make int() refuse 641 digits, by sys.set_int_max_str_digits().
_DIGITS = 600


def message_framing(facts, method, status, version, strict, close=None):
    """Return (chunked, length, will_close) of a response, by RFC 9112 6.3.

    `facts` is the ``framing`` of a Head, or FramingFields.  `close` says whether the connection
    ends with the response (bool); None, the default, leaves that to the facts.  A length of None
    without `chunked` means that the content ends with the stream.  Raises BadHeaderLine or
    UnknownTransferEncoding if the framing is ambiguous.
    """
    if close is None:
        close = facts.close or (version < 11 and not facts.keep_alive) or facts.cut
    # Strictly, the fields must be correct even in a response without a body.
    if strict:
        if facts.refusal is not None:
            raise facts.refusal()
        if version < 11 and (facts.chunked or facts.coded):
            raise _refused("Transfer-Encoding", "HTTP/1.0 has no such field (RFC 9112 6.1)")
    # 1. Responses to HEAD, and 1xx, 204 and 304, have no body.  The fields do not matter.
    if method == "HEAD" or status < 200 or status == 204 or status == 304:
        return facts.chunked and method == "HEAD", 0, close
    # 2. A 2xx response to CONNECT has no body: the tunnel follows, up to the end of the stream.
    #    Only `strict` obeys this rule.  http.client frames the response to CONNECT by its fields,
    #    and programs that call request("CONNECT", ...) rely on that.  set_tunnel() does not come
    #    here.
    if strict and method == "CONNECT" and status < 300:
        return False, None, True
    if facts.refusal is not None:
        raise facts.refusal()
    # 3. Transfer-Encoding overrides Content-Length.  A message with both is suspect, so the
    #    connection ends with it.  The same holds for HTTP/1.0, which has no Transfer-Encoding.
    # 4. If chunked is the last coding, the chunks frame the body.  After another coding, the
    #    body ends with the stream.
    if facts.chunked:
        return True, None, close or facts.both or version < 11
    #    A Content-Length beside another coding is obeyed: a server that sends it keeps the
    #    connection open, so the end of the stream never comes.  The connection is closed after
    #    the body, so no later byte is taken for a response.
    if facts.coded:
        return False, facts.length, True
    # 5. An invalid Content-Length was refused above, or ignored with a defect noted.
    # 6. Content-Length frames the body.  `both` means the identity coding here, see
    #    _weigh_codings().
    if facts.length is not None:
        return False, facts.length, close or (facts.both and version < 11)
    # 7. This step is about requests.
    # 8. The body ends with the stream.
    return False, None, True


class FramingFields:
    """The facts for message_framing(), from fields that the C grammar does not call regular.

    `pairs` are (field name, field value) as str.  `refusal` is None, or a function that makes the
    exception for ambiguous framing: it is raised only if the message can have a body.  (An
    exception kept here would form a cycle with its frames.)  `defects` notes ignored fields.
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
        """Return Content-Length in bytes, or None if the field is missing or not a number.

        Equal values on several lines or in a list count once (RFC 9112 6.3, step 5).  Raises
        BadHeaderLine.
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
                # A large number is harmless: memory is allocated as content arrives.
                return number
        if strict:
            raise _refused(line, "a Content-Length below 2^63 expected (RFC 9110 8.6)")
        # As in http.client, whose tests have such fields, the body ends with the stream.
        self.defects.append(InvalidHeaderDefect(f"bad Content-Length: {word[:SHOWN]!r}"))
        return None

    def _weigh_codings(self, codings, strict):
        """Set `chunked` or `coded` from all transfer codings of the message, in order.

        ``identity`` alone means no coding, beside which RFC 2616 (3.6, 4.4) allowed a
        Content-Length.  RFC 9112 no longer has it.  Raises UnknownTransferEncoding.
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
    """Return the elements of a list-based field (RFC 9110 5.6.1), in lower case."""
    return [word for value in values for part in value.split(",")
            if (word := part.strip(" \t").lower())]


def _refused(line, why):
    """Return BadHeaderLine for a field line given as str."""
    return BadHeaderLine(line.encode("latin-1", "backslashreplace"), why)

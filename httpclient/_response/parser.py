# SPDX-License-Identifier: MIT
"""ResponseParser: parse a response from bytes that your program receives (asyncio, trio, a file).

ResponseFeed does the work.  It reads head, framing and chunks by the same code as HTTPResponse.
"""
from __future__ import annotations

from types import SimpleNamespace

from .._common import limits as _limits
from .._core.response_feed import ResponseFeed
from .chunked import check_trailers, incomplete
from .framing import message_framing
from .head import final_head, raw_head_of
from .message import message_of, trailers_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Unpack

    from _typeshed import MaybeNone

    from .._common.classes import HTTPMessage, InterimResponse
    from .._common.hints import Limiting


def _shown_signature(
        self, method="GET", *, reused=False, strict=None, max_response_headers=None,
        max_response_line=None, max_response_head=None, max_interim_responses=None,
        max_chunk_line=None, max_chunk_overhead=None):
    """The signature that inspect shows of the constructor, which takes the limits by **keywords."""


# The functions that C calls in rare cases.
_cold = SimpleNamespace(check_trailers=check_trailers, final_head=final_head, incomplete=incomplete,
                        message_framing=message_framing)


class ResponseParser(ResponseFeed):
    """A parser for one response, without I/O: feed() takes received bytes and returns content.

    :param method: the request's method (str), which decides whether there is content; default
        "GET".
    :param reused: whether the connection has brought a response before (bool), after which old
        servers may send an empty line; default False.
    :param strict: None, True or False, as for HTTPResponse; default None.

    The limits on the response, `max_response_headers` to `max_chunk_overhead`, are those of
    HTTPConnection.

    Attributes that are None until the head has been read:

    - `status` (int), `reason` (str), `headers` (HTTPMessage)
    - `version` (int): 10, 11, or 9 for HTTP/0.9
    - `chunked` (bool): whether the content has chunked transfer encoding
    - `length` (int): the bytes of content that have not been fed; None if unknown
    - `will_close` (bool): whether the connection ends with this message

    Other attributes:

    - `complete` (bool): whether the whole message has been fed
    - `surplus` (bytes): bytes fed after the end of the message.  They are never part of the
      response; after status 101 they belong to the new protocol (RFC 9110 7.8).
    - `failed` (bool): whether the response was refused, or broke off.  Close the connection then.
    """

    def __init__(self, method: str = "GET", *, reused: bool = False, strict: bool | None = None,
                 max_response_headers: int | None = None, **keywords: Unpack[Limiting]) -> None:
        limits = _limits.DEFAULT
        if keywords:
            limits = _limits.taken_from(keywords)
        if keywords:
            raise TypeError(f"{type(self).__name__}() got an unexpected keyword argument "
                            f"{next(iter(keywords))!r}")
        if max_response_headers is not None:
            limits = limits._replace(fields=max_response_headers)
        _init(self, method, reused, strict, limits, _cold)

    __init__.__wrapped__ = _shown_signature

    def __reduce__(self):
        return _restored, (type(self), *self._kept()), self.__dict__ or None

    @property
    def headers(self) -> HTTPMessage | MaybeNone:
        """The fields of the head (HTTPMessage, built on first use), or None before the head."""
        state = self._state
        if state.message is None and state.head is not None:
            state.message = message_of(state.head)
        return state.message

    def getheaders(self) -> list[tuple[str, str]] | MaybeNone:
        """Return a list of (field name, field value) as received, or None before the head."""
        return None if self._state.head is None else self._state.head.pairs()

    @property
    def raw_head(self) -> bytes | MaybeNone:
        """The head as fed (bytes), or None before the head; see HTTPResponse.raw_head."""
        return raw_head_of(self._state)

    @property
    def informational(self) -> list[InterimResponse]:
        """The interim responses (1xx) so far, a list of InterimResponse."""
        return list(self._state.interim)

    @property
    def trailers(self) -> HTTPMessage:
        """The fields of the trailer section (RFC 9112 7.1.2), an HTTPMessage.

        It is empty without a trailer section, and before the message is complete.  If headers
        with the same bytes would be refused, it is empty, with the reason in its defects.
        """
        return trailers_of(self._state.trailer_section)


def _restored(cls, *kept):
    """Return a new parser, for copies and pickles."""
    parser = cls.__new__(cls)
    parser._restore(_cold, *kept)
    return parser


_init = ResponseFeed.__init__

# SPDX-License-Identifier: MIT
"""Answer: what came of a request of a Fetcher."""
from __future__ import annotations

from collections import namedtuple

from .._core.head import Head
from .._core.job import Job
from .._response.head import raw_head_of
from .._response.message import message_of, trailers_of
from .redirect import redirected
from .request import Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple, NoReturn, TypeVar, overload

    from _typeshed import MaybeNone

    from .._common.classes import HTTPMessage, InterimResponse

    _T = TypeVar("_T")

    class Timings(NamedTuple):
        """The type of Answer.timings."""

        queued: float | None
        resolved: float | None
        connected: float | None
        secured: float | None
        sent: float | None
        first_byte: float | None
        complete: float | None
else:
    Timings = namedtuple(
        "Timings", "queued resolved connected secured sent first_byte complete")


class Answer(Job):
    """The answer to a request of a Fetcher: a response, or the error that ended it, or both.

    - `error`: None, or the exception that ended the request, of a class that HTTPConnection
      raises.  A response that broke off has both an `error` and the attributes below.
    - `content` (bytes): what was received of the content; b"" if the request has a sink
    - `reused` (bool): whether the connection had served a request before

    These attributes are None if no head of a response was received:

    - `status` (int), `reason` (str), `headers` (HTTPMessage), `raw_head` (bytes)
    - `version` (int): 10, 11, or 9 for HTTP/0.9

    An answer cannot be copied or pickled: take what you need, such as `status`,
    `headers.items()` and `content`.
    """

    __slots__ = ()

    # ---- the request

    @property
    def request(self) -> Request:
        """The Request that was added.  If it was a URL, this is a new GET Request each time."""
        given = self.given
        return given if isinstance(given, Request) else Request("GET", given)

    @property
    def url(self) -> str:
        """The URL that was requested (str)."""
        given = self.given
        return given.url if isinstance(given, Request) else given

    @property
    def timings(self) -> Timings:
        """Seconds from add() to each stage of the request, a named tuple of floats.

        `queued`: a connection had been chosen; `resolved`: the host had addresses; `connected`:
        the connection was open; `secured`: the TLS handshake was complete; `sent`: the request
        had been sent; `first_byte`: the first byte of a response was received; `complete`: the
        answer was complete.  A stage is None if it was skipped or not reached: on a connection
        that was in use before, `resolved`, `connected` and `secured` are.
        """
        added, *moments = self.moments()
        return Timings(*[moment - added if moment else None for moment in moments])

    # ---- the response

    @property
    def status(self) -> int | MaybeNone:
        """The status code (int), or None."""
        return None if (feed := self.feed) is None else feed.status

    @property
    def reason(self) -> str | MaybeNone:
        """The reason phrase (str), or None."""
        return None if (feed := self.feed) is None else feed.reason

    @property
    def version(self) -> int | MaybeNone:
        """The HTTP version (int) of the response: 10, 11, or 9 for HTTP/0.9; or None."""
        return None if (feed := self.feed) is None else feed.version

    @property
    def headers(self) -> HTTPMessage | MaybeNone:
        """The headers (HTTPMessage, built on first use), or None."""
        if (feed := self.feed) is None:
            return None
        state = feed._state
        if state.message is None and state.head is not None:
            state.message = message_of(state.head)
        return state.message

    if TYPE_CHECKING:
        @overload
        def getheader(self, name: str, default: None = None) -> str | None: ...
        @overload
        def getheader(self, name: str, default: _T) -> str | _T: ...

    def getheader(self, name, default=None):
        """Return the value of a header.

        :param name: the header's name (str), in any case.
        :param default: the result if there is no such header, default None.
        :return: str; several values are joined by ", ".
        """
        feed = self.feed
        head = None if feed is None or feed._state.message is not None else feed._state.head
        if type(head) is Head and name.isascii():
            value = head.joined(name)
        else:
            values = None if (message := self.headers) is None else message.get_all(name)
            value = None if values is None else ", ".join(values)
        return default if value is None else value

    def getheaders(self) -> list[tuple[str, str]]:
        """Return the headers, a list of (name, value), both str; empty without a response."""
        head = None if (feed := self.feed) is None else feed._state.head
        return [] if head is None else head.pairs()

    @property
    def raw_head(self) -> bytes | MaybeNone:
        """The head as received (bytes), or None; see HTTPResponse.raw_head."""
        return None if (feed := self.feed) is None else raw_head_of(feed._state)

    @property
    def informational(self) -> list[InterimResponse]:
        """The interim responses (1xx) before the response, a list of InterimResponse."""
        return [] if (feed := self.feed) is None else list(feed._state.interim)

    @property
    def trailers(self) -> HTTPMessage:
        """The fields of the trailer section (RFC 9112 7.1.2), an HTTPMessage; see HTTPResponse."""
        return trailers_of(b"" if (feed := self.feed) is None else feed._state.trailer_section)

    # ---- what to do next

    def redirect(self) -> Request | None:
        """Return the Request for the URL that a redirect points to, or None if this is none.

        Status 301, 302, 303, 307 or 308 with a Location is a redirect (RFC 9110 15.4).

        - Method and body stay.  But 303 makes a GET request of any method except HEAD, and 301
          and 302 make one of POST; then the body and the headers about it are left out.
        - A body that cannot be sent again gives None.  A seekable file is set back to where it
          was when the request was added, so add the new request before you use the file.
        - Another origin (scheme, host, port) does not get the headers Authorization, Cookie,
          Proxy-Authorization and Host.
        - The Location may be relative (RFC 3986 5).  A user name in it is left out.  Without a
          fragment, it gets that of the request (RFC 9110 10.2.2).  Blanks and bytes that are not
          ASCII are percent-encoded; in the host they are UTF-8.
        - A Location that is empty, damaged or not http or https gives None, and so do several
          different ones.

        `deadline`, `sink` and `context` are those of the request; the deadline begins anew.
        httpclient does not count redirects: limit them, because servers may send endless ones.
        """
        locations = [value for name, value in self.getheaders() if name.lower() == "location"]
        return redirected(self.request, self.status, locations) if locations else None

    def __repr__(self) -> str:
        outcome = self.status if (error := self.error) is None else type(error).__name__
        return f"<{type(self).__module__}.{type(self).__qualname__}: {outcome} {self.url!r}>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("an Answer cannot be copied or pickled; take what you need of it, such as "
                        "its url, status, headers.items() and content")


Answer.__module__ = "httpclient"

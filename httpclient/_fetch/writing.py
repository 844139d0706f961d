# SPDX-License-Identifier: MIT
"""From a Request to the bytes that a connection would send for it.

C makes a regular head in one call.  For any other, a `_Collector`, which is a connection that
sends nothing, takes http.client's steps: they decide, and word the exception.
"""
from __future__ import annotations

from collections import namedtuple

from .._common.exceptions import InvalidURL
from .._core.exchange import JOINED
from .._core.request import Heads, field_line
from .._request import connection as _connection
from .._request.connection import HTTPConnection
from .._request.repeating import IDEMPOTENT, USUAL, check_method, says_close
from .._request.tunnel import connect_head
from .._request.url import PORTS, authority, parts
from .request import Request
from .upload import Upload

try:
    import ssl
except ImportError:
    ssl = None

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NamedTuple, TypeAlias

    from .._request.url import Proxy

    Key: TypeAlias = tuple[str, str, int]

    class Written(NamedTuple):
        """What Writer.written() returns, which is a plain tuple."""

        origin: Any
        method: str
        octets: bytes
        upload: Upload | None
        last: bool
        may_repeat: bool

# The prefixes of URLs that a Writer knows, and the length of one, are bounded.
MOST_KNOWN = 4096
LONGEST = 300

# What a Writer knows of the URLs that begin with "http://host:port".  A GET request without
# headers is `before`, the path and query, `after`.  Another request has the `host_line`.
_Known = namedtuple("_Known", "origin before after host_line key server lead")


class Writer:
    """Makes the bytes of requests, and checks them before.

    :param proxy: a Proxy for all requests, or None.  Requests to http URLs are written for the
        proxy, and those to https URLs for the server: see tunnel_head().
    :param accept_encoding: the value of Accept-Encoding (str), if a request has none.
    :param blocksize: the bytes to read at once from a file that is sent (int).
    :param origin: a function of the key (scheme, host, port) that returns the object which
        written() returns in its place; None returns the key.  It is called again for a key that
        was not used for long.
    """

    def __init__(self, *, proxy: Proxy | None = None, accept_encoding: str = "identity",
                 blocksize: int = 8192, origin: Callable[[Key], Any] | None = None) -> None:
        self._proxy = proxy
        self._blocksize = blocksize
        self._origin = origin
        self._accept_encoding = field_line("Accept-Encoding", accept_encoding)
        self.heads = Heads(_connection._rules, self._accept_encoding + b"\r\n")
        self._known: dict[str, Any] = self.heads.known

    def written(self, request: Request | str) -> Written:
        """Return (origin, method, octets, upload, last, may repeat) of a request, or of a URL.

        `octets` (bytes) is the head, with a small body after it.  `upload` is an Upload for the
        rest of the body, or None.  `last` (bool) says whether the request announces the end of the
        connection, and the last item whether it may be sent again on another connection if this
        one ends without an answer (RFC 9112 9.3.1).

        Raises InvalidURL, ValueError for a method that is not sent, and the errors by which
        HTTPConnection.request() refuses an argument.
        """
        if type(request) is str:
            request = Request("GET", request)
        elif not isinstance(request, Request):
            raise TypeError("a request should be a Request or a URL (str), "
                            f"got {type(request).__name__}")
        method, url, headers = request.method, request.url, request.headers
        if (request.body is None and method in ("GET", "HEAD") and type(method) is type(url) is str
                and type(headers) is dict):
            found = self.heads.with_headers(method, url, headers)
            if found is not None:
                origin, octets = found
                return origin, method, octets, None, False, True
        return self._written(request)

    def _written(self, request):
        """Do written() for any Request."""
        method, headers = request.method, request.headers
        if method not in USUAL:
            check_method(method, "a Fetcher")
        known, target = self._find(request.url)
        if self._proxy is not None:
            headers = self._authorized(headers, known.key)
        octets, body, chunked = self._head(
            known, method, self._target(request, known.lead + target), request.body, headers)
        upload = None
        if body is not None:
            if type(body) in (bytes, bytearray) and len(body) <= JOINED and not chunked:
                octets += body
            else:
                upload = Upload(body, chunked, self._blocksize)
                request._rewind = upload.rewinder
        may_repeat = method in IDEMPOTENT and (upload is None or upload.may_repeat)
        return known.origin, method, octets, upload, says_close(headers), may_repeat

    def _target(self, request, target):
        """Return the request target, which is that of the URL."""
        return target

    def _head(self, known, method, target, body, headers):
        """Return (head, body, whether to send it in chunks)."""
        head = None
        if type(headers) is dict and type(method) is str:
            if type(body) is str and body.isascii():
                body = body.encode("ascii")
            if body is None:
                length = 0 if method.upper() in _connection._METHODS_EXPECTING_BODY else None
                head = self.heads.whole(method, target, known.host_line, headers, length)
            elif type(body) in (bytes, bytearray):
                head = self.heads.whole(method, target, known.host_line, headers, len(body))
        if head is not None:
            return head, body, False
        return self._by_steps(known.key[0], known.server, method, target, body, headers)

    def _by_steps(self, scheme, server, method, target, body, headers):
        """Return the result of _head() by http.client's steps."""
        collector = _Collector(*server)
        collector.default_port = PORTS[scheme]
        collector.accept_encoding = self._accept_encoding
        collector.request(method, target, body, headers)
        return collector.collected

    def _authorized(self, headers, key):
        """Return headers with the credentials for the proxy, if the request goes to it."""
        authorized = self._proxy.authorized(headers, key)
        if type(headers) is dict and authorized is not headers:
            return dict(authorized.items())
        return authorized

    # ---- origins

    def _find(self, url):
        """Return what is known of the origin of a URL, and the path and query."""
        at = url.find("/", 8) if type(url) is str else -1
        if at > 0 and (known := self._known.get(url[:at])) is not None:
            target = self.heads.target(url, at)
            if target is not None:
                return known, target
        scheme, host, port, target = parts(url)
        prefix = f"{scheme}://{authority(scheme, host, port)}"
        known = self._known.get(prefix)
        if known is None:
            known = self._learned(prefix, scheme, host, port)
            self._remember(prefix, known)
        spelled = url[:max(0, at)]
        # With one of these characters, the authority ends before the slash.
        if spelled not in ("", prefix) and not ("?" in spelled or "#" in spelled):
            self._remember(spelled, known)
        return known, target

    def _remember(self, prefix, known):
        if len(prefix) <= LONGEST:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[prefix] = known

    def _learned(self, prefix, scheme, host, port):
        """Return what is known of an origin, from the head of a GET request to it."""
        if scheme == "https" and ssl is None:
            raise InvalidURL("an https URL needs Python's ssl module")
        key, server, lead, headers = (scheme, host, port), (host, port), "", {}
        if self._proxy is not None and scheme == "http":
            # RFC 9112 3.2.2
            server, lead = (self._proxy.host, self._proxy.port), prefix
            headers = self._authorized(headers, key)
        head, host_line = None, None
        if host.isascii() and ":" not in host and type(headers) is dict:
            # As in Requests.send(); other hosts need http.client's steps.
            host_line = field_line("Host", prefix.partition("//")[2]) + b"\r\n"
            head = self.heads.whole("GET", f"{lead}/", host_line, headers, None)
        if head is None:
            head, _, _ = self._by_steps(scheme, server, "GET", f"{lead}/", None, headers)
            host_line = head.split(b"\r\n", 2)[1] + b"\r\n"
        before = f"GET {lead}".encode("ascii")
        origin = key if self._origin is None else self._origin(key)
        return _Known(origin, before, head[len(before) + 1:], host_line, key, server, lead)


class _Collector(HTTPConnection):
    """A connection that keeps the head and the body of a request, and sends nothing."""

    def putrequest(self, method, url, skip_host=False, skip_accept_encoding=False):
        super().putrequest(method, url, skip_host, True)
        if not skip_accept_encoding:
            self._output(self.accept_encoding)

    def endheaders(self, message_body=None, *, encode_chunked=False):
        head = b"\r\n".join((*self._buffer, b"", b""))
        self.collected = head, message_body, encode_chunked


def tunnel_head(host: str, port: int, proxy: Proxy) -> bytes:
    """Return the CONNECT request to a proxy for a server, as set_tunnel() makes it."""
    connection = HTTPConnection(proxy.host, proxy.port)
    connection.set_tunnel(host, port, proxy.fields)
    return connect_head(connection)

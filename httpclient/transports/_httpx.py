# SPDX-License-Identifier: MIT
"""What HTTPTransport and AsyncHTTPTransport share: arguments, fields and exceptions."""
from __future__ import annotations

import re
from base64 import b64encode

import httpx

from .._common.exceptions import HTTPException, ImproperConnectionState, InvalidURL
from ..pool import PoolFull

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from typing import Any

_VERSIONS = {11: b"HTTP/1.1", 10: b"HTTP/1.0"}
# http.client sends a request with one of these methods and without a body as it is.
_BODILESS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "DELETE"})
# http.client adds these fields unless they are given.
_USUAL = frozenset({b"host", b"accept-encoding"})
# RFC 9110 5.1 and 5.5.  http.client allows more, such as blanks in names.
_are_names = re.compile(rb"[\w!#$%&'*+.^`|~-]*", re.ASCII).fullmatch
_find_bad_octet = re.compile(rb"[\0\r\n]").search
_REFUSED = "Tunnel connection failed: "
# The length of a body that is sent in chunks.
CHUNKED = -1

LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20)

# The steps of a request, each with the exceptions for a timeout and for other errors.
QUEUE = httpx.PoolTimeout, httpx.ConnectError
CONNECT = httpx.ConnectTimeout, httpx.ConnectError
WRITE = httpx.WriteTimeout, httpx.WriteError
READ = httpx.ReadTimeout, httpx.ReadError

TOO_MUCH = "Too much data for declared Content-Length"
TOO_LITTLE = "Too little data for declared Content-Length"
CUT_SHORT = "peer closed connection without sending complete message body"


# ---- the arguments of a transport

def settings_of(
    verify: ssl.SSLContext | str | bool, cert: Any, trust_env: bool, http1: bool, http2: bool,
    limits: httpx.Limits, local_address: str | None, strict: bool | None,
) -> dict[str, Any]:
    """Return the settings that a Pool and a Fetcher share."""
    if http2 or not http1:
        raise ValueError("httpclient has HTTP/1.1 alone; use httpx.HTTPTransport for HTTP/2")
    context = httpx.create_ssl_context(verify=verify, cert=cert, trust_env=trust_env)
    context.set_alpn_protocols(["http/1.1"])
    settings: dict[str, Any] = {
        "idle": 0 if limits.max_keepalive_connections == 0 else limits.keepalive_expiry,
        "ssl_context": context, "strict": strict,
        # The program may change its own context, so that a session does not fit any more.
        "resume_sessions": context is not verify,
    }
    if local_address is not None:
        settings["source_address"] = local_address, 0
    return settings


def proxy_of(proxy: httpx.Proxy | httpx.URL | str | None) -> httpx.Proxy | None:
    """Return a proxy as an httpx.Proxy; raise ValueError unless it is one for http://."""
    if isinstance(proxy, (str, httpx.URL)):
        proxy = httpx.Proxy(proxy)
    if proxy is not None and proxy.url.scheme != "http":
        raise ValueError(f"a proxy with a {proxy.url.scheme}:// URL is not supported; "
                         "use httpx.HTTPTransport for it")
    return proxy


def proxy_url_of(proxy: httpx.Proxy) -> str:
    """Return the URL of a proxy without its credentials."""
    return f"http://{proxy.url.netloc.decode('ascii')}"


def fields_for(proxy: httpx.Proxy | None) -> list[tuple[bytes, bytes]]:
    """Return the fields that a proxy gets."""
    if proxy is None:
        return []
    fields = list(proxy.headers.raw)
    if proxy.raw_auth is not None:
        value = b"Basic " + b64encode(b":".join(proxy.raw_auth))
        fields.insert(0, (b"Proxy-Authorization", value))
    return fields


class ProxyOfTransport:
    """The proxy of a Pool or Fetcher; the transport adds the fields for it to each request."""

    def __init__(self, host: str, port: int, pairs: list[tuple[bytes, bytes]]) -> None:
        self.host, self.port = host, port
        # For CONNECT.
        self.fields = {name.decode("latin-1"): value.decode("latin-1") for name, value in pairs}

    def authorized(self, headers: Any, key: Any) -> Any:
        return headers


# ---- requests

def url_of(request: httpx.Request) -> str:
    """Return the URL of a request as a Pool or Fetcher takes it; raise if it cannot be sent."""
    url = request.url
    scheme = url.scheme
    if scheme not in ("http", "https"):
        raise httpx.UnsupportedProtocol(
            f"Request URL has an unsupported protocol '{scheme}://'." if scheme else
            "Request URL is missing an 'http://' or 'https://' protocol.")
    if request.extensions.get("sni_hostname") not in (None, url.host):
        raise ValueError("the extension 'sni_hostname' is not supported; "
                         "use httpx's own transport for this request")
    return f"{scheme}://{url.netloc.decode('ascii')}{url.raw_path.decode('ascii')}"


def target_of(request: httpx.Request) -> str | None:
    """Return the request target that a program wants in place of the URL's, or None."""
    target = request.extensions.get("target")
    return target.decode("ascii") if isinstance(target, bytes) else target


def message(method: str, pairs: Any, stream: Any) -> tuple[Any, Any, int | None]:
    """Return (headers, body, length) of a request, headers as HTTPConnection.request() takes them.

    A length of None means that `body`, bytes or None, is whole.  Otherwise the stream has to be
    sent: so many bytes, or in chunks if the length is CHUNKED.
    """
    names, values = zip(*pairs) if pairs else ((), ())
    if not _are_names(b"".join(names)) or b"" in names:
        raise httpx.LocalProtocolError(f"Illegal header name in {names!r}")
    if _find_bad_octet(b"".join(values)):
        raise httpx.LocalProtocolError("Illegal header value: it has CR, LF or NUL")
    fields = {name.decode("latin-1"): value.decode("latin-1") for name, value in pairs}
    given = {name.lower() for name in names}
    if (type(stream) is httpx.ByteStream and len(given) == len(pairs)
            and _USUAL <= given and b"transfer-encoding" not in given):
        # The usual case: http.client would add nothing.
        body = b"".join(stream)
        if b"content-length" not in given:
            if not body and method in _BODILESS:
                return fields, None, None
        elif fields.get("Content-Length") == str(len(body)):
            return fields, body or None, None
    return _unusual_message(pairs)


def _unusual_message(pairs: Any) -> tuple[Any, None, int]:
    """Do message() for any fields and body."""
    def values_of(wanted: bytes) -> list[bytes]:
        return [value for name, value in pairs if name.lower() == wanted]

    if len(values_of(b"host")) != 1:
        raise httpx.LocalProtocolError("a request needs one Host field (RFC 9112 3.2)")
    if codings := values_of(b"transfer-encoding"):
        if [coding.lower() for coding in codings] != [b"chunked"]:
            raise httpx.LocalProtocolError("Only Transfer-Encoding: chunked is supported")
        # A request must not have both (RFC 9112 6.2).
        pairs = [pair for pair in pairs if pair[0].lower() != b"content-length"]
        return _Fields(pairs), None, CHUNKED
    lengths = set(values_of(b"content-length")) or {b"0"}
    if len(lengths) > 1 or not min(lengths).isdigit():
        raise httpx.LocalProtocolError("bad Content-Length")
    return _Fields(pairs), None, int(min(lengths))


class _Fields:
    """Headers for HTTPConnection.request(), which adds none to them.

    It asks by iteration which names it must not add, and sends items().
    """

    def __init__(self, pairs: list[tuple[bytes, bytes]]) -> None:
        self._pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in pairs]

    def __iter__(self) -> Iterator[str]:
        names = [name for name, _ in self._pairs]
        yield from names
        yield from ("host", "accept-encoding")
        if not any(name.lower() == "transfer-encoding" for name in names):
            yield "content-length"

    def items(self) -> list[tuple[str, str]]:
        return self._pairs


def merged(added: list[tuple[bytes, bytes]], pairs: Any) -> list[tuple[bytes, bytes]]:
    """Return the fields for a proxy, but those that the request has, and then the request's."""
    names = {name.lower() for name, _ in pairs}
    return [pair for pair in added if pair[0].lower() not in names] + list(pairs)


# ---- responses

def extensions_of(response: Any) -> dict[str, Any]:
    """Return the extensions of a response of httpclient, but for its `network_stream`."""
    return {"http_version": _VERSIONS.get(response.version, b"HTTP/1.1"),
            "reason_phrase": response.reason.encode("latin-1", "replace")}


def fields_of(response: Any) -> list[tuple[bytes, bytes]]:
    """Return the header fields of a response of httpclient as bytes, with folded lines joined."""
    return [(name.encode("latin-1"),
             (" ".join(value.split("\r\n")) if "\n" in value else value).encode("latin-1"))
            for name, value in response.getheaders()]


def mapped(error: Exception, step: tuple[type[Exception], type[Exception]]) -> Exception | None:
    """Return the exception of httpx for one of httpclient, or None if it has none."""
    kind: type[Exception]
    if isinstance(error, PoolFull):
        kind = httpx.PoolTimeout
    elif isinstance(error, TimeoutError):
        kind = step[0]
    elif type(error) is OSError and str(error).startswith(_REFUSED):
        return httpx.ProxyError(str(error).removeprefix(_REFUSED))
    elif isinstance(error, (InvalidURL, ImproperConnectionState)):
        kind = httpx.LocalProtocolError
    elif isinstance(error, HTTPException):
        kind = httpx.RemoteProtocolError
    elif isinstance(error, OSError):
        kind = step[1]
    elif isinstance(error, ValueError):
        kind = httpx.LocalProtocolError
    else:
        return None
    return kind(str(error))

# SPDX-License-Identifier: MIT
"""The URL of a request, and that of a proxy, in their parts.

The rules are those of RFC 3986 and RFC 9110 4.2.  What http.client would not send is refused with
InvalidURL: control characters, blanks, and characters that are not ASCII outside of the host.
"""
import re
from base64 import b64encode
from urllib.parse import unquote_to_bytes, urlsplit

from .._common.exceptions import InvalidURL
from .validation import _contains_disallowed_url_pchar_re

PORTS = {"http": 80, "https": 443}
# RFC 3986 3.2.2; an IPv6 address may have a zone, whose "%" need not be encoded (RFC 6874).
_is_name = re.compile(r"[\w.~!$&'()*+,;=%-]+", re.ASCII).fullmatch
_is_address = re.compile(r"[0-9a-f:.]+(%[\w.~-]+)?", re.ASCII).fullmatch
_authority = re.compile(
    r"(.*@)?(\[(?P<address>[^\[\]@]*)\]|(?P<name>[^\[\]@:]*))(:(?P<port>[0-9]*))?").fullmatch


def parts(url):
    """Return (scheme, host, port, request target) of an http or https URL (str).

    The host is ASCII in lower case, without brackets; the fragment is left out.  Raises InvalidURL,
    and TypeError unless it is a str.
    """
    split, host, port = _split(url)
    if split.scheme not in PORTS:
        raise InvalidURL(f"a URL should begin with http:// or https://, got {shown(url)}")
    if "@" in split.netloc:
        # RFC 9110 4.2.4: it is no error of spelling in most URLs that have one, but a deceit.
        # The password is not shown.
        raise InvalidURL(f"a URL should have no user name or password before {host!r}; "
                         "send them in an Authorization header")
    target = url[url.index("//") + 2 + len(split.netloc):].partition("#")[0]
    if not target.isascii():
        raise InvalidURL("the path and query of a URL should be ASCII, with other characters "
                         f"percent-encoded, got {url!r}")
    return (split.scheme, host, PORTS[split.scheme] if port is None else port,
            target if target[:1] == "/" else f"/{target}")


def authority(scheme, host, port):
    """Return "host" or "host:port" as a URL has it."""
    host = f"[{host}]" if ":" in host else host
    return host if port == PORTS[scheme] else f"{host}:{port}"


class Proxy:
    """A proxy that is given as a URL (str), with or without "user:password@"."""

    def __init__(self, url):
        split, self.host, port = _split(url)
        if split.scheme == "https":
            raise ValueError("a proxy that is reached by TLS is not supported; "
                             "use one with an http:// URL")
        if split.scheme != "http":
            raise ValueError(f"the URL of a proxy should begin with http://, got {split.scheme!r}")
        if split.path not in ("", "/") or split.query or split.fragment:
            raise InvalidURL(f"the URL of a proxy should end with its port, got {split.path!r}")
        self.port = PORTS["http"] if port is None else port
        self.fields = {}
        user, at, _ = split.netloc.rpartition("@")
        if at:
            # RFC 7617 2; an encoding for them is nowhere agreed on, so the bytes are as encoded.
            pair = unquote_to_bytes(user if ":" in user else f"{user}:")
            self.fields["Proxy-Authorization"] = f"Basic {b64encode(pair).decode('ascii')}"

    def authorized(self, headers, key):
        """Return the headers of a request, with the credentials if it goes to the proxy itself."""
        if (not self.fields or key[0] != "http"
                or any(name.lower() == "proxy-authorization" for name in headers)):
            return headers
        return _Authorized(headers, self.fields)


class _Authorized:
    """A mapping for HTTPConnection.request(): the caller's headers, and more."""

    def __init__(self, headers, more):
        self._headers = headers
        self._more = more

    def __iter__(self):
        yield from self._headers
        yield from self._more

    def items(self):
        yield from self._headers.items()
        yield from self._more.items()


def _split(url):
    """Return the urlsplit() of a URL, its host (ASCII) and its port (int or None)."""
    if not isinstance(url, str):
        raise TypeError(f"a URL should be a str, got {type(url).__name__}")
    # urlsplit() would remove some of them.
    if match := _contains_disallowed_url_pchar_re.search(url):
        raise InvalidURL(f"URL can't contain control characters. {shown(url)} "
                         f"(found at least {match.group()!r})")
    try:
        split = urlsplit(url)
        match = _authority(split.netloc)
        host, port = _host(match["address"], match["name"]), match["port"]
        port = int(port) if port else None
        if port is not None and port > 65535:
            raise ValueError
    except (TypeError, ValueError):
        raise InvalidURL(f"a URL should have a host, and a port up to 65535 if any, "
                         f"got {shown(url)}") from None
    return split, host, port


def _host(address, name):
    """Return an address or name as it is connected to; raise ValueError if it is none."""
    if address is not None:
        address, percent, zone = address.partition("%")
        address = f"{address.lower()}{percent}{zone.removeprefix('25')}"
        if ":" in address and _is_address(address):
            return address
    elif name:
        if len(name) < 64 and name.isascii() and name[0] != "." and ".." not in name:
            # IDNA leaves it as it is, which takes longer to find out.
            name = name.lower()
        else:
            # Twice, because characters such as U+2488 become two labels.
            name = name.encode("idna").lower().decode("ascii")
            name.encode("idna")
        if _is_name(name):
            return name
    raise ValueError


def shown(url):
    """Return a URL as an error shows it: without a password."""
    return repr(f"...@{url.rpartition('@')[2]}" if "@" in url else url)

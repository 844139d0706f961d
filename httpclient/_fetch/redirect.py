# SPDX-License-Identifier: MIT
"""The request that a redirect asks for (RFC 9110 15.4)."""
import re
from urllib.parse import quote

from .._common.exceptions import InvalidURL
from .._request.repeating import rewinder
from .._request.url import parts
from .request import Fields, Request

_STATUSES = {301, 302, 303, 307, 308}
# RFC 9110 15.4, step 5, and the framing of the body.
_ABOUT_THE_BODY = {
    "content-encoding", "content-language", "content-location", "content-type", "content-length",
    "content-digest", "content-range", "digest", "repr-digest", "last-modified", "expect",
    "trailer", "transfer-encoding"}
# They are meant for one origin.
_OF_THE_ORIGIN = {"authorization", "cookie", "proxy-authorization", "host"}

# RFC 3986 appendix B
_split = re.compile(
    r"(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?",
    re.DOTALL).fullmatch
_VISIBLE = "".join(map(chr, range(0x21, 0x7f)))


def redirected(request, status, locations):
    """Return the Request that a response to `request` asks for, or None; see Answer.redirect().

    `locations` are the values of its Location fields.
    """
    if status not in _STATUSES or len(set(locations)) != 1:
        return None
    try:
        url = _target(request.url, locations[0])
        changes_origin = parts(url)[:3] != parts(request.url)[:3]
    except (InvalidURL, UnicodeDecodeError):
        return None
    method, body, dropped = request.method, request.body, set()
    if (status == 303 and method != "HEAD") or (status in (301, 302) and method == "POST"):
        method, body, dropped = "GET", None, _ABOUT_THE_BODY
    elif not _rewound(request):
        return None
    if changes_origin:
        dropped = dropped | _OF_THE_ORIGIN
    headers = request.headers
    if dropped:
        headers = Fields((name, value) for name, value in headers.items()
                         if _lower(name) not in dropped)
    return Request(method, url, headers=headers, body=body, deadline=request.deadline,
                   sink=request.sink, context=request.context)


def _rewound(request):
    """Return True if the body of a request is ready to be sent again."""
    body = request.body
    rewind = request._rewind if hasattr(body, "read") else rewinder(body)
    if rewind is None:
        return False
    try:
        rewind()
    except (OSError, ValueError):
        return False
    return True


def _lower(name):
    """Return a field name (str or bytes) in lower case."""
    return (name.decode("latin-1") if isinstance(name, bytes) else name).lower()


# ---- the URL

def _target(base, location):
    """Return the URL that a Location (str, as received) means, relative to `base` (RFC 3986 5).

    Raises InvalidURL if there is none, and UnicodeDecodeError for a host in unknown characters.
    """
    if not location or any(character in location for character in "\r\n\0"):
        raise InvalidURL("the Location is damaged")
    own_scheme, own_authority, own_path, own_query, own_fragment = _split(base).groups()
    scheme, authority, path, query, fragment = _split(location).groups()
    # A user name in the Location is never sent.
    host = None if authority is None else _utf_8(authority.rpartition("@")[2])
    path, query, fragment = [part if part is None else _encoded(part)
                             for part in (path, query, fragment)]
    if scheme is None or (host is None and scheme.lower() == own_scheme.lower()):
        scheme = own_scheme
        if host is None:
            host = own_authority
            if not path:
                path = own_path
                query = own_query if query is None else query
            elif path[0] != "/":
                path = f"{own_path.rpartition('/')[0]}/{path}"
    if fragment is None:
        # RFC 9110 10.2.2
        fragment = own_fragment
    url = f"{scheme}://{host or ''}{_without_dots(path)}"
    if query is not None:
        url += f"?{query}"
    return url if fragment is None else f"{url}#{fragment}"


def _utf_8(authority):
    """Return an authority as text: its octets are UTF-8, for a name in other characters (IDNA)."""
    return authority.encode("latin-1").decode("utf-8")


def _encoded(part):
    """Return a part of a URL with the octets that are not visible ASCII percent-encoded."""
    return quote(part.encode("latin-1"), safe=_VISIBLE)


def _without_dots(path):
    """Return an absolute or empty path without the segments "." and ".." (RFC 3986 5.2.4)."""
    segments, kept = path.split("/"), []
    for segment in segments:
        if segment == "..":
            if len(kept) > 1:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/".join(kept)

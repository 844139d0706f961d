# SPDX-License-Identifier: MIT
"""Which methods a Pool or a Fetcher sends, when it sends a request again, and whether the
connection serves another request after it.
"""
import re
from functools import partial

# RFC 9110 9.2.2
IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
# Methods that need no check.
USUAL = IDEMPOTENT | {"POST", "PATCH"}

_is_token = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII).fullmatch      # RFC 9110 5.6.2


def check_method(method, sender):
    """Raise ValueError for a method that `sender` (its name) does not send (RFC 9110 9.1)."""
    if method == "CONNECT":
        raise ValueError(f"CONNECT is not a method for {sender}; "
                         "use HTTPConnection.set_tunnel()")
    if isinstance(method, str) and not _is_token(method):
        raise ValueError(f"the method should be a token (RFC 9110 9.1), got {method!r:.100}")


def rewound():
    """Do nothing: the body can be sent again as it is."""


def rewinder(body):
    """Return a function to call before a body is sent again, or None if it cannot be."""
    if body is None or isinstance(body, str):
        return rewound
    try:
        if hasattr(body, "read"):
            return partial(body.seek, body.tell()) if body.seekable() else None
        memoryview(body).release()
    except (AttributeError, OSError, TypeError, ValueError):
        return None
    return rewound


def says_close(headers):
    """Return True if a request announces the end of the connection (RFC 9112 9.6)."""
    for name, value in headers.items():
        if len(name) == 10 and name.lower() == "connection" and "close" in str(value).lower():
            return True
    return False

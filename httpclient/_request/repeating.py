# SPDX-License-Identifier: MIT
"""When a request may be sent again, and whether its connection serves another one after it."""
from functools import partial

# RFC 9110 9.2.2
IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})


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

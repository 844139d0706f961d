# SPDX-License-Identifier: MIT
"""Limits on what a server may send.

The two that programs rebind, ``_MAXLINE`` and ``_MAXHEADERS``, live in the
standard library's module: they are read there once per head, and rebinding
them in ``httpclient`` writes there, so that both modules always agree.
"""
import http.client as _standard
from collections import deque

SHARED = ("_MAXLINE", "_MAXHEADERS")
_before: dict[str, deque[int]] = {name: deque(maxlen=16) for name in SHARED}

MAX_INTERIM_RESPONSES = 100
MAX_HEAD = 1 << 20  # octets of a head in all


def max_line() -> int:
    """Octets that a status line, field line or chunk-size line may have."""
    return _standard._MAXLINE


def max_fields(given: int | None = None) -> int:
    """Field lines that a head or a trailer section may have: `given`, if not None."""
    return _standard._MAXHEADERS if given is None else given


def rebind(name: str, value: int) -> None:
    """Set one of SHARED for both modules."""
    _before[name].append(getattr(_standard, name))
    setattr(_standard, name, value)


def unbind(name: str) -> None:
    """Undo the last rebind(), as mock.patch() wants of a name that it did not find in __dict__."""
    if not _before[name]:
        raise AttributeError(name)
    setattr(_standard, name, _before[name].pop())

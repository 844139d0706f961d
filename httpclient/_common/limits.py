# SPDX-License-Identifier: MIT
"""Limits on what a server may send.

The two that programs rebind, ``_MAXLINE`` and ``_MAXHEADERS``, live in the
standard library's module: they are read there once per head, and rebinding
them in ``httpclient`` writes there, so that both modules always agree.
"""
import http.client as _standard
from collections import deque, namedtuple

SHOWN = 100     # bytes of what is refused, in a message
SHARED = ("_MAXLINE", "_MAXHEADERS")
_before: dict[str, deque[int]] = {name: deque(maxlen=16) for name in SHARED}

_MAXINTERIMRESPONSES = 100  # http.client's since 3.15


# Not typing.NamedTuple: importing typing takes longer than all of our modules.
class Limits(namedtuple("Limits", "line fields head interim chunk_line chunk_overhead",
                        defaults=(None, None, 1 << 20, None, 4096, 1 << 20))):
    """What a connection allows its server; None is a limit that SHARED has.

    `line`: octets of a status line, field line or trailer line.  `fields`: field lines
    of a head or a trailer section.  `head`: octets of a head, or of a trailer section, in
    all.  `interim`: interim responses before the final one.  `chunk_line`: octets of a
    chunk-size line with its extensions.  `chunk_overhead`: octets of chunk framing beyond
    ten times the content.
    """

    __slots__ = ()

    @property
    def max_line(self) -> int:
        if self.line is None:
            return _standard._MAXLINE  # type: ignore[attr-defined]
        return self.line

    @property
    def max_interim(self) -> int:
        return _MAXINTERIMRESPONSES if self.interim is None else self.interim

    @property
    def max_chunk_line(self) -> int:
        return min(self.chunk_line, self.max_line)

    @property
    def max_fields(self) -> int:
        if self.fields is None:
            return _standard._MAXHEADERS  # type: ignore[attr-defined]
        return self.fields


DEFAULT = Limits()


# the keyword arguments of a connection -> fields of Limits
KEYWORDS = {
    "max_response_line": "line",
    "max_response_head": "head",
    "max_interim_responses": "interim",
    "max_chunk_line": "chunk_line",
    "max_chunk_overhead": "chunk_overhead",
}


def taken_from(keywords: dict) -> Limits:
    """The Limits that a connection's keyword arguments give; those are taken out."""
    given = {KEYWORDS[name]: keywords.pop(name) for name in KEYWORDS.keys() & keywords.keys()}
    given = {name: limit for name, limit in given.items() if limit is not None}
    return Limits(**given) if given else DEFAULT


def rebind(name: str, value: int) -> None:
    """Set one of SHARED for both modules."""
    _before[name].append(getattr(_standard, name))
    setattr(_standard, name, value)


def unbind(name: str) -> None:
    """Undo the last rebind(), as mock.patch() wants of a name that it did not find in __dict__."""
    if not _before[name]:
        raise AttributeError(name)
    setattr(_standard, name, _before[name].pop())

# SPDX-License-Identifier: MIT
"""Limits on the size of a server's answer.

Programs rebind two of them, ``_MAXLINE`` and ``_MAXHEADERS``.  Their values stay in the module
http.client, from which they are read once per head.  Rebinding them in ``httpclient`` sets them
there, so both modules always agree.
"""
import http.client as _standard
from collections import deque, namedtuple

SHOWN = 100     # the most bytes of refused input in the text of an exception
SHARED = ("_MAXLINE", "_MAXHEADERS")
_before: dict[str, deque[int]] = {name: deque(maxlen=16) for name in SHARED}

_MAXINTERIMRESPONSES = 100  # http.client's since 3.15


# Not typing.NamedTuple: importing typing takes longer than importing all of httpclient.
class Limits(namedtuple("Limits", "line fields head interim chunk_line chunk_overhead",
                        defaults=(None, None, 1 << 20, None, 4096, 1 << 20))):
    """The limits of a connection on its server's answers (int); None is the module's limit.

    - `line`: bytes of a status line, field line or trailer line (None: ``_MAXLINE``)
    - `fields`: field lines of a head or trailer section (None: ``_MAXHEADERS``)
    - `head`: bytes of a whole head or trailer section
    - `interim`: interim responses before the final one (None: ``_MAXINTERIMRESPONSES``)
    - `chunk_line`: bytes of a chunk-size line with its extensions
    - `chunk_overhead`: bytes of chunk framing beyond ten times the content
    """

    __slots__ = ()

    @property
    def max_line(self) -> int:
        """The limit on bytes of a line, from http.client if `line` is None."""
        if self.line is None:
            return _standard._MAXLINE  # type: ignore[attr-defined]
        return self.line

    @property
    def max_interim(self) -> int:
        """The limit on interim responses, the module's if `interim` is None."""
        return _MAXINTERIMRESPONSES if self.interim is None else self.interim

    @property
    def max_chunk_line(self) -> int:
        """The limit on bytes of a chunk-size line, at most that of any line."""
        return min(self.chunk_line, self.max_line)

    @property
    def max_fields(self) -> int:
        """The limit on field lines, from http.client if `fields` is None."""
        if self.fields is None:
            return _standard._MAXHEADERS  # type: ignore[attr-defined]
        return self.fields


DEFAULT = Limits()


# The keyword arguments of a connection, and the fields of Limits that they set.
KEYWORDS = {
    "max_response_line": "line",
    "max_response_head": "head",
    "max_interim_responses": "interim",
    "max_chunk_line": "chunk_line",
    "max_chunk_overhead": "chunk_overhead",
}


def taken_from(keywords: dict) -> Limits:
    """Remove the limits from a connection's keyword arguments; return them as Limits."""
    given = {KEYWORDS[name]: keywords.pop(name) for name in KEYWORDS.keys() & keywords.keys()}
    given = {name: limit for name, limit in given.items() if limit is not None}
    return Limits(**given) if given else DEFAULT


def rebind(name: str, value: int) -> None:
    """Set one of SHARED for both modules."""
    _before[name].append(getattr(_standard, name))
    setattr(_standard, name, value)


def unbind(name: str) -> None:
    """Undo the last rebind(); mock.patch() deletes a name that it did not find in __dict__."""
    if not _before[name]:
        raise AttributeError(name)
    setattr(_standard, name, _before[name].pop())

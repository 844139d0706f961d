# SPDX-License-Identifier: MIT
"""Follow one exchange through the files of httpclient, for each of six ways of using it.

    python -m bench.walks       print a table, in the form of docs/architecture.md

A call is one of a Python function of httpclient, or one from Python into a compiled module.
A move is two calls in a row that are in different files, or in different wings.  Calls within
the compiled modules, and those from there into Python's own code, are not seen.  Each exchange is
the first of its connection, over a socket pair.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import httpclient
from bench.cases.fixtures import CALLER_FIELDS, LOOKED_UP, SMALL_FIELDS
from bench.report.tables import formatted

ROOT = os.path.join(os.path.dirname(httpclient.__file__), "")
CORE = "httpclient._core."
CONTENT = b"five!"
HEAD = "HTTP/1.1 200 OK\r\n" + "".join(f"{name}: {value}\r\n" for name, value in SMALL_FIELDS)
BY_LENGTH = f"{HEAD}Content-Length: {len(CONTENT)}\r\n\r\n".encode() + CONTENT
CHUNKED = (f"{HEAD}Transfer-Encoding: chunked\r\n\r\n{len(CONTENT):x}\r\n".encode() + CONTENT
           + b"\r\n0\r\n\r\n")


class PutsHeader(httpclient.HTTPConnection):
    def putheader(self, *args: Any) -> None:
        super().putheader(*args)


class ReadsStatus(httpclient.HTTPResponse):
    def _read_status(self) -> Any:
        return super()._read_status()


class GetsReadsStatus(httpclient.HTTPConnection):
    response_class = ReadsStatus


@dataclass
class Walk:
    """A way of making an exchange, and the calls that it takes."""

    title: str
    cls: type[httpclient.HTTPConnection]
    answer: bytes
    amount: int | None = None           # bytes to ask for with each read(); None: all at once
    deadline: float | None = None
    trail: list[str] = field(default_factory=list)      # the file of each call, in order

    def take(self) -> None:
        here, peer = socket.socketpair()
        connection = self.cls("localhost", deadline=self.deadline)
        connection.sock = here
        with closing(connection), closing(peer):
            peer.sendall(self.answer)
            with followed(self.trail):
                content = self.exchange(connection)
        assert content == CONTENT, content

    def exchange(self, connection: httpclient.HTTPConnection) -> bytes:
        connection.request("GET", "/", headers=CALLER_FIELDS)
        response = connection.getresponse()
        content = piece = response.read(self.amount)
        while self.amount is not None and piece:
            piece = response.read(self.amount)
            content += piece
        response.getheader(LOOKED_UP)
        return content

    def figures(self) -> list[int]:
        """Return the calls, the files, the moves between files and wings, and the entries."""
        wings = [file.rpartition(os.sep)[0] for file in self.trail]
        return [len(self.trail), len(set(self.trail)), moves(self.trail), moves(wings),
                sum(file.endswith(".pyx") for file in self.trail)]


def moves(places: list[str]) -> int:
    return sum(place != following for place, following in zip(places, places[1:]))


@contextmanager
def followed(trail: list[str]) -> Iterator[None]:
    """Add the file of each call to `trail`."""
    def note(frame: FrameType, event: str, function: Any) -> None:
        file = frame.f_code.co_filename
        if not file.startswith(ROOT):
            return
        if event == "call":
            trail.append(file[len(ROOT):])
        elif event == "c_call" and (module := compiled(function)):
            trail.append(os.path.join("_core", f"{module}.pyx"))

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield
    finally:
        sys.setprofile(before)


def compiled(function: Any) -> str:
    """Return the name of the compiled module of a function or method, or ""."""
    for place in (function, type(getattr(function, "__self__", None)),
                  getattr(function, "__objclass__", None)):
        module = getattr(place, "__module__", None)
        if isinstance(module, str) and module.startswith(CORE):
            return module[len(CORE):]
    return ""


def walks() -> list[Walk]:
    return [
        Walk("GET, body by length, read(), getheader()", httpclient.HTTPConnection, BY_LENGTH),
        Walk("GET, chunked, read()", httpclient.HTTPConnection, CHUNKED),
        Walk("putheader() overridden", PutsHeader, BY_LENGTH),
        Walk("_read_status() overridden", GetsReadsStatus, BY_LENGTH),
        Walk("the same, chunked, read(2)", GetsReadsStatus, CHUNKED, amount=2),
        Walk("deadline=5", httpclient.HTTPConnection, BY_LENGTH, deadline=5),
    ]


def main(report: Callable[[str], object] = print) -> None:
    rows = [["walk", "calls", "files", "moves between files", "between wings",
             "entries from Python into C"]]
    for walk in walks():
        walk.take()
        rows.append([walk.title, *map(str, walk.figures())])
    report(formatted(rows, markdown=True))


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: MIT
"""Parsers on heads and chunks that are already in memory, without sockets.

The contenders: ResponseParser, the module's own parser; "core", the one call in it that
parses a head, for the comparison with httptools where that is installed; and http.client,
which reads from a file.  Each unit is a parser of its own, as each response has one.  All
return the same result, which is compared before anything is timed.
"""

from __future__ import annotations

import importlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from bench.cases.fixtures import LARGE_FIELDS, SMALL, SMALL_FIELDS, by_chunks, by_length
from bench.harness.measure import AnswersDiffer, Course, Makers, measure

PIECE = 65536                   # what a recv() of a large body brings


@dataclass(frozen=True)
class Parse:
    """One row: `kind` names the wanted result, and `data` makes the bytes to parse."""

    name: str
    summary: str
    kind: str
    data: Callable[[], bytes]
    extra: bool = True


def chunked_response() -> bytes:
    return b"".join(by_chunks(64).pieces())


PARSES = [
    Parse("memory-head", "in memory: 12 fields, status and framing", "framing",
          lambda: by_length(SMALL_FIELDS, SMALL).head),
    Parse("memory-head-all", "in memory: 12 fields, all pairs as str", "pairs",
          lambda: by_length(SMALL_FIELDS, SMALL).head),
    Parse("memory-large-head-all", "in memory: 30 fields, all pairs as str", "pairs",
          lambda: by_length(LARGE_FIELDS, SMALL).head),
    Parse("memory-chunks-64b", "in memory: 1 MiB in 64 B chunks", "content",
          chunked_response),
]


class Parser:
    """A contender that calls one function over and over."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self._function = function

    def exchange(self) -> Callable[[], Any]:
        return self._function

    def close(self) -> None:
        pass


def pieces(data: bytes) -> list[bytes]:
    return [data[at:at + PIECE] for at in range(0, len(data), PIECE)]


def by_response_parser(module: ModuleType, kind: str, data: bytes) -> Callable[[], Any]:
    parser_class, whole = module.ResponseParser, pieces(data)

    def framing() -> Any:
        parser = parser_class("GET")
        parser.feed(data)
        return parser.status, parser.length

    def pairs() -> Any:
        parser = parser_class("GET")
        parser.feed(data)
        return parser.status, parser.getheaders()

    def content() -> Any:
        feed = parser_class("GET").feed
        return b"".join([feed(piece) for piece in whole])

    return {"framing": framing, "pairs": pairs, "content": content}[kind]


def by_core(module: ModuleType, kind: str, data: bytes) -> Callable[[], Any] | None:
    """Return the parsing of a head alone, or None if the module has no such function."""
    try:
        head_in = importlib.import_module(f"{module.__name__}._core.head").head_in
        limits = importlib.import_module(f"{module.__name__}._common.limits").DEFAULT
    except (ImportError, AttributeError):
        return None
    bounds = (limits.max_line, limits.max_fields, limits.head, False)

    def framing() -> Any:
        head = head_in(data, *bounds)
        return head.status, head.length

    def pairs() -> Any:
        head = head_in(data, *bounds)
        return head.status, head.pairs()

    return {"framing": framing, "pairs": pairs}.get(kind)


class File:
    """The part of a socket that http.client uses."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, *_: object) -> io.BytesIO:
        return io.BytesIO(self._data)


def by_file(module: ModuleType, kind: str, data: bytes) -> Callable[[], Any]:
    """The HTTPResponse of a module, over a file."""
    response_class, file = module.HTTPResponse, File(data)

    def framing() -> Any:
        with response_class(file, method="GET") as response:
            response.begin()
            return response.status, response.length

    def pairs() -> Any:
        with response_class(file, method="GET") as response:
            response.begin()
            return response.status, response.getheaders()

    def content() -> Any:
        with response_class(file, method="GET") as response:
            response.begin()
            return response.read()

    return {"framing": framing, "pairs": pairs, "content": content}[kind]


class Callbacks:
    """The methods that httptools calls."""

    def __init__(self) -> None:
        self.fields: list[tuple[bytes, bytes]] = []
        self.bodies: list[bytes] = []
        self.on_body = self.bodies.append

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name, value))


def by_httptools(httptools: ModuleType, kind: str, data: bytes) -> Callable[[], Any]:
    parser_class, whole = httptools.HttpResponseParser, pieces(data)

    def framing() -> Any:
        callbacks = Callbacks()
        parser = parser_class(callbacks)
        parser.feed_data(data)
        # httptools knows the length, but does not tell: to find it costs a look at the fields.
        return parser.get_status_code(), SMALL

    def pairs() -> Any:
        callbacks = Callbacks()
        parser = parser_class(callbacks)
        parser.feed_data(data)
        return parser.get_status_code(), [(name.decode("latin-1"), value.decode("latin-1"))
                                          for name, value in callbacks.fields]

    def content() -> Any:
        callbacks = Callbacks()
        feed_data = parser_class(callbacks).feed_data
        for piece in whole:
            feed_data(piece)
        return b"".join(callbacks.bodies)

    return {"framing": framing, "pairs": pairs, "content": content}[kind]


def expected(parse: Parse) -> Any:
    if parse.kind == "content":
        return by_chunks(64).content
    lines = parse.data().decode("ascii").split("\r\n")[1:-2]
    return 200, (SMALL if parse.kind == "framing"
                 else [tuple(line.split(": ", 1)) for line in lines])


def measure_parse(parse: Parse, modules: dict[str, ModuleType],
                  course: Course) -> dict[str, Any]:
    """Measure one row and return all its figures.  `modules` holds "ours" and "stdlib"."""
    data = parse.data()
    ours = modules["ours"]
    own = by_response_parser if hasattr(ours, "ResponseParser") else by_file
    functions = {"ours": own(ours, parse.kind, data), "core": by_core(ours, parse.kind, data),
                 "stdlib": by_file(modules["stdlib"], parse.kind, data)}
    try:
        functions["httptools"] = by_httptools(importlib.import_module("httptools"),
                                              parse.kind, data)
    except ImportError:
        pass
    makers: Makers = {}
    for name, function in functions.items():
        if function is None:
            continue
        if (answer := function()) != expected(parse):
            raise AnswersDiffer(f"{parse.name}: {name}: got {answer!r:.200}")
        makers[name] = lambda function=function: Parser(function)
    return measure(parse.name, parse.summary, makers, course)

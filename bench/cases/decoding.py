# SPDX-License-Identifier: MIT
"""Content coding in memory: httpclient.decoding.Decoder beside the decoders of urllib3.

Each unit is one content: a new decoder, the pieces that a socket would bring, and the end.  Both
use the libraries that they find installed, and both results are compared with the content before
anything is timed.  In the figures, urllib3 has the place that http.client has in other cases.
"""

from __future__ import annotations

import gzip
import importlib
import json
import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from types import ModuleType
from typing import Any

from bench.cases.parsing import Parser, pieces
from bench.harness.measure import AnswersDiffer, Course, measure

PACKAGES = ["urllib3", "zlib-ng", "isal", "brotli", "brotlicffi", "backports.zstd"]


@dataclass(frozen=True)
class Decode:
    """One row: content of `size` bytes under `coding`."""

    name: str
    summary: str
    coding: str
    size: int
    extra: bool = True


DECODES = [Decode(f"decode-{coding}-{name}", f"in memory: {what} under {coding}", coding, size)
           for coding in ("gzip", "deflate", "br", "zstd")
           for name, what, size in (("1k", "1000 B", 1000), ("1m", "1 MiB", 1 << 20))]


@cache
def content(size: int) -> bytes:
    """JSON with words and numbers, which gzip makes a third of."""
    numbers = random.Random(1)
    words = [numbers.randbytes(numbers.randint(1, 5)).hex() for _ in range(2000)]
    records, length = [], 0
    while length < size:
        record = json.dumps({"id": numbers.randrange(10 ** 6), "name": numbers.choice(words),
                             "text": " ".join(numbers.choices(words, k=12))}).encode()
        records.append(record)
        length += len(record)
    return b"".join(records)[:size]


def first_of(*names: str) -> ModuleType | None:
    for name in names:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None


def encoded(coding: str, data: bytes) -> bytes | None:
    """Return the content under this coding, or None without a library for it."""
    if coding == "gzip":
        return gzip.compress(data, 6, mtime=0)
    if coding == "deflate":
        return zlib.compress(data)
    if coding == "br":
        library = first_of("brotli", "brotlicffi")
        return library and library.compress(data, quality=5)
    library = first_of("compression.zstd", "backports.zstd")
    return library and library.compress(data)


def by_decoder(module: ModuleType, coding: str, data: list[bytes]) -> Callable[[], bytes]:
    decoder_class = module.decoding.Decoder

    def decode() -> bytes:
        decoder = decoder_class(coding)
        parts = [decoder.feed(piece) for piece in data]
        parts.append(decoder.end())
        return b"".join(parts)

    return decode


def by_urllib3(coding: str, data: list[bytes]) -> Callable[[], bytes]:
    get_decoder = importlib.import_module("urllib3.response")._get_decoder

    def decode() -> bytes:
        decoder = get_decoder(coding)
        parts = [decoder.decompress(piece) for piece in data]
        parts.append(decoder.flush())
        return b"".join(parts)

    return decode


def versions() -> dict[str, str]:
    """Return the versions of the libraries that take part."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            pass
    return found


def missing(row: Decode) -> str | None:
    """Return what the row needs and is not installed, or None."""
    if first_of("urllib3.response") is None:
        return "urllib3"
    return None if encoded(row.coding, b"") is not None else f"a library for {row.coding}"


def measure_decode(row: Decode, ours: ModuleType, course: Course) -> dict[str, Any]:
    """Measure one row and return all its figures."""
    plain = content(row.size)
    data = encoded(row.coding, plain)
    assert data is not None
    functions = {"ours": by_decoder(ours, row.coding, pieces(data)),
                 "stdlib": by_urllib3(row.coding, pieces(data))}
    makers = {}
    for name, function in functions.items():
        if function() != plain:
            raise AnswersDiffer(f"{row.name}: {name}: the content is wrong")
        makers[name] = lambda function=function: Parser(function)
    return measure(row.name, row.summary, makers, course)

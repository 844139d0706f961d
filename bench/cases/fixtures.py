# SPDX-License-Identifier: MIT
"""The cases of the bench: one answer each, and the way in which the client reads it.

Both the server and the client import this file, so both know an answer to the last byte.
A large body is one block of 1 MiB over and over: the server keeps it in its cache, and
building it takes no time.  All texts and field values are made up.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property

MIB = 1 << 20
SMALL = 200
HOST = "127.0.0.1"
BUCKET = "bench"                # its objects are the same answers, for clients of S3

# The three fields that the caller adds to each request.
CALLER_FIELDS = {
    "User-Agent": "bench/1.0 (httpclient)",
    "Accept": "application/json, text/plain;q=0.8, */*;q=0.5",
    "X-Request-Id": "5f0c9a1e-7d3b-4c55-9b0a-2f6c1f1b7e42",
}

# The field that the client looks up in each response.
LOOKED_UP = "Content-Type"

# With Content-Length or Transfer-Encoding this makes twelve.
SMALL_FIELDS = [
    ("Date", "Tue, 04 Nov 2025 09:12:44 GMT"),
    ("Server", "origin/2.4"),
    ("Content-Type", "application/json; charset=utf-8"),
    ("Connection", "keep-alive"),
    ("Last-Modified", "Mon, 03 Nov 2025 17:00:01 GMT"),
    ("ETag", '"6908e1f1-c8"'),
    ("Accept-Ranges", "bytes"),
    ("Vary", "Accept-Encoding"),
    ("Cache-Control", "max-age=60"),
    ("X-Request-Id", "b7a1c0de90f24a77"),
    ("X-Frame-Options", "DENY"),
]

# With Content-Length or Transfer-Encoding this makes thirty.
LARGE_FIELDS = [
    *SMALL_FIELDS,
    ("Age", "17"),
    ("Expires", "Tue, 04 Nov 2025 09:13:44 GMT"),
    ("Content-Language", "en"),
    ("Content-Location", "/v1/articles/81250.json"),
    ("Set-Cookie", "session=0b3e6f5a9c; Path=/; Secure; HttpOnly; SameSite=Lax"),
    ("Set-Cookie", "region=eu-1; Path=/; Max-Age=2592000; Secure; SameSite=Lax"),
    ("Strict-Transport-Security", "max-age=63072000; includeSubDomains; preload"),
    ("Content-Security-Policy",
     "default-src 'self'; img-src 'self' https://images.example.net; "
     "script-src 'self' https://scripts.example.net; frame-ancestors 'none'"),
    ("Referrer-Policy", "strict-origin-when-cross-origin"),
    ("Permissions-Policy", "camera=(), microphone=(), geolocation=(self)"),
    ("X-Content-Type-Options", "nosniff"),
    ("Access-Control-Allow-Origin", "https://app.example.net"),
    ("Access-Control-Expose-Headers", "ETag, Link, X-RateLimit-Remaining"),
    ("Link", '<https://api.example.net/v1/articles?page=2>; rel="next"'),
    ("X-RateLimit-Limit", "5000"),
    ("X-RateLimit-Remaining", "4987"),
    ("Via", "1.1 edge-17.example.net, 1.1 shield-3.example.net"),
    ("Server-Timing", "db;dur=12.4, app;dur=31.9, edge;dur=0.7"),
]

# 81 bytes.
TEXT = b"127.0.0.1 - - [04/Nov/2025:09:13:44 +0000] \"GET /v1/articles/81250 HTTP/1.1\" 200\n"


@dataclass(frozen=True)
class Wire:
    """One response: `head`, then `block` `times` over, then `tail`.

    `content` is what one block holds when its framing is taken off.
    """

    head: bytes
    block: bytes
    content: bytes
    times: int = 1
    tail: bytes = b""

    @property
    def size(self) -> int:
        return len(self.head) + len(self.block) * self.times + len(self.tail)

    @property
    def content_size(self) -> int:
        return len(self.content) * self.times

    def digest(self) -> str:
        """Return the hash of the whole content, to compare bodies."""
        whole = hashlib.blake2b()
        for _ in range(self.times):
            whole.update(self.content)
        return whole.hexdigest()

    def pieces(self) -> Iterator[bytes]:
        """Yield the pieces that the server sends: a small answer is a single one."""
        if self.times == 1:
            yield self.head + self.block + self.tail
            return
        yield self.head
        for _ in range(self.times):
            yield self.block
        if self.tail:
            yield self.tail


@dataclass(frozen=True)
class Case:
    """One row of the table.  `extra` rows run only when they are asked for."""

    name: str
    summary: str
    build: Callable[[], Wire]
    upload: bytes | None = None
    getheaders: bool = False
    buffer_size: int = 0        # readinto() a buffer of this size; 0: read()
    lines: bool = False         # iterate over the response
    timeout: float | None = None
    deadline: float | None = None       # of httpclient; http.client has none
    tls: bool = False
    extra: bool = False

    @property
    def method(self) -> str:
        return "GET" if self.upload is None else "POST"

    @property
    def target(self) -> str:
        return "/" + self.name

    @cached_property
    def wire(self) -> Wire:
        return self.build()

    def request(self, port: int) -> bytes:
        """Return the request as http.client sends it, for the raw contender."""
        lines = [f"{self.method} {self.target} HTTP/1.1",
                 f"Host: {HOST}:{port}",
                 "Accept-Encoding: identity"]
        if self.upload is not None:
            lines.append(f"Content-Length: {len(self.upload)}")
        lines += [f"{name}: {value}" for name, value in CALLER_FIELDS.items()]
        return "\r\n".join([*lines, "", ""]).encode("ascii") + (self.upload or b"")


@cache
def content(size: int) -> bytes:
    """Return random bytes that are the same in every process."""
    return random.Random(size).randbytes(size)


def head(fields: list[tuple[str, str]], framing: tuple[str, str]) -> bytes:
    lines = ["HTTP/1.1 200 OK", *(f"{name}: {value}" for name, value in [*fields, framing])]
    return "\r\n".join([*lines, "", ""]).encode("ascii")


def by_length(fields: list[tuple[str, str]], size: int, times: int = 1) -> Wire:
    """Return a response whose body ends by Content-Length."""
    block = content(size)
    return Wire(head(fields, ("Content-Length", str(size * times))), block, block, times)


def text_by_length() -> Wire:
    """Return a response with 256 KiB in lines of 81 bytes."""
    text = TEXT * (256 * 1024 // len(TEXT))
    return Wire(head(SMALL_FIELDS, ("Content-Length", str(len(text)))), text, text)


def text_by_chunks() -> Wire:
    """Return the same text in chunks that end within lines."""
    text = TEXT * (256 * 1024 // len(TEXT))
    framed = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece)
                      for piece in (text[at:at + 1000] for at in range(0, len(text), 1000)))
    return Wire(head(SMALL_FIELDS, ("Transfer-Encoding", "chunked")), framed, text,
                tail=b"0\r\n\r\n")


def by_chunks(size: int, times: int = 1) -> Wire:
    """Return a response with 1 MiB, `times` over, in chunks of `size` bytes."""
    block = content(MIB)
    framed = b"".join(b"%x\r\n%b\r\n" % (size, block[at:at + size])
                      for at in range(0, MIB, size))
    return Wire(head(SMALL_FIELDS, ("Transfer-Encoding", "chunked")),
                framed, block, times, b"0\r\n\r\n")


CASES = [
    Case("small-head", "200 B body, 12 fields",
         lambda: by_length(SMALL_FIELDS, SMALL)),
    Case("large-head", "200 B body, 30 fields",
         lambda: by_length(LARGE_FIELDS, SMALL)),
    Case("large-head-all", "200 B body, 30 fields, getheaders()",
         lambda: by_length(LARGE_FIELDS, SMALL), getheaders=True),
    Case("length-1m", "1 MiB by length, read()",
         lambda: by_length(SMALL_FIELDS, MIB)),
    Case("chunks-64b", "1 MiB in 64 B chunks, read()",
         lambda: by_chunks(64)),
    Case("chunks-4k", "1 MiB in 4 KiB chunks, read()",
         lambda: by_chunks(4096)),
    Case("lines", "256 KiB in lines of 81 B, iteration", text_by_length, lines=True),
    Case("lines-chunks", "the same in 1000 B chunks", text_by_chunks, lines=True),
    Case("small-post", "POST of 200 B, 200 B body, 12 fields",
         lambda: by_length(SMALL_FIELDS, SMALL), upload=content(SMALL)),

    Case("length-64m", "64 MiB by length, read()",
         lambda: by_length(SMALL_FIELDS, MIB, 64), extra=True),
    Case("readinto-64m", "64 MiB by length, readinto() 256 KiB",
         lambda: by_length(SMALL_FIELDS, MIB, 64), buffer_size=MIB // 4, extra=True),
    Case("chunks-16k-64m", "64 MiB in 16 KiB chunks, read()",
         lambda: by_chunks(16384, 64), extra=True),
    Case("readinto-chunks-64m", "64 MiB in 16 KiB chunks, readinto() 256 KiB",
         lambda: by_chunks(16384, 64), buffer_size=MIB // 4, extra=True),
    Case("timeout", "200 B body, 12 fields, timeout=30",
         lambda: by_length(SMALL_FIELDS, SMALL), timeout=30, extra=True),
    Case("deadline", "200 B body, 12 fields, deadline=30",
         lambda: by_length(SMALL_FIELDS, SMALL), deadline=30, extra=True),
    Case("tls", "200 B body, 12 fields, HTTPS",
         lambda: by_length(SMALL_FIELDS, SMALL), tls=True, extra=True),
]


def many_fields(count: int) -> list[tuple[str, str]]:
    """Return `count` - 1 field lines: the one that frames the body is added to them."""
    more = [(f"X-Field-{number}", f"a value of some length; q={number}")
            for number in range(count)]
    return (SMALL_FIELDS + more)[:count - 1] if count > len(SMALL_FIELDS) else \
        [SMALL_FIELDS[2], *more][:count - 1]    # with the one that is looked up


# The growth of costs with the number of field lines and of chunks, for the picture alone.
FIELD_COUNTS = [4, 8, 16, 32, 64]
CHUNK_COUNTS = [16, 64, 256, 1024, 4096, 16384]         # in 1 MiB
GROWTH = [
    *(Case(f"fields-{count}", f"200 B body, {count} fields",
           lambda count=count: by_length(many_fields(count), SMALL), extra=True)
      for count in FIELD_COUNTS),
    *(Case(f"chunks-{count}", f"1 MiB in {count} chunks, read()",
           lambda count=count: by_chunks(MIB // count), extra=True) for count in CHUNK_COUNTS),
]

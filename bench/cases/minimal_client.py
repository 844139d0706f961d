# SPDX-License-Identifier: MIT
"""An http.client that makes its system calls and does nothing else: the floor for libraries.

install() replaces methods of its classes.  The new ones send a request that was made before,
receive as many bytes as the answer has without a look at them, and return fields and content
that were made before, too.  The remaining time is the library's own and the kernel's.
"""

from __future__ import annotations

import http.client
import io
from collections.abc import Callable
from typing import Any

from bench.cases.exchanges import RAW_BUFFER
from bench.cases.fixtures import BUCKET, CASES, Case


class Ready:
    """A request and its answer: bytes, fields, content, and how that goes over the wire."""

    def __init__(self, case: Case) -> None:
        wire = case.wire
        self.request, self.size = case.request(http.client.HTTP_PORT), wire.size
        self.fields = http.client.parse_headers(io.BytesIO(wire.head.partition(b"\r\n")[2]))
        self.content = wire.content
        self.chunked = "Transfer-Encoding" in self.fields
        self.framed = wire.block + wire.tail if self.chunked else wire.content


class Response:
    """The part of http.client's HTTPResponse that libraries use."""

    version, version_string, status, code, reason = 11, "HTTP/1.1", 200, 200, "OK"
    debuglevel, will_close, chunk_left = 0, False, None

    def __init__(self, ready: Ready, method: str) -> None:
        self.headers = self.msg = ready.fields
        self.chunked, self._method = ready.chunked, method
        self.length = None if ready.chunked else len(ready.content)
        self.fp: io.BytesIO | None = io.BytesIO(ready.framed)
        self._safe_read = self.fp.read
        self._content: io.BytesIO | None = None
        self._ready = ready

    def read(self, amt: int | None = None) -> bytes:
        if amt is None:
            self.fp = None
            return self._ready.content
        if self._content is None:
            self._content = io.BytesIO(self._ready.content)
        data = self._content.read(amt)
        if not data or self._content.tell() == len(self._ready.content) == self.length:
            self.fp = None
        return data

    def info(self) -> Any:
        return self.headers

    def isclosed(self) -> bool:
        return self.fp is None

    def close(self) -> None:
        self.fp = None

    def __enter__(self) -> Response:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.fp = None


def methods(ready: dict[str, Ready]) -> dict[str, Callable[..., Any]]:
    """Return the methods for HTTPConnection; `ready` has an answer for each target."""
    buffer = bytearray(RAW_BUFFER)

    def request(self: Any, method: str, url: str, body: Any = None, headers: Any = (), *,
                encode_chunked: bool = False) -> None:
        self._method, self._ready = method, ready[url]
        self.send(b"")

    def putrequest(self: Any, method: str, url: str, skip_host: bool = False,
                   skip_accept_encoding: bool = False) -> None:
        self._method, self._ready = method, ready[url]

    def putheader(self: Any, header: Any, *values: Any) -> None:
        pass

    def endheaders(self: Any, message_body: Any = None, *, encode_chunked: bool = False) -> None:
        self._send_output(message_body, encode_chunked=encode_chunked)

    def _send_output(self: Any, message_body: Any = None, encode_chunked: bool = False) -> None:
        self.send(b"")

    def send(self: Any, data: Any) -> None:
        if self.sock is None:
            self.connect()
        self.sock.sendall(self._ready.request)

    def getresponse(self: Any) -> Response:
        recv_into, left = self.sock.recv_into, self._ready.size
        while left > 0:
            got = recv_into(buffer)
            if not got:
                raise http.client.RemoteDisconnected("the server hung up")
            left -= got
        return Response(self._ready, self._method)

    return {each.__name__: each for each in (request, putrequest, putheader, endheaders,
                                             _send_output, send, getresponse)}


def install() -> None:
    """Replace the methods, until this process ends."""
    ready = {}
    for case in CASES:
        if not case.extra:
            ready[case.target] = ready[f"/{BUCKET}{case.target}"] = Ready(case)
    for name, method in methods(ready).items():
        setattr(http.client.HTTPConnection, name, method)

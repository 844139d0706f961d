# SPDX-License-Identifier: MIT
"""Test clients with 35 invalid responses: which of them does each notice?

Each of RESPONSES is invalid by RFC 9110 or 9112 in one place and otherwise such that a
careless client makes a message of it.  It comes over a socket pair whose far end is closed
after it, and is read to its end.  The verdicts:

    refused     an exception
    defect      repaired, and a defect recorded in `msg.defects`
    misread     a defect recorded, but other fields, or content, are lost
    taken       nothing that the caller could see
    hangs       no end of it within five seconds

The first two are noticed.  The valid responses in CONTROLS must be taken by all, or a client
that refuses everything would do best.

    python -m bench.strictness              the table
    python -m bench.strictness --markdown   the same as it stands in a README
    python -m bench.strictness --json FILE  the verdicts, for other programs

h11, httptools (llhttp) and urllib3 take part where they are installed.
Exit status: 0, or 2 for a client that refuses a valid response.
"""

from __future__ import annotations

import argparse
import http.client
import importlib
import json
import logging
import platform
import socket
import sys
from collections.abc import Callable
from email.message import Message
from importlib import metadata
from types import ModuleType

PREFIX = "httpclient strict="     # of the names of its three modes
PATIENCE = 5                    # seconds; a client that waits longer for an ended stream hangs

OK = b"HTTP/1.1 200 OK\r\n"
LENGTH = b"Content-Length: 5\r\n"
LAST = b"0\r\n\r\n"
SURPLUS = b"..."


def status(line: bytes) -> bytes:
    """A response with this status line."""
    return line + b"\r\n" + LENGTH + b"\r\nhello"


def field(line: bytes) -> bytes:
    """A response with this field line between two others."""
    return OK + b"Server: x\r\n" + line + b"\r\n" + LENGTH + b"\r\nhello"


def lengths(*lines: bytes) -> bytes:
    """A response framed by these lines, with other bytes after its content."""
    return OK + b"".join(line + b"\r\n" for line in lines) + b"\r\nhello" + SURPLUS


def chunked(body: bytes) -> bytes:
    """A response with this chunked body."""
    return OK + b"Transfer-Encoding: chunked\r\n\r\n" + body


def size(text: bytes, content: bytes = b"hello") -> bytes:
    """A chunked response whose chunk announces its size in this way."""
    return chunked(text + b"\r\n" + content + b"\r\n" + LAST)


RESPONSES = [
    ("status code +200", status(b"HTTP/1.1 +200 OK")),
    ("status code 2_00", status(b"HTTP/1.1 2_00 OK")),
    ("status code 0200", status(b"HTTP/1.1 0200 OK")),
    ("status code of one digit", status(b"HTTP/1.1 2 OK")),
    ("version HTTP/1.10", status(b"HTTP/1.10 200 OK")),
    ("bare CR in a field", field(b"A: b\rC: d")),
    ("NUL in a field value", field(b"A: b\0c")),
    ("NUL in a field name", field(b"A\0B: c")),
    ("blank before the length's colon", lengths(b"Content-Length : 5")),
    ("space in a field name", field(b"A B: c")),
    ("line without colon", field(b"nonsense")),
    ("non-ASCII field name", field(b"K\xf6ln: c")),
    ("lengths that differ, on lines", lengths(LENGTH[:-2], b"Content-Length: 8")),
    ("lengths that differ, as a list", lengths(b"Content-Length: 5, 8")),
    ("Content-Length: +5", lengths(b"Content-Length: +5")),
    ("Content-Length: 0_5", lengths(b"Content-Length: 0_5")),
    ("Content-Length: -5", lengths(b"Content-Length: -5")),
    ("Content-Length: 5x", lengths(b"Content-Length: 5x")),
    ("Content-Length empty", lengths(b"Content-Length:")),
    ("Content-Length: \N{SUPERSCRIPT TWO}", lengths(b"Content-Length: \xb2")),
    ("chunk size 0x5", size(b"0x5")),
    ("chunk size +5", size(b"+5")),
    ("chunk size -5", size(b"-5")),
    ("chunk size 0_5", size(b"0_5")),
    ("chunk size after a space", size(b" 5")),
    ("chunk size empty", size(b"")),
    ("chunk-size line ended by LF", chunked(b"5\nhello\r\n" + LAST)),
    ("chunk data ended by LF", chunked(b"5\r\nhello\n" + LAST)),
    ("chunk data ended by two others", chunked(b"5\r\nhelloXX" + LAST)),
    ("chunk size 2^64 + 5", size(b"10000000000000005")),
    ("no final CRLF", chunked(b"5\r\nhello\r\n0\r\n")),
    ("no last chunk", chunked(b"5\r\nhello\r\n")),
    ("truncated chunk", chunked(b"5\r\nhel")),
    ("content shorter than its length", OK + LENGTH + b"\r\nhel"),
    ("end of stream inside the head", OK + b"Content-Length: 0\r\nContent-Ty"),
]

CONTROLS = [
    ("sized", field(b"A: b")),
    ("empty", OK + b"Content-Length: 0\r\n\r\n"),
    ("chunked", size(b"5")),
    ("chunk extension", size(b"5;a=b")),
    ("lengths that agree", lengths(LENGTH[:-2])),
]

# ---- clients: each reads a response to its end: the content, and the fields where they are a
# message that can tell of defects

Client = Callable[[bytes], tuple[bytes, Message | None]]


def over_socket(read: Callable[[socket.socket], tuple[bytes, Message]]) -> Client:
    """A client that reads from a socket."""

    def client(data: bytes) -> tuple[bytes, Message]:
        near, far = socket.socketpair()
        with near, far:
            near.settimeout(PATIENCE)
            far.sendall(data)
            far.shutdown(socket.SHUT_WR)
            return read(near)

    return client


def standard(module: ModuleType, **options: object) -> Client:
    """http.client, or a module with its classes."""

    def read(sock: socket.socket) -> tuple[bytes, Message]:
        with module.HTTPResponse(sock, method="GET", **options) as response:
            response.begin()
            return response.read(), response.msg

    return over_socket(read)


def urllib3_client(urllib3: ModuleType) -> Client:
    # It logs the defects that it finds, too.
    logging.getLogger("urllib3").setLevel(logging.CRITICAL)
    connection = importlib.import_module("urllib3.connection")

    def read(sock: socket.socket) -> tuple[bytes, Message]:
        conn = connection.HTTPConnection("localhost", timeout=PATIENCE)
        conn.sock = sock
        conn.request("GET", "/", preload_content=False)
        response = conn.getresponse()
        try:
            return response.read(), response._original_response.msg
        finally:
            response.close()
            conn.close()

    return over_socket(read)


def h11_client(h11: ModuleType) -> Client:

    def read(data: bytes) -> tuple[bytes, None]:
        conn = h11.Connection(h11.CLIENT)
        conn.send(h11.Request(method="GET", target="/", headers=[("Host", "localhost")]))
        conn.send(h11.EndOfMessage())
        content = b""
        for piece in (data, b""):
            conn.receive_data(piece)
            event = None
            while event is not h11.NEED_DATA and type(event) is not h11.ConnectionClosed:
                event = conn.next_event()
                if type(event) is h11.Data:
                    content += event.data
                if type(event) is h11.EndOfMessage:
                    return content, None
        raise EOFError("no end of the message")

    return read


class Callbacks:
    """The methods that httptools calls."""

    def __init__(self) -> None:
        self.content = b""
        self.ended = False

    def on_body(self, data: bytes) -> None:
        self.content += data

    def on_message_complete(self) -> None:
        self.ended = True


def httptools_client(httptools: ModuleType) -> Client:

    def read(data: bytes) -> tuple[bytes, None]:
        callbacks = Callbacks()
        parser = httptools.HttpResponseParser(callbacks)
        for byte in data:       # one by one: the bytes after the message do not matter
            parser.feed_data(bytes([byte]))
            if callbacks.ended:
                return callbacks.content, None
        # It has no call that says "the stream has ended"; all responses here have an end.
        raise EOFError("no end of the message")

    return read


def clients() -> tuple[dict[str, Client | None], dict[str, str]]:
    """Return name -> client, or None if it is not installed, and the versions of all."""
    python = platform.python_version()
    ours = optional("httpclient")
    found: dict[str, Client | None] = {
        f"{PREFIX}{strict}": ours and standard(ours, strict=strict)
        for strict in (None, True, False)
    }
    found["http.client"] = standard(http.client)
    versions = {"httpclient": getattr(ours, "__version__", ""), "http.client": python}
    for name, make in (("h11", h11_client), ("httptools", httptools_client),
                       ("urllib3", urllib3_client)):
        module = optional(name)
        found[name] = module and make(module)
        versions[name] = metadata.version(name) if module else ""
    return found, versions


def optional(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


# ---- verdicts


def verdict(client: Client, data: bytes) -> str:
    """Return a verdict: one of the words that the module's docstring explains."""
    try:
        content, message = client(data)
    except TimeoutError:
        return "hangs"
    except Exception:
        return "refused"
    if message is None or not message.defects:
        return "taken"
    # Without a length that is a number, content goes to the end of the stream.
    whole = content in (b"hello", b"hello" + SURPLUS)
    framing = "Content-Length" in message or "Transfer-Encoding" in message
    return "defect" if whole and framing else "misread"


def noticed(verdicts: dict[str, str]) -> int:
    return sum(one in ("refused", "defect") for one in verdicts.values())


def judge() -> dict[str, dict[str, str] | None]:
    """Return client -> response -> verdict; None for a client that is not installed.

    Raises ValueError where a client does not take a valid response.
    """
    result: dict[str, dict[str, str] | None] = {}
    for name, client in clients()[0].items():
        if client is None:
            result[name] = None
            continue
        for control, data in CONTROLS:
            if (found := verdict(client, data)) != "taken":
                raise ValueError(f"{name}: a valid response ({control}): {found}")
        result[name] = {label: verdict(client, data) for label, data in RESPONSES}
    return result


# ---- report


def rows(judged: dict[str, dict[str, str] | None]) -> list[list[str]]:
    """Return the table: a heading, a row for each response, the sums."""
    table = [["response", *judged]]
    for label, _ in RESPONSES:
        table.append([label, *("" if one is None else one[label] for one in judged.values())])
    table.append([f"noticed, of {len(RESPONSES)}",
                  *("-" if one is None else str(noticed(one)) for one in judged.values())])
    return table


def plain(table: list[list[str]]) -> str:
    heading = [name.removeprefix(PREFIX) for name in table[0]]
    widths = [max(map(len, column)) for column in zip(heading, *table[1:])]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
             for row in [heading, *table[1:]]]
    rule = "-" * (sum(widths) + 2 * len(widths) - 2)
    above = " " * (widths[0] + 2) + PREFIX
    return "\n".join([above, lines[0], rule, *lines[1:-1], rule, lines[-1]])


def markdown(table: list[list[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in table]
    return "\n".join([lines[0], "|" + "---|" * len(table[0]), *lines[1:]])


def footer() -> str:
    """Return a line with the clients that took part and those that did not."""
    versions = clients()[1]
    here = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    missing = ", ".join(name for name, version in versions.items() if not version)
    return f"{here}." + (f"\nNot installed: {missing}." if missing else "")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.strictness",
        description=f"Which of {len(RESPONSES)} invalid responses does a client notice?")
    parser.add_argument("--markdown", action="store_true", help="print a Markdown table")
    parser.add_argument("--json", metavar="FILE", help="write the verdicts to this file")
    options = parser.parse_args(arguments)
    try:
        judged = judge()
    except ValueError as exc:
        print(f"python -m bench.strictness: {exc}", file=sys.stderr)
        return 2
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(judged, file, indent=1)
    table = rows(judged)
    print(markdown(table) if options.markdown else plain(table))
    print("\n" + footer())
    return 0


if __name__ == "__main__":
    sys.exit(main())

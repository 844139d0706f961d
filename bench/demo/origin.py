# SPDX-License-Identifier: MIT
"""The origin of the demo: recorded responses, replayed byte for byte from another process.

The records lie in tests/data/responses.jsonl.  An exchange is a record made whole: the
head as it was recorded, then the body as it was on the wire or, if the record has none, a
generated one of the announced size.  The origin keeps the connection open where all clients
agree that the message ends with its last byte: its framing fields are plain, and
`http.client`, which reads it once from memory, takes all of it and no more.

    HTTP and HTTPS      two ports of 127.0.0.1, one thread per connection
    GET /<id>           is answered with the exchange of that record

Run as a script in isolated mode (`python -I`): nothing of the checkout is imported.
It prints its ports as one line of JSON, and ends when its standard input does.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import http.client
import io
import json
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).resolve().parents[2] / "tests" / "data"
RECORDS = DATA / "responses.jsonl"
CA_FILE = DATA / "certs" / "ca.pem"
SERVER_FILE = DATA / "certs" / "server.pem"

HOST = "127.0.0.1"
LARGEST = 1 << 20               # of a generated body, in bytes
UNTIL_CLOSE = 6000              # size of a generated body that ends with the connection
CHUNK_SIZES = (1024, 4096, 8000, 16384)
FINAL = b"HTTP/1.1 204 No Content\r\n\r\n"     # after an interim response recorded alone
FRAMING_FIELD = re.compile(
    rb"^[ \t]*(content-length|transfer-encoding)[ \t]*:[ \t]*(.*?)[ \t\r]*$", re.I | re.M)
RECEIVE = 65536
TIMEOUT = 60.0                  # for a client that has gone and did not close


class LeftOut(Exception):
    """This record cannot be replayed to a client; the message says why."""


@dataclass(frozen=True)
class Record:
    """One line of the records."""

    id: str
    source: str
    method: str
    head: bytes
    body: bytes | None

    @classmethod
    def from_json(cls, line: str) -> Record:
        fields = json.loads(line)
        body = fields["body_b64"]
        return cls(
            id=fields["id"],
            source=fields["source"],
            method=fields.get("method", "GET"),
            head=base64.b64decode(fields["head_b64"]),
            body=None if body is None else base64.b64decode(body),
        )


@dataclass(frozen=True)
class Exchange:
    """A request for one record, and the bytes of its answer."""

    id: str
    source: str
    method: str
    head: bytes
    body: bytes
    chunked: bool
    closes: bool                # the connection cannot be used for another exchange

    @property
    def target(self) -> str:
        return "/" + self.id


class Memory(io.BytesIO):
    """Both the socket and its file for an HTTPResponse; still readable after its close()."""

    def makefile(self, mode: str) -> Memory:
        return self

    def close(self) -> None:
        pass


def repeat(word: bytes, size: int) -> bytes:
    return (word * (size // len(word) + 1))[:size]


def made_chunks(record: Record) -> bytes:
    """Return a chunked body; its chunk size and number of chunks follow from the record's id."""
    number = int(record.id, 16)
    size = CHUNK_SIZES[number % 4]
    chunk = b"%x\r\n%b\r\n" % (size, repeat(record.id.encode() + b" ", size))
    return chunk * (1 + number // 4 % 6) + b"7\r\nthe end\r\n0\r\n\r\n"


def framing_values(head: bytes) -> list[tuple[bytes, bytes]]:
    """Return the names and values of framing fields anywhere in the head, in lower case."""
    return [(name.lower(), value.lower()) for name, value in FRAMING_FIELD.findall(head)]


def framing_is_plain(head: bytes) -> bool:
    """Return True if the head has at most one Content-Length and one Transfer-Encoding: chunked."""
    values = framing_values(head)
    return len({name for name, _ in values}) == len(values) and all(
        value.isdigit() if name == b"content-length" else value == b"chunked"
        for name, value in values)


def made_body(record: Record, response: http.client.HTTPResponse) -> bytes:
    """Return a body as the head announces it, if only in lines that http.client does not see."""
    plain = dict(framing_values(record.head)) if framing_is_plain(record.head) else {}
    if response.chunked or b"transfer-encoding" in plain:
        return made_chunks(record)
    size = response.length
    if size is None:
        size = int(plain.get(b"content-length", UNTIL_CLOSE))
    if size > LARGEST:
        raise LeftOut("body not kept and over 1 MiB")
    return repeat(record.id.encode() + b" ", size)


def make_whole(record: Record) -> Exchange:
    """Return the exchange of a record; raise LeftOut if no client can be asked to take it."""
    if record.head.split(None, 2)[1:2] == [b"101"]:
        raise LeftOut("101 Switching Protocols")
    memory = Memory(record.head)
    response = http.client.HTTPResponse(memory, method=record.method)
    body, chunked = record.body or b"", False
    try:
        response.begin()
    except http.client.RemoteDisconnected:      # http.client skips 100 and finds nothing
        body += FINAL
    except http.client.HTTPException:
        pass                                    # the head is refused: nothing to agree with
    else:
        chunked = bool(response.chunked)
        if record.method == "CONNECT" and 200 <= response.status < 300:
            raise LeftOut("CONNECT that was granted")
        if 100 <= response.status < 200:
            body += FINAL
        elif record.body is None:
            body = made_body(record, response)
    closes = not (framing_is_plain(record.head) and
                  ends_exactly(record.head + body, record.method))
    return Exchange(record.id, record.source, record.method, record.head, body, chunked, closes)


def ends_exactly(wire: bytes, method: str) -> bool:
    """Return True if the message ends, by its own framing, with the last of these bytes."""
    memory = Memory(wire)
    response = http.client.HTTPResponse(memory, method=method)
    try:
        response.begin()
        delimited = response.chunked or response.length is not None
        response.read()
    except (http.client.HTTPException, ValueError):
        return False
    return bool(delimited) and memory.tell() == len(wire)


def load_exchanges(path: Path = RECORDS) -> tuple[list[Exchange], list[str]]:
    """Return all exchanges, and the reason for each record that is left out."""
    exchanges, left_out = [], []
    with open(path, encoding="ascii") as lines:
        for line in lines:
            try:
                exchanges.append(make_whole(Record.from_json(line)))
            except LeftOut as reason:
                left_out.append(str(reason))
    return exchanges, left_out


def receive_target(sock: socket.socket, unread: bytearray) -> str | None:
    """Receive a request without a body and return its target; None at the end of the stream."""
    while (end := unread.find(b"\r\n\r\n")) < 0:
        data = sock.recv(RECEIVE)
        if not data:
            return None
        unread += data
    target = unread.split(b" ", 2)[1].decode("latin-1")
    del unread[:end + 4]
    return target


def answer_requests(sock: socket.socket, answers: dict[str, tuple[bytes, bool]]) -> None:
    """Answer one connection until the client goes or an exchange ends with the connection."""
    unread = bytearray()
    while (target := receive_target(sock, unread)) is not None:
        wire, closes = answers[target]
        sock.sendall(wire)
        if closes:
            if isinstance(sock, ssl.SSLSocket):
                sock.unwrap()   # an end of stream that TLS vouches for
            return


def serve_connection(
    sock: socket.socket,
    answers: dict[str, tuple[bytes, bool]],
    context: ssl.SSLContext | None,
) -> None:
    try:
        sock.settimeout(TIMEOUT)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is not None:
            sock = context.wrap_socket(sock, server_side=True)
        answer_requests(sock, answers)
    except OSError:
        pass                    # the client went away; it says why
    finally:
        sock.close()


def serve(
    listener: socket.socket,
    answers: dict[str, tuple[bytes, bool]],
    context: ssl.SSLContext | None,
) -> None:
    while True:
        sock, _ = listener.accept()
        threading.Thread(
            target=serve_connection, args=(sock, answers, context), daemon=True
        ).start()


@contextlib.contextmanager
def running_origin(path: Path = RECORDS) -> Iterator[dict[str, int]]:
    """Start the origin in its own process, yield its ports by scheme, and end it."""
    process = subprocess.Popen(
        [sys.executable, "-I", __file__, str(path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )
    try:
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"the origin ended at once, with status {process.wait()}")
        yield json.loads(line)
    finally:
        process.stdin.close()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="Replay recorded responses on 127.0.0.1.")
    parser.add_argument("records", type=Path, nargs="?", default=RECORDS)
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)    # Ctrl-C is the demo's: it ends us
    exchanges, _ = load_exchanges(options.records)
    answers = {each.target: (each.head + each.body, each.closes) for each in exchanges}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(SERVER_FILE)
    ports = {}
    for scheme, tls in (("http", None), ("https", context)):
        listener = socket.create_server((HOST, 0), backlog=64)
        ports[scheme] = listener.getsockname()[1]
        threading.Thread(target=serve, args=(listener, answers, tls), daemon=True).start()
    print(json.dumps(ports), flush=True)
    sys.stdin.buffer.read()     # nothing ever comes but its end


if __name__ == "__main__":
    main()

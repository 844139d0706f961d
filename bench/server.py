# SPDX-License-Identifier: MIT
"""The other end of the bench: canned answers, from a process of its own.

One thread per connection: a request is one recv() in most cases, its target is a key
into prebuilt bytes, and the answer is one sendall().  No more is looked at, so that
the client stays the slower end.  On a core of its own the server stays awake between
requests: waking a process on an idle core is charged to the one who sends, and in a
virtual machine that is 20 µs, more than all that the client does with a small answer
when it is fast.  (Measured: sendall() + recv_into() cost 30 µs of CPU against a server
that sleeps and 7 µs against one that does not.)  The process prints its two ports
as one line of JSON and ends when its standard input does, hence with its parent.
ServerProcess is the parent's handle of it.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from bench.cases import CASES, HOST

RECEIVE = 65536
AWAKE = 0.005                   # seconds without a request before the server sleeps

UPLOADS = {case.target.encode(): len(case.upload or b"") for case in CASES}
BY_TARGET = {case.target.encode(): case for case in CASES}


def receive_request(sock: socket.socket) -> bytes | None:
    """Receive one request and return its target; None at the end of the stream."""
    data = sock.recv(RECEIVE)
    while data:
        end = data.find(b"\r\n\r\n")
        if end >= 0:
            target = data.split(b" ", 2)[1]
            if len(data) >= end + 4 + UPLOADS[target]:
                return target
        more = sock.recv(RECEIVE)
        if not more:
            return None
        data += more
    return None


def stay_awake(sock: socket.socket) -> None:
    """Return when there is something to receive, or when it takes too long."""
    deadline = time.perf_counter() + AWAKE
    while not select.select([sock], [], [], 0)[0]:
        if time.perf_counter() > deadline:
            return


def answer_connection(sock: socket.socket, context: ssl.SSLContext | None, awake: bool) -> None:
    """Answer requests until the client hangs up."""
    answers: dict[bytes, list[bytes]] = {}
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is not None:
            sock = context.wrap_socket(sock, server_side=True)
        while (target := receive_request(sock)) is not None:
            if target not in answers:
                answers[target] = list(BY_TARGET[target].wire.pieces())
            for piece in answers[target]:
                sock.sendall(piece)
            if awake:
                stay_awake(sock)
    except (ConnectionError, ssl.SSLError):
        pass                    # the client went away; it says why
    finally:
        sock.close()


def accept_connections(listener: socket.socket, *how: object) -> None:
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=answer_connection, args=(sock, *how), daemon=True).start()


def listen(context: ssl.SSLContext | None, awake: bool) -> int:
    """Accept connections on a free port from now on, and return the port."""
    listener = socket.create_server((HOST, 0))
    threading.Thread(target=accept_connections, args=(listener, context, awake),
                     daemon=True).start()
    return listener.getsockname()[1]


class ServerProcess:
    """A running server: `ports["http"]`, and `ports["https"]` where it speaks TLS.

    A context manager.  The certificate is made anew by the `openssl` program, for there
    is nothing in the standard library that could, and a key in a repository ages badly.
    """

    def __init__(self, core: int | None = None, tls: bool = False) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="bench-")
        self.certificate = self._make_certificate() if tls else None
        command = [sys.executable, "-m", "bench.server"]
        if core is not None:
            command += ["--core", str(core)]
        if self.certificate:
            command += ["--certificate", self.certificate]
        # By PYTHONPATH, since PYTHONSAFEPATH may keep the current folder out.
        root = str(Path(__file__).resolve().parent.parent)
        path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         env={**os.environ, "PYTHONPATH": path})
        ready = self._process.stdout.readline()
        if not ready:
            self.stop()
            raise RuntimeError("the bench's server did not start")
        self.ports = json.loads(ready)

    def _make_certificate(self) -> str | None:
        program = shutil.which("openssl")
        if program is None:
            return None
        both = os.path.join(self._folder.name, "both.pem")
        made = subprocess.run(
            [program, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
             "-subj", "/CN=bench", "-addext", f"subjectAltName=IP:{HOST}",
             "-keyout", both, "-out", both + ".crt"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if made.returncode:
            return None
        with open(both, "a") as end, open(both + ".crt") as certificate:
            end.write(certificate.read())
        return both

    def stop(self) -> None:
        self._process.stdin.close()
        self._process.stdout.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()

    def __enter__(self) -> ServerProcess:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.server", description=__doc__)
    parser.add_argument("--core", type=int, help="stay on this core, and awake")
    parser.add_argument("--certificate", help="PEM file with certificate and key, for HTTPS")
    options = parser.parse_args()
    if options.core is not None:
        os.sched_setaffinity(0, {options.core})
    awake = options.core is not None
    ports = {"http": listen(None, awake), "https": None}
    if options.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.certificate)
        ports["https"] = listen(context, awake)
    print(json.dumps(ports), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()

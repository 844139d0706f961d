# SPDX-License-Identifier: MIT
"""Threads: many with connections of their own, two on one connection, two on one response.

    python -m isolated.threads own | connection | forged | response

Whatever happens, an answer is one that the server has given to this very request, and content is
content.  Where threads share what is not made to be shared, exceptions are an answer too.
"""

import contextlib
import socket
import sys
import threading
import time
from functools import partial

import httpclient
from support.servers import PATIENCE, Server, ok, read_head

THREADS = 8
REQUESTS = 150      # of each thread
SECONDS = 2         # for what is tried again and again

# What a thread may get that shares a connection or a response.
ERRORS = (httpclient.HTTPException, OSError, RuntimeError, ValueError, AttributeError, TypeError)


def content_of(name):
    """What the server answers to /name; of all sizes, told by the name."""
    return name.encode() * (1 + hash_of(name) % 3000)


def hash_of(name):
    return sum(name.encode()) * 7919


def answer(sock):
    """A handler: each path has its own content, by length or in chunks."""
    with sock.makefile("rb") as file:
        while request := read_head(file):
            lines = request.split(b"\r\n")
            targets = [line for line in lines if b" HTTP/" in line]
            if len(targets) != 1 or len(lines) != 5:
                mixed.append(request)
                return
            name = targets[0].split()[1][1:].decode()
            body = content_of(name)
            if hash_of(name) % 2:
                head = f"HTTP/1.1 200 OK\r\nX-Name: {name}\r\nTransfer-Encoding: chunked\r\n\r\n"
                body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
                sock.sendall(head.encode() + body)
            else:
                sock.sendall(ok(body, f"X-Name: {name}"))


mixed = []      # requests that are not what one thread has sent


def ask(connection, name):
    """One exchange; AssertionError where the answer is not the one to this request."""
    connection.request("GET", f"/{name}")
    response = connection.getresponse()
    content = response.read()
    assert response.status == 200
    assert response.headers["X-Name"] == name, (name, response.headers.items())
    assert content == content_of(name), (name, content[:50])


def run(*functions):
    """Runs them in threads; raises what one of them has raised."""
    raised = []

    def guarded(function):
        try:
            function()
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=guarded, args=(one,), daemon=True) for one in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE + SECONDS)
    assert not any(thread.is_alive() for thread in threads), "a thread hangs"
    if raised:
        raise raised[0]


def own():
    """Each thread has a connection: every answer is right, and nothing else happens."""
    def work(server, thread):
        with httpclient.HTTPConnection(*server.address, timeout=PATIENCE) as connection:
            for number in range(REQUESTS):
                ask(connection, f"t{thread}n{number}")

    with Server(answer) as server:
        run(*(partial(work, server, thread) for thread in range(THREADS)))
        assert server.accepted == THREADS and not mixed


def connection():
    """Two threads have one connection: each gets its own answers, or exceptions."""
    tally = {"answers": 0, "exceptions": 0}
    end = time.monotonic() + SECONDS

    def work(shared, thread, start):
        start.wait(PATIENCE)
        for number in range(100):
            try:
                ask(shared, f"t{thread}n{number}")
                tally["answers"] += 1
            except ERRORS:
                tally["exceptions"] += 1

    with Server(answer) as server:
        while time.monotonic() < end:
            start = threading.Barrier(2)
            with httpclient.HTTPConnection(*server.address, timeout=0.2) as shared:
                run(*(partial(work, shared, thread, start) for thread in range(2)))
                shared.close()
                ask(shared, "again")
    print(tally)
    assert not mixed, mixed[0]
    assert tally["answers"] and tally["exceptions"]


def forged():
    """Two threads wait for one response, whose content looks like another response.

    At most one gets it, and nobody the one that it has in it.
    """
    inner = ok(b"forged", "X-Name: forged")
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(inner) * 20)
    for _ in range(20):
        near, far = socket.socketpair()
        near.settimeout(PATIENCE)
        shared = httpclient.HTTPConnection("in.memory")
        shared.sock = near
        shared.request("GET", "/")
        far.recv(10_000)
        waiting, got = threading.Barrier(3), []

        def work(shared=shared, waiting=waiting, got=got):
            waiting.wait(PATIENCE)
            with contextlib.suppress(*ERRORS):
                response = shared.getresponse()
                got.append((response.headers["X-Name"], response.read()))

        def send(waiting=waiting, far=far):
            waiting.wait(PATIENCE)
            time.sleep(0.01)        # both wait by now, if they wait at all
            far.sendall(head)
            for _ in range(20):
                time.sleep(0.001)
                far.sendall(inner)
            far.shutdown(socket.SHUT_WR)

        run(work, work, send)
        shared.close()
        far.close()
        assert len(got) <= 1, got
        assert not got or got[0] == (None, inner * 20), got


def response():
    """Two threads read one response: each octet comes once, in one piece of content or none."""
    content = b"".join(b"%07d," % number for number in range(20_000))
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(content[at:at + 777]), content[at:at + 777])
                      for at in range(0, len(content), 777))
    surplus = b"#" * 5000
    wires = [
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(content), content),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n",
    ]
    end = time.monotonic() + SECONDS
    rounds = 0
    while time.monotonic() < end:
        for method in ("read", "read1", "readinto", "readline"):
            shared_read(wires[rounds % 2] + surplus, method, content)
        rounds += 1
    print(rounds, "rounds")


def shared_read(wire, method, content):
    near, far = socket.socketpair()
    near.settimeout(PATIENCE)
    shared = httpclient.HTTPResponse(near)
    far.sendall(wire[:100])
    shared.begin()
    pieces = []

    def work():
        space = bytearray(1000)
        with contextlib.suppress(*ERRORS):
            while True:
                got = getattr(shared, method)(space if method == "readinto" else 1000)
                got = bytes(space[:got]) if method == "readinto" else got
                if not got:
                    return
                pieces.append(got)

    def send():
        with contextlib.suppress(OSError):
            far.sendall(wire[100:])
            far.shutdown(socket.SHUT_WR)

    with near, far:
        run(work, work, send)
        shared.close()
    for piece in pieces:
        assert piece in content, (method, piece[:50], piece[-50:])
    positions = sorted((content.index(piece), len(piece)) for piece in pieces if len(piece) > 16)
    for (at, size), (behind, _) in zip(positions, positions[1:]):
        assert at + size <= behind, (method, "handed out twice")


if __name__ == "__main__":
    sys.setswitchinterval(1e-5)
    {"own": own, "connection": connection, "forged": forged,
     "response": response}[sys.argv[1]]()

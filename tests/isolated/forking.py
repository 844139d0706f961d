# SPDX-License-Identifier: MIT
"""Fork in the middle of a response: what the child does with it is nothing to the parent.

    python -m isolated.forking FOLDER       over TLS as well if a folder for certificates is given

The child gives up in each of the ways that there are; the parent reads on, and the server sees
neither an end of the stream nor an octet of the child's.
"""

import os
import signal
import ssl
import sys
from pathlib import Path

import httpclient
from support import arrive

CONTENT = b"".join(b"%05d " % number for number in range(1000))
CHUNKS = b"".join(b"a\r\n%b\r\n" % CONTENT[at:at + 10] for at in range(0, len(CONTENT), 10))
WIRES = [
    b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(CONTENT) + CONTENT,
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS + b"0\r\n\r\n",
]
NOTHING = (BlockingIOError, ssl.SSLWantReadError)


def leaves(connection, response):
    os._exit(7)


def exits(connection, response):
    sys.exit(7)


def closes(connection, response):
    response.close()
    connection.close()
    sys.exit(7)


def closes_socket(connection, response):
    connection.sock.close()
    del connection.sock
    sys.exit(7)


def is_killed(connection, response):
    os.kill(os.getpid(), signal.SIGKILL)


def once(arrival, child):
    connection = httpclient.HTTPConnection("in.memory")
    with arrival:
        connection.sock = arrival.sock
        connection.request("GET", "/")
        assert arrival.peer.recv(10_000).startswith(b"GET / ")
        arrival.peer.sendall(arrival.data[:3000])
        response = connection.getresponse()
        got = response.read(100)
        pid = os.fork()
        if not pid:
            child(connection, response)
        _, status = os.waitpid(pid, 0)
        assert os.waitstatus_to_exitcode(status) in (7, -signal.SIGKILL), status
        arrival.peer.sendall(arrival.data[3000:])
        got += response.read()
        assert got == CONTENT and not response.incomplete
        assert connection.sock is arrival.sock
        arrival.peer.setblocking(False)
        try:
            seen = arrival.peer.recv(10_000)
        except NOTHING:
            pass
        else:
            raise AssertionError(f"the server has seen {seen!r}")
        connection.close()


def main():
    ways = [arrive.pair]
    if len(sys.argv) > 1:
        from support.certificates import HOST, Certificates
        issued = Certificates(Path(sys.argv[1]))
        ways.append(arrive.tls((issued.server(), issued.client(), HOST)))
    for way in ways:
        for wire in WIRES:
            for child in (leaves, exits, closes, closes_socket, is_killed):
                once(way(wire), child)


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: MIT
"""What a connection sends, seen from the other side: over a fake socket and over a real one.

`over_fake(module, call)` makes a connection, hands it to `call` and tells what came out of it: the
bytes on the wire, and the exception if there was one.  The same call on both modules has to give
the same.
"""

import io
import threading
from dataclasses import dataclass, field

from support.servers import PATIENCE, tcp_pair

HOST = "example.com"


class FakeSocket:
    """Takes what a socket takes, keeps it, and has an answer ready."""

    def __init__(self, reply=b""):
        self.reply = reply
        self.pieces = []
        self.options = []
        self.closed = False

    @property
    def bytes(self):
        return b"".join(self.pieces)

    def sendall(self, data):
        self.pieces.append(memoryview(data).tobytes())  # a TypeError for what has no buffer

    def makefile(self, mode, *args):
        assert mode == "rb"
        return io.BufferedReader(io.BytesIO(self.reply))

    def setsockopt(self, *args):
        self.options.append(args)

    def close(self):
        self.closed = True


@dataclass
class Sent:
    """The outcome of a call; two are equal if a server and a caller see no difference."""

    wire: bytes = b""
    error: str = ""
    text: str = ""
    state: str = ""
    exception: Exception = field(default=None, compare=False)

    def note(self, error):
        self.exception = error
        self.error = type(error).__name__
        self.text = str(error)


def connect(module, sock, *args, base=None, **kwargs):
    """A connection (of the subclass that `base` makes) that will be given `sock`."""
    make = base(module) if base else module.HTTPConnection
    connection = make(*(args or (HOST,)), **kwargs)
    connection._create_connection = lambda *_: sock
    return connection


def over_fake(module, call, *args, **kwargs):
    """What `call(connection)` sends to a FakeSocket."""
    outcome, sock, connection = Sent(), FakeSocket(), None
    try:
        connection = connect(module, sock, *args, **kwargs)
        call(connection)
    except Exception as error:
        outcome.note(error)
    outcome.wire = sock.bytes
    outcome.state = getattr(connection, "_HTTPConnection__state", "")
    return outcome


def over_socket(module, call, *args, **kwargs):
    """The same through TCP, read by another thread until the connection ends.

    The socket is there before the call: small bodies go out together with the head then.
    """
    outcome, connection, wires = Sent(), None, []
    ours, theirs = tcp_pair()
    with theirs, theirs.makefile("rb") as file:
        reader = threading.Thread(target=lambda: wires.append(file.read()), daemon=True)
        reader.start()
        try:
            connection = connect(module, ours, *args, **kwargs)
            connection.connect()
            call(connection)
        except Exception as error:
            outcome.note(error)
        outcome.state = getattr(connection, "_HTTPConnection__state", "")
        ours.close()
        reader.join(PATIENCE)
    outcome.wire = wires[0]
    return outcome


TRANSPORTS = {"fake socket": over_fake, "TCP": over_socket}

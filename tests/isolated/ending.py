# SPDX-License-Identifier: MIT
"""A process that ends, or a cycle that is collected, while responses and connections are open.

    python -m isolated.ending MODULE exit | thread | cycle | dropped

Says nothing by itself: what stands on stderr in development mode is compared with what
http.client makes Python say there.
"""

import gc
import importlib
import os
import socket
import sys
import threading

from support.servers import PATIENCE

HEAD = b"HTTP/1.1 200 OK\r\n"
WIRES = [
    b"",
    HEAD + b"Content-Length: 10\r\n\r\n0123",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n",
    HEAD + b"\r\nuntil close",
    HEAD + b"Content-Length: 4\r\n\r\n0123",
]
listener = socket.create_server(("127.0.0.1", 0))
far = []        # what the server holds


def opened(module, wire):
    """[connection, response]: a request is made, and as much of the response read as there is."""
    connection = module.HTTPConnection(*listener.getsockname(), timeout=PATIENCE)
    connection.request("GET", "/")
    server, _ = listener.accept()
    far.append(server)
    if not wire:
        return [connection, None]
    server.sendall(wire)
    response = connection.getresponse()
    if wire.endswith(b"0123"):
        assert response.read(4) == b"0123"
    return [connection, response]


def leave_open(module):
    """Everything is in a global name when the interpreter ends."""
    globals()["kept"] = [opened(module, wire) for wire in WIRES]


def leave_thread(module):
    """A daemon thread waits for more of the response when the interpreter ends."""
    for wire in WIRES[1:4]:
        connection, response = opened(module, wire)
        thread = threading.Thread(target=response.read, daemon=True)
        thread.start()
        globals().setdefault("kept", []).append((connection, response))


def descriptors():
    return len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0


def collect_cycles(module):
    """In cycles by their attributes: collected with all that they hold, in any order."""
    gc.collect()
    gc.disable()
    before = descriptors()
    for wire in WIRES:
        connection, response = opened(module, wire)
        connection.myself, connection.answer = connection, response
        if response is not None:
            response.connection, response.myself = connection, response
            if response.fp is not None:
                response.file = response.fp
        del connection, response
    gc.enable()
    gc.collect()
    for server in far:
        server.close()
    far.clear()
    assert descriptors() == before, "a descriptor is left"


def drop(module):
    """The last reference goes: first the response's, first the connection's."""
    before = descriptors()
    for wire in WIRES:
        for first in (0, 1):
            pair = opened(module, wire)
            pair[first] = None
            pair[1 - first] = None
    for server in far:
        server.close()
    far.clear()
    assert descriptors() == before, "a descriptor is left"


def main():
    module = importlib.import_module(sys.argv[1])
    {"exit": leave_open, "thread": leave_thread, "cycle": collect_cycles,
     "dropped": drop}[sys.argv[2]](module)


if __name__ == "__main__":
    main()

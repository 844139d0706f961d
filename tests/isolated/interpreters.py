# SPDX-License-Identifier: MIT
"""httpclient in one interpreter of a process, and tried in a second.

    python -m isolated.interpreters own|legacy

`own` is an interpreter with a GIL of its own where Python has that (3.12 on).
"""

import os
import sys
from contextlib import closing

try:
    import _interpreters
except ImportError:
    import _xxsubinterpreters as _interpreters

import httpclient
from support.servers import ok, serving

TRIED = """\
import os, sys
said = []
for _ in range(2):
    try:
        import httpclient
    except ImportError as error:
        said.append(f"{type(error).__name__}: {error}")
said.append(sorted(name for name in sys.modules if name.partition(".")[0] == "httpclient"))
import http.client
said.append(http.client.HTTPConnection("a.example").host)
os.write(%d, repr(said).encode())
"""


def created(kind):
    if sys.version_info >= (3, 13):
        return _interpreters.create("isolated" if kind == "own" else "legacy")
    return _interpreters.create(isolated=kind == "own")


def in_another(kind, source):
    """What the source writes to a pipe, whose descriptor it gets, in an interpreter of its own."""
    read, write = os.pipe()
    interpreter = created(kind)
    run = getattr(_interpreters, "exec", None) or _interpreters.run_string
    run(interpreter, source % write)
    _interpreters.destroy(interpreter)
    os.close(write)
    with open(read, encoding="utf-8") as pipe:
        return pipe.read()


def exchange():
    with serving(ok(b"all is well")) as server:
        with closing(httpclient.HTTPConnection("127.0.0.1", server.port, timeout=20)) as connection:
            connection.request("GET", "/")
            assert connection.getresponse().read() == b"all is well"


if __name__ == "__main__":
    exchange()
    print(in_another(sys.argv[1], TRIED))
    exchange()
    import httpclient.httplib  # noqa: F401
    httpclient.install()

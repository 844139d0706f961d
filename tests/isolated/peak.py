# SPDX-License-Identifier: MIT
"""Peak memory: makes the requests that a job says, and tells what came of them and what it took.

    python -m isolated.peak PORT < job.json

The job is {"runs": [[number, script, lane, strict], ...], "options": {...}, "ca": file or null}.
Content is counted and thrown away at once, so that what is measured is the client's own memory.
The answer is a JSON object: outcomes [[exception, octets of content, its partial], ...], how far
the peak of the resident memory grew in bytes, and how many descriptors were left open.
"""

import functools
import io
import json
import os
import sys

import httpclient
from support import faults, reads
from support.memory import resident
from support.servers import PATIENCE

def until_empty(method, *args):
    """A script that calls this method until nothing comes, however often that may be."""
    def script(response):
        return iter(functools.partial(getattr(response, method), *args), b"")
    return script


SCRIPTS = {
    "read": reads.read,
    "read(5000)": until_empty("read", 5000),
    "read(2^62)": until_empty("read", 1 << 62),
    "readinto(5000)": reads.SCRIPTS["readinto(5000)"],
    "read1": until_empty("read1"),
    "readline": until_empty("readline"),
}


class BySteps(httpclient.HTTPResponse):
    """Read by the single steps, since some of them are overridden."""

    def _read_status(self):
        return super()._read_status()

    def _safe_read(self, amt):
        return super()._safe_read(amt)


class Wrapped:
    """A socket in a wrapper: all that the client gets is what makefile() returns."""

    def __init__(self, sock):
        self.sock = sock

    def makefile(self, *args, **kwargs):
        return self.sock.makefile(*args, **kwargs)


class OverRaw(httpclient.HTTPResponse):
    """Over the raw file below a fresh BufferedReader, as with sockets of other make."""

    def __init__(self, sock, *args, **kwargs):
        super().__init__(Wrapped(sock), *args, **kwargs)


class OverFile(httpclient.HTTPResponse):
    """Over a file that nothing is known of."""

    def __init__(self, sock, *args, **kwargs):
        super().__init__(OtherFile(sock), *args, **kwargs)


class OtherFile(Wrapped):
    """Its files are no BufferedReader that could be looked under."""

    def makefile(self, mode):
        return OtherReader(self.sock.makefile(mode, 0))


class OtherReader(io.BufferedReader):
    pass


LANES = {"socket": httpclient.HTTPResponse, "raw": OverRaw, "file": OverFile, "steps": BySteps}


def descriptors():
    return len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0


def connect(port, ca, lane, strict, options):
    options = options | {"timeout": PATIENCE, "strict": strict}
    if ca:
        import ssl
        context = ssl.create_default_context(cafile=ca)
        connection = httpclient.HTTPSConnection("127.0.0.1", port, context=context, **options)
    else:
        connection = httpclient.HTTPConnection("127.0.0.1", port, **options)
    connection.response_class = LANES[lane]
    return connection


def run(connection, number, script):
    """[name of the exception, octets of content, octets of its partial]."""
    count, raised, partial, response = 0, None, 0, None
    try:
        connection.request("GET", faults.target(number))
        response = connection.getresponse()
        for piece in script(response):
            assert piece.count(b"x") == len(piece), "not the server's content"
            count += len(piece)
    except AssertionError:
        raise
    except Exception as error:      # not kept: it would keep all that led to it
        raised = type(error).__name__
        partial = len(getattr(error, "partial", b""))
    if response is not None:
        response.close()
    return [raised, count, partial]


def main():
    port, job = int(sys.argv[1]), json.load(sys.stdin)
    for lane in LANES:
        connection = connect(port, job["ca"], lane, None, {})
        faults.usable(connection)
        connection.close()
    open_before, before = descriptors(), resident("VmHWM")
    outcomes = []
    for number, script, lane, strict in job["runs"]:
        connection = connect(port, job["ca"], lane, strict, job["options"])
        outcomes.append(run(connection, number, SCRIPTS[script]))
        connection.close()
        faults.usable(connection)
        connection.close()
    json.dump({"outcomes": outcomes, "grown": resident("VmHWM") - before,
               "left": descriptors() - open_before}, sys.stdout)


if __name__ == "__main__":
    main()

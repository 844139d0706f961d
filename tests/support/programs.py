# SPDX-License-Identifier: MIT
"""The programs of examples/, as modules and in processes of their own."""

import contextlib
import importlib.util
import subprocess
import sys

import pytest

from support.paths import ROOT
from support.servers import PATIENCE, Server, ok, read_request

EXAMPLES = ROOT / "examples"


def needs(*libraries):
    """Skip the tests of a file if there are no examples here, or a library is missing."""
    if not EXAMPLES.is_dir():
        pytest.skip("no examples beside these tests", allow_module_level=True)
    for library in libraries:
        pytest.importorskip(library, reason=f"no {library}: its example IS NOT TESTED")


def imported(name):
    """Return examples/NAME.py as a module."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(name, *args, limit=60, **options):
    """Run examples/NAME.py in a process of its own; return the lines that it printed."""
    done = subprocess.run([sys.executable, "-P", EXAMPLES / f"{name}.py", *map(str, args)],
                          capture_output=True, text=True, timeout=limit, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


@contextlib.contextmanager
def site():
    """Run examples/site.py; the value is its URL."""
    with subprocess.Popen([sys.executable, "-P", EXAMPLES / "site.py", "--port", "0"],
                          stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()
            process.wait(PATIENCE)


@contextlib.contextmanager
def pages(answers):
    """A server with these answers, path -> bytes, and 404 for others; `seen` has the paths."""
    seen = []

    def handle(sock):
        with sock.makefile("rb") as file:
            while request := read_request(file):
                seen.append(request.target)
                sock.sendall(answers.get(request.target) or ok(status="404 Not Found"))

    with Server(handle) as server:
        server.seen = seen
        server.url = f"http://127.0.0.1:{server.port}"
        yield server

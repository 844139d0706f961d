# SPDX-License-Identifier: MIT
"""Whole programs, in processes of their own: interrupted by Ctrl-C, and the standard library's.

urllib.request and xmlrpc.client run on httpclient in the place of http.client.
"""

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import httpclient
import pytest

from support import suite_runner
from support.servers import PATIENCE, Scripted, Server, ok, serving

MODULES = [http.client, httpclient]
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def run(script, *args, **options):
    """A Python process; the modules `support` and httpclient can be imported in it."""
    paths = [os.path.dirname(os.path.dirname(suite_runner.__file__)),
             os.environ.get("PYTHONPATH", "")]
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(script), *map(str, args)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        **options)


@contextlib.contextmanager
def ended(process):
    """Whatever happens in the block, the process has ended after it."""
    try:
        yield
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


INTERRUPTED = """
    import gc, importlib, os, signal, sys, threading
    module, port, kind = importlib.import_module(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    if len(sys.argv) > 4:       # let another thread get the signal, and say when it has it
        told = int(sys.argv[4])
        os.set_blocking(told, False)
        signal.set_wakeup_fd(told)
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    connection = module.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/")
    try:
        print("asked", flush=True)
        if kind == "head":
            connection.getresponse()
        elif kind == "read":
            connection.getresponse().read()
        elif kind == "readinto":
            response = connection.getresponse()
            while response.readinto(bytearray(100)):
                pass
        else:
            list(connection.getresponse())
    except KeyboardInterrupt:
        print("interrupted")
    connection.close()
    connection.request("GET", "/")
    print(connection.getresponse().read().decode())
    connection.close()
    del connection
    gc.collect()
"""
# how the client reads, what comes before it has to wait, what comes then
WAITING = pytest.mark.parametrize(("kind", "wire", "more"), [
    ("head", b"", b"HTTP/1.1 2"),
    ("head", HEAD, b"A: "),
    ("read", HEAD + b"Content-Length: 10\r\n\r\n", b"half"),
    ("read", HEAD + b"Content-Length: 900000\r\n\r\n", b"x" * 100_000),
    ("read", CHUNKED, b"5\r\nhello\r\n"),
    ("read", CHUNKED + b"186a0\r\n", b"x" * 50_000),
    ("read", HEAD + b"\r\n", b"until close"),
    ("readinto", CHUNKED, b"5\r\nhel"),
    ("lines", CHUNKED, b"5\r\nhello\r\n"),
], ids=["status line", "head", "length", "long", "chunks", "long chunk", "until close", "readinto",
        "lines"])


class Waiting:
    """What goes wrong: a response comes in two parts and remains incomplete.

    The second part is sent when `proceed` is set; then the client has to leave by itself.
    """

    def __init__(self, wire, more):
        self.parts = wire, more
        self.sent, self.proceed = threading.Event(), threading.Event()
        self.left = None

    def __call__(self, sock):
        sock.sendall(self.parts[0])
        self.sent.set()
        self.proceed.wait(PATIENCE)
        sock.settimeout(5)
        try:
            sock.sendall(self.parts[1])
            self.left = sock.recv(1) == b""
        except ConnectionError:     # it left before all of that was read
            self.left = True
        except TimeoutError:
            self.left = False


def wait_until_asleep(process):
    """Returns when the process waits, that is for the server."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with open(f"/proc/{process.pid}/stat") as file:
            if file.read().rpartition(") ")[2][0] == "S":
                return
        time.sleep(0.001)       # the system does not report it
    raise AssertionError("the client does not wait")


needs_proc = pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="needs Linux's /proc")


@needs_proc
@pytest.mark.parametrize("module", MODULES)
@WAITING
def test_ctrl_c_ends_a_read_that_waits(module, kind, wire, more):
    """The read raises KeyboardInterrupt, and the connection can be closed and used again."""
    waiting = Waiting(wire + more, b"")
    with Server(Scripted(waiting)) as server:
        process = run(INTERRUPTED, module.__name__, server.port, kind)
        with ended(process):
            assert process.stdout.readline() == "asked\n"
            assert waiting.sent.wait(PATIENCE)
            waiting.proceed.set()
            wait_until_asleep(process)
            process.send_signal(signal.SIGINT)
            assert process.communicate(timeout=60) == ("interrupted\nall is well\n", "")
    assert waiting.left


@needs_proc
@pytest.mark.parametrize("module", MODULES)
@WAITING
def test_ctrl_c_while_data_comes(module, kind, wire, more):
    """A signal does not always interrupt the wait: another thread may get it, or data come first.

    Then the read has to look for it before it waits again.
    """
    waiting = Waiting(wire, more)
    here, there = os.pipe()
    with Server(Scripted(waiting)) as server, open(here, "rb", 0) as told:
        process = run(INTERRUPTED, module.__name__, server.port, kind, there, pass_fds=[there])
        os.close(there)
        with ended(process):
            assert process.stdout.readline() == "asked\n"
            assert waiting.sent.wait(PATIENCE)
            wait_until_asleep(process)
            process.send_signal(signal.SIGINT)
            assert told.read(1) == bytes([signal.SIGINT])
            waiting.proceed.set()
            assert process.communicate(timeout=60) == ("interrupted\nall is well\n", "")
    assert waiting.left, "the client went on waiting"


SUBSTITUTED = """
    import sys
    from support.suite_runner import substitute
    module = substitute("httpclient")
"""
URLLIB = SUBSTITUTED + """
    import urllib.error, urllib.request
    base = sys.argv[1]
    with urllib.request.urlopen(base + "/good") as response:
        assert isinstance(response, module.HTTPResponse), response
        print(response.status, response.read().decode(), response.url == base + "/good")
    with urllib.request.urlopen(base + "/form", b"a=b") as response:
        print(response.headers["X-Method"], response.read().decode())
    try:
        urllib.request.urlopen(base + "/missing")
    except urllib.error.HTTPError as error:
        print(error.code, error.read().decode())
        error.close()
    try:
        urllib.request.urlopen(base + "/nothing")
    except ConnectionResetError as error:
        print(type(error).__name__, isinstance(error, module.BadStatusLine))
"""
XMLRPC = SUBSTITUTED + """
    import threading, xmlrpc.client, xmlrpc.server
    server = xmlrpc.server.SimpleXMLRPCServer(("127.0.0.1", 0), logRequests=False)
    server.register_function(lambda *numbers: sum(numbers), "add")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    with xmlrpc.client.ServerProxy("http://127.0.0.1:%d" % server.server_address[1]) as proxy:
        print(proxy.add(1, 2, 3))
        print(type(proxy("transport")._connection[1]) is module.HTTPConnection)
        try:
            proxy.missing()
        except xmlrpc.client.Fault as fault:
            print("is not supported" in fault.faultString)
    server.shutdown()
    server.server_close()
    thread.join()
"""


def finish(process):
    """The output; the process must have ended well and said nothing else."""
    with ended(process):
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    return output.splitlines()


def test_urllib_request_works_in_a_process_of_its_own():
    def form(request):
        return ok(request.body[::-1], f"X-Method: {request.method}")

    with serving(ok(b"fine", "Connection: close"), form, ok(b"gone", status="404 No"), None,
                 closing=[1, 2]) as server:
        process = run(URLLIB, f"http://127.0.0.1:{server.port}",)
        assert finish(process) == [
            "200 fine True", "POST b=a", "404 gone", "RemoteDisconnected True"]
        agents = {request.field("User-Agent") for request in server.handle.requests}
        assert all(agent.startswith("Python-urllib/") for agent in agents)


def test_xmlrpc_works_in_a_process_of_its_own():
    assert finish(run(XMLRPC)) == ["6", "True", "True"]

# SPDX-License-Identifier: MIT
"""One run of a suite by pytest, in a process of its own: python -P session.py TASK.

TASK is a JSON file: mode, module (the package under test), tests (arguments for pytest), log (a
file, see below), skip and only (ids of tests; only may be null), limit (seconds for a test).
Nothing but the standard library may be imported here before install() is called.

The log has one JSON object a line: {"test": id} when a test begins, and the same with "outcome"
and "text" when it ends, so that a test that took the process down is known; at the end "status"
(pytest's), "installed" (whether http.client's classes run on httpclient then) and "requests"
(how many httpclient has sent).
"""

import errno
import faulthandler
import importlib
import ipaddress
import json
import os
import socket
import sys
import time
from pathlib import Path

SEVERITY = ["passed", "skipped", "xfailed", "xpassed", "failed", "error"]


def install():
    import httpclient
    httpclient.install()
    assert in_force()["installed"], httpclient.installed()


# What httpclient.transports has for a package, and the modules of it that have these names.
TRANSPORTS = {
    "requests": (["HTTPAdapter"], ["requests.adapters", "requests.sessions"]),
    "httpx": (["HTTPTransport", "AsyncHTTPTransport"],
              ["httpx", "httpx._client", "httpx._transports", "httpx._transports.default"]),
}


def mount(package):
    """Let requests or httpx use httpclient's transports in place of its own."""
    names, modules = TRANSPORTS[package]
    transports = importlib.import_module(f"httpclient.transports.{package}")
    for name in names:
        ours = getattr(transports, name)
        if name == "AsyncHTTPTransport":
            ours = except_in_trio(ours, getattr(sys.modules[package], name))
        for module in modules:
            assert hasattr(sys.modules[module], name), f"{module} has no {name}"
            setattr(sys.modules[module], name, ours)


def except_in_trio(ours, theirs):
    """Return our class, which gives an object of theirs in trio, because ours needs asyncio."""
    import sniffio

    class AsyncHTTPTransport(ours):
        def __new__(cls, *args, **keywords):
            if sniffio.current_async_library_cvar.get() == "trio" \
                    or sniffio.thread_local.name == "trio":
                return theirs(*args, **keywords)
            return super().__new__(cls)

    return AsyncHTTPTransport


def handle():
    """Let Scrapy download with the handler among the examples."""
    import scrapy.core.downloader.handlers.http11 as http11
    sys.path.append(str(Path(__file__).resolve().parents[2] / "examples"))
    from scrapy_handler import FetcherDownloadHandler

    from httpclient._core.counters import tally

    class Counted(FetcherDownloadHandler):
        async def download_request(self, request):
            tally.requests += 1     # A Fetcher does not count its requests.
            return await super().download_request(request)

    http11.HTTP11DownloadHandler = Counted


def in_force():
    """Whether http.client's classes have our methods, and how many requests these have sent."""
    import http.client
    if "httpclient" not in sys.modules:
        return {"installed": False, "requests": 0}
    import httpclient
    from httpclient._core.counters import tally
    method = vars(http.client.HTTPConnection)["putrequest"]
    ours = method.__globals__["__file__"] == httpclient._request.connection.__file__
    return {"installed": ours and bool(httpclient.installed()), "requests": tally.requests}


# ---- nothing but the loopback

def is_here(host):
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host in ("localhost", "")
    return address.is_loopback or address.is_unspecified


def stay_here(event, args):
    """An audit hook: other hosts than this one never answer, other names do not exist."""
    if event == "socket.connect":
        connecting, address = args
        if isinstance(address, tuple) and not is_here(address[0]):
            if not connecting.gettimeout():
                raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))
            time.sleep(connecting.gettimeout())
            raise TimeoutError("timed out")
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = args[0].decode("latin-1") if isinstance(args[0], bytes) else args[0] or ""
        try:
            ipaddress.ip_address(host.partition("%")[0])
        except ValueError:
            if not is_here(host):
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known") from None


# ---- the plugin

class Recorder:
    """Writes the log, leaves out what is not to be run, and installs or mounts after collection."""

    def __init__(self, task):
        self.task = task
        self.log = open(task["log"], "a", buffering=1, encoding="utf-8")    # noqa: SIM115
        self.stderr = os.fdopen(os.dup(2), "w")     # pytest captures the other one
        self.worst = {}
        faulthandler.enable(self.stderr)

    def write(self, **record):
        self.log.write(json.dumps(record) + "\n")

    def pytest_collection_finish(self, session):
        skip, only = set(self.task["skip"]), self.task["only"]
        session.items[:] = [item for item in session.items if item.nodeid not in skip
                            and (only is None or item.nodeid in only)]
        assert self.task["module"] in sys.modules, "it would not have been imported before"
        if self.task["mode"] == "after":
            install()
        elif self.task["mode"] == "adapter":
            mount(self.task["module"])

    def pytest_runtest_logstart(self, nodeid):
        self.worst[nodeid] = ("passed", "")
        self.write(test=nodeid)
        faulthandler.dump_traceback_later(self.task["limit"], exit=True, file=self.stderr)

    def pytest_runtest_logreport(self, report):
        outcome = report.outcome
        if hasattr(report, "wasxfail"):
            outcome = "xfailed" if report.skipped else "xpassed"
        elif report.failed and report.when != "call":
            outcome = "error"
        if SEVERITY.index(outcome) > SEVERITY.index(self.worst[report.nodeid][0]):
            text = report.longreprtext if report.failed else ""
            self.worst[report.nodeid] = (outcome, text[-4000:])

    def pytest_runtest_logfinish(self, nodeid):
        faulthandler.cancel_dump_traceback_later()
        outcome, text = self.worst.pop(nodeid)
        self.write(test=nodeid, outcome=outcome, text=text)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        task = json.load(file)
    if task["mode"] == "before":
        install()
    for name in (task["module"], "urllib.request", "pytest"):
        assert name not in sys.modules, f"{name} has been imported already"
    sys.addaudithook(stay_here)
    sys.path.insert(0, os.getcwd())     # as `python -m pytest` does
    if task["mode"] == "handler":
        handle()
    import pytest
    recorder = Recorder(task)
    # Its own timeouts would end those of this module.
    status = pytest.main([*task["tests"], "-q", "-p", "no:cacheprovider", "-p", "no:faulthandler",
                          "-o", "addopts="], plugins=[recorder])
    recorder.write(status=int(status), **in_force())


if __name__ == "__main__":
    main()

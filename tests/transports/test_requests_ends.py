# SPDX-License-Identifier: MIT
"""httpclient.transports.requests: sessions that are dropped, and processes that fork."""

import gc
import os
import threading

import pytest

from support.pools import url_of
from support.servers import Server, ok, read_request
from support.sessions import mounted

pytest.importorskip("requests")

from httpclient.transports.requests import HTTPAdapter  # noqa: E402


def test_a_dropped_session_closes_its_connections(adapter):
    ended = threading.Event()

    def handle(sock):
        with sock.makefile("rb") as file:
            read_request(file)
            sock.sendall(ok())
            file.read()
            ended.set()

    with Server(handle) as server:
        session = mounted(adapter())
        session.get(url_of(server))
        gc.disable()
        try:
            del session
            assert ended.wait(5)
        finally:
            gc.enable()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork()")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_child_does_not_wait_for_a_thread_of_its_parent():
    adapter = HTTPAdapter()
    with adapter._lock:
        child = os.fork()
        if not child:
            os._exit(0 if adapter._lock.acquire(blocking=False) else 1)
    assert os.waitpid(child, 0) == (child, 0)

# SPDX-License-Identifier: MIT
"""Pool: how many connections there are, and how a pool ends, is copied and shown."""

import io
import pickle
import socket
import ssl
import threading
import time

import pytest

import httpclient
from httpclient.pool import PoolFull
from support.pools import Paired, counts, url_of
from support.servers import PATIENCE, Server, ok, serving

pytestmark = pytest.mark.usefixtures("no_descriptor_left")


# --- how many ------------------------------------------------------------------------------------

def test_full_pool_waits_no_longer_than_the_timeout():
    with serving(ok(b"1"), ok(b"2")) as server, \
            httpclient.Pool(per_host=1, timeout=0.2) as pool:
        held = pool.request("GET", url_of(server))
        with pytest.raises(PoolFull, match=rf"all 1 connections to {url_of(server, '')} stayed in "
                                           r"use for 0.2 s") as caught:
            pool.request("GET", url_of(server))
        assert isinstance(caught.value, TimeoutError)
        assert held.read() == b"1"
        assert pool.request("GET", url_of(server)).read() == b"2"


@pytest.mark.parametrize("given", ["pool", "request"])
def test_full_pool_waits_no_longer_than_the_deadline(given):
    options = {"deadline": 0.2}
    of_pool, of_request = (options, {}) if given == "pool" else ({}, options)
    with serving(ok(b"1")) as server, httpclient.Pool(per_host=1, **of_pool) as pool:
        held = pool.request("GET", url_of(server), deadline=PATIENCE)
        with pytest.raises(TimeoutError):
            pool.request("GET", url_of(server), **of_request)
        assert held.read() == b"1"


def test_wait_for_a_connection_counts_against_the_deadline():
    class Steps:
        """Notes the deadline for the request instead of sending it."""

        patience = PATIENCE

        def on(self, connection):
            return self

        def request(self, *args, deadline):
            self.deadline = deadline
            raise Sent

    class Sent(Exception):
        pass

    def release():
        """Let the request wait for a while, and note for how long at least."""
        nonlocal waited
        while not pool._known[url_of(server)][0].waiters:
            time.sleep(0.001)
        begin = time.monotonic()
        time.sleep(0.02)
        waited = time.monotonic() - begin
        held.read()

    waited = 0
    with Server(Paired()) as server, httpclient.Pool(per_host=1) as pool:
        held = pool.request("GET", url_of(server))
        thread = threading.Thread(target=release)
        thread.start()
        steps = Steps()
        with pytest.raises(Sent):
            pool._request("GET", url_of(server), None, None, PATIENCE, steps)
        thread.join()
        assert 0 < steps.deadline <= PATIENCE - waited < PATIENCE


def test_waiting_requests_get_connections_in_their_order():
    with Server(Paired()) as server, httpclient.Pool(per_host=1, timeout=PATIENCE) as pool:
        held = pool.request("GET", url_of(server))
        order = []

        def fetch(number):
            response = pool.request("GET", url_of(server))
            order.append(number)
            response.read()

        threads = [threading.Thread(target=fetch, args=(number,)) for number in range(8)]
        for number, thread in enumerate(threads, 1):
            thread.start()
            while pool._known[url_of(server)][0].waiters < number:
                time.sleep(0.001)
        held.read()
        for thread in threads:
            thread.join(PATIENCE)
        assert order == list(range(8)) and server.accepted == 1


def test_request_that_waits_gets_the_place_of_a_closed_connection():
    with Server(Paired()) as server, httpclient.Pool(per_host=1, timeout=PATIENCE) as pool:
        held = pool.request("GET", url_of(server))
        timer = threading.Timer(0.1, held.close)
        timer.start()
        assert pool.request("GET", url_of(server)).read() == b"2"
        timer.join()


def test_pool_that_does_not_block_opens_more_and_keeps_none_of_them():
    with Server(Paired()) as server, \
            httpclient.Pool(per_host=2, block=False, timeout=PATIENCE) as pool:
        responses = [pool.request("GET", url_of(server)) for _ in range(5)]
        assert counts(pool) == (5, 0)
        for response in responses:
            response.read()
        assert counts(pool) == (0, 2)


def test_each_origin_has_its_own_connections():
    with Server(Paired()) as one, Server(Paired()) as other, \
            httpclient.Pool(per_host=1, timeout=1) as pool:
        held = [pool.request("GET", url_of(server)) for server in (one, other)]
        assert counts(pool) == (2, 0)
        for response in held:
            response.read()


# --- the pool itself -----------------------------------------------------------------------------

def test_closed_pool_begins_anew(pool):
    with Server(Paired()) as server:
        held = pool.request("GET", url_of(server))
        pool.request("GET", url_of(server)).read()
        pool.close()
        assert counts(pool) == (0, 0)
        assert held.read() == b"1"          # A response in use goes on, and its connection ends.
        assert counts(pool) == (0, 0)
        assert pool.request("GET", url_of(server)).read() == b"3"
        assert counts(pool) == (0, 1)


@pytest.mark.filterwarnings("error")
def test_dropped_pool_closes_its_connections():
    with Server(Paired()) as server:
        pool = httpclient.Pool()
        held = pool.request("GET", url_of(server))
        pool.request("GET", url_of(server)).read()
        del pool
        assert held.read() == b"1"
        del held


def test_pickled_pool_has_the_same_settings():
    pool = httpclient.Pool(per_host=1, timeout=0.1, strict=True, proxy="http://u:p@localhost:1/")
    copied = pickle.loads(pickle.dumps(pool))
    assert copied._arguments == pool._arguments and copied is not pool
    with serving(ok(b"1")) as server:
        pool = pickle.loads(pickle.dumps(httpclient.Pool(per_host=1, timeout=0.1)))
        held = pool.request("GET", url_of(server))
        with pytest.raises(PoolFull):
            pool.request("GET", url_of(server))
        held.read()
        pool.close()
    default = pickle.loads(pickle.dumps(httpclient.Pool()))
    assert default._timeout is socket._GLOBAL_DEFAULT_TIMEOUT


def test_pool_with_a_context_cannot_be_pickled():
    with pytest.raises(TypeError, match="cannot pickle a Pool with an ssl_context"):
        pickle.dumps(httpclient.Pool(ssl_context=ssl.create_default_context()))


def test_repr_counts_connections(pool):
    with Server(Paired()) as server:
        held = pool.request("GET", url_of(server))
        pool.request("GET", url_of(server)).read()
        assert repr(pool) == "<httpclient.Pool: 1 in use, 1 idle>"
        held.close()


def test_default_timeout_is_that_of_the_socket_module():
    before = socket.getdefaulttimeout()
    with serving(ok(b"1")) as server, httpclient.Pool(per_host=1) as pool:
        held = pool.request("GET", url_of(server))
        socket.setdefaulttimeout(0.1)
        try:
            with pytest.raises(PoolFull):
                pool.request("GET", url_of(server))
        finally:
            socket.setdefaulttimeout(before)
        held.read()


class File(io.BufferedReader):
    """A file of another make."""


class Foreign:
    """A socket of another make."""

    def __init__(self, sock):
        self._sock = sock

    def makefile(self, mode):
        return File(self._sock.makefile(mode, 0))

    def __getattr__(self, name):
        return getattr(self._sock, name)


@pytest.mark.parametrize("end", ["read", "close", "drop"])
def test_connection_of_another_make_is_not_reused(pool, monkeypatch, end):
    real = socket.create_connection
    monkeypatch.setattr(socket, "create_connection", lambda *args: Foreign(real(*args)))
    with Server(Paired()) as server:
        for number in (b"1", b"2"):
            response = pool.request("GET", url_of(server))
            assert counts(pool) == (1, 0)
            if end == "read":
                assert response.read() == number
            elif end == "close":
                response.close()
            response = None if end == "drop" else response
            assert counts(pool) == (0, 0)

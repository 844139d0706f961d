# SPDX-License-Identifier: MIT
"""Addresses: found in other threads, shared, kept for a time, and bounded."""

import gc
import os
import queue
import socket
import subprocess
import sys
import threading
import time
import weakref

import pytest

from httpclient._fetch import addresses as module
from httpclient._fetch.addresses import Addresses
from support.servers import PATIENCE

V4 = socket.AF_INET, socket.SOCK_STREAM, 6, ""
V6 = socket.AF_INET6, socket.SOCK_STREAM, 6, ""


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


class Resolver:
    """A resolver that waits until it may answer, and notes what it is asked."""

    def __init__(self, *found):
        self.found = list(found) or [(*V4, ("127.0.0.1", 80))]
        self.asked = []
        self.may = threading.Event()

    def __call__(self, host, port):
        self.asked.append((host, port))
        assert self.may.wait(PATIENCE)
        if isinstance(self.found[0], BaseException):
            raise self.found[0]
        return self.found


@pytest.fixture
def told():
    return queue.Queue()


@pytest.fixture
def make(told):
    """Make an Addresses, which is closed after the test, and has no threads then."""
    made = []

    def make(resolver, ttl=60.0, clock=time.monotonic):
        made.append(Addresses(resolver, ttl, clock, lambda *args: told.put(args)))
        return made[-1]

    yield make
    for addresses in made:
        addresses.close()
    end = time.monotonic() + PATIENCE
    while any("httpclient resolver" in thread.name for thread in threading.enumerate()):
        assert time.monotonic() < end
        time.sleep(0.001)


def test_a_lookup_is_told_and_kept(make, told):
    resolver = Resolver((*V4, ("1.1.1.1", 80)), (*V4, ("2.2.2.2", 80)), (*V6, ("::1", 80, 0, 0)))
    addresses = make(resolver)
    assert addresses.find("a", 80) is None
    assert addresses.find("a", 80) is None      # It shares the lookup.
    resolver.may.set()
    host, port, found = told.get(timeout=PATIENCE)
    assert (host, port) == ("a", 80)
    # The families take turns (RFC 8305 4).
    assert [address[4][0] for address in found] == ["1.1.1.1", "::1", "2.2.2.2"]
    assert addresses.find("a", 80) == found
    assert resolver.asked == [("a", 80)]
    assert told.empty()


def test_ports_are_looked_up_apart(make, told):
    resolver = Resolver()
    resolver.may.set()
    addresses = make(resolver)
    assert addresses.find("a", 80) is addresses.find("a", 81) is None
    assert {told.get(timeout=PATIENCE)[:2] for _ in range(2)} == {("a", 80), ("a", 81)}


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "::1", "2130706433"])
def test_numeric_addresses_need_no_thread(make, monkeypatch, host):
    monkeypatch.setattr(module, "_start", None)
    found = make(None).find(host, 8080)
    assert found == socket.getaddrinfo(host, 8080, 0, socket.SOCK_STREAM)
    assert len(found) == 1


def test_a_name_that_ends_with_a_digit_is_a_name(make, told, monkeypatch):
    monkeypatch.setattr(module, "_system_resolver", lambda *given: [(*V4, given)])
    addresses = make(None)
    assert addresses.find("server1", 80) is None
    assert told.get(timeout=PATIENCE) == ("server1", 80, [(*V4, ("server1", 80))])


def test_a_resolver_is_asked_for_numeric_addresses_too(make, told):
    resolver = Resolver()
    resolver.may.set()
    assert make(resolver).find("127.0.0.1", 80) is None
    told.get(timeout=PATIENCE)
    assert resolver.asked == [("127.0.0.1", 80)]


def test_addresses_are_kept_for_the_time_to_live(make, told):
    clock, resolver = Clock(), Resolver()
    resolver.may.set()
    addresses = make(resolver, 60.0, clock)
    addresses.find("a", 80)
    found = told.get(timeout=PATIENCE)[2]
    clock.now += 59.9
    assert addresses.find("a", 80) is found
    clock.now += 0.2
    assert addresses.find("a", 80) is None
    told.get(timeout=PATIENCE)
    assert len(resolver.asked) == 2


def test_nothing_is_kept_without_a_time_to_live(make, told):
    resolver = Resolver()
    resolver.may.set()
    addresses = make(resolver, 0.0)
    for _ in range(3):
        assert addresses.find("a", 80) is None
        assert told.get(timeout=PATIENCE)[2] == [(*V4, ("127.0.0.1", 80))]
    assert len(resolver.asked) == 3
    assert not addresses._known


@pytest.mark.parametrize("ttl", [60.0, 0.5])
def test_failures_are_kept_for_a_second(make, told, ttl):
    clock, resolver = Clock(), Resolver(socket.gaierror(socket.EAI_NONAME, "no such name"))
    resolver.may.set()
    addresses = make(resolver, ttl, clock)
    addresses.find("a", 80)
    error = told.get(timeout=PATIENCE)[2]
    assert type(error) is socket.gaierror
    clock.now += min(ttl, 1.0) - 0.1
    assert addresses.find("a", 80) is error
    clock.now += 0.2
    assert addresses.find("a", 80) is None
    told.get(timeout=PATIENCE)


@pytest.mark.parametrize("found, kind", [
    (5, TypeError), ([], socket.gaierror), ([(1, 2)], TypeError), (None, TypeError)])
def test_a_resolver_that_returns_something_else_fails(make, told, found, kind):
    addresses = make(lambda host, port: found)
    assert addresses.find("a", 80) is None
    assert type(told.get(timeout=PATIENCE)[2]) is kind


def test_any_exception_of_a_resolver_is_a_failure(make, told):
    for error in ZeroDivisionError(), SystemExit(), KeyboardInterrupt():
        def resolver(host, port, error=error):
            raise error

        addresses = make(resolver)
        addresses.find("a", 80)
        assert told.get(timeout=PATIENCE)[2] is error


def test_a_failure_keeps_no_frame_alive(make, told):
    class Large:
        pass

    seen = []

    def resolver(host, port):
        large = Large()
        seen.append(weakref.ref(large))
        try:
            raise ValueError
        except ValueError as cause:
            raise OSError("failed") from cause

    addresses = make(resolver)
    addresses.find("a", 80)
    error = told.get(timeout=PATIENCE)[2]
    gc.collect()
    assert seen[0]() is None
    assert error.__traceback__ is None
    assert type(error.__cause__) is ValueError


def test_few_threads_serve_many_hosts(make, told):
    running, most = set(), []

    def resolver(host, port):
        running.add(host)
        most.append(len(running))
        time.sleep(0.001)
        running.discard(host)
        return [(*V4, (host, port))]

    addresses = make(resolver)
    for n in range(100):
        assert addresses.find(f"host{n}", 80) is None
        assert addresses._threads <= module.THREADS
    assert {told.get(timeout=PATIENCE)[0] for _ in range(100)} == {f"host{n}" for n in range(100)}
    assert max(most) <= module.THREADS


def test_a_slow_lookup_does_not_hold_up_others(make, told):
    may = threading.Event()

    def resolver(host, port):
        if host == "slow":
            may.wait(PATIENCE)
        return [(*V4, (host, port))]

    addresses = make(resolver)
    addresses.find("slow", 80)
    for n in range(20):
        addresses.find(f"host{n}", 80)
        assert told.get(timeout=PATIENCE)[0] == f"host{n}"
    may.set()
    assert told.get(timeout=PATIENCE)[0] == "slow"


def test_a_crawl_without_end_stays_flat(make, told, monkeypatch):
    monkeypatch.setattr(module, "MOST_KNOWN", 10)
    addresses = make(lambda host, port: [(*V4, (host, port))])
    for n in range(100):
        addresses.find(f"host{n}", 80)
        told.get(timeout=PATIENCE)
        assert len(addresses._known) <= 10
    assert addresses.find("host99", 80) and addresses.find("host90", 80)
    assert addresses.find("host89", 80) is None
    told.get(timeout=PATIENCE)
    assert not addresses._pending


def test_what_has_expired_is_forgotten(make, told):
    clock = Clock()
    addresses = make(lambda host, port: [(*V4, (host, port))], 60.0, clock)
    for n in range(20):
        addresses.find(f"host{n}", 80)
        told.get(timeout=PATIENCE)
        clock.now += 10
        assert len(addresses._known) <= 7


def test_close_ends_lookups_without_a_word(make, told):
    resolver = Resolver()
    addresses = make(resolver)
    for n in range(20):
        addresses.find(f"host{n}", 80)
    addresses.close()
    resolver.may.set()
    end = time.monotonic() + PATIENCE
    while addresses._threads:
        assert time.monotonic() < end
        time.sleep(0.001)
    assert told.empty()
    assert len(resolver.asked) <= module.THREADS


def test_a_signal_handler_may_close_in_the_middle_of_find(make, monkeypatch):
    addresses = make(Resolver())
    monkeypatch.setattr(module, "_start", lambda work: addresses.close())
    assert addresses.find("a", 80) is None
    assert not addresses._queue


def test_no_thread_can_be_started(make, monkeypatch):
    def start(work):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(module, "_start", start)
    addresses = make(Resolver())
    for _ in range(2):
        error = addresses.find("a", 80)
        assert type(error) is OSError or isinstance(error, BlockingIOError)
        assert "can't start new thread" in str(error)
    assert not addresses._pending and not addresses._queue


def test_a_notification_that_fails_costs_no_thread(monkeypatch, told):
    failures = []
    monkeypatch.setattr(threading, "excepthook", lambda args: failures.append(args.exc_type))

    def notify(host, port, found):
        told.put(host)
        raise OSError

    addresses = Addresses(lambda host, port: [(*V4, (host, port))], 60.0, time.monotonic, notify)
    for n in range(20):
        addresses.find(f"host{n}", 80)
        assert told.get(timeout=PATIENCE) == f"host{n}"
    end = time.monotonic() + PATIENCE
    while addresses._threads:
        assert time.monotonic() < end
        time.sleep(0.001)
    assert set(failures) == {OSError}
    addresses.close()


def test_a_lookup_that_hangs_does_not_keep_the_interpreter_from_ending():
    program = """
import threading, time
from httpclient._fetch.addresses import Addresses
begun = threading.Event()
def resolver(host, port):
    begun.set()
    threading.Event().wait()
addresses = Addresses(resolver, 60, time.monotonic, print)
addresses.find("a", 80)
begun.wait()
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=PATIENCE)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork() here")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_begins_anew():
    program = """
import os, queue, threading, time, warnings
warnings.simplefilter("ignore")
from httpclient._fetch.addresses import Addresses
begun, may, told = threading.Event(), threading.Event(), queue.SimpleQueue()
def resolver(host, port):
    begun.set()
    may.wait()
    return [(2, 1, 6, "", (host, port))]
addresses = Addresses(resolver, 60, time.monotonic, lambda *args: told.put(args))
addresses.find("a", 80)
begun.wait()
with addresses._lock:
    child = os.fork()
    if child == 0:
        addresses.begin()
        may = threading.Event()     # A thread may have held its lock during the fork.
        may.set()
        assert addresses.find("a", 80) is None
        assert told.get(timeout=20)[0] == "a"
        os._exit(0)
may.set()
assert told.get(timeout=20)[0] == "a"
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=PATIENCE)

# SPDX-License-Identifier: MIT
"""Each poller that this system has, by the same table."""

import contextlib
import select
import socket
import threading
import time

import pytest

from httpclient._fetch.poller import READABLE, WRITABLE, pollers
from support.faults import reset
from support.servers import PATIENCE, tcp_pair

BOTH = READABLE | WRITABLE


@pytest.fixture(params=pollers(), ids=lambda cls: cls.__name__)
def poller(request):
    poller = request.param()
    yield poller
    poller.close()


@pytest.fixture
def pair():
    near, far = socket.socketpair()
    with near, far:
        near.setblocking(False)
        yield near, far


def full(sock):
    """Fill the buffers of a socket, so that it cannot be written."""
    with contextlib.suppress(BlockingIOError):
        while True:
            sock.send(bytes(65536))


def test_the_best_poller_of_the_system_comes_first():
    names = [cls.__name__ for cls in pollers()]
    assert names[-1] == "SelectPoller"
    if hasattr(select, "epoll"):
        assert names == ["EpollPoller", "PollPoller", "SelectPoller"]


def test_gevent_leaves_select_alone(monkeypatch):
    for name in "epoll", "kqueue", "poll":
        monkeypatch.delattr(select, name, raising=False)
    assert [cls.__name__ for cls in pollers()] == ["SelectPoller"]


@pytest.mark.parametrize("events", [READABLE, WRITABLE, BOTH])
@pytest.mark.parametrize("has_input", [False, True])
@pytest.mark.parametrize("has_room", [False, True])
@pytest.mark.parametrize("modified", [False, True])
def test_events(poller, pair, events, has_input, has_room, modified):
    near, far = pair
    if has_input:
        far.send(b"x")
    if not has_room:
        full(near)
    if modified:
        poller.register(near.fileno(), BOTH ^ events or READABLE)
        poller.modify(near.fileno(), events)
    else:
        poller.register(near.fileno(), events)
    expected = events & (READABLE * has_input | WRITABLE * has_room)
    assert poller.poll(0) == ([(near.fileno(), expected)] if expected else [])
    poller.unregister(near.fileno())
    assert poller.poll(0) == []


def test_events_are_told_until_they_are_dealt_with(poller, pair):
    near, far = pair
    poller.register(near.fileno(), READABLE)
    far.send(b"xy")
    for _ in range(2):
        assert poller.poll(None) == [(near.fileno(), READABLE)]
        near.recv(1)
    assert poller.poll(0) == []


def test_no_events_are_wanted_for_a_while(poller, pair):
    near, far = pair
    far.send(b"x")
    poller.register(near.fileno(), READABLE)
    poller.modify(near.fileno(), 0)
    assert poller.poll(0) == []
    poller.modify(near.fileno(), READABLE)
    assert poller.poll(0) == [(near.fileno(), READABLE)]


@pytest.mark.parametrize("events", [READABLE, WRITABLE, BOTH])
@pytest.mark.parametrize("ending", ["close", "reset"])
def test_the_end_of_a_connection_is_an_event(poller, events, ending):
    near, far = tcp_pair()
    with near, far:
        (reset if ending == "reset" else socket.socket.close)(far)
        poller.register(near.fileno(), events)
        [(fd, mask)] = poller.poll(PATIENCE)
        assert fd == near.fileno()
        assert mask & events
        poller.unregister(fd)


def test_a_refused_connection_is_an_event(poller):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
    with socket.socket() as near:
        near.setblocking(False)
        with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
            near.connect(address)
        poller.register(near.fileno(), WRITABLE)
        [(fd, mask)] = poller.poll(PATIENCE)
        assert fd == near.fileno()
        assert mask & ~READABLE
        poller.unregister(fd)


def test_many_descriptors_come_once_each(poller):
    with contextlib.ExitStack() as stack:
        pairs = [socket.socketpair() for _ in range(50)]
        for near, far in pairs:
            stack.enter_context(near)
            stack.enter_context(far)
            far.send(b"x")
            poller.register(near.fileno(), BOTH)
        found = {}
        # epoll() returns some of them at a time, in turn.
        for _ in range(2):
            events = poller.poll(0)
            assert len(dict(events)) == len(events)
            found |= dict(events)
        assert found == {near.fileno(): BOTH for near, _ in pairs}
        for near, _ in pairs:
            poller.unregister(near.fileno())


def test_waiting_ends_with_an_event(poller, pair):
    near, far = pair
    poller.register(near.fileno(), READABLE)
    thread = threading.Timer(0.05, far.send, (b"x",))
    thread.start()
    try:
        assert poller.poll(PATIENCE) == [(near.fileno(), READABLE)]
    finally:
        thread.join()


@pytest.mark.parametrize("empty", [False, True])
def test_waiting_ends_without_an_event(poller, pair, empty):
    near, _ = pair
    if not empty:
        poller.register(near.fileno(), READABLE)
    began = time.monotonic()
    assert poller.poll(0.03) == []
    assert time.monotonic() - began >= 0.03


def test_a_poller_with_a_descriptor_can_be_polled(poller, pair):
    near, far = pair
    if type(poller).__name__ in ("EpollPoller", "KqueuePoller"):
        poller.register(near.fileno(), READABLE)
        assert not select.select([poller.fileno()], [], [], 0)[0]
        far.send(b"x")
        assert select.select([poller.fileno()], [], [], PATIENCE)[0]
    else:
        assert poller.fileno() is None

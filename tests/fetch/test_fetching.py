# SPDX-License-Identifier: MIT
"""How requests go into a Fetcher, and answers come out of it."""

import contextlib
import gc
import itertools
import threading
import time
import weakref

import pytest

from httpclient import Fetcher, Request
from support.servers import PATIENCE, Server, ok, serving


@pytest.fixture
def server():
    with serving(*[ok(b"x")] * 5000) as found:
        found.url = f"http://127.0.0.1:{found.port}/"
        yield found


@contextlib.contextmanager
def stalling():
    """A server that never answers; yields its URL."""
    end = threading.Event()
    with Server(lambda sock: end.wait(PATIENCE)) as server:
        yield f"http://127.0.0.1:{server.port}/"
        end.set()


def test_nothing_to_fetch():
    with Fetcher() as fetcher:
        assert list(fetcher) == list(fetcher.fetch([])) == list(fetcher.fetch(iter(()))) == []


def test_iteration_ends_with_the_last_answer(server):
    """It does not wait for idle connections to be closed, where the iterable ends late."""
    with Fetcher(connections=2, idle=1000) as fetcher:
        answers = [answer.content for answer in fetcher.fetch([server.url] * 2)]
        assert answers == [b"x"] * 2 and fetcher.open


def test_several_fetches_at_once(server):
    with Fetcher() as fetcher:
        for part in range(3):
            fetcher.fetch([f"{server.url}{part}/{number}" for number in range(20)])
        fetcher.add(server.url)
        assert len({answer.url for answer in fetcher}) == 61


def test_add_while_iterating(server):
    with Fetcher() as fetcher:
        fetcher.add(server.url + "0")
        seen = []
        for answer in fetcher:
            seen.append(answer.url)
            if len(seen) < 50:
                fetcher.add(f"{server.url}{len(seen)}")
        assert len(set(seen)) == 50


def test_iteration_that_is_left_and_continued(server):
    with Fetcher() as fetcher:
        fetcher.fetch(f"{server.url}{number}" for number in range(30))
        seen = {answer.url for answer in itertools.islice(fetcher, 10)}
        seen |= {next(iter(fetcher)).url}
        seen |= {answer.url for answer in fetcher}
        assert len(seen) == 30


def test_endless_iterable_is_pulled_as_there_is_room(server):
    pulled = 0

    def endless():
        nonlocal pulled
        for number in itertools.count():
            pulled += 1
            yield f"{server.url}{number}"

    with Fetcher(connections=5, per_host=5) as fetcher:
        for done, _ in enumerate(itertools.islice(fetcher.fetch(endless()), 2000)):
            assert pulled - done <= 5 + 5 + 50 + 1
            assert fetcher.queued <= 50


def test_iterable_that_raises(server):
    """The exception comes out; the iteration goes on without the iterable."""
    def broken():
        yield server.url + "a"
        yield server.url + "b"
        raise LookupError("broken")

    with Fetcher() as fetcher:
        fetcher.fetch(broken()).fetch([server.url + "c"])
        with pytest.raises(LookupError):
            list(fetcher)
        assert len({answer.url for answer in fetcher}) == 3


def test_iterable_with_something_else(server):
    """The exception of add() comes out; the iteration goes on with the rest."""
    with Fetcher() as fetcher:
        fetcher.fetch([server.url + "a", None, server.url + "b"])
        with pytest.raises(TypeError):
            list(fetcher)
        assert {answer.url for answer in fetcher} == {server.url + "a", server.url + "b"}


def test_slow_host_holds_up_nobody_else(server):
    with stalling() as slow, Fetcher(connections=20, per_host=4, deadline=0.5) as fetcher:
        for number in range(200):
            fetcher.add(f"{server.url}{number}")
            if number < 20:
                fetcher.add(f"{slow}{number}")
        order = [answer.url.startswith(slow) for answer in fetcher]
        assert order.count(True) == 20 and order.count(False) == 200
        # All of the others come before the first of the slow host's.
        assert order.index(True) == 200


def test_delay_between_requests_to_a_host(server):
    with Fetcher(delay=0.05) as fetcher:
        begin = time.monotonic()
        assert len(list(fetcher.fetch(f"{server.url}{number}" for number in range(5)))) == 5
        assert time.monotonic() - begin >= 0.2


def test_turn_within_a_turn_is_refused(server):
    errors = []

    def sink(content):
        for action in (lambda: next(fetcher), lambda: list(fetcher)):
            with pytest.raises(RuntimeError) as caught:
                action()
            errors.append(caught.value)

    with Fetcher() as fetcher:
        fetcher.add(Request("GET", server.url, sink=sink))
        [answer] = fetcher
        assert answer.error is None and len(errors) == 2


class Refused(BaseException):
    """What is not an Exception."""


@pytest.mark.parametrize("error", [ValueError, Refused, KeyboardInterrupt])
def test_sink_that_raises(server, error):
    """The request has the error; one that is not an Exception comes out of the iteration, too."""
    def sink(content):
        raise error("no room")

    with Fetcher() as fetcher:
        fetcher.add(Request("GET", server.url, sink=sink))
        fetcher.add(server.url + "other")
        answers = []
        try:
            answers.extend(fetcher)
        except error:
            assert not issubclass(error, Exception)
        answers.extend(fetcher)
        assert {type(answer.error) for answer in answers} == {error, type(None)}
        assert len(answers) == 2


# ---- close()

def test_close_in_a_thread_while_another_one_iterates():
    with stalling() as slow:
        fetcher = Fetcher()
        fetcher.fetch(f"{slow}{number}" for number in range(20))
        thread = threading.Timer(0.1, fetcher.close)
        thread.start()
        errors = [type(answer.error) for answer in fetcher]
        thread.join(PATIENCE)
        assert errors == [ConnectionAbortedError] * 20
        with pytest.raises(RuntimeError):
            fetcher.add(slow)


def test_answers_wait_for_a_close_that_another_thread_began(server):
    """next() neither ends too early nor begins a turn while close() is at work elsewhere."""
    with stalling() as slow:
        fetcher = Fetcher(per_host=3)
        for number in range(3):
            fetcher.add(f"{slow}{number}")
        for _ in range(2):      # The first turn begins to connect.
            fetcher.turn(0.05)
        begun, goes_on = threading.Event(), threading.Event()
        real = fetcher._opening.close_socket

        def close_socket(*arguments):
            begun.set()
            assert goes_on.wait(PATIENCE)
            real(*arguments)

        fetcher._opening.close_socket = close_socket
        thread = threading.Thread(target=fetcher.close)
        thread.start()
        assert begun.wait(PATIENCE)
        threading.Timer(0.1, goes_on.set).start()
        assert len(list(fetcher)) == 3
        thread.join(PATIENCE)
        assert fetcher.outstanding == 0


def test_answers_do_not_keep_the_fetcher(server):
    fetcher = Fetcher()
    fetcher.add(server.url)
    [answer] = fetcher
    gone = weakref.ref(fetcher)
    del fetcher
    gc.collect()
    assert gone() is None and answer.content == b"x"


def test_close_twice_and_iteration_after_it(server):
    fetcher = Fetcher()
    fetcher.add(server.url)
    fetcher.close()
    fetcher.close()
    assert [type(answer.error) for answer in fetcher] == [ConnectionAbortedError]
    assert list(fetcher) == []

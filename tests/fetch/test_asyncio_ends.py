# SPDX-License-Identifier: MIT
"""A Fetcher inside asyncio: cancellation, exceptions, and the end of loops and Fetchers."""

import asyncio
import contextlib
import gc
import os
import signal
import socket
import threading
import warnings
import weakref

import pytest

from httpclient import Fetcher, Request
from support.servers import PATIENCE, Server, nobody, ok, read_head
from support.tasks import anext_of, arrived, echoing, holding, until, url

pytestmark = pytest.mark.usefixtures("no_descriptor_left")


# --- cancellation ----------------------------------------------------------------------------

def stalled_in_connecting():
    """A listener whose queue is full, so that connections to it are neither made nor refused."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=0)
    filling = []
    for _ in range(4):
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex(listener.getsockname())
        filling.append(sock)
    stack = contextlib.ExitStack()
    for sock in [listener, *filling]:
        stack.enter_context(sock)
    return stack, listener.getsockname()[1]


def sleepy(sock):
    """Take the head of a request, and neither read on nor answer."""
    with sock.makefile("rb", 0) as file:
        head = read_head(file)
    if b"/partial" in head:
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhe")
    if b"/good" in head:
        sock.sendall(ok(b"good"))
    else:
        leaving.wait(PATIENCE)


leaving = threading.Event()


@pytest.mark.parametrize("stage", ["queued", "connecting", "sending", "waiting", "receiving"])
def test_cancellation_leaves_the_other_requests_alone(run, stage):
    async def main():
        with Fetcher(connections=3, per_host=2, timeout=PATIENCE) as fetcher:
            body = b"x" * 5_000_000 if stage == "sending" else None
            target = {"queued": url(server, "/queued"), "receiving": url(server, "/partial"),
                      "connecting": f"http://127.0.0.1:{port}/"}.get(stage, url(server))
            others = [asyncio.create_task(fetcher.fetch_one(url(server, "/partial")))]
            if stage == "queued":
                others.append(asyncio.create_task(fetcher.fetch_one(url(server, "/partial"))))
            await asyncio.sleep(0.05)
            task = asyncio.create_task(fetcher.fetch_one(Request("POST", target, body=body)))
            await asyncio.sleep(0.1)
            assert fetcher.outstanding == len(others) + 1
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            if stage != "queued":
                answer = await fetcher.fetch_one(url(server, "/good"))
                assert answer.content == b"good"
            await until(lambda: fetcher.outstanding == len(others))
            assert fetcher.open <= len(others) + 1
            assert not any(other.done() for other in others)
            for other in others:
                other.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            await until(lambda: not fetcher.outstanding)

    leaving.clear()
    stack, port = stalled_in_connecting()
    with stack, Server(sleepy) as server:
        try:
            run(main())
        finally:
            leaving.set()


def test_a_queued_request_begins_in_place_of_a_cancelled_one(run):
    async def main():
        with Fetcher(connections=1) as fetcher:
            first = asyncio.create_task(fetcher.fetch_one(url(server, "/held")))
            await arrived(server)
            second = asyncio.create_task(fetcher.fetch_one(url(server, "/second")))
            await asyncio.sleep(0)
            first.cancel()
            assert (await second).content == b"/second"

    with holding() as server:
        run(main())


def test_a_cancelled_wait_takes_no_answer_with_it(run):
    async def main():
        with Fetcher() as fetcher:
            fetcher.add(url(server, "/held"))
            waiting = [asyncio.create_task(anext_of(fetcher)) for _ in range(2)]
            await arrived(server)
            server.release.set()
            await until(lambda: fetcher.waiting or any(task.done() for task in waiting))
            # One of them has been woken, or takes the answer now.
            waiting[0].cancel()
            results = await asyncio.gather(*waiting, return_exceptions=True)
            answers = [r for r in results if not isinstance(r, BaseException)]
            answers += [answer async for answer in fetcher]
            assert [answer.content for answer in answers] == [b"/held"]

    with holding() as server:
        run(main())


def test_waits_that_time_out_leave_nothing_behind(run):
    async def main():
        with Fetcher() as fetcher:
            fetcher.add(url(server, "/held"))
            for _ in range(20):
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(anext_of(fetcher), 0.001)
            assert not fetcher._runner._waiters
            server.release.set()
            assert [answer.content async for answer in fetcher] == [b"/held"]

    with holding() as server:
        run(main())


# --- exceptions ------------------------------------------------------------------------------

def test_exception_of_an_iterable_comes_out_of_the_iteration(run):
    async def main():
        def requests():
            for _ in range(3):
                yield url(server)
            raise LookupError("mine")

        with Fetcher() as fetcher:
            fetcher.fetch(requests())
            statuses, errors = [], []
            while True:
                try:
                    statuses.append((await anext(fetcher)).status)
                except LookupError as error:
                    errors.append(error)
                except StopAsyncIteration:
                    break
            assert statuses == [200] * 3 and len(errors) == 1
            # Also if nothing else is under way.
            fetcher.fetch(iter(lambda: 1 / 0, None))
            with pytest.raises(ZeroDivisionError):
                await anext(fetcher)
            with pytest.raises(StopAsyncIteration):
                await anext(fetcher)

    with Server(echoing) as server:
        run(main())


def test_exception_of_a_sink_is_the_error_of_its_answer(run):
    async def main():
        def sink(content):
            raise LookupError("mine")

        with Fetcher() as fetcher:
            bad, good = await asyncio.gather(
                fetcher.fetch_one(Request("POST", url(server), body=b"x", sink=sink)),
                fetcher.fetch_one(Request("POST", url(server), body=b"y")))
            assert isinstance(bad.error, LookupError)
            assert good.content == b"y"

    with Server(echoing) as server:
        run(main())


def test_wrong_argument_raises_at_once(run):
    async def main():
        with Fetcher() as fetcher:
            with pytest.raises(TypeError):
                await fetcher.fetch_one(3)
            assert fetcher.outstanding == 0

    run(main())


def test_refused_connection(run):
    async def main():
        with Fetcher() as fetcher:
            answer = await fetcher.fetch_one(f"http://127.0.0.1:{port}/")
            assert isinstance(answer.error, ConnectionRefusedError)

    held, (_, port) = nobody()
    with held:
        run(main())


@pytest.mark.skipif(os.name == "nt", reason="needs os.kill() with SIGINT")
def test_interrupt_ends_asyncio_run(run):
    async def main():
        with Fetcher() as fetcher:
            for _ in range(3):
                fetcher.add(url(server, "/held"))
            fetchers.append(fetcher)
            async for _ in fetcher:
                pass

    def interrupt():
        for _ in range(3):
            server.arrived.acquire(timeout=PATIENCE)
        os.kill(os.getpid(), signal.SIGINT)

    fetchers = []
    with holding() as server:
        thread = threading.Thread(target=interrupt)
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            run(main())
        thread.join()
    [fetcher] = fetchers
    assert fetcher.closed
    assert [type(answer.error) for answer in fetcher] == [ConnectionAbortedError] * 3


# --- the end ---------------------------------------------------------------------------------

def test_close_wakes_those_who_wait(run):
    async def main():
        fetcher = Fetcher()
        fetcher.add(url(server, "/held"))
        one = asyncio.create_task(fetcher.fetch_one(url(server, "/held")))
        waiting = [asyncio.create_task(all_of(fetcher)) for _ in range(3)]
        await arrived(server, 2)
        fetcher.close()
        assert isinstance((await one).error, ConnectionAbortedError)
        answers = sum(await asyncio.gather(*waiting), [])
        assert [type(answer.error) for answer in answers] == [ConnectionAbortedError]
        with pytest.raises(RuntimeError, match="closed"):
            await fetcher.fetch_one(url(server))
        with pytest.raises(StopAsyncIteration):
            await anext(fetcher)

    async def all_of(fetcher):
        return [answer async for answer in fetcher]

    with holding() as server:
        run(main())


def test_close_in_another_thread(run):
    async def main():
        fetcher = Fetcher()
        one = asyncio.create_task(fetcher.fetch_one(url(server, "/held")))
        await arrived(server)
        await asyncio.to_thread(fetcher.close)
        assert isinstance((await one).error, ConnectionAbortedError)

    with holding() as server:
        run(main())


def test_one_loop_after_the_other(run):
    async def main():
        return (await fetcher.fetch_one(url(server))).reused

    with Server(echoing) as server, Fetcher() as fetcher:
        assert run(main()) is False
        assert run(main()) is True
        assert server.accepted == 1


def test_requests_go_on_in_the_next_loop(run):
    async def first():
        lost.append(asyncio.create_task(fetcher.fetch_one(url(server, "/lost"))))
        for path in ("/held", "/held", "/other"):
            fetcher.add(url(server, path))
        await arrived(server, 2)

    async def second():
        server.release.set()
        return sorted([answer.content async for answer in fetcher])

    lost = []
    with holding() as server, Fetcher() as fetcher:
        run(first())
        assert run(second()) == [b"/held", b"/held", b"/other"]
        assert fetcher.outstanding == 0


def test_two_loops_at_once_are_refused(run):
    async def main():
        await fetcher.fetch_one(url(server))
        with pytest.raises(RuntimeError, match="two asyncio loops"):
            await asyncio.to_thread(asyncio.run, fetcher.fetch_one(url(server)))
        assert (await fetcher.fetch_one(url(server))).status == 200

    with Server(echoing) as server, Fetcher() as fetcher:
        run(main())


def test_dropped_fetcher_is_closed(run):
    async def main():
        fetcher = Fetcher()
        await fetcher.fetch_one(url(server))
        gone = weakref.ref(fetcher)
        del fetcher
        for _ in range(100):
            gc.collect()
            if gone() is None:
                break
            await asyncio.sleep(0.01)
        assert gone() is None

    with Server(echoing) as server, warnings.catch_warnings():
        # The collector may finalize the sockets before the Fetcher.
        warnings.simplefilter("ignore", ResourceWarning)
        run(main())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork()")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_child_of_fork_uses_a_loop_of_its_own():
    async def main():
        await fetcher.fetch_one(url(server))
        child = os.fork()
        if child == 0:
            code = 1
            try:
                asyncio._set_running_loop(None)
                answer = asyncio.run(fetcher.fetch_one(url(server)))
                code = 0 if answer.status == 200 else 2
            finally:
                os._exit(code)
        assert os.waitpid(child, 0)[1] == 0
        assert (await fetcher.fetch_one(url(server))).reused

    with Server(echoing) as server, Fetcher() as fetcher:
        asyncio.run(main())

# SPDX-License-Identifier: MIT
"""A Fetcher inside asyncio: answers, exceptions, several tasks, and several loops."""

import asyncio
import sys

import pytest

from httpclient import Fetcher, Request
from support.servers import Server
from support.tasks import anext_of, arrived, echoing, holding, url

pytestmark = pytest.mark.usefixtures("no_descriptor_left")


# --- answers ---------------------------------------------------------------------------------

def test_answers_come_to_async_for_and_to_fetch_one(run):
    async def main():
        with Fetcher(connections=4) as fetcher:
            one = await fetcher.fetch_one(url(server, "/one"))
            for number in range(20):
                fetcher.add(url(server, f"/{number}"))
            many = {answer.getheader("X-Target") async for answer in fetcher}
            gathered = await asyncio.gather(*[
                fetcher.fetch_one(Request("POST", url(server), body=b"%d" % number))
                for number in range(20)])
            pulled = [answer.content async for answer in fetcher.fetch(
                Request("POST", url(server), body=b"%d" % number) for number in range(30))]
        assert one.status == 200
        assert many == {f"/{number}" for number in range(20)}
        assert [answer.content for answer in gathered] == [b"%d" % n for n in range(20)]
        assert sorted(pulled) == sorted(b"%d" % n for n in range(30))
        assert fetcher.outstanding == 0

    with Server(echoing) as server:
        run(main())


def test_tls(run, certificates):
    async def main():
        with Fetcher(ssl_context=certificates.client(), connections=3) as fetcher:
            answers = await asyncio.gather(*[
                fetcher.fetch_one(f"https://localhost:{server.port}/") for _ in range(9)])
        assert {(answer.status, answer.error) for answer in answers} == {(200, None)}

    with Server(echoing, tls=certificates.server()) as server:
        run(main())


def test_add_from_another_task_while_one_waits(run):
    async def main():
        with Fetcher() as fetcher:
            fetcher.add(url(server, "/held"))

            async def first():
                return await anext(fetcher)

            waiting = asyncio.create_task(first())
            await arrived(server)
            fetcher.add(url(server, "/added"))
            assert (await waiting).content == b"/added"
            waiting = asyncio.create_task(first())
            await asyncio.sleep(0)
            fetcher.fetch([url(server, "/pulled")])
            assert (await waiting).content == b"/pulled"
            server.release.set()
            assert [answer.content async for answer in fetcher] == [b"/held"]

    with holding() as server:
        run(main())


def test_add_from_another_thread_while_a_task_waits(run):
    async def main():
        with Fetcher() as fetcher:
            fetcher.add(url(server, "/held"))
            waiting = asyncio.create_task(anext_of(fetcher))
            await arrived(server)
            await asyncio.to_thread(fetcher.add, url(server, "/added"))
            assert (await waiting).content == b"/added"
            server.release.set()
            assert [answer.content async for answer in fetcher] == [b"/held"]

    with holding() as server:
        run(main())


def test_requests_that_were_added_before_the_loop(run):
    async def main():
        return [answer.status async for answer in fetcher]

    with Server(echoing) as server, Fetcher() as fetcher:
        fetcher.add(url(server))
        fetcher.fetch([url(server), url(server)])
        assert run(main()) == [200] * 3


def test_several_tasks_share_the_answers(run):
    async def main():
        async def take(number):
            async for answer in fetcher:
                taken.append(answer.getheader("X-Target"))
                if number % 2:
                    await asyncio.sleep(0)

        with Fetcher(connections=7) as fetcher:
            fetcher.fetch(url(server, f"/{number}") for number in range(200))
            await asyncio.gather(*map(take, range(5)))
        assert sorted(taken) == sorted(f"/{number}" for number in range(200))

    taken = []
    with Server(echoing) as server:
        run(main())


def test_a_slow_program_stops_the_iterable(run):
    async def main():
        with Fetcher(connections=2) as fetcher:
            answers = aiter(fetcher.fetch(requests()))
            await anext(answers)
            await asyncio.sleep(0.2)
            pulled = len(taken)
            # Those that wait, those that run and those that are complete.
            assert pulled <= 8
            for _ in range(20):
                await anext(answers)
            assert pulled < len(taken) <= 30

    def requests():
        while True:
            taken.append(1)
            yield url(server)

    taken = []
    with Server(echoing) as server:
        run(main())


def test_two_fetchers_in_one_loop(run):
    async def main():
        with Fetcher() as a, Fetcher() as b:
            a.fetch(url(server, f"/a{n}") for n in range(20))
            b.fetch(url(server, f"/b{n}") for n in range(20))

            async def all_of(fetcher):
                return [answer.getheader("X-Target")[1] async for answer in fetcher]

            assert await asyncio.gather(all_of(a), all_of(b)) == [["a"] * 20, ["b"] * 20]

    with Server(echoing) as server:
        run(main())


@pytest.mark.skipif(sys.version_info < (3, 12), reason="no eager tasks")
def test_eager_tasks(run):
    async def main():
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        with Fetcher() as fetcher:
            answers = await asyncio.gather(*[fetcher.fetch_one(url(server)) for _ in range(9)])
        assert {answer.status for answer in answers} == {200}

    with Server(echoing) as server:
        run(main())


def test_asynchronous_and_plain_iteration_mix(run):
    async def main():
        with Fetcher() as fetcher:
            fetcher.fetch([url(server)] * 3)
            await anext(fetcher)
            return fetcher

    with Server(echoing) as server, Fetcher() as fetcher:
        async def begin():
            for _ in range(3):
                fetcher.add(url(server))
            return (await anext(fetcher)).status

        assert run(begin()) == 200
        assert [answer.status for answer in fetcher] == [200, 200]


# --- timers ----------------------------------------------------------------------------------

def test_timers_fire(run):
    async def main():
        with Fetcher(timeout=0.1) as fetcher:
            answer = await fetcher.fetch_one(url(server, "/held"))
            assert isinstance(answer.error, TimeoutError)
            answer = await fetcher.fetch_one(Request("GET", url(server, "/held"), deadline=0.05))
            assert "deadline" in str(answer.error)
        loop = asyncio.get_running_loop()
        with Fetcher(delay=0.05) as fetcher:
            begun = loop.time()
            fetcher.fetch([url(server)] * 3)
            assert [answer.error async for answer in fetcher] == [None] * 3
            assert loop.time() - begun > 0.09

    with holding() as server:
        run(main())


def test_an_idle_connection_is_closed_in_time(run):
    async def main():
        with Fetcher(idle=0.05) as fetcher:
            await fetcher.fetch_one(url(server))
            assert fetcher.open == 1
            while fetcher.open:
                await asyncio.sleep(0.01)
                if type(fetcher._runner).__name__ == "ThreadRunner":
                    # Its thread has ended; the next one closes the connection.
                    await fetcher.fetch_one(url(server))
                    break

    with Server(echoing) as server:
        run(main())

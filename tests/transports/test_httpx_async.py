# SPDX-License-Identifier: MIT
"""AsyncHTTPTransport: many requests at once, streaming both ways, cancellation, and event loops."""

import asyncio
import gc
import socket
import threading
import tracemalloc

import pytest

httpx = pytest.importorskip("httpx", reason="httpx is not installed")

from httpclient.transports.httpx import AsyncHTTPTransport  # noqa: E402
from support.httpx_clients import url_of  # noqa: E402
from support.servers import (  # noqa: E402
    PATIENCE, Server, echo, nobody, ok, read_head, read_request, serving,
)
from support.tasks import LOOPS, runner_of  # noqa: E402

pytestmark = pytest.mark.usefixtures("no_descriptor_left")

MIB = 1024 * 1024


@pytest.fixture(params=LOOPS)
def run(request, monkeypatch):
    """A function like asyncio.run()."""
    return runner_of(request.param, monkeypatch)


def client(**options):
    options.setdefault("verify", False)
    return httpx.AsyncClient(
        transport=AsyncHTTPTransport(**options), timeout=PATIENCE, trust_env=False)


def echoing(sock):
    with sock.makefile("rb") as file:
        while request := read_request(file):
            sock.sendall(echo(request))


def test_many_requests_at_once(run):
    async def main():
        async with client(limits=httpx.Limits(max_connections=10)) as program:
            responses = await asyncio.gather(*[
                program.post(url_of(server), content=b"%d" % number) for number in range(100)])
        assert [response.content for response in responses] == [b"%d" % n for n in range(100)]

    with Server(echoing) as server:
        run(main())
    assert server.accepted <= 10


def test_tls_with_large_content(run, certificates):
    async def main():
        async with client(verify=certificates.client()) as program:
            async with program.stream("GET", url_of(server, scheme="https")) as response:
                content = bytearray()
                async for piece in response.aiter_raw():
                    content += piece
                    await asyncio.sleep(0)
            assert bytes(content) == large
            assert (await program.get(url_of(server, scheme="https"))).content == b"y"

    large = bytes(range(256)) * 12_000
    with serving(ok(large), ok(b"y"), tls=certificates.server()) as server:
        run(main())
        assert server.accepted == 1


def test_content_that_is_read_slowly_waits_at_the_server(run):
    def handle(sock):
        with sock.makefile("rb") as file:
            read_head(file)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (100 * MIB))
        for _ in range(100):
            sock.sendall(piece)
            sent.append(1)

    async def main():
        async with client() as program:
            async with program.stream("GET", url_of(server)) as response:
                await asyncio.sleep(0.2)
                # The rest is in the buffers of the two sockets.
                assert len(sent) < 30
                size = most = 0
                async for content in response.aiter_bytes():
                    size += len(content)
                    most = max(most, tracemalloc.get_traced_memory()[0])
            assert size == 100 * MIB
            return most

    piece, sent = b"x" * MIB, []
    with Server(handle) as server:
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            assert run(main()) - before < 4 * MIB
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize("known", [True, False])
def test_body_is_taken_as_it_is_sent(run, known):
    may_read = threading.Event()

    def handle(sock):
        with sock.makefile("rb") as file:
            head = read_head(file)
            assert may_read.wait(PATIENCE)
            size = 0
            if known:
                size = len(file.read(40 * MIB))
            else:
                while length := int(file.readline(), 16):
                    size += len(file.read(length))
                    file.readline()
                file.readline()
            sock.sendall(ok(b"%d" % size))
        assert (b"chunked" in head) is not known

    async def main():
        async def body():
            for _ in range(40):
                taken.append(1)
                yield piece

        async with client() as program:
            headers = {"Content-Length": str(40 * MIB)} if known else {}
            task = asyncio.create_task(
                program.post(url_of(server), content=body(), headers=headers))
            await asyncio.sleep(0.2)
            assert 0 < len(taken) < 20
            may_read.set()
            assert (await task).content == b"%d" % (40 * MIB)

    piece, taken = b"x" * MIB, []
    with Server(handle) as server:
        run(main())


def test_body_that_comes_slowly_is_under_no_timeout(run):
    async def main():
        async def body():
            for number in range(3):
                await asyncio.sleep(0.15)
                yield b"%d" % number

        async with client() as program:
            response = await program.post(url_of(server), content=body(), timeout=0.1)
            assert response.content == b"012"

    with Server(echoing) as server:
        run(main())


def test_body_is_not_taken_if_no_connection_is_made(run):
    async def main():
        async def body():
            taken.append(1)
            yield b"x"

        async with client(retries=1) as program:
            with pytest.raises(httpx.ConnectError):
                await program.post(f"http://127.0.0.1:{port}/", content=body())

    taken = []
    held, (_, port) = nobody()
    with held:
        run(main())
    assert not taken


@pytest.mark.parametrize("stage", ["head", "content", "body"])
def test_cancellation_closes_the_connection_of_its_request(run, stage):
    def handle(sock):
        with sock.makefile("rb") as file:
            head = read_head(file)
            if b"/good" in head:
                sock.sendall(ok(b"good"))
            elif b"/content" in head:
                sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhe")
            arrived.set()
            while file.read(65536):
                pass
            left.append(1)

    async def main():
        async def body():
            while True:
                yield b"x" * 65536
                await asyncio.sleep(0.01)

        async with client() as program:
            task = asyncio.create_task(program.request(
                "POST", url_of(server, f"/{stage}"), content=body() if stage == "body" else None))
            while not arrived.is_set():
                await asyncio.sleep(0.001)
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            while not left:
                await asyncio.sleep(0.001)
            assert (await program.get(url_of(server, "/good"))).content == b"good"
            assert program._transport._fetcher.outstanding == 0

    arrived, left = threading.Event(), []
    with Server(handle) as server:
        run(main())


def test_early_response_without_the_end_of_the_connection(run):
    def handle(sock):
        with sock.makefile("rb") as file:
            read_head(file)
            sock.sendall(ok(b"no", status="413 Too Large"))
            while file.read(65536):
                pass

    async def main():
        async def body():
            while True:
                yield b"x" * 65536

        async with client() as program:
            response = await program.post(url_of(server), content=body())
            assert (response.status_code, response.content) == (413, b"no")
            while program._transport._fetcher.open:
                await asyncio.sleep(0.001)

    with Server(handle) as server:
        run(main())


def test_write_timeout_after_the_head_of_an_early_response(run):
    def handle(sock):
        with sock.makefile("rb") as file:
            read_head(file)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhe")
        leave.wait(PATIENCE)

    async def main():
        async with client() as program:
            with pytest.raises(httpx.WriteTimeout):
                await program.post(url_of(server), content=b"x" * 20 * MIB,
                                   timeout=httpx.Timeout(PATIENCE, write=0.1))

    leave = threading.Event()
    with Server(handle) as server:
        run(main())
        leave.set()


def test_response_is_received_while_the_body_is_sent(run):
    # The server gives each piece back before it reads the next one.
    def handle(sock):
        with sock.makefile("rb") as file:
            read_head(file)
            sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while length := int(file.readline(), 16):
                sock.sendall(b"%X\r\n%b\r\n" % (length, file.read(length)))
                file.readline()
            file.readline()
            sock.sendall(b"0\r\n\r\n")

    async def main():
        async def body():
            for number in range(5):
                yield b"%d" % number
                await asyncio.sleep(0.001)

        async with client() as program:
            assert (await program.post(url_of(server), content=body())).content == b"01234"

    with Server(handle) as server:
        run(main())


def test_idle_connections_serve_the_next_loop(run):
    transport = AsyncHTTPTransport(verify=False)

    async def main(last=False):
        program = httpx.AsyncClient(transport=transport, trust_env=False)
        response = await program.get(url_of(server))
        if last:
            await program.aclose()
        return response.status_code

    with Server(echoing) as server:
        assert run(main()) == 200
        assert run(main(last=True)) == 200
        assert server.accepted == 1


def test_closing_the_transport_ends_a_response(run):
    def handle(sock):
        with sock.makefile("rb") as file:
            read_head(file)
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhe")
            file.read()

    async def main():
        program = client()
        async with program.stream("GET", url_of(server)) as response:
            pieces = response.aiter_raw()
            assert await anext(pieces) == b"he"
            await program._transport.aclose()
            with pytest.raises(httpx.ReadError):
                await anext(pieces)
        await program.aclose()

    with Server(handle) as server:
        run(main())


def test_socket_options_are_set(monkeypatch):
    def setsockopt(self, *option, real=socket.socket.setsockopt):
        options.append(option)
        return real(self, *option)

    async def main():
        async with client(socket_options=[option], local_address="127.0.0.1") as program:
            await program.get(url_of(server))

    options, option = [], (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    with serving(ok()) as server:
        monkeypatch.setattr(socket.socket, "setsockopt", setsockopt)
        asyncio.run(main())
    assert option in options


def test_request_that_cannot_be_written(run):
    async def main():
        async with client() as program:
            with pytest.raises(httpx.LocalProtocolError) as caught:
                await program.request("A\nB", url_of(server))
            assert isinstance(caught.value.__cause__, ValueError)
            assert program._transport._fetcher.outstanding == 0

    with serving() as server:
        run(main())


def test_another_event_loop_is_refused():
    transport = AsyncHTTPTransport(verify=False)
    coroutine = transport.handle_async_request(httpx.Request("GET", "http://localhost:1/"))
    with pytest.raises(RuntimeError, match="needs asyncio"):
        coroutine.send(None)
    asyncio.run(transport.aclose())


def test_exchanges_are_freed(run):
    async def main():
        async with client() as program:
            for _ in range(3):
                await program.post(url_of(server), content=b"x")
            # The thread of a poller without descriptor may end a moment later.
            while exchanges():
                await asyncio.sleep(0.01)

    def exchanges():
        gc.collect()
        return sum(type(found).__name__ == "_Exchange" for found in gc.get_objects())

    with Server(echoing) as server:
        run(main())

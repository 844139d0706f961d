# SPDX-License-Identifier: MIT
"""Many hosts that misbehave, for a Fetcher: an asyncio loop in a thread serves all of them.

A host is a name that Hosts.resolve() maps to one of few listeners on 127.0.0.1, one for each way
to behave, so a thousand hosts cost no descriptors.
"""

import asyncio
import contextlib
import inspect
import logging
import random
import socket
import ssl
import threading
from collections import Counter

import httpclient
from httpclient import Request

CONTENT = bytes(range(256)) * 8
HEAD = f"HTTP/1.1 200 OK\r\nContent-Length: {len(CONTENT)}\r\n\r\n".encode()
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
PAUSE = 0.02        # seconds between two pieces of what drips
SHORT = 0.6         # the longest deadline, in seconds, of a request to a host that may stall
LONG = 60.0         # that of one to a host that answers
SERVERS = 1000      # for each name
EXPECTED = (OSError, httpclient.HTTPException)
PATIENCE = 60       # seconds after which a connection ends whatever it does


async def request(reader):
    """Read a request with its body; return its method."""
    head = await reader.readuntil(b"\r\n\r\n")
    fields = head.lower().split(b"\r\ncontent-length: ")
    if len(fields) > 1:
        await reader.readexactly(int(fields[1].split(b"\r\n")[0]))
    elif b"\r\ntransfer-encoding: chunked" in head.lower():
        await reader.readuntil(b"0\r\n\r\n")
    return head.split(b" ")[0].decode()


async def flushed(writer, seconds=0):
    """Let the client go on; drain() alone does not wait if the connection is lost."""
    await writer.drain()
    await asyncio.sleep(seconds)


async def good(reader, writer):
    while True:
        method = await request(reader)
        writer.write(HEAD + (b"" if method == "HEAD" else CONTENT))


async def good_chunks(reader, writer):
    while True:
        method = await request(reader)
        writer.write(CHUNKED)
        if method != "HEAD":
            for at in range(0, len(CONTENT), 512):
                writer.write(b"200\r\n" + CONTENT[at:at + 512] + b"\r\n")
            writer.write(b"0\r\n\r\n")


async def good_until_close(reader, writer):
    method = await request(reader)
    writer.write(b"HTTP/1.0 200 OK\r\n\r\n" + (b"" if method == "HEAD" else CONTENT))


async def good_once(reader, writer):
    """Answer one request, and close the connection without saying so."""
    method = await request(reader)
    writer.write(HEAD + (b"" if method == "HEAD" else CONTENT))


async def closes(reader, writer):
    await request(reader)


async def closes_at_once(reader, writer):
    pass


async def resets(reader, writer):
    await request(reader)
    writer.transport.abort()


async def resets_second(reader, writer):
    method = await request(reader)
    writer.write(HEAD + (b"" if method == "HEAD" else CONTENT))
    await request(reader)
    writer.transport.abort()


async def resets_in_content(reader, writer):
    await request(reader)
    writer.write(HEAD + CONTENT[:100])
    await asyncio.sleep(PAUSE)
    writer.transport.abort()


async def stalls(reader, writer):
    await asyncio.sleep(PATIENCE)


async def stalls_in_head(reader, writer):
    await request(reader)
    writer.write(HEAD[:20])
    await asyncio.sleep(PATIENCE)


async def stalls_in_chunk(reader, writer):
    await request(reader)
    writer.write(CHUNKED + b"200\r\n" + CONTENT[:100])
    await asyncio.sleep(PATIENCE)


async def drip(writer, start, piece):
    writer.write(start)
    while not writer.transport.is_closing():
        writer.write(piece)
        await flushed(writer, PAUSE)


async def drips_head(reader, writer):
    await request(reader)
    await drip(writer, b"HTTP/1.1 200 OK\r\nX: ", b"x")


async def drips_interim(reader, writer):
    await request(reader)
    await drip(writer, b"", b"HTTP/1.1 102 Processing\r\n\r\n")


async def drips_content(reader, writer):
    await request(reader)
    await drip(writer, b"HTTP/1.1 200 OK\r\n\r\n", b"x")


async def too_short(reader, writer):
    await request(reader)
    writer.write(HEAD + CONTENT[:-1])


async def too_long(reader, writer):
    """Send bytes after the content."""
    method = await request(reader)
    writer.write(HEAD + (b"" if method == "HEAD" else CONTENT) + b"surplus")
    await asyncio.sleep(PATIENCE)


async def answers_twice(reader, writer):
    method = await request(reader)
    writer.write(2 * (HEAD + (b"" if method == "HEAD" else CONTENT)))
    await asyncio.sleep(PATIENCE)


async def answers_unasked(reader, writer):
    writer.write(HEAD + CONTENT)
    await asyncio.sleep(PATIENCE)


async def damages_chunks(reader, writer):
    await request(reader)
    writer.write(CHUNKED + b"200\r\n" + CONTENT[:512] + b"\r\nno size\r\n")
    await asyncio.sleep(PATIENCE)


async def babbles(reader, writer):
    await request(reader)
    writer.write(CONTENT)


async def floods_head(reader, writer):
    await request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while not writer.transport.is_closing():
        writer.write(b"X: " + b"x" * 1000 + b"\r\n")
        await flushed(writer)


async def floods_content(reader, writer):
    await request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while not writer.transport.is_closing():
        writer.write(bytes(16384))
        await flushed(writer)


BEHAVIOURS = [value for value in list(globals().values())
              if inspect.iscoroutinefunction(value) and value not in (request, drip, flushed)]
# They answer well, to each request.
GOOD = {"good", "good_chunks", "good_until_close", "good_once"}


class Hosts:
    """The listeners, by the name of their behaviour; `with` ends all of them.

    :param context: an ssl.SSLContext for a server, or None for no TLS.
    :param strange: another one, which a client does not trust.
    """

    def __init__(self, context=None, strange=None):
        self.ports = {}
        self._unused = socket.socket()
        self._unused.bind(("127.0.0.1", 0))
        self.ports["refuses"] = self._unused.getsockname()[1]
        self._contexts = [("", None)]
        if context is not None:
            self._contexts += [("tls_", context), ("strange_", strange)]
        self._servers = []
        self._loop = asyncio.new_event_loop()
        self._loop.set_debug(False)
        logging.getLogger("asyncio").disabled = True    # It reports what bad clients do.
        self._thread = threading.Thread(target=self._run, daemon=True)
        begun = threading.Event()
        self._loop.call_soon(lambda: asyncio.ensure_future(self._begin(begun), loop=self._loop))
        self._thread.start()
        assert begun.wait(PATIENCE)

    def _run(self):
        self._loop.set_exception_handler(lambda loop, context: None)
        self._loop.run_forever()

    async def _begin(self, begun):
        for prefix, context in self._contexts:
            for behaviour in BEHAVIOURS:
                if prefix == "strange_" and behaviour is not good:
                    continue
                server = await asyncio.start_server(
                    self._handler(behaviour), "127.0.0.1", 0, ssl=context, backlog=2000)
                self._servers.append(server)
                self.ports[prefix + behaviour.__name__] = server.sockets[0].getsockname()[1]
        begun.set()

    def _handler(self, behaviour):
        async def handle(reader, writer):
            try:
                await asyncio.wait_for(behaviour(reader, writer), PATIENCE)
            except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError, ssl.SSLError):
                pass
            finally:
                writer.close()
        return handle

    def resolve(self, host, port):
        """Return the address of a host: its name begins with the name of its behaviour."""
        port = self.ports[host.split(".")[0].replace("-", "_")]
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(PATIENCE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        with contextlib.suppress(RuntimeError):
            self._loop.close()
        self._unused.close()

    async def _end(self):
        for server in self._servers:
            server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


class Refused(Exception):
    """What a sink raises."""


class Requests:
    """Random requests to the hosts; `judge(answer)` looks at what came of each of them.

    `allowed` are further exceptions that any answer may have.
    """

    def __init__(self, hosts, seed, allowed=()):
        self.random = random.Random(seed)
        self.names = list(hosts.ports)
        self.allowed = allowed
        self.seen = Counter()       # number -> how often it came back

    def one(self, number, sink=None):
        """Return the Request of this number; its context says what judge() needs to know."""
        choice = self.random.choice
        name = choice(self.names)
        will_do = name.removeprefix("tls_") in GOOD
        secure = name.startswith(("tls_", "strange_"))
        if self.random.random() < 0.03:
            # TLS meets a plain server, or the other way round.
            secure, will_do = not secure, False
        sunk = []
        if sink is not None:
            will_do = False
        else:
            sink = choice([None, None, None, sunk.append, refuse])
            will_do = will_do and sink is not refuse
        method = choice(["GET", "GET", "GET", "HEAD", "POST", "PUT"])
        body = None
        if method in ("POST", "PUT"):
            body = choice([None, b"x" * 10, b"x" * 100_000, iter([b"x" * 1000] * 3)])
        return Request(
            method, f"http{'s' * secure}://{name.replace('_', '-')}.tls.example:"
                    f"{number % SERVERS + 1}/{number}",
            body=body, sink=sink, deadline=LONG if will_do else self.random.uniform(0.05, SHORT),
            context=(number, will_do, None if sink in (None, refuse) else sunk))

    def all(self, count):
        """Return an iterator of so many requests."""
        return map(self.one, range(count))

    def judge(self, answer):
        """Count an answer, and assert that it is what its host and its sink allow."""
        number, will_do, sunk = answer.request.context
        self.seen[number] += 1
        error = answer.error
        if error is not None:
            # A POST on a connection that has just been closed cannot be repeated.
            unlucky = answer.reused and isinstance(error, ConnectionError)
            fine = unlucky if will_do else isinstance(error, (*EXPECTED, Refused))
            assert fine or isinstance(error, self.allowed), (answer, error)
        elif will_do:
            content = answer.content if sunk is None else b"".join(sunk)
            assert answer.status == 200
            assert content == (b"" if answer.request.method == "HEAD" else CONTENT), answer

    def all_came_back(self, count):
        """Assert that each of so many requests came back once."""
        assert self.seen == dict.fromkeys(range(count), 1)


def refuse(content):
    raise Refused

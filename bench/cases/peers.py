# SPDX-License-Identifier: MIT
"""Other clients, those that are installed, on the same rows.

Each fetches one answer in full, which is compared with the fixture, before it is timed;
each is used as its manual says for many requests to one host, keeps its connection, looks
up one field and takes the whole content as bytes.  Content codings are not asked for, and
proxies of the environment are not looked for.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import io
import operator
import socket
from collections.abc import Callable
from contextlib import closing
from functools import partial
from importlib import metadata
from types import ModuleType
from typing import Any

from bench.cases.fixtures import CALLER_FIELDS, HOST, LOOKED_UP, Case
from bench.harness.measure import AnswersDiffer, Exchange, Makers

RECEIVE = 65536
PATIENCE = 60                   # seconds, for pools that want a number
KEPT = 3600                     # seconds that an idle connection is kept, where a client asks
FIELDS = {**CALLER_FIELDS, "Accept-Encoding": "identity"}

Answer = tuple[int, Any, Any]   # the status, the field that is looked up, the content
Fetch = Callable[[], Answer]
Close = Callable[[], object]
Seen = Callable[[Any], Any]     # what a caller wants to know of the fields

look_up = operator.itemgetter(LOOKED_UP)


class Callbacks:
    """The methods that httptools calls."""

    def __init__(self) -> None:
        self.fields: dict[bytes, bytes] = {}
        self.bodies: list[bytes] = []
        self.on_body = self.bodies.append
        self.done = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields[name.lower()] = value

    def on_message_complete(self) -> None:
        self.done = True


def of_httptools(httptools: ModuleType, case: Case, port: int) -> tuple[Fetch, Close]:
    """A socket, the parser, and a request that was made before."""
    sock = socket.create_connection((HOST, port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    request, buffer = case.request(port), bytearray(4 * RECEIVE)
    view, looked_up = memoryview(buffer), LOOKED_UP.lower().encode()

    def fetch() -> Answer:
        sock.sendall(request)
        callbacks = Callbacks()
        parser = httptools.HttpResponseParser(callbacks)
        while not callbacks.done:
            got = sock.recv_into(buffer)
            if not got:
                raise AnswersDiffer("httptools: the server hung up")
            parser.feed_data(view[:got])
        value = callbacks.fields[looked_up].decode("latin-1")
        return parser.get_status_code(), value, b"".join(callbacks.bodies)

    return fetch, sock.close


def pycurl_handle(pycurl: ModuleType, where: str) -> Any:
    """Return a handle for GET requests to this URL."""
    handle = pycurl.Curl()
    handle.setopt(pycurl.URL, where)
    handle.setopt(pycurl.HTTPHEADER, [f"{name}: {value}" for name, value in FIELDS.items()])
    handle.setopt(pycurl.NOPROXY, "*")
    return handle


def of_pycurl(pycurl: ModuleType, case: Case, port: int) -> tuple[Fetch, Close]:
    handle = pycurl_handle(pycurl, url(case, port))
    if case.upload is not None:
        handle.setopt(pycurl.POSTFIELDS, case.upload)

    def fetch() -> Answer:
        content = io.BytesIO()
        handle.setopt(pycurl.WRITEDATA, content)
        handle.perform()
        return (handle.getinfo(pycurl.RESPONSE_CODE), handle.getinfo(pycurl.CONTENT_TYPE),
                content.getvalue())

    return fetch, handle.close


def of_geventhttpclient(library: ModuleType, case: Case, port: int) -> tuple[Fetch, Close]:
    client = library.HTTPClient(HOST, port, concurrency=1, connection_timeout=PATIENCE,
                                network_timeout=PATIENCE)

    def fetch() -> Answer:
        response = client.request(case.method, case.target, body=case.upload or b"",
                                  headers=FIELDS)
        return response.status_code, response[LOOKED_UP], bytes(response.read())

    return fetch, client.close


def of_urllib3(urllib3: ModuleType, case: Case, port: int,
               seen: Seen = look_up) -> tuple[Fetch, Close]:
    pool = urllib3.HTTPConnectionPool(HOST, port, maxsize=1)

    def fetch() -> Answer:
        response = pool.request(case.method, case.target, body=case.upload, headers=FIELDS)
        return response.status, seen(response.headers), response.data

    return fetch, pool.close


def of_session(session: Any, case: Case, port: int,
               seen: Seen = look_up) -> tuple[Fetch, Close]:
    """requests and httpx."""
    upload = {} if case.upload is None else {
        "data" if type(session).__module__.startswith("requests") else "content": case.upload}

    def fetch() -> Answer:
        response = session.request(case.method, url(case, port), headers=FIELDS, **upload)
        return response.status_code, seen(response.headers), response.content

    return fetch, session.close


def of_requests(requests: ModuleType, case: Case, port: int,
                seen: Seen = look_up) -> tuple[Fetch, Close]:
    session = requests.Session()
    session.trust_env = False
    return of_session(session, case, port, seen)


def of_httpx(httpx: ModuleType, case: Case, port: int) -> tuple[Fetch, Close]:
    return of_session(httpx.Client(trust_env=False), case, port)


def of_aiohttp(aiohttp: ModuleType, case: Case, port: int) -> tuple[Fetch, Close]:
    loop = asyncio.new_event_loop()

    async def start() -> Any:
        return aiohttp.ClientSession()

    session = loop.run_until_complete(start())

    async def one() -> Answer:
        async with session.request(case.method, url(case, port), data=case.upload,
                                   headers=FIELDS) as response:
            return response.status, response.headers[LOOKED_UP], await response.read()

    def close() -> None:
        loop.run_until_complete(session.close())
        loop.close()

    return lambda: loop.run_until_complete(one()), close


def of_pyreqwest(_: ModuleType, case: Case, port: int) -> tuple[Fetch, Close]:
    client = importlib.import_module("pyreqwest.client").SyncClientBuilder().no_proxy().build()

    def fetch() -> Answer:
        request = client.request(case.method, url(case, port)).headers(FIELDS)
        if case.upload is not None:
            request = request.body_bytes(case.upload)
        response = request.build().send()
        return response.status, response.headers[LOOKED_UP], response.bytes()

    return fetch, client.close


PEERS = {
    "httptools": of_httptools,
    "pycurl": of_pycurl,
    "geventhttpclient": of_geventhttpclient,
    "urllib3": of_urllib3,
    "requests": of_requests,
    "httpx": of_httpx,
    "aiohttp": of_aiohttp,
    "pyreqwest": of_pyreqwest,
}


def url(case: Case, port: int) -> str:
    return f"http://{HOST}:{port}{case.target}"


def installed() -> dict[str, str]:
    """Return peer -> version for those that can be imported."""
    found = {}
    for name in PEERS:
        try:
            importlib.import_module(name)
        except ImportError:
            continue
        found[name] = metadata.version(name)
    return found


class Peer:
    """A peer with a connection of its own; `of` makes it from its module."""

    def __init__(self, of: Callable[..., tuple[Fetch, Close]], module: str, *how: Any) -> None:
        self._fetch, self._close = of(importlib.import_module(module), *how)

    def answer(self) -> tuple[int, Any, str]:
        """Do one exchange and return the whole answer, for comparison."""
        status, value, content = self._fetch()
        return status, value, hashlib.blake2b(content).hexdigest()

    def exchange(self) -> Exchange:
        fetch = self._fetch

        def exchange() -> tuple[int, Any, int]:
            status, value, content = fetch()
            return status, value, len(content)

        return exchange

    def close(self) -> None:
        self._close()


def runs(case: Case) -> bool:
    """Return True if the row is for peers, too: they have no buffers, lines, limits or TLS."""
    return not (case.buffer_size or case.lines or case.timeout or case.deadline or case.tls
                or case.getheaders)


def makers(case: Case, port: int) -> Makers:
    """Return all installed peers, after each has got the right answer."""
    found: Makers = {}
    for name in installed():
        make = partial(Peer, PEERS[name], name, case, port)
        with closing(make()) as peer:
            check(peer, name, case)
        found[name] = make
    return found


def check(peer: Peer, name: str, case: Case) -> None:
    """Compare one answer with the fixture."""
    lines = case.wire.head.decode("ascii").split("\r\n")[1:-2]
    expected = 200, dict(line.split(": ", 1) for line in lines)[LOOKED_UP], case.wire.digest()
    if (answer := peer.answer()) != expected:
        raise AnswersDiffer(f"{case.name}: {name}: got {answer}, not {expected}")

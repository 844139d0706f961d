# SPDX-License-Identifier: MIT
"""httpx.AsyncClient on a transport, with the methods of httpx.Client."""

import asyncio

import httpx

from support.servers import PATIENCE


class AsyncProgram:
    """An httpx.AsyncClient in a loop of its own; its methods run the loop until they return."""

    def __init__(self, transport, *, timeout=PATIENCE, **options):
        options.setdefault("verify", False)
        self._transport = transport(**options)
        self._timeout = timeout

    def __enter__(self):
        self._runner = asyncio.Runner()
        self._client = httpx.AsyncClient(
            transport=self._transport, timeout=self._timeout, trust_env=False)
        return self

    def __exit__(self, *args):
        self.run(self._client.aclose())
        self._runner.close()

    def run(self, coroutine):
        return self._runner.run(coroutine)

    def build_request(self, *args, **keywords):
        return self._client.build_request(*args, **keywords)

    def send(self, request):
        return self.run(self._client.send(request))

    def request(self, method, url, *, content=None, **keywords):
        if hasattr(content, "__next__"):
            content = _asynchronous(content)
        return self.run(self._client.request(method, url, content=content, **keywords))

    def get(self, url, **keywords):
        return self.request("GET", url, **keywords)

    def post(self, url, **keywords):
        return self.request("POST", url, **keywords)

    def stream(self, method, url, **keywords):
        return _Streamed(self, self._client.stream(method, url, **keywords))


class _Streamed:
    def __init__(self, program, context):
        self._program = program
        self._context = context

    def __enter__(self):
        self._response = self._program.run(self._context.__aenter__())
        return self

    def __exit__(self, *args):
        self._program.run(self._context.__aexit__(*args))

    @property
    def status_code(self):
        return self._response.status_code

    def read(self):
        return self._program.run(self._response.aread())

    def iter_raw(self):
        pieces = self._response.aiter_raw()

        async def following():
            return await anext(pieces, None)

        while (piece := self._program.run(following())) is not None:
            yield piece


async def _asynchronous(pieces):
    for piece in pieces:
        yield piece

# SPDX-License-Identifier: MIT
"""asyncio loops for tests: asyncio's own and uvloop, by descriptor and by thread."""

import asyncio
import contextlib

import pytest

import httpclient.fetcher
from httpclient._fetch.poller import SelectPoller
from support.servers import PATIENCE

with contextlib.suppress(ImportError):
    import uvloop

    # Its first loop opens a pipe for signals that stays.
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as _runner:
        _runner.run(asyncio.sleep(0))

LOOPS = ["asyncio", "debug", "uvloop", "thread"]


def runner_of(name, monkeypatch):
    """Return a function like asyncio.run() for a name of LOOPS.

    "thread" is for a poller without a descriptor, so a thread takes the turns of the Fetcher.
    """
    factory = None
    if name == "uvloop":
        factory = pytest.importorskip("uvloop", reason="uvloop is not installed").new_event_loop
    elif name == "thread":
        monkeypatch.setattr(httpclient.fetcher, "pollers", lambda: [SelectPoller])

    def run(main):
        async def patient():
            return await asyncio.wait_for(main, PATIENCE)

        with asyncio.Runner(debug=name == "debug", loop_factory=factory) as runner:
            return runner.run(patient())

    return run

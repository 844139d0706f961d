# SPDX-License-Identifier: MIT
"""A Fetcher inside an asyncio loop.

Where the poller has a descriptor, the loop looks at it, so a batch of events costs one callback.
Elsewhere (Windows, gevent) a thread takes the turns, and wakes the loop.
"""
from __future__ import annotations

import asyncio
import math
import threading
from collections import deque

# Two times that differ by fewer seconds are the same.
_GRAIN = 0.001

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Runner:
    """Takes the turns of a Fetcher in callbacks of an asyncio loop.

    :param fetcher: the Fetcher.
    :param descriptor: what fileno() of its poller returns.
    """

    def __init__(self, fetcher: Any, descriptor: int | None) -> None:
        self.loop = asyncio.get_running_loop()
        self._fetcher = fetcher
        self._descriptor = descriptor
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._soon: asyncio.Handle | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = math.inf
        self._watch()

    def _watch(self) -> None:
        self.loop.add_reader(self._descriptor, self._turn)

    def usable(self) -> bool:
        """Return True in the loop that this Runner belongs to.

        Raises RuntimeError in another loop if that one is running still.
        """
        if self.loop is asyncio.get_running_loop():
            return True
        if self.loop.is_running():
            raise RuntimeError("a Fetcher is used in two asyncio loops at once")
        self.stop()
        return False

    def stop(self) -> None:
        """Take no more turns."""
        for handle in (self._soon, self._timer):
            if handle is not None:
                handle.cancel()
        self._soon = self._timer = None
        self._timer_at = math.inf
        if not self.loop.is_closed():
            self._unwatch()
            self._wake_all()

    def _unwatch(self) -> None:
        self.loop.remove_reader(self._descriptor)

    def soon(self) -> None:
        """Take a turn soon, because something has been added."""
        if self._soon is None:
            self._soon = self.loop.call_soon(self._turn)

    def finished(self, future: asyncio.Future[Any], answer: Any) -> None:
        """Give an answer to the one who waits for it."""
        if not future.done():
            future.set_result(answer)

    async def wait(self) -> None:
        """Wait until something may have happened."""
        future = self.loop.create_future()
        self._waiters.append(future)
        self.soon()
        try:
            await future
        finally:
            if not future.done() or future.cancelled():
                try:
                    self._waiters.remove(future)
                except ValueError:
                    pass

    def _turn(self) -> None:
        """Take a turn, and wake those who wait for answers."""
        fetcher = self._fetcher
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
        try:
            fetcher.turn(0)
        except Exception as error:
            self._fail(error)
        if fetcher.waiting or not fetcher.outstanding:
            self._wake_all()
        when = self.loop.time() + fetcher.next_wake()
        # An earlier timer does no harm, and a new one for each turn would cost more.
        if when < self._timer_at - _GRAIN:
            if self._timer is not None:
                self._timer.cancel()
            self._timer_at = when
            self._timer = self.loop.call_at(when, self._on_time)

    def _on_time(self) -> None:
        self._timer = None
        self._timer_at = math.inf
        self._turn()

    def _fail(self, error: Exception) -> None:
        """Raise an exception, such as that of an iterable, where an answer is awaited."""
        while self._waiters:
            future = self._waiters.popleft()
            if not future.done():
                future.set_exception(error)
                return
        self.loop.call_exception_handler({
            "message": "an exception in a turn of a Fetcher", "exception": error})

    def _wake_all(self) -> None:
        while self._waiters:
            future = self._waiters.popleft()
            if not future.done():
                future.set_result(None)


class ThreadRunner(Runner):
    """Takes the turns of a Fetcher in a thread of its own, which ends when nothing is left."""

    _thread: threading.Thread | None = None

    def _watch(self) -> None:
        self._lock = threading.Lock()

    def _unwatch(self) -> None:
        pass

    def soon(self) -> None:
        """See to it that a thread takes turns."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="httpclient fetcher", daemon=True)
                self._thread.start()

    def finished(self, future: asyncio.Future[Any], answer: Any) -> None:
        """Give an answer to the one who waits for it, in another thread."""
        self._call(super().finished, future, answer)

    def _call(self, function: Any, *arguments: Any) -> None:
        try:
            self.loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:
            pass        # The loop is closed.

    def _run(self) -> None:
        fetcher = self._fetcher
        while True:
            try:
                fetcher.turn(math.inf)
            except Exception as error:
                self._call(self._fail, error)
            if fetcher.waiting or not fetcher.outstanding:
                self._call(self._wake_all)
            with self._lock:
                if not (fetcher.outstanding or fetcher.pulling):
                    self._thread = None
                    return

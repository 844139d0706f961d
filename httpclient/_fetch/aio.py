# SPDX-License-Identifier: MIT
"""A Fetcher inside an asyncio loop.

Where the poller has a descriptor, the loop looks at it, so a batch of events costs one callback.
Elsewhere (Windows, gevent) a thread takes the turns, and wakes the loop.

A program that waits in ``async for`` waits for a future in `_waiters`.  Each turn wakes as many of
them as there are answers.
"""
from __future__ import annotations

import asyncio
import math
import threading
import weakref
from collections import deque

# Two times that differ by fewer seconds are the same.
_GRAIN = 0.001
# A poller that fails so often in a row will not bring an answer any more.  No more exceptions than
# that are kept.
_FAILURES = 100

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Runner:
    """Takes the turns of a Fetcher in callbacks of an asyncio loop.

    :param fetcher: the Fetcher, which is not kept alive.
    :param descriptor: what fileno() of its poller returns.

    Raises NotImplementedError if the loop cannot look at descriptors.
    """

    def __init__(self, fetcher: Any, descriptor: int | None) -> None:
        self.loop = asyncio.get_running_loop()
        self._fetcher = weakref.ref(fetcher)
        self._descriptor = descriptor
        self._thread_id = threading.get_ident()
        self._waiters: deque[asyncio.Future[None]] = deque()
        # Exceptions from turns, such as that of an iterable of requests, for `async for`.
        self.failures: deque[Exception] = deque()
        self._soon: asyncio.Handle | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = math.inf
        self._watch(fetcher)
        fetcher.announce = self.soon
        self.soon()

    def _watch(self, fetcher: Any) -> None:
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
        self.end()
        return False

    def stop(self) -> None:
        """Take no more turns."""
        if (fetcher := self._fetcher()) is not None:
            fetcher.announce = None
        # The descriptor is closed next, so this cannot wait until the loop runs.
        if not self.loop.is_closed():
            self.loop.remove_reader(self._descriptor)

    def busy(self) -> bool:
        """Return True if a turn is under way in another thread."""
        return False

    def stop_other_thread(self) -> bool:
        """Stop a thread that takes turns, unless it is this one; return True if it was stopped."""
        return False

    def join(self) -> None:
        """Wait for the end of the turn that is under way, if another thread takes it."""

    def end(self) -> None:
        """Wake all who wait, after stop()."""
        self.call(self._end)

    def _end(self) -> None:
        for handle in (self._soon, self._timer):
            if handle is not None:
                handle.cancel()
        self._soon = self._timer = None
        self._timer_at = math.inf
        self._wake(len(self._waiters))

    # ---- for the Fetcher, in any thread

    def soon(self) -> None:
        """Take a turn soon, because there is something to begin."""
        if threading.get_ident() != self._thread_id:
            if (fetcher := self._fetcher()) is not None:
                fetcher._wake()
        elif self._soon is None and not self.loop.is_closed():
            self._soon = self.loop.call_soon(self._on_soon)

    def call(self, function: Any, *arguments: Any) -> None:
        """Call a function in the loop; here at once if possible, because turns are taken here."""
        if threading.get_ident() == self._thread_id:
            function(*arguments)
        else:
            self._call_later(function, *arguments)

    def _call_later(self, function: Any, *arguments: Any) -> None:
        try:
            self.loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:
            pass        # The loop is closed.

    def finished(self, future: asyncio.Future[Any], answer: Any) -> None:
        """Give an answer to the task that waits for it."""
        if threading.get_ident() != self._thread_id:
            self._call_later(_give, future, answer)
        elif not future.done():
            try:
                future.set_result(answer)
            except RuntimeError:
                pass        # The loop is closed, so the task will never go on.

    # ---- in the loop

    async def wait(self) -> None:
        """Wait until something may have happened."""
        if (fetcher := self._fetcher()) is not None and fetcher.starving:
            self._feed()
            if fetcher.waiting or self.failures:
                return
        del fetcher
        future = self.loop.create_future()
        self._waiters.append(future)
        try:
            await future
        except BaseException:
            if future.done() and not future.cancelled():
                # The task was cancelled after it was woken.
                self._wake(1)
            elif future in self._waiters:
                self._waiters.remove(future)
            raise

    def _wake(self, most: int) -> None:
        """Wake so many of those who wait."""
        while most > 0 and self._waiters:
            future = self._waiters.popleft()
            if not (future.done() or self.loop.is_closed()):
                future.set_result(None)
                most -= 1

    def _wake_for(self, answers: int, outstanding: int) -> None:
        """Wake as many as there are answers; all of them if no more will come."""
        if answers or not outstanding or self.failures:
            self._wake(answers if outstanding and not self.failures else len(self._waiters))

    def _feed(self) -> None:
        """Begin the requests for which there is room now that the answers have been taken."""
        self._start()

    def _on_soon(self) -> None:
        self._soon = None
        self._start()

    def _start(self) -> None:
        """Begin what can be begun."""
        if (fetcher := self._fetcher()) is not None:
            self._run_in_loop(fetcher, fetcher.start)

    def _turn(self) -> None:
        """Take a turn, because the descriptor can be read or a timer is due."""
        if (fetcher := self._fetcher()) is not None:
            self._run_in_loop(fetcher, fetcher.turn, 0)

    def _run_in_loop(self, fetcher: Any, step: Any, *arguments: Any) -> None:
        if fetcher.closed:
            return
        try:
            step(*arguments)
        except Exception as error:
            self._fail(fetcher, error)
            if len(self.failures) < _FAILURES:
                self.soon()     # Otherwise __anext__() calls it, once it has taken one.
        finally:
            # Also after a KeyboardInterrupt, because asyncio may run the loop again.
            if not fetcher.closed:
                self._wake_for(fetcher.waiting, fetcher.outstanding)
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

    def _fail(self, fetcher: Any, error: Exception) -> None:
        """Keep the exception of a turn for those who wait for answers."""
        self.failures.append(error)
        if fetcher.failed_polls >= _FAILURES:
            fetcher.close()


def _give(future: asyncio.Future[Any], answer: Any) -> None:
    if not future.done():
        future.set_result(answer)


class ThreadRunner(Runner):
    """Takes the turns of a Fetcher in a thread of its own, which ends when nothing is left.

    Meanwhile the thread keeps the Fetcher alive.
    """

    _thread: threading.Thread | None = None

    def _watch(self, fetcher: Any) -> None:
        self._lock = threading.Lock()
        self._stopped = False
        fetcher.deferring = True

    def stop(self) -> None:
        """Take no more turns; wait for the end of the one that is under way."""
        self._stopped = True
        self.join()
        if (fetcher := self._fetcher()) is not None:
            fetcher.announce = None
            fetcher.deferring = False

    def busy(self) -> bool:
        """Return True if a turn is under way, which may bring an exception still."""
        return self._thread is not None

    def stop_other_thread(self) -> bool:
        """Stop the thread, unless it is this one; return True if it was stopped."""
        if self._thread is threading.current_thread():
            return False
        self.stop()
        self.end()
        return True

    def join(self) -> None:
        """Wait for the end of the thread, after stop() or while the Fetcher is closed."""
        with self._lock:
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            if (fetcher := self._fetcher()) is not None:
                fetcher._wake()
            thread.join()

    def soon(self) -> None:
        """See to it that the thread takes a turn."""
        with self._lock:
            if self._thread is None and not self._stopped:
                self._thread = threading.Thread(
                    target=self._run, name="httpclient fetcher", daemon=True)
                self._thread.start()
                return
        if (fetcher := self._fetcher()) is not None:
            fetcher._wake()

    _feed = soon

    def finished(self, future: asyncio.Future[Any], answer: Any) -> None:
        """Give an answer to the task that waits for it."""
        self._call_later(_give, future, answer)

    def call(self, function: Any, *arguments: Any) -> None:
        """Call a function in the loop."""
        self._call_later(function, *arguments)

    def _run(self) -> None:
        fetcher = self._fetcher()
        if fetcher is None:
            return
        step = fetcher.start
        ended = False
        while not ended:
            try:
                step()
                step = self._wait_and_go_on
            except Exception as error:
                self._fail(fetcher, error)
                step = fetcher.start
            with self._lock:
                ended = (self._stopped or fetcher.closed or len(self.failures) >= _FAILURES
                         or not (fetcher.outstanding or fetcher.pulling))
                if ended:
                    self._thread = None
            self._call_later(self._wake_for, fetcher.waiting, fetcher.outstanding)

    def _wait_and_go_on(self) -> None:
        fetcher = self._fetcher()
        if fetcher is not None:
            fetcher.turn(math.inf)


def runner_for(fetcher: Any, descriptor: int | None) -> Runner:
    """Return a Runner for the running asyncio loop."""
    if descriptor is not None:
        try:
            return Runner(fetcher, descriptor)
        except NotImplementedError:
            pass        # asyncio's own loop on Windows has no add_reader().
    return ThreadRunner(fetcher, None)

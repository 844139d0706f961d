# SPDX-License-Identifier: MIT
"""The addresses of hosts, found by threads, because getaddrinfo() blocks.

The threads begin when there is something to look up, and end when there is nothing left.  They are
daemon threads: a lookup that hangs does not keep the interpreter from ending.
"""
from __future__ import annotations

import errno
import socket
import threading
from collections import deque

from .._request.dialing import _system_resolver, interleaved, resolved

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from .._common.hints import Resolver

    Found: TypeAlias = list[tuple[Any, ...]] | BaseException

# The most threads of one object.
THREADS = 8
# The most hosts whose addresses are kept.
MOST_KNOWN = 10_000
# The seconds for which a failure is kept.
FAILURE_TTL = 1.0


class Addresses:
    """Finds the addresses of hosts, and keeps them for some time.

    :param resolver: a function of host and port that returns tuples like getaddrinfo()'s, and is
        called in other threads; None means getaddrinfo().
    :param ttl: the seconds for which addresses are kept (float).
    :param clock: a function that returns the time in seconds.
    :param notify: a function of (host, port, found) that is called in another thread at the end of
        each lookup.  `found` is what find() returns.
    """

    def __init__(self, resolver: Resolver | None, ttl: float, clock: Callable[[], float],
                 notify: Callable[[str, int, Found], object]) -> None:
        self._resolver = resolver
        self._ttl = ttl
        self._clock = clock
        self._notify: Callable[[str, int, Found], object] | None = notify
        self.begin()

    def begin(self) -> None:
        """Begin without addresses and threads.  A forked child has to call it."""
        # A signal handler may call close() in the middle of find().
        self._lock = threading.RLock()
        self._known: dict[tuple[str, int], tuple[float, Found]] = {}
        self._queue: deque[tuple[str, int]] = deque()
        self._pending: set[tuple[str, int]] = set()     # queued, or being looked up
        self._threads = 0

    def find(self, host: str, port: int) -> Found | None:
        """Return the addresses of a host if they are known, in the order in which to try them.

        Returns an exception if there are none, and None if a lookup is under way, whose end
        notify() tells.  All callers share one lookup.
        """
        key = host, port
        known = self._known.get(key)
        if known is not None and known[0] > self._clock():
            return known[1]
        # The resolver of a connection is asked for numeric addresses, too.
        if self._resolver is None and (found := _numeric(host, port)) is not None:
            with self._lock:
                self._keep(key, found)
            return found
        with self._lock:
            known = self._known.get(key)
            if known is not None and known[0] > self._clock():
                return known[1]     # A thread has found it meanwhile.
            if key not in self._pending:
                # In this order: what is pending has to be queued, even if a signal handler raises.
                self._queue.append(key)
                self._pending.add(key)
            if self._threads < min(THREADS, len(self._pending)):
                try:
                    _start(self._work)
                except RuntimeError as error:
                    if not self._threads:
                        self._queue.clear()
                        self._pending.clear()
                        return OSError(errno.EAGAIN, f"cannot look up {host!r}: {error}")
                else:
                    self._threads += 1
        return None

    def close(self) -> None:
        """Begin no more lookups, and tell the end of none."""
        with self._lock:
            self._notify = None
            self._queue.clear()
            self._pending.clear()
            self._known.clear()

    # ---- in other threads

    def _work(self):
        """Look up what is queued."""
        try:
            while (key := self._next()) is not None:
                self._look_up(key)
        except BaseException:
            with self._lock:
                self._threads -= 1
                if self._queue:
                    # find() may have counted on this thread.
                    _start(self._work)
                    self._threads += 1
            raise

    def _next(self):
        """Return the next key, or None; then the thread has to end."""
        with self._lock:
            if self._queue:
                return self._queue.popleft()
            # In the same step, so that find() starts a thread for what it adds after it.
            self._threads -= 1
            return None

    def _look_up(self, key):
        try:
            found = interleaved(resolved(self._resolver or _system_resolver, *key))
        except BaseException as error:
            found = _without_frames(error)
        with self._lock:
            notify = self._notify
            if notify is not None:
                self._pending.discard(key)
                self._keep(key, found)
        if notify is not None:
            notify(*key, found)

    def _keep(self, key, found):
        """Keep what was found, and forget the oldest of what has expired or is too much."""
        now = self._clock()
        ttl = min(self._ttl, FAILURE_TTL) if isinstance(found, BaseException) else self._ttl
        known = self._known
        known.pop(key, None)
        known[key] = now + ttl, found
        while len(known) > MOST_KNOWN or known and known[next(iter(known))][0] <= now:
            del known[next(iter(known))]


def _numeric(host, port):
    """Return the addresses of a host that is a numeric address, or None for a name."""
    if not (":" in host or host[-1:].isdigit()):
        return None
    try:
        return socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM, 0, socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return None


def _start(work):
    """Start a daemon thread, or any other where the interpreter allows no daemon threads."""
    try:
        thread = threading.Thread(target=work, name="httpclient resolver", daemon=True)
    except RuntimeError:
        thread = threading.Thread(target=work, name="httpclient resolver", daemon=False)
    thread.start()


def _without_frames(error):
    """Return an exception whose tracebacks, and with them the variables of frames, are gone."""
    chain = [error]
    for link in chain:
        link.__traceback__ = None
        chain += [other for other in (link.__cause__, link.__context__)
                  if other is not None and all(other is not known for known in chain)]
    return error

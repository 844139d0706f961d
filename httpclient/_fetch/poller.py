# SPDX-License-Identifier: MIT
"""One interface over epoll(), kqueue(), poll() and select().

A poller has these functions; `events` and `mask` are combinations of READABLE and WRITABLE:

- `register(fd, events)`, `modify(fd, events)` and `unregister(fd)`.  Unregister a descriptor
  before you close it.
- `poll(seconds)` returns a list of (fd, mask), each descriptor once at most, after waiting until
  there is one.  If there are more than BATCH, epoll() leaves the others for the next calls, in
  turn.  None waits as long as it takes, and 0 or more no longer than that (at most a day).  A mask
  may have other bits, too, or no other than these: the descriptor has an error, which the next call
  of the socket raises or returns.
- `batch` is that number, or -1 if there is none.
- `fileno()` returns a descriptor that can be read when poll() has something to return, or None.
- `close()`.

All of them but kqueue() and select() are the system's own bound methods, because a Python function
in between would take longer than they do.
"""
from __future__ import annotations

import select
import time
from functools import partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    Poller: TypeAlias = "EpollPoller | KqueuePoller | PollPoller | SelectPoller"

# The numbers that they have in epoll() and poll(), on every system.
READABLE = 1
WRITABLE = 4
# With few events at a time, the objects of the answers are freed and used again while they are in
# the processor's cache.
BATCH = 32


def _no_descriptor() -> None:
    """Do fileno() or close() for a poller without a descriptor."""


class EpollPoller:
    """Waits with epoll(): Linux."""

    batch = BATCH
    register: Callable[[int, int], None]
    modify: Callable[[int, int], None]
    unregister: Callable[[int], None]
    poll: Callable[[float | None], list[tuple[int, int]]]
    fileno: Callable[[], int]
    close: Callable[[], None]

    def __init__(self) -> None:
        epoll = select.epoll()
        self.register, self.modify = epoll.register, epoll.modify
        self.unregister, self.poll = epoll.unregister, partial(epoll.poll, maxevents=BATCH)
        self.fileno, self.close = epoll.fileno, epoll.close


class KqueuePoller:
    """Waits with kqueue(): macOS and the BSDs."""

    batch = -1
    fileno: Callable[[], int]
    close: Callable[[], None]

    def __init__(self) -> None:
        kqueue = select.kqueue()
        self._control = kqueue.control
        self.fileno, self.close = kqueue.fileno, kqueue.close
        self._filters = (READABLE, select.KQ_FILTER_READ), (WRITABLE, select.KQ_FILTER_WRITE)
        self._registered = {}       # descriptor -> events

    def register(self, fd: int, events: int) -> None:
        """Begin to wait for events of a descriptor."""
        self._change(fd, 0, events)

    def modify(self, fd: int, events: int) -> None:
        """Wait for other events of a descriptor."""
        self._change(fd, self._registered[fd], events)

    def unregister(self, fd: int) -> None:
        """Wait no longer for events of a descriptor."""
        self._change(fd, self._registered[fd], 0)
        del self._registered[fd]

    def _change(self, fd, before, after):
        changes = [
            select.kevent(fd, number, select.KQ_EV_ADD if after & event else select.KQ_EV_DELETE)
            for event, number in self._filters if (before ^ after) & event]
        if changes:
            self._control(changes, 0, 0)
        self._registered[fd] = after

    def poll(self, seconds: float | None) -> list[tuple[int, int]]:
        """Return the descriptors that have events, and their masks."""
        masks = {}
        # A descriptor has an event for each of its filters.
        for event in self._control(None, 2 * len(self._registered) + 1, seconds):
            bit = READABLE if event.filter == select.KQ_FILTER_READ else WRITABLE
            masks[event.ident] = masks.get(event.ident, 0) | bit
        return list(masks.items())


class PollPoller:
    """Waits with poll(): any Unix."""

    batch = -1
    register: Callable[[int, int], None]
    modify: Callable[[int, int], None]
    unregister: Callable[[int], None]

    def __init__(self) -> None:
        poll = select.poll()
        self.register, self.modify, self.unregister = poll.register, poll.modify, poll.unregister
        self._poll = poll.poll

    fileno = close = staticmethod(_no_descriptor)

    def poll(self, seconds: float | None) -> list[tuple[int, int]]:
        """Return the descriptors that have events, and their masks."""
        # Python rounds milliseconds up.
        return self._poll(None if seconds is None else seconds * 1000)


class SelectPoller:
    """Waits with select(): Windows, and gevent.  It may have a limit of few descriptors."""

    batch = -1
    def __init__(self) -> None:
        self._reads = set()
        self._writes = set()

    fileno = close = staticmethod(_no_descriptor)

    def register(self, fd: int, events: int) -> None:
        """Begin to wait for events of a descriptor."""
        (self._reads.add if events & READABLE else self._reads.discard)(fd)
        (self._writes.add if events & WRITABLE else self._writes.discard)(fd)

    modify = register

    def unregister(self, fd: int) -> None:
        """Wait no longer for events of a descriptor."""
        self.register(fd, 0)

    def poll(self, seconds: float | None) -> list[tuple[int, int]]:
        """Return the descriptors that have events, and their masks."""
        if not (self._reads or self._writes):
            # Windows would raise an error.
            if seconds is not None:
                time.sleep(seconds)
            return []
        # Windows notes a failure to connect as an exceptional condition.
        reads, writes, failures = select.select(self._reads, self._writes, self._writes, seconds)
        masks = dict.fromkeys(reads, READABLE)
        for fd in {*writes, *failures}:
            masks[fd] = masks.get(fd, 0) | WRITABLE
        return list(masks.items())


# The best one comes first.  gevent takes away what it cannot replace.
_CLASSES = {"epoll": EpollPoller, "kqueue": KqueuePoller, "poll": PollPoller,
            "select": SelectPoller}


def pollers() -> list[type[Poller]]:
    """Return the classes that work on this system, the best one first."""
    return [cls for name, cls in _CLASSES.items() if hasattr(select, name)]

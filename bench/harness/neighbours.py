# SPDX-License-Identifier: MIT
"""Other programs on the machine, and precedence over them.

A client that waits for its answer gives up its core.  Another program that runs there meanwhile
leaves cold caches, and the client pays for them.  So the bench asks the kernel for precedence,
which only root gets, and a round in which other programs had more than a little of the machine
counts as disturbed.  Only Linux tells how much they had: elsewhere no round is disturbed.
"""

from __future__ import annotations

import os
import time

DISTURBED = 0.15                # share of one core: with more for the neighbours, a round is
PAUSE = 0.25                    # seconds between two looks, while waiting
STAT = "/proc/stat"


def take_precedence(awake: bool = False) -> bool:
    """Ask for precedence over all other programs; return True if the system grants it.

    A client that waits a lot gets its core back at once (measured on a busy machine: an
    exchange took 65 µs in place of 730).  Pass `awake` for a process that never sleeps, which
    must not keep the core for itself alone, or that has threads of its own.
    """
    try:
        if awake:
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
            os.setpriority(os.PRIO_PROCESS, 0, -20)
        else:
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except (AttributeError, OSError):
        return False
    return True


def give_back_precedence() -> None:
    """Return to the scheduling of ordinary programs."""
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def machine_seconds() -> float | None:
    """CPU time that all cores together have spent since the start, stolen time included."""
    try:
        with open(STAT, encoding="ascii") as file:
            user, nice, system, _idle, _wait, irq, soft, steal = file.readline().split()[1:9]
    except (OSError, ValueError):
        return None
    return sum(map(int, (user, nice, system, irq, soft, steal))) / os.sysconf("SC_CLK_TCK")


def process_seconds(pid: int) -> float:
    """CPU time of another process so far."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        user, system = file.read().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


class Neighbours:
    """All processes but this one, its children that have ended, and those of `family`."""

    def __init__(self, *family: int) -> None:
        self.family = list(family)      # the server, and other children: ids of processes
        self.known = machine_seconds() is not None
        self.watch()

    def _spent(self) -> float:
        if not self.known:
            return 0.0
        times = os.times()
        ours = times.user + times.system + times.children_user + times.children_system
        return machine_seconds() - ours - sum(map(process_seconds, self.family))

    def watch(self) -> None:
        """Start a new measurement."""
        self._since, self._before = time.perf_counter(), self._spent()

    def share(self) -> float:
        """Return how much of one core they have had since watch(); 2.0 is two cores."""
        elapsed = max(time.perf_counter() - self._since, 1e-3)
        return max(self._spent() - self._before, 0.0) / elapsed

    def disturbed(self) -> bool:
        return self.known and self.share() > DISTURBED

    def wait(self, patience: float) -> bool:
        """Wait for a quiet moment; return False if none came in `patience` seconds."""
        deadline = time.perf_counter() + patience
        while self.known:
            self.watch()
            time.sleep(PAUSE)
            if not self.disturbed():
                break
            if time.perf_counter() > deadline:
                return False
        return True

# SPDX-License-Identifier: MIT
"""Raises an exception at the nth step that httpclient's Python code takes.

A step is a line that begins, a function that is entered, a call into C, and its return: where
a signal handler, a lack of memory or another thread's exception may come in.
"""
import contextlib
import dis
import gc
import os
import sys

import httpclient

FOLDER = os.path.dirname(httpclient.__file__) + os.sep
EVENTS = {"line", "call", "c_call", "c_return"}
HARMLESS = {dis.opmap["NOP"], dis.opmap["POP_EXCEPT"]}
# Where CPython looks for signals, apart from loops.  Elsewhere an exception may skip the end of a
# `with` block: in the line of a `try`, and before the call of __exit__().
SIGNALS = {"call", "c_return"}


class Stop(BaseException):
    """What is raised unless a test says something else."""


def in_finalizer(frame):
    """Return True if what is raised here would not come out."""
    while frame is not None and frame.f_code.co_name != "__del__":
        frame = frame.f_back
    return frame is not None


def never_raises(frame, event):
    """Return True if a line begins with an instruction at which nothing can be raised.

    CPython does not expect it: if the line is within an `except` clause, as a `continue` or an
    inner `try:`, CPython 3.11 would handle the clause's exception for ever.  Each later exception
    of the thread would have it as its context.
    """
    return event == "line" and frame.f_code.co_code[frame.f_lasti] in HARMLESS


class Injection:
    """While it is active, raises at step number `at`; `steps` are those that were taken."""

    def __init__(self, at, error=Stop, events=EVENTS):
        self.at = at
        self.events = events
        self.error = error
        self.steps = 0
        self.where = None       # the file and line that it was raised in

    @property
    def done(self):
        """True if the exception was raised."""
        return self.where is not None

    def _step(self, frame, event, arg):
        if self.done or event not in self.events:
            return
        # The lock that such a call has taken would never be released.
        enters = event == "c_return" and arg.__name__ == "__enter__"
        if not enters and frame.f_code.co_filename.startswith(FOLDER):
            self.steps += 1
            if (self.steps >= self.at and not in_finalizer(frame)
                    and not never_raises(frame, event)):
                while frame.f_code.co_filename.endswith("stand_ins.py"):
                    frame = frame.f_back    # the method that is called, of a connection or response
                name = os.path.basename(frame.f_code.co_filename)
                self.where = f"{name}:{frame.f_lineno} {frame.f_code.co_name} ({event})"
                raise self.error("injected")

    def _trace(self, frame, event, arg):
        if event == "line":
            self._step(frame, event, arg)
        return self._trace

    def __enter__(self):
        sys.setprofile(self._step)
        sys.settrace(self._trace)
        return self

    def __exit__(self, *args):
        sys.settrace(None)
        sys.setprofile(None)


def each_step(error=Stop, most=3000, events=EVENTS):
    """Injections for the first step, the second and so on, until one has nothing to do."""
    for at in range(1, most):
        injection = Injection(at, error, events)
        yield injection
        if not injection.done:
            return
    raise AssertionError(f"more than {most} steps")


def descriptors_beyond(before):
    """Return the open descriptors that are not in `before`, an earlier list of /proc/self/fd.

    CPython 3.13 keeps a frame where a trace function raises, until the next garbage collection.
    """
    if set(os.listdir("/proc/self/fd")) - set(before):
        gc.collect()
    return set(os.listdir("/proc/self/fd")) - set(before)


@contextlib.contextmanager
def tolerated(injection):
    """Suppress the injected exception, or the one that was raised in its place."""
    try:
        with injection:
            yield
    except BaseException:
        if not injection.done:
            raise

# SPDX-License-Identifier: MIT
"""Check a caller's deadline; see also _core/deadline.pyx.

A deadline is a real number of seconds of any type, also a Fraction or Decimal.  Infinity is no
limit.  A deadline of 0 or less has passed at once: a caller that computes the rest of its own time
budget expects a TimeoutError then.
"""
import math


def seconds_of(deadline, name="deadline"):
    """Return a deadline in seconds as a float, which is infinite for no limit.

    Raises TypeError unless it is a real number (a bool is not), and ValueError for NaN; `name` is
    the argument's name in their texts.
    """
    kind = type(deadline)
    if kind is bool or not (hasattr(kind, "__float__") or hasattr(kind, "__index__")):
        raise TypeError(f"{name} should be a number of seconds or None, got {deadline!r}")
    try:
        seconds = float(deadline)
    except OverflowError:
        seconds = math.inf if deadline > 0 else -math.inf
    if math.isnan(seconds):
        raise ValueError(f"{name} should be a number of seconds, got {deadline!r}")
    return seconds


def checked_deadline(deadline):
    """Return a connection's deadline in seconds (float), or None for no limit."""
    if deadline is None or (seconds := seconds_of(deadline)) == math.inf:
        return None
    return seconds

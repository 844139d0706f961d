# SPDX-License-Identifier: MIT
"""The audit events of http.client."""
import contextlib
import functools
import sys


@functools.cache
def the_auditor():
    return Auditor()


class Auditor:
    """Hooks cannot be removed: one for all tests, which listens only inside `with`."""

    def __init__(self):
        self.events = None
        sys.addaudithook(self.hook)

    def hook(self, name, args):
        if self.events is not None and name.startswith("http.client."):
            self.events.append((name, *args))

    @contextlib.contextmanager
    def listening(self, events=None):
        self.events = [] if events is None else events
        try:
            yield self.events
        finally:
            self.events = None

# SPDX-License-Identifier: MIT
"""Answers without a Fetcher: made of a request and the bytes of a response."""

import httpclient
from httpclient._fetch.answer import Answer


class Done(Answer):
    """An Answer whose parts are given, and not taken from C."""

    __slots__ = ("given", "feed", "error", "content", "reused", "times")

    def __init__(self, given, wire=None, error=None, times=(0.0,) * 8):
        method = "GET" if isinstance(given, str) else given.method
        self.given, self.error, self.times = given, error, times
        self.feed, self.content, self.reused = None, b"", False
        if wire is not None:
            self.feed = httpclient.ResponseParser(method)
            self.content = self.feed.feed(wire)

    def moments(self):
        return list(self.times)


def redirecting(given, location, status=302):
    """Return the Answer to a request that redirects to a Location (str in Latin-1, or a list)."""
    locations = [location] if isinstance(location, str) else location
    lines = "".join([f"Location: {location}\r\n" for location in locations])
    wire = f"HTTP/1.1 {status} Moved\r\nContent-Length: 0\r\n{lines}\r\n"
    return Done(given, wire.encode("latin-1"))

# SPDX-License-Identifier: MIT
"""Responses that are fed to a ResponseParser.

FedResponse is a ResponseParser in the clothes of HTTPResponse, for tests that read a response.  It
feeds the parser piece by piece: up to the head in begin(), and then as long as a read wants more.
What the parser has by then is kept and counted, so that `length` and the like are what they would
be if nothing had been fed ahead.
"""

import httpclient

OK = b"HTTP/1.1 200 OK\r\n"
HELLO = OK + b"A: b\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
CHUNKS = CHUNKED + b"5\r\nhello\r\n7;a=b\r\n, world\r\n0\r\nT: u\r\n\r\n"


def fed(data, size=None, end=False, **arguments):
    """(parser, content) of these octets in pieces of `size`."""
    parser, content = httpclient.ResponseParser(**arguments), b""
    for at in range(0, len(data), size or len(data)):
        if not parser.complete:
            content += parser.feed(data[at:at + (size or len(data))])
    return parser, content + (parser.end() if end else b"")


class FedResponse:
    """The response in these bytes, cut by `cuts` as in support.arrive."""

    def __init__(self, data, cuts, method=None, **options):
        self._data = data
        self._cuts = cuts
        self._at = 0
        self._had = bytearray()     # content that has not been read
        self._ended = False         # whether a read has reached the end
        self._made = {"method": method, **options}
        self.parser = httpclient.ResponseParser(**self._made)
        self.closed = False

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        self.closed = True

    def __getattr__(self, name):
        return getattr(self.parser, name)

    # ---- feeding

    def step(self):
        """The next piece, or the end of the stream."""
        at = self._at
        if at == len(self._data):
            return self.parser.end()
        self._at = min(self._cuts(at), len(self._data))
        return self.parser.feed(self._data[at:self._at])

    def begin(self, *, _max_headers=None):
        if _max_headers is not None:
            self.parser = httpclient.ResponseParser(
                **self._made, max_response_headers=_max_headers)
        while self.parser.status is None:
            try:
                self._had += self.step()
            except httpclient.HTTPException as error:
                if self.parser.status is None:
                    raise
                self._later = error.with_traceback(None)    # of the content: for the first read
        return self

    _later = None

    def left(self):
        """What is not part of the message; None where it has not been read to its end."""
        if not self.parser.complete:
            return None
        return self.parser.surplus + self._data[self._at:]

    # ---- what HTTPResponse has

    @property
    def code(self):
        return self.parser.status

    @property
    def msg(self):
        return self.parser.headers

    @property
    def incomplete(self):
        return self.parser.failed

    @property
    def length(self):
        left = self.parser.length
        return None if left is None else left + len(self._had)

    @property
    def chunk_left(self):
        return None if self.parser.chunked else "UNKNOWN"

    def isclosed(self):
        return self._ended

    def read(self, amt=None):
        if self._ended:
            return b""
        wants_all = amt is None or amt < 0
        try:
            if self._later:
                later, self._later = self._later, None
                try:
                    raise later
                finally:
                    del later   # or the two would keep each other
            while not self.parser.complete and (wants_all or len(self._had) < amt):
                self._had += self.step()
        except httpclient.IncompleteRead as error:
            self._ended = True
            error.partial = bytes(self._had) + error.partial
            error.args = (error.partial,)
            raise
        except httpclient.HTTPException:
            self._ended = True
            raise
        size = len(self._had) if wants_all else amt
        content = bytes(self._had[:size])
        del self._had[:size]
        self._ended = self.parser.complete and not self._had and (wants_all or amt > len(content))
        if self.length == 0 and self.parser.complete:
            self._ended = True
        return content

    def readinto(self, buffer):
        with memoryview(buffer) as whole, whole.cast("B") as space:
            content = self.read(len(space))
            space[:len(content)] = content
            return len(content)

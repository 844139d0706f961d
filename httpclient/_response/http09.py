# SPDX-License-Identifier: MIT
"""HTTP/0.9: a response without a head, over a file that is not httpclient's own Reader."""


class PushedBack:
    """A file whose next bytes are `line`, the beginning of an HTTP/0.9 response."""

    def __init__(self, line, file):
        self._line = line
        self._file = file

    # The methods are those of a binary file.  Other attributes are the file's own.

    def read(self, n=-1):
        line, self._line = self._line, b""
        if n is None or n < 0:
            return line + self._file.read()
        if n <= len(line):
            self._line = line[n:]
            return line[:n]
        return line + self._file.read(n - len(line))

    def read1(self, n=-1):
        if not self._line:
            return self._file.read1(n)
        return self.read(len(self._line) if n < 0 else min(n, len(self._line)))

    def readinto(self, b):
        data = self.read(len(b))
        b[:len(data)] = data
        return len(data)

    def peek(self, n=-1):
        return self._line or self._file.peek(n)

    def readline(self, limit=-1):
        if not self._line:
            return self._file.readline(limit)
        return self.read(len(self._line) if limit < 0 else min(limit, len(self._line)))

    def __getattr__(self, name):
        return getattr(self._file, name)

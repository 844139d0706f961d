# SPDX-License-Identifier: MIT
"""The running interpreter's http.client, told what newer versions of it answer.

httpclient gives the newest behaviour on every interpreter; a test that compares the two needs a
stdlib that does so too.  Each method here adds one such point to the inherited code and changes
nothing where the interpreter already has it.  Of the policy only one rule is here, because so many
wires begin with it: all interim responses are skipped.
"""

import http.client

MAX_INTERIM = 100

HTTPException = http.client.HTTPException


class HTTPResponse(http.client.HTTPResponse):
    """http.client's, as of Python 3.15."""

    def _read_status(self):
        """Skips every interim response; http.client alone skips `100 Continue` only."""
        for _ in range(MAX_INTERIM + 1):
            version, status, reason = super()._read_status()
            if not 100 <= status < 200 or status == 101:
                return version, status, reason
            while self.fp.readline(http.client._MAXLINE + 1) not in (b"\r\n", b"\n", b""):
                pass
        raise HTTPException(f"got more than {MAX_INTERIM} interim responses")

    def read(self, amt=None):
        """A negative amount means all: since 3.14.5."""
        return super().read(None if amt is not None and amt < 0 else amt)

    def read1(self, n=-1):
        """The end of the content closes the file: since 3.13."""
        result = super().read1(n)
        self._close_at_end()
        return result

    def readline(self, limit=-1):
        """The end of the content closes the file: since 3.13."""
        result = super().readline(limit)
        self._close_at_end()
        return result

    def _close_at_end(self):
        if self.fp is not None and self.length == 0 and not self.chunked \
                and self._method != "HEAD":
            self._close_conn()


class HTTPConnection(http.client.HTTPConnection):
    """http.client's, with the response class above."""

    response_class = HTTPResponse

# SPDX-License-Identifier: MIT
"""Peak memory of decoding a bomb: little input that decodes to very much.

    python -m isolated.bombs CODINGS LIBRARY SIZE FILE

CODINGS is the value of Content-Encoding, and LIBRARY the module that decodes the first of them.
SIZE is the bytes of a read, -1 for one read of all, or 0 for Decoder.feed() of all.  FILE has the
content.  The answer is a JSON object: how far the peak of the resident memory grew in bytes, the
length of the content, and the name of the exception that ended it.
"""

import contextlib
import gc
import io
import json
import sys
from pathlib import Path

from httpclient.decoding import Decoder, DecodingError, decoded
from support import codings
from support.memory import resident


class Response(io.BytesIO):
    """What decoded() needs of a response."""

    def __init__(self, content, coding):
        super().__init__(content)
        self.coding = coding

    def getheader(self, name):
        return self.coding


def read(content, coding, size, count=None):
    """Read all of the content, or `count` times; return its length and the exception's name."""
    length, error = 0, None
    if not size:
        decoder = Decoder(coding)
        return len(decoder.feed(content)) + len(decoder.end()), None
    file = decoded(Response(content, coding))
    try:
        while count != 0 and (piece := file.read(size)):
            length += len(piece)
            count = count and count - 1
    except DecodingError as caught:
        error = type(caught).__name__
        length += len(caught.partial)
    return length, error


def forget_peak():
    """Let the peak begin anew, where the system can do that."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def main():
    coding, library, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
    wire = Path(sys.argv[4]).read_bytes()
    with codings.decoded_by(coding.split(", ")[0], library):
        read(wire, coding, 1000, 1)         # What the libraries keep in any case.
        gc.collect()
        forget_peak()
        before = resident("VmHWM")
        length, error = read(wire, coding, size)
    json.dump({"grown": resident("VmHWM") - before, "length": length, "error": error}, sys.stdout)


if __name__ == "__main__":
    main()

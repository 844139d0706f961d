# SPDX-License-Identifier: MIT
"""Peak memory of a Fetcher: fetches a URL several times at once, and says what that took.

    python -m isolated.fetched_peak URL COUNT sink|content

The result is a JSON object: the size of each content, the names of the errors, and how far the
peaks of the resident memory and of the address space grew, in bytes.
"""

import json
import sys

import httpclient
from support.memory import resident


class Counting:
    """A sink that counts."""

    size = 0

    def write(self, piece):
        assert piece.count(b"x") == len(piece), "not the server's content"
        self.size += len(piece)


def main():
    url, count, where = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    sizes, errors, kept = [], [], []
    with httpclient.Fetcher(connections=count, per_host=count) as fetcher:
        fetcher.add(httpclient.Request("HEAD", url))
        list(fetcher)
        before, space_before = resident("VmHWM"), resident("VmPeak")
        for _ in range(count):
            sink = Counting() if where == "sink" else None
            fetcher.add(httpclient.Request("GET", url, sink=sink))
        for answer in fetcher:
            sink = answer.request.sink
            sizes.append(len(answer.content) if sink is None else sink.size)
            errors.append(type(answer.error).__name__)
            kept.append(answer.content)
        grown, space = resident("VmHWM") - before, resident("VmPeak") - space_before
    json.dump({"sizes": sizes, "errors": errors, "grown": grown, "space": space}, sys.stdout)


if __name__ == "__main__":
    main()

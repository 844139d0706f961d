# SPDX-License-Identifier: MIT
"""Scripts that read a response to its end: each a generator of what the single calls gave.

A script never reads on after an exception, and stops by itself: the content of the wires is
small.  EXACT scripts see the same steps however the bytes arrive; what the calls of a LOOSE one
give depends on what has arrived, so that over a real socket only their sum can be compared.
INNER scripts use what http.client calls private and others use all the same.
"""

import io

# More calls than the smallest wires have bytes: a read that never ends must not hang the tests.
CALLS = 20_000


def until_empty(call, *args):
    """Calls until nothing comes back; the empty result is yielded too."""
    for _ in range(CALLS):
        got = call(*args)
        yield got
        if not got:
            return
    raise AssertionError("no end of content")


def into(response, size):
    """readinto() as a call that gives bytes."""
    space = bytearray(size)
    got = response.readinto(space)
    assert not any(space[got:]), "wrote after the bytes that it announced"
    return bytes(space[:got])


def read(response):
    yield response.read()


def read_none(response):
    yield response.read(None)


def read_minus_one(response):
    yield response.read(-1)


def read_nothing_first(response):
    yield response.read(0)
    yield response.read()


def read_again(response):
    yield response.read()
    yield response.read()
    yield response.read(5)
    yield into(response, 5)
    yield response.read1(5)
    yield response.readline()


def reads_of(size):
    def script(response):
        yield from until_empty(response.read, size)
    return script


def readinto_of(size):
    def script(response):
        yield from until_empty(into, response, size)
    return script


def readinto_nothing_first(response):
    yield into(response, 0)
    yield from until_empty(into, response, 8)


def growing_reads(response):
    for size in range(1, CALLS):
        got = response.read(size)
        yield got
        if not got:
            return


def few_then_all(response):
    yield response.read(3)
    yield response.read()


def readline(response):
    yield from until_empty(response.readline)


def readline_of(size):
    def script(response):
        yield from until_empty(response.readline, size)
    return script


def readline_nothing_first(response):
    yield response.readline(0)
    yield response.readline()
    yield response.read()


def iteration(response):
    for line in response:
        yield line
    yield response.read()


def readlines(response):
    yield b"|".join(response.readlines())


def mixed(response):
    yield response.read(2)
    yield into(response, 3)
    yield response.readline()
    yield response.read(1)
    yield response.readline(4)
    yield into(response, 1)
    yield response.read()


def under_a_buffer(response):
    """As a raw stream below io.BufferedReader."""
    reader = io.BufferedReader(response, 16)
    try:
        yield from until_empty(reader.read, 7)
    finally:
        reader.detach()


def read1_of(size):
    def script(response):
        yield from until_empty(response.read1, size)
    return script


def read1(response):
    yield from until_empty(response.read1)


def read1_nothing_first(response):
    yield response.read1(0)
    yield response.read1(2)
    yield response.read()


def read1_and_read(response):
    for _ in range(CALLS):
        got = response.read1(3)
        yield got
        more = response.read(2)
        yield more
        if not got and not more:
            return


def under_text(response):
    """As the stream below io.TextIOWrapper, which calls read1()."""
    text = io.TextIOWrapper(response, "latin-1", newline="")
    try:
        yield text.read(5).encode("latin-1")
        yield text.read().encode("latin-1")
    finally:
        text.detach()


def peeked(response, call, *args):
    """A call and, before it, a peek that must show what the call then gives."""
    seen = response.peek()
    got = call(*args)
    common = min(len(seen), len(got))
    assert seen[:common] == got[:common], (seen, got)
    return got


def peek_and_read(response):
    yield from until_empty(peeked, response, response.read, 4)


def peek_and_read1(response):
    yield from until_empty(peeked, response, response.read1, 4)


def peek_and_readline(response):
    yield from until_empty(peeked, response, response.readline)


def peek_and_all(response):
    yield peeked(response, response.read)


def safe_reads(response):
    """_safe_read() of pieces, where the length is known; else as read()."""
    left = response.length
    piece = max(4, (left or 0) // 20)
    if response.chunked or left is None:
        yield response.read()
        return
    while left:
        size = min(left, piece)
        yield response._safe_read(size)
        left -= size


def chunk_by_chunk(response):
    """_get_chunk_left() and _safe_read(), as subclasses of HTTPResponse do; else as read()."""
    if not response.chunked or response._method == "HEAD":
        yield response.read()
        return
    while (left := response._get_chunk_left()) is not None:
        yield response._safe_read(left)
        response.chunk_left = 0


def chunks_by_hand(response):
    """Lines and pieces straight from `fp`, as urllib3 reads chunks; else as read()."""
    if not response.chunked or response._method == "HEAD":
        yield response.read()
        return
    while size := int(response.fp.readline(65537).split(b";")[0], 16):
        yield response._safe_read(size)
        if response._safe_read(2) != b"\r\n":
            raise ValueError("no CRLF behind chunk data")
    while response.fp.readline(65537) not in (b"\r\n", b"\n", b""):
        pass
    response.close()


EXACT = {
    "read": read,
    "read(None)": read_none,
    "read(-1)": read_minus_one,
    "read(0), read": read_nothing_first,
    "read, and again": read_again,
    **{f"read({size})": reads_of(size) for size in (1, 2, 3, 5, 7, 64, 5000)},
    **{f"readinto({size})": readinto_of(size) for size in (1, 4, 9, 5000)},
    "readinto(0), readinto(8)": readinto_nothing_first,
    "growing reads": growing_reads,
    "read(3), read": few_then_all,
    "readlines": readlines,
    "under BufferedReader": under_a_buffer,
}

# readline() of a chunked body goes through peek(), which not every file has.
LINES = {
    "readline": readline,
    "readline(1)": readline_of(1),
    "readline(6)": readline_of(6),
    "readline(0), readline, read": readline_nothing_first,
    "iteration": iteration,
    "mixed": mixed,
}

LOOSE = {
    "read1": read1,
    **{f"read1({size})": read1_of(size) for size in (1, 4, 5000, 70_000)},
    "read1(0), read1(2), read": read1_nothing_first,
    "read1(3), read(2)": read1_and_read,
    "under TextIOWrapper": under_text,
    "peek, read(4)": peek_and_read,
    "peek, read1(4)": peek_and_read1,
    "peek, readline": peek_and_readline,
    "peek, read": peek_and_all,
}

INNER = {
    "_safe_read": safe_reads,
    "_get_chunk_left": chunk_by_chunk,
    "fp": chunks_by_hand,
}

# Scripts whose single steps say nothing over chunks: http.client's readline(limit), which is
# io.IOBase's, gives more than the limit where little has arrived; and whether a read of nothing
# takes the next chunk size off the file does not matter.
UNSTEADY = {"readline(6)", "mixed", "read(0), read", "readinto(0), readinto(8)",
            "readline(0), readline, read", "read1(0), read1(2), read"}

# For large bodies: without the scripts that take an octet at a time.
LARGE = [
    "read", "read(-1)", "read(5000)", "readinto(5000)", "growing reads", "read(3), read",
    "readlines", "iteration", "mixed", "read1", "read1(5000)", "read1(70000)", "peek, read",
    "_safe_read", "_get_chunk_left", "fp",
]

EXACT |= LINES
SCRIPTS = EXACT | LOOSE | INNER

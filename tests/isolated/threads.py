# SPDX-License-Identifier: MIT
"""Threads: many with connections of their own, and some that share what one thread should use.

    python -m isolated.threads own | connection | forged | response | closing | feeding | patching
                               [seconds]

own         threads with connections of their own
connection  two threads send requests on one connection
forged      two threads wait for one response
response    four threads read one response
closing     one thread reads a response that another one closes
feeding     two threads feed one ResponseParser
patching    threads use a class of connections while another one patches it

Whatever happens, an answer is one that the server has given to this very request, and content is
content.  Where threads share what is not made to be shared, exceptions are an answer too.
Without a GIL two threads meet in the middle of a step; with one, where a receive or the
interpreter lets another thread run, which it is asked to do often.
"""

import contextlib
import itertools
import socket
import sys
import threading
import time
from functools import partial

import httpclient
from support.servers import PATIENCE, Server, ok, read_head

THREADS = 8
REQUESTS = 150      # of each thread
RESPONSES = 40      # that are closed one after the other
SECONDS = float(sys.argv[2]) if sys.argv[2:] else 2     # for what is tried again and again

# What a thread may get that shares a response,
READ_ERRORS = (httpclient.HTTPException, OSError, RuntimeError, ValueError)
# or a connection, whose `sock` may be gone.
ERRORS = (*READ_ERRORS, AttributeError, TypeError)


def content_of(name):
    """What the server answers to /name; of all sizes, told by the name."""
    return name.encode() * (1 + hash_of(name) % 3000)


def hash_of(name):
    return sum(name.encode()) * 7919


def answer(sock):
    """A handler: each path has its own content, by length or in chunks."""
    with sock.makefile("rb") as file:
        while request := read_head(file):
            lines = request.split(b"\r\n")
            targets = [line for line in lines if b" HTTP/" in line]
            if len(targets) != 1 or len(lines) != 5:
                mixed.append(request)
                return
            name = targets[0].split()[1][1:].decode()
            body = content_of(name)
            if hash_of(name) % 2:
                head = f"HTTP/1.1 200 OK\r\nX-Name: {name}\r\nTransfer-Encoding: chunked\r\n\r\n"
                body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
                sock.sendall(head.encode() + body)
            else:
                sock.sendall(ok(body, f"X-Name: {name}"))


mixed = []      # requests that are not what one thread has sent


def ask(connection, name):
    """One exchange; AssertionError where the answer is not the one to this request."""
    connection.request("GET", f"/{name}")
    response = connection.getresponse()
    content = response.read()
    assert response.status == 200
    assert response.headers["X-Name"] == name, (name, response.headers.items())
    assert content == content_of(name), (name, content[:50])


def run(*functions):
    """Runs them in threads; raises what one of them has raised."""
    raised = []

    def guarded(function):
        try:
            function()
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=guarded, args=(one,), daemon=True) for one in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE + SECONDS)
    assert not any(thread.is_alive() for thread in threads), "a thread hangs"
    if raised:
        raise raised[0]


def own():
    """Each thread has a connection: every answer is right, and nothing else happens."""
    def work(server, thread):
        with httpclient.HTTPConnection(*server.address, timeout=PATIENCE) as connection:
            for number in range(REQUESTS):
                ask(connection, f"t{thread}n{number}")

    with Server(answer) as server:
        run(*(partial(work, server, thread) for thread in range(THREADS)))
        assert server.accepted == THREADS and not mixed


def connection():
    """Two threads have one connection: each gets its own answers, or exceptions.

    Every other time one of them does nothing but close it, again and again.
    """
    tally = {"answers": 0, "exceptions": 0}
    end = time.monotonic() + SECONDS

    def work(shared, thread, start):
        start.wait(PATIENCE)
        for number in range(100):
            try:
                ask(shared, f"t{thread}n{number}")
                tally["answers"] += 1
            except ERRORS:
                tally["exceptions"] += 1

    def close(shared, start):
        start.wait(PATIENCE)
        for number in range(100):
            shared.close()
            time.sleep(number % 10 * 1e-5)

    with Server(answer) as server:
        for closed in itertools.cycle([False, True]):
            start = threading.Barrier(2)
            with httpclient.HTTPConnection(*server.address, timeout=0.2) as shared:
                run(partial(work, shared, 0, start),
                    partial(close, shared, start) if closed else partial(work, shared, 1, start))
                if not closed:
                    shared.close()
                ask(shared, "again")
            if time.monotonic() > end:
                break
    print(tally)
    assert not mixed, mixed[0]
    assert tally["answers"] and tally["exceptions"]


def forged():
    """Two threads wait for one response, whose content looks like another response.

    At most one gets it, and none gets the one that it has in it.
    """
    inner = ok(b"forged", "X-Name: forged")
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(inner) * 20)
    for _ in range(20):
        near, far = socket.socketpair()
        near.settimeout(PATIENCE)
        shared = httpclient.HTTPConnection("in.memory")
        shared.sock = near
        shared.request("GET", "/")
        far.recv(10_000)
        waiting, got = threading.Barrier(3), []

        def work(shared=shared, waiting=waiting, got=got):
            waiting.wait(PATIENCE)
            with contextlib.suppress(*ERRORS):
                response = shared.getresponse()
                got.append((response.headers["X-Name"], response.read()))

        def send(waiting=waiting, far=far):
            waiting.wait(PATIENCE)
            time.sleep(0.01)        # both wait by now, if they wait at all
            far.sendall(head)
            for _ in range(20):
                time.sleep(0.001)
                far.sendall(inner)
            far.shutdown(socket.SHUT_WR)

        run(work, work, send)
        shared.close()
        far.close()
        assert len(got) <= 1, got
        assert not got or got[0] == (None, inner * 20), got


def until_the_end():
    """Rounds, as many as there is time for; how many it were is printed."""
    end = time.monotonic() + SECONDS
    for number in itertools.count(1):
        yield number
        if time.monotonic() > end:
            print(number, "rounds")
            return


# ---- one response

def into(file, size):
    space = bytearray(size)
    return bytes(space[:file.readinto(space)])


def peeked(file, size):
    file.peek()
    return file.read1(size)


# The kinds of reads, of a response and of its file: (file, size) -> octets, or b"" at the end.
READS = {
    "read": lambda file, size: file.read(size),
    "read1": lambda file, size: file.read1(size),
    "readinto": into,
    "readline": lambda file, size: file.readline(),
    "peek": peeked,
    "all": lambda file, size: file.read(),
}


def lines_of_content(count):
    """Content in which each piece of 16 octets has but one place."""
    return b"".join(b"%07d\n" % number for number in range(count))


def in_chunks(content, size):
    return b"".join(b"%x\r\n%b\r\n" % (len(content[at:at + size]), content[at:at + size])
                    for at in range(0, len(content), size)) + b"0\r\n\r\n"


@contextlib.contextmanager
def begun(fields):
    """A response of whose message the head has come, and the other end of its socket."""
    near, far = socket.socketpair()
    with near, far:
        near.settimeout(PATIENCE)
        shared = httpclient.HTTPResponse(near)
        far.sendall(b"HTTP/1.1 200 OK\r\n%b\r\n\r\n" % fields)
        shared.begin()
        yield shared, far
        with contextlib.suppress(ValueError):   # its file was closed before
            shared.close()


def response():
    """Four threads read one response: each octet comes once, in one piece of content or none.

    A thread that is refused tries again.  Where nothing else went wrong all the content has been
    handed out, or the response says that some is missing.
    """
    content = lines_of_content(2500)
    messages = [(b"Content-Length: %d" % len(content), content),
                (b"Transfer-Encoding: chunked", in_chunks(content, 96)),
                (b"Transfer-Encoding: chunked", in_chunks(content, 777))]
    teams = itertools.cycle([*([kind] * 4 for kind in READS),
                             ["read", "read1", "readline", "readinto"],
                             ["peek", "all", "read1", "readline"]])
    for number in until_the_end():
        team = next(teams)
        for fields, message in messages:
            with begun(fields) as (shared, far):
                shared_read(shared, team, far, message + b"#" * 5000 * (number % 2), content)
                assert not shared.length or shared.incomplete
        with begun(b"Content-Length: 1") as (shared, far):
            shared_read(shared.fp, team, far, content, content)


def shared_read(shared, team, far, message, content):
    """Has a team of threads, one for each kind of read, read a response or its file."""
    pieces, failures = [], []

    def work(kind, size):
        while True:
            try:
                piece = READS[kind](shared, size)
            except READ_ERRORS as error:
                pieces.append(getattr(error, "partial", b""))
                if type(error) is not RuntimeError:
                    failures.append(error)
                    return
                time.sleep(0)       # another thread reads
            else:
                if not piece:
                    return
                pieces.append(piece)

    def send():
        with contextlib.suppress(OSError):
            for at in range(0, len(message), 600):
                far.sendall(message[at:at + 600])
            far.shutdown(socket.SHUT_WR)

    run(send, *(partial(work, kind, 160 + 8 * at) for at, kind in enumerate(team)))
    for piece in pieces:
        assert piece in content, (team, piece[:50], piece[-50:])
    positions = sorted((content.index(piece), len(piece)) for piece in pieces if len(piece) >= 16)
    for (at, size), (behind, _) in zip(positions, positions[1:]):
        assert at + size <= behind, (team, "handed out twice")
    if not failures and not getattr(shared, "incomplete", False):
        assert sum(map(len, pieces)) == len(content), (team, "lost")


def closing():
    """One thread reads a response, or its file, that another closes: it gets content, in order."""
    content = lines_of_content(500)
    chunks = in_chunks(content, 96)[:-5]
    length, chunked = b"Content-Length: 5000", b"Transfer-Encoding: chunked"
    # fields, message, whether its file is read, and what there is to read.
    cases = [(length, content, False, content), (length, content, True, content),
             (chunked, chunks, False, content), (chunked, chunks, True, chunks)]
    for _ in until_the_end():
        for kind, (fields, message, of_file, expected) in itertools.product(READS, cases):
            closed_reads(kind, fields, message, of_file, expected)


def closed_reads(kind, fields, message, of_file, expected):
    """Has one thread go from response to response and read, and another close them one by one."""
    at = [0, 0]     # how many responses each of the two has come to

    def each(me, function):
        try:
            for number, (shared, far) in enumerate(responses):
                at[me] = number + 1
                while at[1 - me] <= number:
                    time.sleep(0)
                function(number, shared, far)
        finally:
            at[me] = RESPONSES      # after an exception the other one need not wait

    def read(number, shared, _):
        file, pieces = files[number] if of_file else shared, []
        try:
            for _ in range(160):
                pieces.append(READS[kind](file, 24))
                if not pieces[-1]:
                    break
        except READ_ERRORS as error:
            pieces.append(getattr(error, "partial", b""))
        got = b"".join(pieces)
        assert expected.startswith(got), (kind, of_file, fields, got[-100:])

    def close(number, shared, far):
        far.sendall(message[len(message) // 2:])
        for _ in range(number * 37 % 400):
            pass        # at another moment each time
        (files[number] if number % 2 else shared).close()

    with contextlib.ExitStack() as stack:
        responses = [stack.enter_context(begun(fields)) for _ in range(RESPONSES)]
        files = [shared.fp for shared, _ in responses]
        for shared, far in responses:
            far.sendall(message[:len(message) // 2])
            (shared.fp if of_file else shared).peek()
        run(partial(each, 0, read), partial(each, 1, close))


# ---- one ResponseParser

def feeding():
    """Two threads feed one parser, and try again when refused: each gets what it has fed."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + b"".join(
        b"X-%d: %b\r\n" % (number, b"value" * 100) for number in range(60)) + b"\r\n"
    options = itertools.cycle([{}, {"reused": True}, {"strict": False}, {"strict": True}])
    for _ in until_the_end():
        fed_by_two(httpclient.ResponseParser(**next(options)), head)


def fed_by_two(parser, head):
    def feed(octets):
        while True:
            try:
                return parser.feed(octets)
            except RuntimeError:        # another thread feeds
                time.sleep(0)

    def feed_head():
        for at in range(0, len(head), 700):
            assert feed(head[at:at + 700]) == b""
        feed_chunks(b"a")

    def feed_nothing():
        while parser.status is None:
            assert feed(b"") == b""
        feed_chunks(b"b")

    def feed_chunks(octet):
        for size in range(1, 100):
            assert feed(b"%x\r\n%b\r\n" % (size, octet * size)) == octet * size

    run(feed_head, feed_nothing)
    assert (parser.status, parser.complete, len(parser.headers)) == (200, False, 61)
    assert parser.feed(b"0\r\n\r\n") == b"" and parser.complete


# ---- one class

def patching():
    """Threads ask for the methods of a class that another thread patches: the patch is called.

    CPython has no more than 1000 versions for a class, so there is a new one now and then.
    """
    for _ in until_the_end():
        patched_class(type("Patched", (httpclient.HTTPConnection,), {}))


def patched_class(cls):
    over = threading.Event()

    def started():
        connection = cls("a.example")
        connection.putrequest("GET", "/")
        return connection

    def ask():
        connection = started()
        while not over.is_set():
            connection.putheader("X", "1")
            connection._buffer.clear()

    def patch():
        connection = started()
        called = []
        try:
            for number in range(200):
                cls._output = lambda self, line: called.append(self)
                assert cls.connect      # a look at it gives the class its next version
                connection.putheader("X", "1")
                del cls._output
                assert cls.connect
                assert called.count(connection) == number + 1, "a patch was not noticed"
        finally:
            over.set()

    run(ask, ask, patch)


if __name__ == "__main__":
    sys.setswitchinterval(1e-5)
    {"own": own, "connection": connection, "forged": forged, "response": response,
     "closing": closing, "feeding": feeding, "patching": patching}[sys.argv[1]]()

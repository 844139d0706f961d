# SPDX-License-Identifier: MIT
"""No reference is lost on any way out: not where a read fails, and not where an argument is bad.

    python -m isolated.leaks

Each path runs some times to fill all caches, and then some more times, after which there may not
be more than before of: references at all (a debug build of Python tells), blocks of memory,
references to what every response has in its hands.
"""

import contextlib
import gc
import socket
import sys

import httpclient
from httpclient._core import chunked, feed_reader, head, request, socket_reader
from support import arrive, reads, wires

TIMES = 8           # a loss of one for each time must be seen
ATTEMPTS = 5        # caches may fill late
PATHS = {}

OK = b"HTTP/1.1 200 OK\r\n"
LENGTH = OK + b"Content-Length: 20\r\n\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def path(name):
    """Notes the function under this name: it makes one thing go wrong, and forgets it."""
    def note(function):
        PATHS[name] = function
        return function
    return note


class failing:
    """The block raises one of these; a generator's frame would keep it on Python 3.12."""

    def __init__(self, *errors):
        self.errors = errors

    def __enter__(self):
        pass

    def __exit__(self, kind, *rest):
        assert kind is not None and issubclass(kind, self.errors), f"none of {self.errors}"
        return True


# --- responses -----------------------------------------------------------------------------------

def read_through(arrival, method, script, strict):
    """What a response is good for, or the exception of it."""
    with arrival, contextlib.suppress(httpclient.HTTPException, ValueError, AttributeError):
        arrival.deliver()
        with arrival.response(httpclient, method, strict=strict) as response:
            response.begin()
            response.getheaders()
            for _ in script(response):
                pass
            response.trailers.items()
    vars(arrival).clear()       # a fake one is its own socket: a cycle


def note_wires():
    """All the wires of the other tests, by each lane."""
    ways = {"socket": arrive.pair, "file": arrive.memory, "buffer": arrive.buffered}
    for wire in wires.WIRES:
        if len(wire.data) > 20_000:
            continue
        for name, way in ways.items():
            for script in ("read", "readline", "peek, read1(4)"):
                for strict in (None, True) if script == "read" else (None,):
                    PATHS[f"{wire.name}, {name}, {script}, {strict}"] = (
                        lambda way=way, wire=wire, script=script, strict=strict:
                        read_through(way(wire.data), wire.method, reads.SCRIPTS[script], strict))
        for name, cuts in {"fed": arrive.whole, "fed, bytewise": arrive.bytewise}.items():
            for strict in (None, True):
                PATHS[f"{wire.name}, {name}, {strict}"] = (
                    lambda cuts=cuts, wire=wire, strict=strict:
                    read_through(arrive.fed(wire.data, cuts), wire.method, reads.read, strict))


# --- sockets that misbehave ----------------------------------------------------------------------

class Bad(socket.socket):
    """Its recv_into() does as `answer` says, from the `good`-th call on."""

    good = 0

    def recv_into(self, buffer, nbytes=0, flags=0):
        if self.good > 0:
            self.good -= 1
            return super().recv_into(buffer, 10)
        return self.answer(buffer)


def raises(error):
    def answer(buffer):
        raise error
    return answer


def keeps(buffer):
    """Keeps what it was given to write into."""
    kept.append(memoryview(buffer))
    return 0


def changes(buffer):
    """Gives back more than there is room for."""
    return len(buffer) + 1


kept = []
ANSWERS = {
    "timeout": raises(TimeoutError("timed out")),
    "reset": raises(ConnectionResetError(104, "reset")),
    "interrupt": raises(KeyboardInterrupt()),
    "not blocking": lambda buffer: None,
    "negative": lambda buffer: -1,
    "too much": changes,
    "text": lambda buffer: "ten",
    "huge": lambda buffer: 1 << 70,
    "keeps the buffer": keeps,
}


def misbehaving(answer, good, wire, script):
    near, far = socket.socketpair()
    bad = Bad(fileno=near.detach())
    bad.good, bad.answer = good, answer
    with bad, far, contextlib.suppress(Exception, KeyboardInterrupt):
        far.sendall(wire)
        far.shutdown(socket.SHUT_WR)
        with httpclient.HTTPResponse(bad) as response:
            response.begin()
            for _ in script(response):
                pass
    kept.clear()
    for error in (cell.cell_contents for cell in answer.__closure__ or ()):
        error.__traceback__ = error.__context__ = None


INCOMPLETE = {
    "length": LENGTH + b"nineteen octets come",
    "long": OK + b"Content-Length: 100000\r\n\r\nmore to come",    # received into the result
    "chunks": CHUNKED + b"5\r\nhello\r\n" * 4,
    "long chunk": CHUNKED + b"fffff\r\nmore to come",
    "until close": OK + b"\r\nmore to come",
}


def note_sockets():
    for name, answer in ANSWERS.items():
        for good in (0, 1, 6, 8):
            for kind, wire in INCOMPLETE.items():
                for script in ("read", "read(5000)", "readinto(5000)", "read1", "readline"):
                    PATHS[f"{name} after {good}, {script}, {kind}"] = (
                        lambda answer=answer, good=good, wire=wire, script=script:
                        misbehaving(answer, good, wire, reads.SCRIPTS[script]))


@path("a socket that reads its own response")
def recursive():
    near, far = socket.socketpair()
    bad = Bad(fileno=near.detach())
    with bad, far:
        far.sendall(LENGTH + b"half")
        with httpclient.HTTPResponse(bad) as response:
            bad.good = 100
            response.begin()
            bad.good, bad.answer = 0, lambda buffer: len(response.read(1))
            with failing(Exception):
                response.read()
    bad.answer = None


@path("a socket that closes its own response")
def closing():
    near, far = socket.socketpair()
    bad = Bad(fileno=near.detach())
    with bad, far:
        far.sendall(CHUNKED + b"5\r\nhel")
        response = httpclient.HTTPResponse(bad)
        bad.good = 100
        response.begin()
        bad.good, bad.answer = 0, lambda buffer: response.close() or 1
        with failing(Exception):
            response.read()
        response.close()
    bad.answer = None


# --- arguments -----------------------------------------------------------------------------------

ARGUMENTS = [("read", "x"), ("read", 1.5), ("read", b""), ("readinto", b"read only"),
             ("readinto", 5), ("readinto", None), ("read1", "x"), ("readline", "x"), ("peek", "x")]


def note_arguments():
    for wire in (LENGTH + b"twenty octets of it.", CHUNKED + b"5\r\nhello\r\n0\r\n\r\n"):
        for method, argument in ARGUMENTS:
            def call(wire=wire, method=method, argument=argument):
                with arrive.pair(wire) as arrival:
                    arrival.deliver()
                    with httpclient.HTTPResponse(arrival.sock) as response:
                        response.begin()
                        with contextlib.suppress(TypeError, ValueError, BufferError):
                            getattr(response, method)(argument)
                        fp = response.fp
                        with contextlib.suppress(TypeError, ValueError, BufferError):
                            getattr(fp, method)(argument)
                    for name in ("read", "readline", "read1", "peek", "flush", "fileno"):
                        with contextlib.suppress(ValueError):
                            getattr(fp, name)()
            PATHS[f"{method}({argument!r}), {wire[17:25]}"] = call


CALLS = [
    (request.request_line, (1, "/", "HTTP/1.1")), (request.request_line, ("GET", None, 5)),
    (request.request_line, ("GET", "/\u20ac", "HTTP/1.1")), (request.field_line, (1, 2)),
    (request.field_line, ("A", "b\n")), (request.field_line, ("\u20ac", "b")),
    (request.field_line, (b"A", object())), (chunked.chunk_size, (None,)),
    (chunked.chunk_size, (b"x\r\n",)), (chunked.chunk_size, ("5",)),
    (chunked.ChunkedBody, (None, None, False)), (head.read_head, (None, 1, 1, 1, True)),
    (head.field_section, (None,)), (head.status_line, ("HTTP/1.1 200 OK",)),
    (head.head_in, (None, 1, 1, 1, True)),
    (head.head_in, (b"HTTP/1.1 200 OK\r\n\r\n", 1, 1, 1, True)),
    (socket_reader.SocketReader, (None,)), (socket_reader.RawReader, (None,)),
    (socket_reader.open_reader, (None,)),
]


def note_calls():
    for function, arguments in CALLS:
        def call(function=function, arguments=arguments):
            with contextlib.suppress(TypeError, ValueError, AttributeError):
                function(*arguments)
        PATHS[f"{function.__name__}{arguments}"] = call


# --- connections ---------------------------------------------------------------------------------

REFUSED = [
    dict(method="G\nET"), dict(url="/\0"), dict(url="/ "), dict(url="/\u20ac"),
    dict(headers={"A": "b\r\n"}), dict(headers={"A\n": "b"}), dict(headers={"A": "\u20ac"}),
    dict(headers={"A": None}), dict(headers={b"\xff": "b"}), dict(body=5), dict(body="\u20ac"),
    dict(body=iter([b"x", 5])), dict(body=(1 / 0 for _ in "x")), dict(body=[b"x", "\u20ac"]),
]


def note_requests():
    for number, arguments in enumerate(REFUSED):
        def call(arguments=arguments):
            near, far = socket.socketpair()
            connection = httpclient.HTTPConnection("in.memory")
            with far, contextlib.closing(connection):
                connection.sock = near
                with contextlib.suppress(Exception):
                    connection.request(**{"method": "POST", "url": "/"} | arguments)
        PATHS[f"request {number}"] = call


@path("a connection used in the wrong order")
def wrong_order():
    connection = httpclient.HTTPConnection("in.memory")
    connection.auto_open = 0
    with failing(httpclient.ResponseNotReady):
        connection.getresponse()
    with failing(httpclient.CannotSendHeader):
        connection.putheader("A", "b")
    with failing(httpclient.NotConnected):
        connection.request("GET", "/")
    with failing(httpclient.InvalidURL):
        httpclient.HTTPConnection("host:port")
    with failing(TypeError):
        httpclient.HTTPConnection("host", nonsense=1)


@path("an idle connection that has news")
def news():
    near, far = socket.socketpair()
    connection = httpclient.HTTPConnection("in.memory")
    connection.auto_open = 0
    with far, contextlib.closing(connection):
        connection.sock = near
        for surplus in (b"", b"surplus"):
            connection.request("GET", "/")
            far.sendall(OK + b"Content-Length: 1\r\n\r\nx")
            connection.getresponse().read()
            if surplus:
                far.sendall(surplus)
        with failing(httpclient.NotConnected):
            connection.request("GET", "/")


@path("a deadline that passes")
def deadline():
    near, far = socket.socketpair()
    connection = httpclient.HTTPConnection("in.memory", deadline=0.001)
    with far, contextlib.closing(connection):
        connection.sock = near
        far.sendall(LENGTH + b"half")
        with failing(TimeoutError):
            connection.request("GET", "/")
            connection.getresponse().read()


# --- counting ------------------------------------------------------------------------------------

WATCHED = [
    httpclient.HTTPResponse, httpclient.HTTPConnection, httpclient.HTTPMessage,
    httpclient.ResponseParser, socket_reader.SocketReader, socket_reader.RawReader,
    feed_reader.FeedReader, head.Head, chunked.ChunkedBody,
    httpclient.IncompleteRead, httpclient.BadStatusLine, httpclient.BadHeaderLine,
    httpclient.LineTooLong, httpclient.HTTPException, httpclient.UnknownTransferEncoding,
    httpclient.RemoteDisconnected, socket.socket, Bad, ValueError, TimeoutError, bytes, bytearray,
    memoryview, *(wire.data for wire in wires.WIRES),
]
EXACT = getattr(sys, "_is_gil_enabled", lambda: True)()     # else counts are deferred


def counts():
    gc.collect()
    total = getattr(sys, "gettotalrefcount", None)
    found = [total() if total else 0, sys.getallocatedblocks()]
    if EXACT:
        found.append(sum(map(sys.getrefcount, WATCHED)))
    return found


def lost(function):
    """How many references, blocks and watched references each time costs; [] if none."""
    for _ in range(3):
        function()
    for _ in range(ATTEMPTS):
        before = counts()
        for _ in range(TIMES):
            function()
        grown = [now - then for now, then in zip(counts(), before)]
        if all(count < TIMES for count in grown):
            return []
    return [count / TIMES for count in grown]


def cycles(name, function):
    """[how many objects wait for the garbage collector], though none of them should."""
    function()
    gc.collect()
    gc.disable()
    function()
    found = gc.collect()
    gc.enable()
    return [f"{found} in cycles"] if found else []


hoard = []
LOSING = {"an object": lambda: hoard.append(object()),
          "a reference": lambda: hoard.append(httpclient.HTTPResponse)}


def main():
    for note in (note_wires, note_sockets, note_arguments, note_calls, note_requests):
        note()
    gc.collect()
    gc.freeze()     # what is there by now is not looked through each time
    for name, function in LOSING.items():
        assert lost(function) or not EXACT, f"a loss of {name} is not seen"
    losses = {name: found for name, function in PATHS.items()
              if (found := lost(function) or cycles(name, function))}
    print(f"{len(PATHS)} paths" + (", all references" if hasattr(sys, "gettotalrefcount") else ""))
    for name, found in losses.items():
        print(f"{name}: {found}")
    if losses:
        sys.exit("lost: references, blocks, watched references")


if __name__ == "__main__":
    main()

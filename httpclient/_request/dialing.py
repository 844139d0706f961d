# SPDX-License-Identifier: MIT
"""Dialing: open the socket of a connection.

By default socket.create_connection() does it, through the connection's `_create_connection`, which
programs replace.  The argument `unix_socket` of a connection connects to a Unix socket instead.
Non-blocking sockets and poll() do that, in this thread.  gevent replaces both; therefore they are
looked up when they are used.
"""
import errno
import os
import select
import socket
import time
from collections import deque, namedtuple

_real_create_connection = socket.create_connection

# Seconds after which to ask again for a place in the full queue of a Unix socket.
_QUEUE_PAUSE = 0.01
# poll() takes no more milliseconds than an int has.
_LONGEST_WAIT = 86_400
_UNIX = getattr(socket, "AF_UNIX", None)

# How a connection is opened.  None is the default for each; see the module's docstring.
Dialing = namedtuple("Dialing", "unix_socket")


# ---- the arguments

def taken_from(keywords, source_address):
    """Remove the arguments from a connection's keywords; return them as Dialing, or None.

    Raises TypeError or ValueError for a wrong argument.
    """
    path = keywords.pop("unix_socket", None)
    if path is None:
        return None
    dialing = Dialing(_checked_path(path))
    _check_combination(dialing, source_address)
    return dialing


def _checked_path(path):
    path = os.fspath(path)
    name = os.fsencode(path)
    if not name:
        raise ValueError("unix_socket is empty; give the path of a Unix socket")
    if b"\0" in name and not name.startswith(b"\0"):
        # The system would connect to the path before the NUL.
        raise ValueError(f"unix_socket has a NUL in the path: {path!r:.100}")
    return path


def _check_combination(dialing, source_address):
    """Raise ValueError if a Unix socket is combined with an argument for host addresses."""
    if dialing.unix_socket is not None and source_address is not None:
        raise ValueError("unix_socket cannot be combined with source_address; "
                         "leave one of them out")


# ---- addresses

def _numeric(host, port, flow=0, zone=0):
    """Return a socket address as create_connection() takes it; flow and zone are IPv6's."""
    return f"{host}%{zone}" if zone else host, port


def _shown(address):
    """Return the address of a Unix socket, or of a host, as text."""
    if not isinstance(address, tuple):
        return repr(address)
    host, port = _numeric(*address)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


# ---- opening

def opened(connection, state, closes):
    """Return a new socket for a connection, or None if close() has been called meanwhile.

    `state` is the ConnectionState, and `closes` its count of calls of close() before this one.
    The connection's `timeout` limits each call of `_create_connection`, and a race as a whole.
    The deadline limits all of it.
    """
    due, timeout, dialing = state.due, connection.timeout, state.dialing
    source, target = connection.source_address, (connection.host, connection.port)
    if dialing is None and due is None:
        return connection._create_connection(target, timeout, source)
    if timeout is socket._GLOBAL_DEFAULT_TIMEOUT:
        timeout = socket.getdefaulttimeout()
    if dialing is not None:
        _check_combination(dialing, source)
        return _winner(_race_to_unix_socket(dialing.unix_socket), timeout, state, closes)
    addresses, create = [target], connection._create_connection
    if create is _real_create_connection:
        addresses = [_numeric(*address) for *_, address in
                     socket.getaddrinfo(*target, 0, socket.SOCK_STREAM)]
    return _one_by_one(due, create, addresses, timeout, source)


def _one_by_one(due, create_connection, addresses, timeout, source_address):
    """Return a socket that create_connection() has connected to one of the addresses.

    A single call for a host name would allow the whole time for each address of it.
    """
    for tried, address in enumerate(addresses, 1):
        try:
            sock = create_connection(address, due.shorten(timeout), source_address)
            break
        except OSError:
            due.left()
            if tried == len(addresses):
                raise
    sock.settimeout(timeout)
    return sock


def _winner(race, timeout, state, closes):
    """Return the socket that wins a race, or None if close() has been called since `closes`."""
    try:
        sock = race.start(timeout)
        if sock is None:
            end = None if timeout is None else time.monotonic() + timeout
            near, far = socket.socketpair()
            with near, far:
                state.waker = far
                sock = state.call(race.run, near, timeout, end, state, closes)
        if sock is not None:
            sock.settimeout(timeout)
        return sock
    finally:
        state.waker = None
        race.close()


def _race_to_unix_socket(path):
    if _UNIX is None:
        raise OSError(errno.EAFNOSUPPORT,
                      f"cannot connect to {path!r} (this Python has no Unix sockets)")
    return _Race([(_UNIX, socket.SOCK_STREAM, 0, "", path)], 0, None, path)


class _Race:
    """Attempts to connect to several addresses.  The first that succeeds wins (RFC 8305 5).

    An attempt begins `delay` seconds after the previous one, or as soon as any attempt fails.
    """

    def __init__(self, addresses, delay, source_address, target):
        self._left = deque(addresses)
        self._delay = delay
        self._source_address = source_address
        self._target = target
        self._next = 0.0        # the time of the next attempt
        self._waiting = {}      # socket that is connecting -> its address
        self._failures = []      # (address, error)

    def start(self, timeout):
        """Begin the attempts that are due; return a socket that has connected at once, or None."""
        while self._left and time.monotonic() >= self._next:
            found = self._left.popleft()
            self._next = time.monotonic() + self._delay
            family, kind, protocol, _, address = found
            sock = None
            try:
                sock = socket.socket(family, kind, protocol)
                self._waiting[sock] = address
                sock.settimeout(timeout)    # It raises the error for a wrong timeout.
                sock.setblocking(False)
                if self._source_address is not None:
                    sock.bind(self._source_address)
                sock.connect(address)
            except BlockingIOError as error:
                if error.errno != errno.EAGAIN:
                    continue    # It is connecting.
                if family != _UNIX:
                    self._fail(sock, address, error)
                    continue
                # Linux: the listener's queue is full, and no event tells when it has room.
                self._drop(sock)
                self._left.append(found)
                self._next = time.monotonic() + _QUEUE_PAUSE
            except OSError as error:
                self._fail(sock, address, error)
            else:
                return self._take(sock)
        return None

    def run(self, waker, timeout, end, state, closes):
        """Go on until a socket has connected, and return it; None if close() has been called.

        `waker` is a socket that can be read when this has to be looked at, `end` the time at
        which the timeout has passed, or None.
        """
        while state.closes == closes:
            if (sock := self.start(timeout)) is not None:
                return sock
            if not (self._left or self._waiting):
                raise _all_failed(self._target, self._failures)
            for ready in self._ready(waker, self._seconds_left(end, state.due)):
                if ready is not waker and self._has_connected(ready):
                    return self._take(ready)
        return None

    def close(self):
        """Close the sockets that are connecting still."""
        while self._waiting:
            self._drop(next(iter(self._waiting)))

    def _seconds_left(self, end, due):
        """Return how long to wait for an event; raise TimeoutError if there is no time left."""
        seconds = _LONGEST_WAIT
        try:
            if due is not None:
                seconds = min(seconds, due.left())
            if end is not None:
                seconds = min(seconds, end - time.monotonic())
            if seconds <= 0:
                raise TimeoutError("timed out")
        except TimeoutError as error:
            raise TimeoutError(f"{error} connecting to {self._progress()}") from None
        if self._left:
            seconds = min(seconds, max(0, self._next - time.monotonic()))
        return seconds

    def _ready(self, waker, seconds):
        """Return the sockets that have connected or failed, and the waker, after a wait."""
        if not hasattr(select, "poll"):
            # Windows notes a failure as an exceptional condition.
            waiting = list(self._waiting)
            reads, writes, failures = select.select([waker], waiting, waiting, seconds)
            return {*reads, *writes, *failures}
        poll = select.poll()
        poll.register(waker, select.POLLIN)
        for sock in self._waiting:
            poll.register(sock, select.POLLOUT)
        ready = {descriptor for descriptor, _ in poll.poll(seconds * 1000)}
        return [sock for sock in (waker, *self._waiting) if sock.fileno() in ready]

    def _has_connected(self, sock):
        """Return True if a socket has connected; otherwise note that it has failed."""
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            self._fail(sock, self._waiting[sock], OSError(code, os.strerror(code)))
        return not code

    def _take(self, sock):
        del self._waiting[sock]
        return sock

    def _drop(self, sock):
        sock.close()
        self._waiting.pop(sock, None)

    def _fail(self, sock, address, error):
        if sock is not None:
            self._drop(sock)
        self._failures.append((address, error))
        self._next = 0.0

    def _progress(self):
        """Return the target, and the state of each address, as text."""
        found = [(address, _reason(error)) for address, error in self._failures]
        found += [(address, "no answer") for address in self._waiting.values()]
        found += [(address, "its queue is full" if family == _UNIX else "not tried")
                  for family, *_, address in self._left]
        return _listed(self._target, found)


# ---- errors

def _all_failed(target, failures):
    """Return the exception for a target of which no address could be connected to.

    It has the class of the errors if they all have the same one of Python's own, and their errno
    if that is the same, too.  Otherwise it is an OSError.
    """
    text = "cannot connect to " + _listed(
        target, [(address, _reason(error)) for address, error in failures])
    [cls, *other_classes] = {type(error) for _, error in failures}
    [code, *other_codes] = {error.errno for _, error in failures}
    if other_classes or cls.__module__ != "builtins":
        return OSError(text)
    return cls(text) if other_codes or code is None else cls(code, text)


def _reason(error):
    return error.strerror or str(error)


def _listed(target, found):
    """Return the target, and its addresses with a word on each, as text."""
    if [address for address, _ in found] == [target]:
        return f"{_shown(target)} ({found[0][1]})"
    listed = ", ".join(f"{_shown(address)} ({word})" for address, word in found)
    return f"{_shown(target)} at {listed}"

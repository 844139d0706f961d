# SPDX-License-Identifier: MIT
"""Dialing: open the socket of a connection.

By default socket.create_connection() does it, through the connection's `_create_connection`, which
programs replace.  Three arguments of a connection change that:

- `unix_socket`: connect to a Unix socket instead of the host.
- `resolver`: a function that finds the addresses of the host.
- `happy_eyeballs_delay`: try several addresses at once (RFC 8305).

resolved() and interleaved() open nothing, so a client that does not block can use them, too.

Non-blocking sockets and poll() do the rest, in this thread.  gevent replaces both; therefore they
are looked up when they are used.
"""
import errno
import os
import select
import socket
import time
from collections import deque, namedtuple
from itertools import zip_longest

_real_create_connection = socket.create_connection

# The least time between two attempts, in seconds (RFC 8305 8).
MINIMUM_DELAY = 0.01
# Seconds after which to ask again for a place in the full queue of a Unix socket.
_QUEUE_PAUSE = 0.01
# poll() takes no more milliseconds than an int has.
_LONGEST_WAIT = 86_400
_UNIX = getattr(socket, "AF_UNIX", None)

# How a connection is opened.  None is the default for each; see the module's docstring.
Dialing = namedtuple("Dialing", "unix_socket happy_eyeballs_delay resolver")

# A failed attempt.  The exception itself would keep the frame alive, and with it the socket.
_Failure = namedtuple("_Failure", "address kind errno reason")


# ---- the arguments

def taken_from(keywords, source_address):
    """Remove the arguments from a connection's keywords; return them as Dialing, or None.

    Raises TypeError or ValueError for a wrong argument.
    """
    given = Dialing(*[keywords.pop(name, None) for name in Dialing._fields])
    if given == (None, None, None):
        return None
    path, delay, resolver = given
    if path is not None:
        path = _checked_path(path)
    if delay is not None:
        delay = checked_delay(delay)
    if resolver is not None and not callable(resolver):
        raise TypeError("resolver should be a function of a host and a port, "
                        f"got {resolver!r:.100}")
    dialing = Dialing(path, delay, resolver)
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


def checked_delay(delay):
    if isinstance(delay, bool) or not isinstance(delay, (int, float)):
        raise TypeError("happy_eyeballs_delay should be a number of seconds or None, "
                        f"got {delay!r:.100}")
    if not delay >= MINIMUM_DELAY:
        raise ValueError(f"happy_eyeballs_delay should be at least {MINIMUM_DELAY} s "
                         f"(RFC 8305 8), got {delay!r}; None tries one address after the other")
    return float(delay)


def _check_combination(dialing, source_address):
    """Raise ValueError if a Unix socket is combined with an argument for host addresses."""
    if dialing.unix_socket is None:
        return
    others = {"source_address": source_address, **dialing._asdict(), "unix_socket": None}
    for name, value in others.items():
        if value is not None:
            raise ValueError(f"unix_socket cannot be combined with {name}; leave one of them out")


# ---- addresses

def resolved(resolver, host, port):
    """Return the addresses that a resolver finds, as a list of tuples like getaddrinfo()'s.

    Addresses for datagrams are left out, so socket.getaddrinfo is a resolver, too.  Raises
    TypeError for a result of another form, and socket.gaierror if there are no addresses.
    """
    given = resolver(host, port)
    found = list(given) if hasattr(given, "__iter__") else [given]
    if not all(map(_is_address, found)):
        raise TypeError("resolver should return a list of tuples (family, type, proto, canonname, "
                        f"address), as socket.getaddrinfo() does, got {given!r:.100}")
    streams = [(family, socket.SOCK_STREAM, protocol, name, address)
               for family, kind, protocol, name, address in found
               if kind in (0, socket.SOCK_STREAM)]
    if not streams:
        raise socket.gaierror(socket.EAI_NONAME, f"the resolver found no address of {host!r}")
    return streams


def _is_address(found):
    if not (isinstance(found, (tuple, list)) and len(found) == 5):
        return False
    family, kind, protocol, _, address = found
    return (isinstance(address, tuple) and 2 <= len(address) <= 4 and isinstance(address[0], str)
            and all(isinstance(number, int) for number in (family, kind, protocol, *address[1:])))


def _system_resolver(host, port):
    return socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)


def interleaved(addresses):
    """Return the addresses so that their families take turns (RFC 8305 4).

    The family of the first address begins.  Within a family, the order stays.
    """
    families = {}
    for address in addresses:
        families.setdefault(address[0], []).append(address)
    return [address for turn in zip_longest(*families.values()) for address in turn if address]


def with_source(addresses, source_address):
    """Return the addresses that a socket bound to `source_address` can connect to."""
    if source_address is None or not source_address[0]:
        return addresses
    families = {family for family, *_ in _system_resolver(source_address[0], None)}
    fitting = [address for address in addresses if address[0] in families]
    if not fitting:
        raise OSError(errno.EADDRNOTAVAIL, "no address of the host has the family of the "
                                           f"source_address {source_address!r}")
    return fitting


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
    The deadline limits all of it but the resolver, which cannot be interrupted.
    """
    due, timeout, dialing = state.due, connection.timeout, state.dialing
    source, target = connection.source_address, (connection.host, connection.port)
    if dialing is None and due is None:
        return connection._create_connection(target, timeout, source)
    if timeout is socket._GLOBAL_DEFAULT_TIMEOUT:
        timeout = socket.getdefaulttimeout()
    path, delay, resolver = dialing or (None, None, None)
    if path is not None:
        _check_combination(dialing, source)
        return _winner(_race_to_unix_socket(path), timeout, state, closes)
    create = connection._create_connection
    if create is not _real_create_connection and resolver is None:
        # A program has replaced it, and may treat the name in its own way.
        return _one_by_one(due, create, [target], timeout, source)
    addresses = resolved(resolver or _system_resolver, *target)
    if create is not _real_create_connection or delay is None:
        numeric = [_numeric(*address) for *_, address in addresses]
        return _one_by_one(due, create, numeric, timeout, source, resolver and target)
    race = Race(with_source(interleaved(addresses), source), delay, source, target)
    return _winner(race, timeout, state, closes)


def _one_by_one(due, create_connection, addresses, timeout, source_address, target=None):
    """Return a socket that create_connection() has connected to one of the addresses.

    A single call for a host name would allow the whole time for each address of it.  If all calls
    fail, raises the last error, or one that names all addresses if there is a `target`.
    """
    failures = []
    for address in addresses:
        limit = timeout if due is None else due.shorten(timeout)
        try:
            sock = create_connection(address, limit, source_address)
            break
        except OSError as error:
            if due is not None:
                due.left()
            failures.append(_failure(address, error))
            if len(failures) == len(addresses):
                if target is None:
                    raise
                raise _all_failed(target, failures) from error
    if due is not None:
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
    return Race([(_UNIX, socket.SOCK_STREAM, 0, "", path)], 0, None, path)


class Race:
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
        self._failures = []     # _Failure

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
                raise self.failure()
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
            raise TimeoutError(f"{error} connecting to {self.progress()}") from None
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
        self._failures.append(_failure(address, error))
        self._next = 0.0

    def failure(self):
        """Return the exception for the case that all attempts have failed."""
        return _all_failed(self._target, self._failures)

    def progress(self):
        """Return the target, and the state of each address, as text."""
        found = [(failure.address, failure.reason) for failure in self._failures]
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
        target, [(failure.address, failure.reason) for failure in failures])
    [cls, *other_classes] = {failure.kind for failure in failures}
    [code, *other_codes] = {failure.errno for failure in failures}
    if other_classes or cls.__module__ != "builtins":
        return OSError(text)
    return cls(text) if other_codes or code is None else cls(code, text)


def _failure(address, error):
    return _Failure(address, type(error), error.errno, error.strerror or str(error))


def _listed(target, found):
    """Return the target, and its addresses with a word on each, as text."""
    if [address for address, _ in found] == [target]:
        return f"{_shown(target)} ({found[0][1]})"
    listed = ", ".join(f"{_shown(address)} ({word})" for address, word in found)
    return f"{_shown(target)} at {listed}"

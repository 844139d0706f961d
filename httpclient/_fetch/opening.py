# SPDX-License-Identifier: MIT
"""What happens once in a connection of a Fetcher: addresses, attempts to connect, TLS, and its end.

_core/transfer.pyx calls these functions.  Nothing here blocks.
"""
import copy
import socket
import time
from collections import deque
from contextlib import suppress

from .._request.dialing import Race, with_source
from .addresses import Addresses
from .receiving import Receiver, Streaming, too_long
from .writing import tunnel_head

try:
    import ssl

    from .._request.tls import Handshake, SessionRefused, keep_session, session_failed
except ImportError:
    ssl = None

_GONE = (ConnectionError,)
_RECEIVE_LATER = (BlockingIOError,)
_SEND_LATER = (BlockingIOError,)
if ssl is not None:
    _GONE += ssl.SSLEOFError, ssl.SSLZeroReturnError
    _RECEIVE_LATER += (ssl.SSLWantReadError,)
    _SEND_LATER += (ssl.SSLWantWriteError,)

_INFINITE = float("inf")
_UNIX = getattr(socket, "AF_UNIX", None)


class Attempts(Race):
    """The attempts to connect to a host, as a Transfer takes their steps."""

    def __init__(self, transfer, sockets, socket_options, *arguments):
        super().__init__(*arguments)
        self._transfer = transfer
        self._sockets = sockets
        self._socket_options = socket_options
        self._watched = set()

    def go_on(self):
        """Begin the attempts that are due; return a socket that has connected at once, or None.

        Raises OSError if all have failed.
        """
        sock = self.start(None)
        if sock is None:
            if not (self._left or self._waiting):
                raise self.failure()
            for waiting in self._waiting:
                if waiting not in self._watched:
                    self._watched.add(waiting)
                    self._sockets.add(waiting)
                    self._transfer.watch_connecting(waiting.fileno())
        return sock

    def ready(self, descriptor):
        """Return the socket with this descriptor if it has connected; None if it has failed."""
        for sock in self._waiting:
            if sock.fileno() == descriptor:
                return self._take(sock) if self._has_connected(sock) else None
        return None

    def seconds_to_next(self):
        """Return the seconds to the next attempt; infinite if there is none."""
        return max(0.0, self._next - time.monotonic()) if self._left else _INFINITE

    def _take(self, sock):
        self._sockets.add(sock)
        if sock.family != _UNIX:
            # Otherwise a body waits for the acknowledgement of the head. Not all systems have it.
            with suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for option in self._socket_options:
            sock.setsockopt(*option)
        return super()._take(sock)

    def _drop(self, sock):
        if sock in self._watched:
            self._watched.discard(sock)
            self._transfer.unwatch_connecting(sock.fileno())
        super()._drop(sock)
        self._sockets.discard(sock)


def _copied(error):
    """Return a copy of an exception, or the exception itself if its class cannot be copied."""
    try:
        return copy.copy(error)
    except Exception:
        return error


class Opening:
    """The functions of a Fetcher for its connections; the constants are for _core/transfer.pyx."""

    GONE = _GONE
    RECEIVE_LATER = _RECEIVE_LATER
    SEND_LATER = _SEND_LATER

    def __init__(self, settings, wake):
        self._settings = settings
        self._addresses = Addresses(
            settings.resolver, settings.dns_ttl, time.monotonic, self._found)
        self._waiting = {}          # (host, port) -> the Transfers that wait for its addresses
        self._news = deque()        # (host, port) whose addresses have been found
        self._wake = wake
        self.sockets = set()        # all that are open
        self.parsing = settings.parsing

    # ---- addresses

    def race(self, transfer, key):
        """Return Attempts, or None if resolved() will be called once there are addresses."""
        server = self._server(key)
        if (path := self._settings.unix_socket) is not None:
            return self._attempts(
                transfer, [(_UNIX, socket.SOCK_STREAM, 0, "", path)], path)
        addresses = self._addresses.find(*server)
        if addresses is None:
            self._waiting.setdefault(server, deque()).append(transfer)
            return None
        return self._attempts(transfer, addresses, server)

    def _attempts(self, transfer, found, server):
        """Return Attempts for what Addresses has found."""
        if isinstance(found, BaseException):
            # Another request may get the same one.
            raise _copied(found)
        settings = self._settings
        delay = _INFINITE if settings.happy_eyeballs_delay is None \
            else settings.happy_eyeballs_delay
        return Attempts(transfer, self.sockets, settings.socket_options,
                        with_source(found, settings.source_address),
                        delay, settings.source_address, server)

    def _found(self, host, port, found):
        """Note from another thread what has been found."""
        self._news.append((host, port, found))
        self._wake()

    def go_on(self):
        """Let the connections go on whose addresses have been found."""
        while self._news:
            host, port, found = self._news[0]
            waiting = self._waiting.get((host, port))
            while waiting:
                # A second call does nothing, if an exception comes between the two lines.
                waiting[0].resolved(found)
                waiting.popleft()
            self._waiting.pop((host, port), None)
            self._news.popleft()

    def attempts(self, transfer, key, found):
        """Return Attempts for what has been found for a host meanwhile."""
        return self._attempts(transfer, found, self._server(key))

    def _server(self, key):
        """Return the (host, port) to connect to."""
        proxy = self._settings.proxy
        return key[1:] if proxy is None else (proxy.host, proxy.port)

    def close(self):
        """Look up no more addresses."""
        self._addresses.close()
        self._waiting.clear()
        while self.sockets:
            self.close_socket(next(iter(self.sockets)), False)

    # ---- proxies and TLS

    def tunnel_head(self, key):
        """Return the CONNECT request for a server (bytes), or None without a proxy."""
        proxy = self._settings.proxy
        return None if proxy is None else tunnel_head(*key[1:], proxy)

    def handshake(self, sock, key, may_resume):
        """Begin a TLS handshake."""
        securing = Securing(self._settings, sock, key, may_resume)
        try:
            self.sockets.add(securing.sock)
            self.sockets.discard(sock)
        except BaseException:
            # A signal handler raised it.
            self.close_socket(securing.sock, False)
            raise
        return securing

    def close_socket(self, sock, secure):
        """Close a socket; keep its TLS session."""
        if secure:
            keep_session(sock)
        try:
            sock.close()
        except OSError:
            pass
        self.sockets.discard(sock)

    def session_failed(self, sock):
        """Offer no TLS session to a server that has closed the connection without an answer."""
        if ssl is not None:
            session_failed(sock)

    # ---- content

    def receiver(self, job):
        """Return the Receiver for a response whose head has come, or None if none is needed."""
        settings, decoder = self._settings, None
        if isinstance(job.sink, Streaming):
            return job.sink.receiver(job)
        if settings.decode:
            coding = job.getheader("Content-Encoding")
            if coding:
                decoder = settings.decoder(coding, max_length=settings.max_content)
        if decoder is None and job.sink is None:
            return None
        return Receiver(job.sink, decoder, settings.max_content)

    too_long = staticmethod(too_long)


class Securing:
    """A TLS handshake, as a Transfer takes its steps; `sock` is the TLS socket."""

    def __init__(self, settings, sock, key, may_resume):
        proxy = settings.proxy
        context, resumes = settings.context()
        server = (*key[1:], None if proxy is None else (proxy.host, proxy.port))
        self._handshake = Handshake(context, sock, key[1], server, may_resume and resumes)
        self.sock = self._handshake.sock

    def step(self):
        """Go on; return None if the handshake is complete, or else "input" or "output".

        Returns "again" if the server refused a TLS session.
        """
        try:
            self.sock.do_handshake()
        except ssl.SSLWantReadError:
            return "input"
        except ssl.SSLWantWriteError:
            return "output"
        except OSError as error:
            try:
                self._handshake.fail(error)
            except SessionRefused:
                return "again"
            raise
        self._handshake.succeed()
        return None

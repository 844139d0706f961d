# SPDX-License-Identifier: MIT
"""The shared default context of HTTPS connections, and the TLS sessions that are resumed.

Creating a default context takes milliseconds, because it loads every CA certificate.  So all
connections without `context` share one.  Reading ``connection._context`` gives that connection a
private context instead.  ``connection.sock.context`` is the shared one, so this module notices
each assignment to its attributes and each call of a method that changes it.  No connection uses a
changed context for another handshake.  A call of the class's function is not noticed, such as
``SSLContext.load_cert_chain(context, ...)``.

With a TLS session, the server need not prove its identity again, and the client keeps the identity
of the first handshake.  So a session must end when the circumstances of that handshake change.
Python does not show the client certificate and the CA certificates of a context.  Therefore
sessions are resumed by default only with the shared context, and with other contexts on request.
A session is resumed only with the same context, for the same server, and on the same way (direct
or through the same proxy), at most for an hour after the server's certificate was verified.
"""
import os
import ssl
import time
import weakref
from functools import partial

from .._core.socket_reader import held

# The most sessions that are kept.  Each keeps its context alive.
_SESSIONS = 64
# The seconds from one verification of a certificate to the next.
_LIFETIME = 3600
_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")

_real_context = ssl.SSLContext
_real_socket = ssl.SSLSocket
_real_wrap = _real_context.wrap_socket
# Python 3.13 and newer have these methods.
_CHAINS = [name for name in ("get_verified_chain", "get_unverified_chain")
           if hasattr(_real_socket, name)]

# HTTP version -> (circumstances, context)
_shared: dict[int, tuple] = {}
# Shared context that has not been changed -> _seen(context)
_unchanged: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()
# All shared contexts, changed ones as well.
_watched: weakref.WeakSet = weakref.WeakSet()
# (context, *server) -> (_rules(context), _Proof, session)
_sessions: dict[tuple, tuple] = {}
# Server whose handshake or connection failed with a session -> the time to offer one again
_refusing: dict[tuple, float] = {}
# Socket -> (key in _sessions, _rules(context), _Proof, session that was resumed or None)
_handshakes: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


if hasattr(os, "register_at_fork"):
    # A ticket of TLS 1.3 is used only once, and the parent process keeps it.
    os.register_at_fork(after_in_child=_sessions.clear)
    os.register_at_fork(after_in_child=_handshakes.clear)


class SessionRefused(Exception):
    """A handshake that offered a session failed.  Without a session it may succeed."""


# ---- contexts

def _is_ssls(function, name):
    """Return True if `function` is the one that ssl's own source file defines by this name.

    A program may have replaced it before this module was imported.
    """
    return (getattr(function, "__globals__", None) is vars(ssl)
            and function.__qualname__ == name)


# True if the two classes do the handshake by ssl's own code.
_REAL = (_is_ssls(vars(_real_context).get("wrap_socket"), "SSLContext.wrap_socket")
         and _is_ssls(vars(_real_socket).get("do_handshake"), "SSLSocket.do_handshake"))


def shared_context(http_version, make):
    """Return the shared default context, or None if each connection needs its own.

    `make` is _create_https_context().
    """
    if not _is_ssls(ssl._create_default_https_context, "create_default_context"):
        return None
    circumstances = _circumstances()
    known = _shared.get(http_version)
    if known is None or known[0] != circumstances or not is_unchanged(known[1]):
        context = make(http_version)
        if context in _watched:
            # ssl.SSLContext is replaced by a function that returns the same context again.
            return None
        _watch(context)
        known = _shared[http_version] = circumstances, context
    return known[1]


def is_unchanged(context):
    """Return True if this is a shared context that has not been changed."""
    return _unchanged.get(context) == _seen(context)


def _watch(context):
    """Notice each call of a method that changes a shared context; _seen() notices assignments."""
    kind = type(context)
    for name in dir(kind):
        if name.startswith(("load_", "set_")):
            changing = partial(_change, weakref.ref(context), getattr(kind, name))
            setattr(context, name, changing)
    _watched.add(context)
    _unchanged[context] = _seen(context)


def _change(reference, method, *args, **keywords):
    """Call a method that changes a shared context, which is not used for later handshakes."""
    context = reference()
    _unchanged.pop(context, None)
    return method(context, *args, **keywords)


def _circumstances():
    """Return everything on which a new default context depends, to be compared."""
    paths = ssl.get_default_verify_paths()
    folders = os.environ.get(paths.openssl_capath_env) or paths.openssl_capath
    found = [_state(paths.cafile or paths.openssl_cafile), *map(_state, folders.split(os.pathsep))]
    return (found, [os.environ.get(name) for name in _VARIABLES], ssl.SSLContext,
            _real_context.load_default_certs, _real_context.wrap_socket)


def _state(path):
    """Return time, size and inode of a file or folder, to be compared; None if it is missing."""
    try:
        state = os.stat(path)
    except OSError:
        return None
    return state.st_mtime_ns, state.st_size, state.st_ino


def _seen(context):
    """Return the attributes of a context that decide about trust and secrets, to be compared."""
    return (context.verify_mode, context.check_hostname, context.verify_flags, context.options,
            context.minimum_version, context.maximum_version, context.post_handshake_auth,
            context.keylog_filename, context.hostname_checks_common_name)


def _rules(context):
    """Return the visible settings of a context, to be compared with earlier ones."""
    if context in _unchanged:
        # cert_store_stats() changes when OpenSSL reads a CA certificate from a folder.
        return _seen(context)
    # Some servers fail a handshake if the session's cipher is not among the offered ones.
    ciphers = [cipher["id"] for cipher in context.get_ciphers()]
    return _seen(context), context.cert_store_stats(), ciphers


# ---- sessions

def wrapped(context, sock, host, server, resume, begin, call):
    """Do the TLS handshake on a socket, and return the TLS socket.

    `server` is a tuple that identifies the server and the way to it.  `resume` (bool) offers the
    session of an earlier connection to it; SessionRefused is raised if that handshake fails.
    `begin` is called with the TLS socket before the handshake, and `call` calls the handshake,
    unless the context has code of its own for a handshake.
    """
    if not _is_plain(context) or sock.gettimeout() == 0:
        return context.wrap_socket(sock, server_hostname=host)
    handshake = Handshake(context, sock, host, server, resume)
    try:
        begin(handshake.sock)
        call(held, handshake.sock, "do_handshake")
    except BaseException as error:
        handshake.sock.close()
        handshake.fail(error)
        raise
    handshake.succeed()
    return handshake.sock


class Handshake:
    """A TLS handshake, whose steps its caller takes by ``sock.do_handshake()``.

    The parameters are those of wrapped(); `sock` (ssl.SSLSocket) is the TLS socket.  Call
    succeed() or fail() at the end.
    """

    __slots__ = ("sock", "_server", "_known")

    def __init__(self, context, sock, host, server, resume):
        session = self._known = None
        self._server = server
        if resume and _is_plain(context) and not _is_refusing(server):
            key, rules = (context, *server), _rules(context)
            # No session is offered twice (RFC 8446 C.4), not even after it failed.
            known, proof, session = _sessions.pop(key, (None, None, None))
            if known != rules or time.time() >= proof.until:
                session = None
            self._known = key, rules, proof, session
        # Another class of contexts may not have the parameter `session`.
        offered = {} if session is None else {"session": session}
        self.sock = context.wrap_socket(sock, server_hostname=host,
                                        do_handshake_on_connect=False, **offered)

    def succeed(self):
        """Note that the handshake is complete."""
        if self._known is None:
            return
        key, rules, proof, session = self._known
        if self.sock.session_reused:
            proof.show(self.sock)
        else:
            session, proof = None, _Proof(self.sock)
        _handshakes[self.sock] = key, rules, proof, session

    def fail(self, error):
        """Note that the handshake has failed.

        Raises SessionRefused if that may be because of the session.
        """
        if self._known is None or self._known[3] is None or not isinstance(error, OSError):
            return
        if isinstance(error, ssl.SSLCertVerificationError):
            # The server did not resume the session, so the handshake was a full one.
            return
        _refuse(self._server)
        if isinstance(error, (ssl.SSLError, ConnectionError)):
            raise SessionRefused from error
        # After a timeout, a second connection would double the wait.


class _Proof:
    """The proof of a server's identity in a full handshake, and the time when it expires."""

    def __init__(self, sock):
        now = time.time()
        try:
            expires = (sock.getpeercert() or {}).get("notAfter")
            expires = ssl.cert_time_to_seconds(expires) if expires else now + _LIFETIME
            self.until = min(expires, now + _LIFETIME)
            self._chains = {name: getattr(sock, name)() for name in _CHAINS}
        except (ValueError, OSError):
            # Python cannot read the certificate, so it is verified each time.
            self.until = now

    def show(self, sock):
        """Set the certificate chains on the socket of a resumed session: OpenSSL forgets them."""
        for name, chain in self._chains.items():
            setattr(sock, name, partial(list, chain))


def _is_plain(context):
    """Return True if a context does a handshake by ssl's own code alone."""
    return (_REAL and type(context) is _real_context and _real_context.wrap_socket is _real_wrap
            and "wrap_socket" not in vars(context) and context.sslsocket_class is _real_socket)


def keep_session(sock):
    """Remember the TLS session of a socket that is about to be closed."""
    handshake = _handshakes.pop(sock, None) if type(sock) is _real_socket else None
    if handshake is None:
        return
    (context, *_), rules, proof, resumed = handshake
    session = sock.session
    # In TLS 1.3 the server sends the ticket after the handshake, so it may be missing.
    if sock.context is not context or session is None or not session.has_ticket:
        return
    if session == resumed and sock.version() == "TLSv1.3":
        # The server has sent no new ticket, and the old one was used.
        return
    _put(_sessions, handshake[0], (rules, proof, session), lambda known: known[1].until)


def session_failed(sock):
    """Stop offering sessions to the server of a connection that broke before its first response.

    Without a resumed session, this does nothing.
    """
    handshake = _handshakes.pop(sock, None) if type(sock) is _real_socket else None
    if handshake is not None and handshake[3] is not None:
        _refuse(handshake[0][1:])


def _refuse(server):
    """Offer no session to this server for an hour."""
    _put(_refusing, server, time.time() + _LIFETIME, float)


def _is_refusing(server):
    """Return True if no session may be offered to this server now."""
    return _refusing.get(server, 0) > time.time()


def _put(store, key, value, until):
    """Store a value as the newest; drop expired values, and the oldest ones above the limit.

    `until` is a function of a value that returns the time when it expires.
    """
    # A dropped session frees its context, which may hold a private key.
    store.pop(key, None)
    store[key] = value
    now, going_on = time.time(), []
    for known, value in store.copy().items():
        if until(value) > now:
            going_on.append(known)
        else:
            store.pop(known, None)
    for known in going_on[:-_SESSIONS]:
        store.pop(known, None)

# SPDX-License-Identifier: MIT
"""The shared default context of HTTPS connections, and the TLS sessions that are resumed.

A default context takes milliseconds to make, because it loads every CA certificate.  All
connections that were given no context share one.  It is never handed out: reading
``connection._context`` makes a private one.  ``connection.sock.context`` does lead to it, so it
is watched: each assignment to its attributes, and each call of its methods that change it, is
noticed, and no connection uses it for another handshake.  What is done to it behind its back is
not noticed, such as a call of the class's function, ``SSLContext.load_cert_chain(context, ...)``.

A TLS session lets the server skip the proof of its identity the next time, and go on with the
identity that the client had.  It must not outlive what its handshake was about.  Python does not
show which client certificate, ciphers or CA certificates a context holds.  Therefore sessions are
resumed by themselves only with the shared context, which is watched, and with other contexts only
on request.  A session is used with the context, for the server and by the
way (direct or through a proxy) of its handshake, and at most for an hour after the server's
certificate was verified.
"""
import os
import ssl
import time
import weakref
from functools import partial

from .._core.socket_reader import held

_SESSIONS = 64      # kept at most; each keeps its context alive as long
_LIFETIME = 3600    # seconds from verifying a certificate to verifying it again
_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")

_real_context = ssl.SSLContext
_real_socket = ssl.SSLSocket
_real_wrap = _real_context.wrap_socket
# Since Python 3.13.
_CHAINS = [name for name in ("get_verified_chain", "get_unverified_chain")
           if hasattr(_real_socket, name)]

_shared: dict[int, tuple] = {}      # HTTP version -> (circumstances, context)
# A context made here that nobody has changed -> what is seen of it.
_unchanged: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()
# Those and the ones that were changed.
_watched: weakref.WeakSet = weakref.WeakSet()
# (context, *server) -> (what was seen of the context, proof of identity, session)
_sessions: dict[tuple, tuple] = {}
# Servers that failed when a session was resumed -> the time to try again.
_refusing: dict[tuple, float] = {}
# A socket -> (key in _sessions, what was seen, proof of identity, session that was resumed)
_handshakes: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


if hasattr(os, "register_at_fork"):
    # A ticket of TLS 1.3 is used once: the parent has it.
    os.register_at_fork(after_in_child=_sessions.clear)
    os.register_at_fork(after_in_child=_handshakes.clear)


class SessionRefused(Exception):
    """A handshake failed that offered a session; without one it may succeed."""


# ---- contexts

def _is_ssls(function, name):
    """Return True if this is the function that ssl's own file defines by that name.

    Somebody may have put another in its place before this module was imported.
    """
    return (getattr(function, "__globals__", None) is vars(ssl)
            and function.__qualname__ == name)


# Whether the classes are ssl's own, with ssl's own handshake.
_REAL = (_is_ssls(vars(_real_context).get("wrap_socket"), "SSLContext.wrap_socket")
         and _is_ssls(vars(_real_socket).get("do_handshake"), "SSLSocket.do_handshake"))


def shared_context(http_version, make):
    """Return the default context of all connections, or None if each is to have its own.

    `make` is _create_https_context(), which makes one.
    """
    if not _is_ssls(ssl._create_default_https_context, "create_default_context"):
        return None
    circumstances = _circumstances()
    known = _shared.get(http_version)
    if known is None or known[0] != circumstances or not is_unchanged(known[1]):
        context = make(http_version)
        if context in _watched:
            return None     # ssl.SSLContext is replaced by what returns one again
        _watch(context)
        known = _shared[http_version] = circumstances, context
    return known[1]


def is_unchanged(context):
    """Return True if this is a shared context that is as it was made."""
    return _unchanged.get(context) == _seen(context)


def _watch(context):
    """Notice every call that changes a shared context; _seen() notices assignments."""
    kind = type(context)
    for name in dir(kind):
        if name.startswith(("load_", "set_")):
            changing = partial(_change, weakref.ref(context), getattr(kind, name))
            setattr(context, name, changing)
    _watched.add(context)
    _unchanged[context] = _seen(context)


def _change(reference, method, *args, **keywords):
    context = reference()
    _unchanged.pop(context, None)
    return method(context, *args, **keywords)


def _circumstances():
    """What the result of making a default context depends on."""
    paths = ssl.get_default_verify_paths()
    folders = os.environ.get(paths.openssl_capath_env) or paths.openssl_capath
    found = [_state(paths.cafile or paths.openssl_cafile), *map(_state, folders.split(os.pathsep))]
    return (found, [os.environ.get(name) for name in _VARIABLES], ssl.SSLContext,
            _real_context.load_default_certs, _real_context.wrap_socket)


def _state(path):
    """What is seen of a file or folder, to be compared; None where there is none."""
    try:
        state = os.stat(path)
    except OSError:
        return None
    return state.st_mtime_ns, state.st_size, state.st_ino


def _seen(context):
    """The attributes of a context that decide whom it trusts and what it tells."""
    return (context.verify_mode, context.check_hostname, context.verify_flags, context.options,
            context.minimum_version, context.maximum_version, context.post_handshake_auth,
            context.keylog_filename, context.hostname_checks_common_name)


def _rules(context):
    """What a session's handshake went by, to be compared with today's."""
    if context in _unchanged:
        # The CA certificates grow in number when OpenSSL reads one from a folder.
        return _seen(context)
    # Some servers fail a handshake that offers a session with a cipher that is not wanted now.
    ciphers = [cipher["id"] for cipher in context.get_ciphers()]
    return _seen(context), context.cert_store_stats(), ciphers


# ---- sessions

def wrapped(context, sock, host, server, resume, begin, call):
    """Return the socket after its TLS handshake.

    `server` is a tuple that tells the server, and the way to it, from others.  `resume`: offer
    the session of an earlier connection to it.  Raises SessionRefused if that handshake failed.
    `begin` is called with the TLS socket before the handshake, which `call` calls, unless the
    context does both.
    """
    if not _is_plain(context) or sock.gettimeout() == 0:
        return context.wrap_socket(sock, server_hostname=host)
    if not resume or _is_refusing(server):
        return _handshake(context, sock, host, None, begin, call)
    key, rules = (context, *server), _rules(context)
    # No session is offered twice (RFC 8446 C.4), also not after it has failed.
    known, proof, session = _sessions.pop(key, (None, None, None))
    if known != rules or time.time() >= proof.until:
        session = None
    try:
        sock = _handshake(context, sock, host, session, begin, call)
    except ssl.SSLCertVerificationError:
        raise       # The server did not resume: this is what a whole handshake says.
    except OSError as error:
        if session is None:
            raise
        _refuse(server)
        if isinstance(error, (ssl.SSLError, ConnectionError)):
            raise SessionRefused from error
        raise       # a timeout, which a second connection would double
    if sock.session_reused:
        proof.show(sock)
    else:
        session, proof = None, _Proof(sock)
    _handshakes[sock] = key, rules, proof, session
    return sock


def _handshake(context, sock, host, session, begin, call):
    sock = context.wrap_socket(sock, server_hostname=host, session=session,
                               do_handshake_on_connect=False)
    try:
        begin(sock)
        call(held, sock, "do_handshake")
    except BaseException:
        sock.close()
        raise
    return sock


class _Proof:
    """How a server has proved its identity in a whole handshake, and until when that counts."""

    def __init__(self, sock):
        now = time.time()
        try:
            expires = (sock.getpeercert() or {}).get("notAfter")
            expires = ssl.cert_time_to_seconds(expires) if expires else now + _LIFETIME
            self.until = min(expires, now + _LIFETIME)
            self._chains = {name: getattr(sock, name)() for name in _CHAINS}
        except (ValueError, OSError):
            self.until = now    # a certificate that Python cannot read is verified each time

    def show(self, sock):
        """Give the socket of a resumed session the certificates, which OpenSSL does not keep."""
        for name, chain in self._chains.items():
            setattr(sock, name, partial(list, chain))


def _is_plain(context):
    """Return True if a context of the caller's does nothing of its own in a handshake."""
    return (_REAL and type(context) is _real_context and _real_context.wrap_socket is _real_wrap
            and "wrap_socket" not in vars(context) and context.sslsocket_class is _real_socket)


def keep_session(sock):
    """Remember the TLS session of a socket that is about to be closed."""
    handshake = _handshakes.pop(sock, None) if type(sock) is _real_socket else None
    if handshake is None:
        return
    (context, *_), rules, proof, resumed = handshake
    session = sock.session
    # In TLS 1.3 the ticket comes after the handshake; it may not have come.
    if sock.context is not context or session is None or not session.has_ticket:
        return
    if session == resumed and sock.version() == "TLSv1.3":
        return      # no new ticket
    _put(_sessions, handshake[0], (rules, proof, session), lambda known: known[1].until)


def session_failed(sock):
    """Note that a connection broke before its first response: without a session it may not."""
    handshake = _handshakes.pop(sock, None) if type(sock) is _real_socket else None
    if handshake is not None and handshake[3] is not None:
        _refuse(handshake[0][1:])


def _refuse(server):
    _put(_refusing, server, time.time() + _LIFETIME, float)


def _is_refusing(server):
    return _refusing.get(server, 0) > time.time()


def _put(store, key, value, until):
    """Store a value as the newest; drop what is over by until(value), and what is too many.

    A context whose session is dropped may hold a private key.
    """
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

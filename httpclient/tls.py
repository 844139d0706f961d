# SPDX-License-Identifier: MIT
"""What HTTPS connections share: the default context, and the TLS sessions of their servers.

A default context takes milliseconds to make, since it loads every CA certificate,
so one serves all connections that were given none.  It is never handed out: whoever
asks a connection for its ``_context`` gets one of his own.  And it is left to those
who have it, and another one made, as soon as making it anew might give another result,
or somebody has changed it by way of a socket.

A TLS session lets a server that we have verified skip most of the handshake the next
time.  It is used with the very context that it came from, for the same name and port.
A session keeps its context alive, so there is one bounded store of them, and nothing
is stored for a context that has served one connection only.
"""
import os
import ssl
import weakref
from collections import OrderedDict

_SESSIONS = 64      # that are kept at most
_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")

_real_context = ssl.SSLContext
_real_socket = ssl.SSLSocket
_real_default = ssl._create_default_https_context

_shared: dict[int, tuple] = {}      # HTTP version -> (circumstances, state, context)
_sessions: OrderedDict[tuple, tuple] = OrderedDict()    # (context, host, port) -> (state, session)
_used: weakref.WeakSet = weakref.WeakSet()      # contexts that have served a connection
# A socket -> ((context, host, port), state), by which its server was verified.
_handshakes: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


def shared_context(http_version, make):
    """The default context of all connections; None if nobody else may have this one.

    `make` is _create_https_context(), which the context comes from.
    """
    if ssl._create_default_https_context is not _real_default:
        return None
    circumstances = _circumstances()
    known = _shared.get(http_version)
    if known is None or known[0] != circumstances or known[1] != _state(known[2]):
        context = make(http_version)
        known = circumstances, _state(context), context
        _shared[http_version] = known
    return known[2]


def _circumstances():
    """What the result of making a default context depends on."""
    paths = ssl.get_default_verify_paths()
    try:
        bundle = os.stat(paths.cafile or paths.openssl_cafile)
        bundle = bundle.st_mtime_ns, bundle.st_size, bundle.st_ino
    except OSError:
        bundle = None
    return (bundle, [os.environ.get(name) for name in _VARIABLES], ssl.SSLContext,
            _real_context.load_default_certs, _real_context.wrap_socket)


def _state(context):
    """What can be seen of a context that decides whom it trusts."""
    return (context.verify_mode, context.check_hostname, context.verify_flags, context.options,
            context.minimum_version, context.maximum_version, context.post_handshake_auth,
            context.keylog_filename, context.cert_store_stats())


def wrapped(context, sock, host, port, resume):
    """A socket after its TLS handshake; `resume`: by a session of this server, if there is one."""
    if not resume or type(context) is not _real_context:
        return context.wrap_socket(sock, server_hostname=host)
    key, state = (context, host, port), _state(context)
    # Not to be used twice: RFC 8446 C.4.
    known, session = _sessions.pop(key, (None, None))
    if session is None or known != state:   # or it would not be verified by today's rules
        sock = context.wrap_socket(sock, server_hostname=host)
    else:
        sock = context.wrap_socket(sock, server_hostname=host, session=session)
    if type(sock) is _real_socket:
        _handshakes[sock] = key, state
    return sock


def keep_session(sock):
    """Remember the TLS session of a socket that is about to be closed."""
    if type(sock) is not _real_socket or sock not in _handshakes:
        return
    key, state = _handshakes.pop(sock)
    context, session = sock.context, sock.session
    if context is not key[0]:
        return
    if context not in _used and not any(context is known[2] for known in _shared.values()):
        _used.add(context)
        return
    # In TLS 1.3 the ticket comes after the handshake; it may not have come.
    if session is None or not session.has_ticket:
        return
    _sessions[key] = state, session
    while len(_sessions) > _SESSIONS:
        _sessions.popitem(last=False)

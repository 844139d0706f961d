# SPDX-License-Identifier: MIT
"""What HTTPS connections share: the default context, and the TLS sessions of their servers.

A default context takes milliseconds to make, since it loads every CA certificate,
so one serves all connections that were given none.  It is never handed out: reading
``connection._context`` makes a private one.  ``connection.sock.context`` does lead to it, so it
is watched.  Once it has been changed in any way, no connection uses it for another handshake.

A TLS session lets a server that we have verified skip most of the handshake the next
time.  It is used with the very context that it came from, for the same name and port.
A session keeps its context alive, so there is one bounded store of them, and nothing
is stored for a context that has served one connection only.
"""
import os
import ssl
import weakref
from collections import OrderedDict
from functools import partial

_SESSIONS = 64      # that are kept at most
_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")

_real_context = ssl.SSLContext
_real_socket = ssl.SSLSocket
_real_default = ssl._create_default_https_context

_shared: dict[int, tuple] = {}      # HTTP version -> (circumstances, context)
# A context made here that nobody has changed -> what is seen of it.
_unchanged: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()
_sessions: OrderedDict[tuple, tuple] = OrderedDict()    # (context, host, port) -> (state, session)
_used: weakref.WeakSet = weakref.WeakSet()      # contexts that have served a connection
# A socket -> ((context, host, port), state), by which its server was verified.
_handshakes: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


def shared_context(http_version, make):
    """Return the default context of all connections, or None if each is to have its own.

    `make` is _create_https_context(), which makes one.
    """
    if ssl._create_default_https_context is not _real_default:
        return None
    circumstances = _circumstances()
    known = _shared.get(http_version)
    if known is None or known[0] != circumstances or not is_unchanged(known[1]):
        context = make(http_version)
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
    _unchanged[context] = _seen(context)


def _change(reference, method, *args, **keywords):
    context = reference()
    _unchanged.pop(context, None)
    return method(context, *args, **keywords)


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


def _seen(context):
    """The attributes of a context that decide whom it trusts and what it tells."""
    return (context.verify_mode, context.check_hostname, context.verify_flags, context.options,
            context.minimum_version, context.maximum_version, context.post_handshake_auth,
            context.keylog_filename, context.hostname_checks_common_name)


def _rules(context):
    """What a session's handshake went by, to be compared with today's."""
    # Without a change, the CA certificates grow in number when OpenSSL reads one from a folder.
    certificates = None if context in _unchanged else context.cert_store_stats()
    return _seen(context), certificates


def wrapped(context, sock, host, port, resume):
    """A socket after its TLS handshake; `resume`: by a session of this server, if there is one."""
    if not resume or type(context) is not _real_context:
        return context.wrap_socket(sock, server_hostname=host)
    key, state = (context, host, port), _rules(context)
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
    if context not in _used and not any(context is known[1] for known in _shared.values()):
        _used.add(context)
        return
    # In TLS 1.3 the ticket comes after the handshake; it may not have come.
    if session is None or not session.has_ticket:
        return
    _sessions[key] = state, session
    while len(_sessions) > _SESSIONS:
        _sessions.popitem(last=False)

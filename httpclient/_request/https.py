# SPDX-License-Identifier: MIT
"""HTTPSConnection: HTTPConnection over TLS.  This module needs Python's ssl module."""
from __future__ import annotations

import socket
import ssl
import warnings
from functools import partial

from .._common.exceptions import Aborted
from .._common.mistakes import note, wrong_handshake
from .._common.signatures import by_name, deprecated
from .._core.connection_state import connection_state
from .._core.socket_reader import call_in_time
from .._response import settings
from .._response.settings import SecureSettings, connection_settings
from .._response.stand_ins import as_connection
from .connection import HTTPS_PORT, HTTPConnection
from .recovery import drop
from .tls import SessionRefused, is_unchanged, keep_session, session_failed, shared_context, wrapped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Unpack, overload

    from _typeshed import MaybeNone, StrOrBytesPath

    from .._common.hints import Address, SecureOptions


def _create_https_context(http_version: int) -> ssl.SSLContext:
    """Return a new default context, which verifies certificates.

    It offers http/1.1 by ALPN if `http_version` is 11, and post-handshake authentication.
    urllib.request calls this function, too.  Source: http.client.
    """
    context = ssl._create_default_https_context()
    if http_version == 11:
        context.set_alpn_protocols(["http/1.1"])
    if context.post_handshake_auth is not None:
        context.post_handshake_auth = True
    return context


def _session_failed(sock, error):
    """Stop offering TLS sessions to a server whose connection failed before any response."""
    if isinstance(error, (ssl.SSLError, ConnectionError)):
        session_failed(sock)


class _PrivateContext:
    """`_context` of a connection without `context`: reading it gives the connection its own one.

    It is no data descriptor: assigning to the attribute makes an ordinary attribute.
    """

    def __get__(self, connection, owner=None):
        if connection is None:
            return self
        context = _create_https_context(connection._http_vsn)
        connection.__dict__["_context"] = context
        return context


def _shown_signature(
        self, host, port=None, *, timeout=socket._GLOBAL_DEFAULT_TIMEOUT, source_address=None,
        context=None, blocksize=8192, key_file=None, cert_file=None, check_hostname=None,
        max_response_headers=None, strict=None, deadline=None, max_response_line=None,
        max_response_head=None, max_interim_responses=None, max_chunk_line=None,
        max_chunk_overhead=None, resume_sessions=None, unix_socket=None,
        happy_eyeballs_delay=None, resolver=None):
    """The signature that inspect shows of the constructor, which accepts older orders as well."""


class HTTPSConnection(HTTPConnection, SecureSettings):
    """A connection to an HTTPS server, whose certificate is verified.

    It has the parameters of HTTPConnection, with 443 as the default port, and these:

    :param context: an ssl.SSLContext, which decides about verification; None means a default
        context, as in http.client.
    :param key_file: the path of the client's private key (PEM), default None.  http.client
        removed this parameter and the next two in Python 3.12.
    :param cert_file: the path of the client's certificate (PEM), default None.
    :param check_hostname: whether to verify the host name (bool), deprecated; None leaves that to
        the context.
    :param resume_sessions: whether to resume the TLS session of an earlier connection to the same
        server (RFC 8446 2.2).  None, the default, does so without `context`.  True does so with a
        `context`, too, which must not change while it is in use, see COMPATIBILITY.md.  False
        does a full handshake each time.

    After `host` and `port`, the positional order is that of older Pythons: (key_file, cert_file,
    strict, timeout, source_address), with a bool or None as `strict`, or the same without
    `strict`.

    Raises ValueError if `check_hostname` contradicts the context, ssl.SSLError and OSError for
    bad certificate files, and the errors of HTTPConnection.
    """

    sock: ssl.SSLSocket | MaybeNone
    key_file: StrOrBytesPath | None
    cert_file: StrOrBytesPath | None

    default_port = HTTPS_PORT
    _context = _PrivateContext()

    if TYPE_CHECKING:
        @overload
        def __init__(
            self, host: str, port: int | None = None, *, timeout: float | None = ...,
            source_address: Address | None = None, blocksize: int = 8192,
            key_file: StrOrBytesPath | None = None, cert_file: StrOrBytesPath | None = None,
            check_hostname: None = None, strict: bool | None = None,
            **options: Unpack[SecureOptions],
        ) -> None: ...
        # Python 3.2 to 3.11
        @overload
        def __init__(
            self, host: str, port: int | None, key_file: StrOrBytesPath | None, /,
            cert_file: StrOrBytesPath | None = None, timeout: float | None = ...,
            source_address: Address | None = None, *, blocksize: int = 8192,
            check_hostname: None = None, strict: bool | None = None,
            **options: Unpack[SecureOptions],
        ) -> None: ...
        # Python 2 and 3.0
        @overload
        def __init__(
            self, host: str, port: int | None, key_file: StrOrBytesPath | None,
            cert_file: StrOrBytesPath | None, strict: bool | None, /, timeout: float | None = ...,
            source_address: Address | None = None, *, blocksize: int = 8192,
            check_hostname: None = None, **options: Unpack[SecureOptions],
        ) -> None: ...
        @overload
        @deprecated("`check_hostname` is deprecated since Python 3.6; set it in the `context`.")
        def __init__(
            self, host: str, port: int | None = None, key_file: StrOrBytesPath | None = None,
            cert_file: StrOrBytesPath | None = None, timeout: float | None = ...,
            source_address: Address | None = None, *, blocksize: int = 8192,
            check_hostname: bool, strict: bool | None = None, **options: Unpack[SecureOptions],
        ) -> None: ...

    def __init__(self, host, port=None, *args, context=None, check_hostname=None,
                 resume_sessions=None, **keywords):
        if args:
            names = ["key_file", "cert_file", "timeout", "source_address"]
            third = args[2:4]
            if third and (isinstance(third[0], bool)
                          or third[0] is None and isinstance(third[-1], (int, float))):
                names.insert(2, "strict")
            keywords = by_name(type(self).__name__, names, args, keywords)
        key_file = keywords.pop("key_file", None)
        cert_file = keywords.pop("cert_file", None)
        super().__init__(host, port, **keywords)
        if resume_sessions is not None:
            connection_settings(self).resume_sessions = bool(resume_sessions)
        self.key_file = key_file
        self.cert_file = cert_file
        if context is None:
            if check_hostname is None and not (key_file or cert_file):
                shared = shared_context(self._http_vsn, _create_https_context)
                if shared is not None:
                    self.__shared = shared
                    if settings.lazy:
                        return
            context = _create_https_context(self._http_vsn)
        if check_hostname is not None:
            warnings.warn("check_hostname is deprecated, use a custom context instead.",
                          DeprecationWarning, 2)
            if check_hostname and context.verify_mode == ssl.CERT_NONE:
                raise ValueError("check_hostname needs a SSL context with "
                                 "either CERT_OPTIONAL or CERT_REQUIRED")
            context.check_hostname = check_hostname
        if key_file or cert_file:
            context.load_cert_chain(cert_file, key_file)
            if context.post_handshake_auth is not None:
                # A server may ask for the client's certificate after the handshake.
                context.post_handshake_auth = True
        self._context = context

    __init__.__wrapped__ = _shown_signature

    def connect(self) -> None:
        """Connect as HTTPConnection does, and do the TLS handshake.

        If a handshake that offered a session fails, connects once more without the session.
        Raises ssl.SSLError (ssl.SSLCertVerificationError for a bad certificate), and the errors
        of HTTPConnection.connect().
        """
        connect = super().connect
        self = as_connection(self)
        state = connection_state(self)
        state.session_failed = _session_failed
        for resume in (connection_settings(self).resume_sessions, False):
            closes = state.closes
            connect()
            try:
                _handshake(self, state, closes, resume)
                return
            except SessionRefused:
                if state.closes != closes:
                    raise Aborted()
                drop(self)
            except BaseException as error:
                if isinstance(error, (ssl.SSLError, AttributeError)):
                    note(error, wrong_handshake, self, error)
                if state.closes == closes:
                    # Otherwise the next request would be sent without TLS.
                    drop(self)
                elif isinstance(error, OSError):
                    raise Aborted() from error
                raise

    def close(self) -> None:
        """Close the connection, and the response unless it has been read to its end.

        The TLS session is kept for later connections, see `resume_sessions`.
        """
        # Not by their names: VCR.py binds classes of its own to those.
        if not isinstance(self, __class__):
            __class__.__bases__[0].close(self)
            return
        if self.sock is not None and connection_settings(self).resume_sessions is not False:
            keep_session(self.sock)
        super().close()


def _handshake(connection, state, closes, resume):
    """Do the TLS handshake, and put the TLS socket in place of the connection's socket."""
    def begin(sock):
        """Make the TLS socket known to close(), before the handshake."""
        if not state.publish(connection, closes, sock):
            raise Aborted()

    sock = _wrapped(connection, state, resume, begin)
    if connection.sock is not sock and not state.publish(connection, closes, sock):
        sock.close()
        raise Aborted()


def _wrapped(connection, state, resume, begin):
    """Return the connection's socket over TLS, after the handshake."""
    sock, host = connection.sock, connection._tunnel_host or connection.host
    # There is none if the connection was given a context or may not share one.
    context = connection.__dict__.get("_HTTPSConnection__shared")
    own = context is None or "_context" in connection.__dict__ or not is_unchanged(context)
    if own:
        context = connection._context
    if resume is None:
        resume = not own
    server = host, connection.port, None
    if connection._tunnel_host:
        server = host, connection._tunnel_port, (connection.host, connection.port)
    if state.dialing is not None and state.dialing.unix_socket is not None:
        server = *server, state.dialing.unix_socket
    wrap = partial(wrapped, context, host=host, server=server, resume=resume, begin=begin,
                   call=state.call)
    if state.due is None:
        return wrap(sock)
    timeout = sock.gettimeout()
    sock = call_in_time(state.due, sock, wrap, sock)
    sock.settimeout(timeout)
    return sock

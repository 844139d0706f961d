# SPDX-License-Identifier: MIT
"""HTTPSConnection: HTTPConnection over TLS.  Imported only where Python has ssl."""
import socket
import ssl
import warnings
from functools import partial

from .connection import _KEYWORDS, HTTPS_PORT, HTTPConnection
from .signatures import by_name, shown_signature


def _create_https_context(http_version):
    """The default context: certificates are verified, ALPN is told, and PHA allowed.

    urllib.request calls this too.
    """
    context = ssl._create_default_https_context()
    if http_version == 11:
        context.set_alpn_protocols(["http/1.1"])
    if context.post_handshake_auth is not None:
        context.post_handshake_auth = True
    return context


class HTTPSConnection(HTTPConnection):
    """A connection to an HTTPS server; certificates are verified unless `context` says else.

    `key_file` and `cert_file` (paths of PEM files) are the client's certificate.
    Served are the positional orders of all Pythons: (host, port, key_file,
    cert_file, strict, timeout, source_address), with a bool or None as `strict`,
    and the same without `strict`.
    """

    default_port = HTTPS_PORT

    @shown_signature(("host",), ("port", None), timeout=socket._GLOBAL_DEFAULT_TIMEOUT,
                source_address=None, context=None, blocksize=8192,
                key_file=None, cert_file=None, check_hostname=None, **_KEYWORDS)
    def __init__(self, host, port=None, *args, context=None, check_hostname=None, **keywords):
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
        if context is None:
            context = _create_https_context(self._http_vsn)
        self.key_file = key_file
        self.cert_file = cert_file
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
                # Who gives a certificate wants to show it, also after the handshake.
                context.post_handshake_auth = True
        self._context = context

    def connect(self):
        """Connect, through the tunnel if there is one, and do the TLS handshake."""
        super().connect()
        try:
            self.sock = self._wrapped(self.sock, self._tunnel_host or self.host)
        except BaseException:
            self.close()  # or the next request would go out in the clear
            raise

    def _wrapped(self, sock, server_hostname):
        wrap = partial(self._context.wrap_socket, server_hostname=server_hostname)
        if self._due is None:
            return wrap(sock)
        timeout = sock.gettimeout()
        wrapped = self._due.call(sock, wrap, sock)
        wrapped.settimeout(timeout)
        return wrapped

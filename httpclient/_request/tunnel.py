# SPDX-License-Identifier: MIT
"""Tunnelling: the part of HTTPConnection that has a proxy connect it to somebody else.

CONNECT by HTTP/1.1 with a Host field (RFC 9110 9.3.6), as http.client does it
since 3.12.
"""
import http

from .._common.mistakes import (
    late_tunnel, note, noted, refused_tunnel, wrong_field, wrong_headers, wrong_host, wrong_port,
)
from .._common.settings import MAX_RESPONSE_HEADERS
from .._core.connection_state import connection_state
from .._response.ending import READERS
from .._response.message import _parse_header_lines, _read_headers
from .._response.response import HTTPResponse as _our_response_class, belongs_to
from .._response.stand_ins import as_connection
from .validation import (
    _contains_disallowed_url_pchar_re, _is_illegal_header_value, _is_legal_header_name,
)


def _wrapped(ip):
    """An IPv6 address (bytes) in brackets; a name, or what has brackets, as it is."""
    return b"[" + ip + b"]" if b":" in ip and ip[0] != b"["[0] else ip


def _field_line(name, value):
    """A field line of a CONNECT request."""
    name, value = name.encode("latin-1"), str(value).encode("latin-1")
    if not _is_legal_header_name(name):
        raise ValueError(f"Invalid header name {name!r}")
    if _is_illegal_header_value(value):
        raise ValueError(f"Invalid header value {value!r}")
    return b"%s: %s\r\n" % (name, value)


class Tunnelling:
    """set_tunnel() and what connect() does with it."""

    def set_tunnel(self, host, port=None, headers=None):
        """Have connect() ask the server, a proxy, for a tunnel to `host` by CONNECT.

        `headers` is a mapping of further fields for the CONNECT request; Host is
        added if it is not there.  Raises RuntimeError on an open connection.
        """
        if self.sock:
            raise noted(RuntimeError("Can't set up tunnel for established connection"),
                        late_tunnel)
        self._tunnel_host, self._tunnel_port = self._get_hostport(host, port)
        try:
            if headers:
                self._tunnel_headers = headers.copy()
            else:
                self._tunnel_headers.clear()
            has_host = any(name.lower() == "host" for name in self._tunnel_headers)
        except (AttributeError, TypeError) as error:
            note(error, wrong_headers, headers)
            raise
        if not has_host:
            encoded = _wrapped(self._tunnel_host.encode("idna")).decode("ascii")
            self._tunnel_headers["Host"] = f"{encoded}:{self._tunnel_port}"

    def _tunnel(self):
        self = as_connection(self)
        if _contains_disallowed_url_pchar_re.search(self._tunnel_host):
            raise noted(ValueError(f"Tunnel host can't contain control characters "
                                   f"{self._tunnel_host!r}"), wrong_host, self._tunnel_host)
        host, version = self._wrap_ipv6(self._tunnel_host.encode("idna")), self._http_vsn_str
        try:
            connect = b"CONNECT %s:%d %s\r\n" % (
                host, self._tunnel_port, version.encode("ascii"))
        except TypeError as error:
            note(error, wrong_port, self._tunnel_port)
            raise
        lines = [connect]
        for name, value in self._tunnel_headers.items():
            try:
                lines.append(_field_line(name, value))
            except (AttributeError, ValueError) as error:
                note(error, wrong_field, name, [str(value)], error)
                raise
        lines.append(b"\r\n")
        self.send(b"".join(lines))

        response = self.response_class(self.sock, method=self._method)
        if isinstance(response, _our_response_class):
            state = connection_state(self)
            belongs_to(response, state.limits, state.due, False)
        try:
            (version, code, message) = response._read_status()
            self._raw_proxy_headers = _read_headers(
                response.fp, getattr(self, MAX_RESPONSE_HEADERS))
            if self.debuglevel > 0:
                for line in self._raw_proxy_headers:
                    print("header:", line.decode("latin-1"))
            if code != http.HTTPStatus.OK:
                self.close()
                raise noted(OSError(f"Tunnel connection failed: {code} {message.strip()}"),
                            refused_tunnel, self._tunnel_host, code)
            if type(response.fp) in READERS and response.fp.unread:
                # Whoever speaks before the TLS handshake or our request is no tunnel.
                self.close()
                raise OSError("Tunnel connection failed: the proxy sent more than its answer")
        finally:
            response.close()

    def _wrap_ipv6(self, ip):
        return _wrapped(ip)

    def get_proxy_response_headers(self):
        """The fields of the proxy's answer to CONNECT, as an HTTPMessage; None before it."""
        if self._raw_proxy_headers is None:
            return None
        return _parse_header_lines(self._raw_proxy_headers)

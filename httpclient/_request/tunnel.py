# SPDX-License-Identifier: MIT
"""Tunnelling: the part of HTTPConnection that connects to a server through a proxy.

It sends CONNECT with HTTP/1.1 and a Host field (RFC 9110 9.3.6), as http.client has done since
Python 3.12.
"""
from __future__ import annotations

import http

from .._common.exceptions import Aborted
from .._common.mistakes import (
    late_tunnel, note, noted, refused_tunnel, wrong_field, wrong_headers, wrong_host, wrong_port,
)
from .._core.connection_state import connection_state
from .._response.ending import READERS
from .._response.head import belongs_to
from .._response.message import _parse_header_lines, _read_headers
from .._response.response import HTTPResponse as _our_response_class
from .._response.stand_ins import as_connection
from .validation import (
    _contains_disallowed_url_pchar_re, _is_illegal_header_value, _is_legal_header_name,
    in_brackets, wrap_ipv6,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._common.classes import HTTPMessage


def _field_line(name, value):
    """Return a field line (bytes) of a CONNECT request; raise ValueError if it is not allowed."""
    name, value = name.encode("latin-1"), str(value).encode("latin-1")
    if not _is_legal_header_name(name):
        raise ValueError(f"Invalid header name {name!r}")
    if _is_illegal_header_value(value):
        raise ValueError(f"Invalid header value {value!r}")
    return b"%s: %s\r\n" % (name, value)


def connect_head(connection):
    """Return the CONNECT request of a connection with a tunnel, as bytes."""
    target, port = connection._tunnel_host, connection._tunnel_port
    if _contains_disallowed_url_pchar_re.search(target):
        raise noted(ValueError(f"Tunnel host can't contain control characters {target!r}"),
                    wrong_host, target)
    host = wrap_ipv6(connection, target.encode("idna"))
    version = connection._http_vsn_str.encode("ascii")
    try:
        connect = b"CONNECT %s:%d %s\r\n" % (host, port, version)
    except TypeError as error:
        note(error, wrong_port, port)
        raise
    lines = [connect]
    for name, value in connection._tunnel_headers.items():
        try:
            lines.append(_field_line(name, value))
        except (AttributeError, ValueError) as error:
            note(error, wrong_field, name, [str(value)], error)
            raise
    lines.append(b"\r\n")
    return b"".join(lines)


class Tunnelling:
    """set_tunnel(), and the methods by which connect() makes the tunnel."""

    def set_tunnel(self, host: str, port: int | None = None,
                   headers: Mapping[str, str] | None = None) -> None:
        """Use the connection's server as a proxy: connect through it to `host` by CONNECT.

        :param host: the name or address of the tunnel's target (str); "host:port" is accepted.
        :param port: the target's port (int); None means the one in `host`, else the default port.
        :param headers: more headers for the CONNECT request, a mapping of str to str; default None.
            Host is added unless it is among them.

        Raises RuntimeError if the connection is open, and InvalidURL for a bad port.  A refused
        tunnel makes connect() raise OSError.
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
            encoded = in_brackets(self._tunnel_host.encode("idna")).decode("ascii")
            self._tunnel_headers["Host"] = f"{encoded}:{self._tunnel_port}"

    def _tunnel(self):
        """Send CONNECT and read the response; raise OSError if the proxy refuses."""
        self = as_connection(self)
        self.send(connect_head(self))

        response = self.response_class(self.sock, method=self._method)
        state = connection_state(self)
        if isinstance(response, _our_response_class):
            belongs_to(response, state.limits, state.due, False)
        if type(fp := getattr(response, "fp", None)) in READERS:
            state.read_by(fp)
        try:
            (version, code, message) = response._read_status()
            self._raw_proxy_headers = _read_headers(
                response.fp, getattr(self, "max_response_headers", None))
            if self.debuglevel > 0:
                for line in self._raw_proxy_headers:
                    print("header:", line.decode("latin-1"))
            if code != http.HTTPStatus.OK:
                self.close()
                raise noted(OSError(f"Tunnel connection failed: {code} {message.strip()}"),
                            refused_tunnel, self._tunnel_host, code)
            if type(fp) in READERS and fp.aborted:
                raise Aborted()     # It may have been closed just when the response was complete.
            if type(response.fp) in READERS and (surplus := response.fp.unread):
                # The server sends nothing before the TLS handshake or the first request.
                self.close()
                raise OSError("Tunnel connection failed: the proxy sent "
                              f"{surplus} bytes after its response")
        finally:
            state.read_by(None)
            response.close()

    def _wrap_ipv6(self, ip):
        """Return an IPv6 address (bytes) in brackets, or any other host unchanged."""
        return in_brackets(ip)

    def get_proxy_response_headers(self) -> HTTPMessage | None:
        """Return the headers of the proxy's response to CONNECT.

        :return: an HTTPMessage, or None if there has been no such response.

        Raises BadHeaderLine if a field line is refused.  Source: http.client, since Python 3.12.
        """
        if self._raw_proxy_headers is None:
            return None
        return _parse_header_lines(self._raw_proxy_headers)

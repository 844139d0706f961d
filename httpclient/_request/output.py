# SPDX-License-Identifier: MIT
"""Sending: the part of HTTPConnection that adds Host, frames the body, and sends bytes.

Head and body are joined where no code can tell.  An overridden ``send``, a fake socket, a debug
print and an audit hook see the same pieces as with http.client.
"""
from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import count
from urllib.parse import urlsplit

from .._common.exceptions import NotConnected
from .._common.mistakes import not_connected, note, noted, wrong_piece, wrong_text
from .._core.connection_state import connection_state
from .._core.exchange import JOINED
from .._core.request import field_line
from .._core.socket_reader import call_in_time, held
from .._response.stand_ins import as_connection, real
from . import body as _body
from .recovery import cut_off
from .stale import real_socket
from .validation import _encode, _strip_ipv6_iface, encode_host, wrap_ipv6

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._common.hints import Data

_NONE_LEFT = object()


class Sending:
    """send(), and the methods by which endheaders() sends the lines of a request."""

    def send(self, data: Data | str) -> None:
        """Send data to the server, and connect first if needed.

        :param data: bytes-like, str (Latin-1), a file (sent from its current position), or an
            iterable of bytes-like objects.

        Raises NotConnected if there is no connection and ``auto_open`` is 0, TypeError for data
        of another type, TimeoutError, OSError.
        """
        if type(data) is bytes and self.sock is not None and self.debuglevel == 0:
            return _send_audited(as_connection(self), data)
        if self.sock is None:
            if self.auto_open:
                self.connect()
            else:
                raise noted(NotConnected(), not_connected)
        if self.debuglevel > 0:
            print("send:", repr(data))
        if isinstance(data, str):
            data = _encode(data)
        self = as_connection(self)
        if hasattr(data, "read"):
            return _send_each(self, _blocks_of(self, data, "sending"), _send_audited)
        _send_audited(self, data, by=_send_any)

    def _output(self, s):
        """Add a line (bytes without CRLF) to the request."""
        self._buffer.append(s)

    def _read_readable(self, readable):
        """Yield the rest of a file in blocks (bytes)."""
        return _blocks_of(as_connection(self), readable, "reading")

    def _send_output(self, message_body=None, encode_chunked=False):
        """Send the lines of the request and the body.  Source: http.client."""
        self = as_connection(self)
        if isinstance(message_body, str):
            message_body = _encode(message_body, "body")
        self._buffer.extend((b"", b""))
        msg = b"\r\n".join(self._buffer)
        del self._buffer[:]
        expectation = connection_state(self).expectation
        if expectation is None and _may_join(self, message_body, encode_chunked):
            return _send_audited(self, msg, message_body)
        self.send(msg)
        if message_body is None or expectation and not expectation.allows_body(self):
            return
        encode_chunked = encode_chunked and self._http_vsn == 11
        blocks = iter(_body.blocks(message_body, self._read_readable))
        for at in count(1):
            try:
                block = next(blocks, _NONE_LEFT)
            except BaseException as error:
                if isinstance(error, UnicodeEncodeError):
                    note(error, wrong_text, message_body, error)
                # The server has a part of the request, which cannot be completed.
                self.close()
                raise
            if block is _NONE_LEFT:
                break
            if not block:
                if self.debuglevel > 0:
                    print("Zero length chunk ignored")
                continue
            try:
                if isinstance(block, str):
                    raise TypeError("a bytes-like object is required, not 'str'")
                self.send(_body.chunk(block) if encode_chunked else block)
            except TypeError as error:
                note(error, wrong_piece, message_body, at, block)
                raise
        if encode_chunked:
            self.send(_body.LAST_CHUNK)


_our_send = Sending.send


def _sendall(connection, data):
    """Call sendall() of the socket, within the deadline, so that close() can interrupt it."""
    sock, state = connection.sock, connection_state(connection)
    try:
        if state.due is None:
            state.call(held, sock, "sendall", data)
        else:
            call_in_time(state.due, sock, state.call, held, sock, "sendall", data)
    except BaseException as error:
        if not (isinstance(error, TypeError) and not isinstance(sock, real_socket)):
            cut_off(connection, sock)
        raise


def _send_audited(connection, *pieces, by=_sendall):
    """Send pieces as one by a function, with an audit event for each piece."""
    for piece in pieces:
        sys.audit("http.client.send", real(connection), piece)
    by(connection, b"".join(pieces) if len(pieces) > 1 else pieces[0])


def _send_any(connection, data):
    """Send a bytes-like object, or the items of an iterable; raise TypeError for any other."""
    try:
        if not isinstance(connection.sock, real_socket):
            # An object that is no socket may accept data without a buffer.
            return _sendall(connection, data)
        memoryview(data).release()
    except TypeError:
        if not isinstance(data, Iterable):
            raise TypeError("data should be a bytes-like object or an iterable, "
                            f"got {type(data)!r}") from None
        return _send_each(connection, data, _sendall)
    _sendall(connection, data)


def _send_each(connection, blocks, send):
    """Send each block by a function."""
    sock = connection.sock
    try:
        for block in blocks:
            send(connection, block)
    except BaseException:
        cut_off(connection, sock)
        raise


def _blocks_of(connection, file, doing):
    """Yield the rest of a file in blocks of bytes."""
    encode = connection._is_textIO(file)
    if connection.debuglevel > 0:
        print(f"{doing} a readable")
        if encode:
            print("encoding file using iso-8859-1")
    yield from _body.file_blocks(file, connection.blocksize, encode)


def _may_join(connection, body, encode_chunked):
    """Return True if head and body may be sent in one piece: no code can tell the difference."""
    return (
        type(body) in (bytes, bytearray) and 0 < len(body) <= JOINED
        and not encode_chunked
        and getattr(type(connection), "send", None) is _our_send
        and "send" not in connection.__dict__
        and issubclass(type(connection.sock), real_socket)
        and not connection.debuglevel > 0
    )


def send_pieces(connection, head, body):
    """Send a head and a body (each bytes or None) as send() does, without its debug print."""
    if connection.sock is None:
        if not connection.auto_open:
            raise noted(NotConnected(), not_connected)
        connection.connect()
    if body and len(body) <= JOINED and issubclass(type(connection.sock), real_socket):
        return _send_audited(connection, head, body)
    for piece in (head, body):
        if piece:
            _send_audited(connection, piece)


def put_host(connection, url):
    """Add Host: that of an absolute URL, else of the tunnel's target, else of the server."""
    netloc = urlsplit(url).netloc if url.startswith("http") else ""
    if netloc:
        connection.putheader("Host", _strip_ipv6_iface(encode_host(netloc)))
        return
    if connection._tunnel_host:
        value = _host_value(connection, connection._tunnel_host, connection._tunnel_port)
    else:
        value = _host_value(connection, connection.host, connection.port)
    connection.putheader("Host", value)


def _host_value(connection, host, port):
    """Return the value of Host, bytes, or str with a port that is not the default."""
    encoded = wrap_ipv6(connection, encode_host(host))
    if ":" in host:
        encoded = _strip_ipv6_iface(encoded)
    return encoded if port == connection.default_port else f"{encoded.decode('ascii')}:{port}"


def note_host_line(connection, host, port, default_port):
    """Keep and return the Host line for later requests, or return None if it is not regular.

    The result is (host, port, default_port, line as bytes); the first three say when it applies.
    """
    line = field_line("Host", _host_value(connection, host, port))
    if line is None:
        return None
    state = connection_state(connection)
    state.host_line = host, port, default_port, line + b"\r\n"
    return state.host_line


def put_framing(connection, method, body, names, encode_chunked):
    """Add Content-Length or Transfer-Encoding unless `names` has one; return whether to chunk.

    `names` are the names of the given headers in lower case.
    """
    if "content-length" in names:
        return False
    if "transfer-encoding" in names:
        return encode_chunked
    length = connection._get_content_length(body, method)
    if length is not None:
        connection.putheader("Content-Length", str(length))
    elif body is not None:
        if connection.debuglevel > 0:
            print(f"Unable to determine size of {body!r}")
        connection.putheader("Transfer-Encoding", "chunked")
        return True
    return False

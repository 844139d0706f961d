# SPDX-License-Identifier: MIT
"""Sending: the part of HTTPConnection that adds Host, frames a body, and gets bytes to the socket.

Head and body go out in as few pieces as http.client's callers can bear: every
piece that somebody may see (an overridden ``send``, a fake socket, a debug
print, an audit hook) is the same as there.
"""
import sys
from collections.abc import Iterable
from itertools import count
from urllib.parse import urlsplit

from . import body as _body
from ._core.exchange import JOINED
from ._core.progress import progress_of
from ._core.request import field_line
from ._core.sockets import call_in_time, held
from .checks import _encode, _strip_ipv6_iface, encode_host
from .exceptions import NotConnected
from .idle import real_socket
from .mistakes import note, noted, not_connected, wrong_piece, wrong_text
from .stand_ins import as_connection, real

_NONE_LEFT = object()


class Sending:
    """send() and what endheaders() does with the lines of a request."""

    def send(self, data):
        """Send bytes-like `data`, what a file has left, or the items of an iterable."""
        if type(data) is bytes and self.sock is not None and self.debuglevel == 0:
            sys.audit("http.client.send", self, data)
            as_connection(self)._hc_sendall(data)
            return
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
            self._hc_send_each(self._hc_blocks_of(data, "sending"), True)
            return
        sys.audit("http.client.send", real(self), data)
        if not isinstance(self.sock, real_socket):
            return self._hc_send_to_another_make(data)
        try:
            memoryview(data).release()
        except TypeError:
            self._hc_send_items(data)
        else:
            self._hc_sendall(data)

    def _hc_send_to_another_make(self, data):
        """Send to a socket that may take other objects than those with a buffer."""
        try:
            self._hc_sendall(data)
        except TypeError:
            self._hc_send_items(data)

    def _hc_send_items(self, data):
        if not isinstance(data, Iterable):
            raise TypeError("data should be a bytes-like object or an iterable, "
                            f"got {type(data)!r}") from None
        self._hc_send_each(data, False)

    def _hc_send_each(self, blocks, audited):
        sock = self.sock
        try:
            for block in blocks:
                if audited:
                    sys.audit("http.client.send", real(self), block)
                self._hc_sendall(block)
        except BaseException:
            self._hc_cut_off(sock)
            raise

    def _hc_sendall(self, data):
        sock, progress = self.sock, progress_of(self)
        try:
            if self._hc_due is None:
                progress.call(held, sock, "sendall", data)
            else:
                call_in_time(self._hc_due, sock, progress.call, held, sock, "sendall", data)
        except BaseException as error:
            if not (isinstance(error, TypeError) and not isinstance(sock, real_socket)):
                self._hc_cut_off(sock)
            raise

    def _output(self, s):
        """Add a line without its CRLF to the request."""
        self._buffer.append(s)

    def _read_readable(self, readable):
        return as_connection(self)._hc_blocks_of(readable, "reading")

    def _hc_blocks_of(self, file, doing):
        """Yield the rest of a file in blocks of bytes."""
        encode = self._is_textIO(file)
        if self.debuglevel > 0:
            print(f"{doing} a readable")
            if encode:
                print("encoding file using iso-8859-1")
        yield from _body.file_blocks(file, self.blocksize, encode)

    def _send_output(self, message_body=None, encode_chunked=False):
        """Send the lines of the request, and the body."""
        self = as_connection(self)
        if isinstance(message_body, str):
            message_body = _encode(message_body, "body")
        self._buffer.extend((b"", b""))
        msg = b"\r\n".join(self._buffer)
        del self._buffer[:]
        if self._hc_may_join(message_body, encode_chunked):
            return self._hc_send_joined(msg, message_body)
        self.send(msg)
        if message_body is None:
            return
        encode_chunked = encode_chunked and self._http_vsn == 11
        blocks = iter(_body.blocks(message_body, self._read_readable))
        for at in count(1):
            try:
                block = next(blocks, _NONE_LEFT)
            except BaseException as error:
                if isinstance(error, UnicodeEncodeError):
                    note(error, wrong_text, message_body, error)
                self.close()    # half a request is on its way
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

    def _hc_may_join(self, body, encode_chunked):
        """Whether head and body may go out in one piece, with nobody to see the seam."""
        return (
            type(body) in (bytes, bytearray) and 0 < len(body) <= JOINED
            and not encode_chunked
            and getattr(type(self), "send", None) is _our_send and "send" not in self.__dict__
            and issubclass(type(self.sock), real_socket)
            and not self.debuglevel > 0
        )

    def _hc_send_pieces(self, head, body):
        """Send a head and a body of bytes or None, with what send() does, but for its print."""
        if self.sock is None:
            if not self.auto_open:
                raise noted(NotConnected(), not_connected)
            self.connect()
        if body and len(body) <= JOINED and issubclass(type(self.sock), real_socket):
            return self._hc_send_joined(head, body)
        for piece in (head, body):
            if piece:
                sys.audit("http.client.send", self, piece)
                self._hc_sendall(piece)

    def _hc_send_joined(self, msg, body):
        sys.audit("http.client.send", self, msg)
        sys.audit("http.client.send", self, body)
        self._hc_sendall(msg + body)

    def _hc_put_host(self, url):
        """Host: of an absolute URL, else of the tunnel's end, else of the server."""
        netloc = urlsplit(url).netloc if url.startswith("http") else ""
        if netloc:
            self.putheader("Host", _strip_ipv6_iface(encode_host(netloc)))
            return
        if self._tunnel_host:
            value = self._hc_host_value(self._tunnel_host, self._tunnel_port)
        else:
            value = self._hc_host_value(self.host, self.port)
        self.putheader("Host", value)

    def _hc_host_value(self, host, port):
        encoded = self._wrap_ipv6(encode_host(host))
        if ":" in host:
            encoded = _strip_ipv6_iface(encoded)
        return encoded if port == self.default_port else f"{encoded.decode('ascii')}:{port}"

    def _hc_note_host_line(self, host, port, default_port):
        """The line for requests made in one go, with what it is made of; None if it is odd."""
        line = field_line("Host", self._hc_host_value(host, port))
        if line is None:
            return None
        self._hc_host_line = host, port, default_port, line + b"\r\n"
        return self._hc_host_line

    def _hc_put_framing(self, method, body, names, encode_chunked):
        """Add Content-Length or Transfer-Encoding unless given; whether to send chunks."""
        if "content-length" in names:
            return False
        if "transfer-encoding" in names:
            return encode_chunked
        length = self._get_content_length(body, method)
        if length is not None:
            self.putheader("Content-Length", str(length))
        elif body is not None:
            if self.debuglevel > 0:
                print(f"Unable to determine size of {body!r}")
            self.putheader("Transfer-Encoding", "chunked")
            return True
        return False


_our_send = Sending.send

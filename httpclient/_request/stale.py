# SPDX-License-Identifier: MIT
"""Whether something has arrived on an idle connection, before a request goes out on it.

Whatever it is, it is no answer to a request that has not been sent: the end of
the stream (the server has closed meanwhile), or bytes that would be taken for
the next response.
"""
import socket

from .._core.poll import readable

try:
    from ssl import SSLSocket, SSLWantReadError
except ImportError:
    SSLSocket = SSLWantReadError = ()  # type: ignore[misc, assignment]

real_socket = socket.socket


def has_news(sock):
    """Whether octets or the end of the stream can be read from a real socket now.

    False for sockets of other make: they are not ours to look into.
    """
    if not issubclass(type(sock), real_socket):
        return False
    fd = sock.fileno()
    if fd < 0:
        return True
    if isinstance(sock, SSLSocket):
        return bool(sock.pending()) or readable(fd) and _has_content(sock)
    return readable(fd)


def _has_content(sock):
    """Of TLS: session tickets come after the handshake, and mean nothing here."""
    timeout = sock.gettimeout()
    sock.settimeout(0)
    try:
        sock.recv(1)
        return True
    except SSLWantReadError:
        return False
    except OSError:
        return True
    finally:
        sock.settimeout(timeout)

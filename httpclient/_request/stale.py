# SPDX-License-Identifier: MIT
"""Recognize a stale keep-alive connection before a request is sent on it.

Input on an idle connection cannot be the response to the next request.  It is the end of the
stream, because the server has closed the connection, or bytes that would be mistaken for that
response.
"""
import socket

from .._core.poll import readable

try:
    from ssl import SSLSocket, SSLWantReadError
except ImportError:
    SSLSocket = SSLWantReadError = ()  # type: ignore[misc, assignment]

real_socket = socket.socket


def has_unread_input(sock):
    """Return True if a socket has unread data or the server has closed the connection.

    Return False unless it is a ``socket.socket``: recv() of another object may do anything.
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
    """Return True if a readable TLS socket has more to read than session tickets.

    Servers send those after the handshake, and they say nothing about the connection.
    """
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

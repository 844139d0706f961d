# SPDX-License-Identifier: MIT
"""Tests whether a descriptor is ready, without waiting and without reading."""
import select


cdef extern from *:
    """
    #ifdef _WIN32
    /* Python's select() handles the sockets of Windows. */
    static int httpclient_poll(int fd, int output) { (void)fd; (void)output; return -1; }
    #else
    #include <poll.h>
    static int httpclient_poll(int fd, int output)
    {
        struct pollfd one = {.fd = fd, .events = output ? POLLOUT : POLLIN};
        return poll(&one, 1, 0);
    }
    #endif
    """
    int httpclient_poll(int fd, int output) noexcept


cpdef bint readable(int fd) except -1:
    """Return True if a descriptor has unread data, or the peer has closed the connection."""
    cdef int ready = httpclient_poll(fd, False)
    return ready > 0 if ready >= 0 else bool(select.select([fd], (), (), 0)[0])


cdef bint has_input(object sock) except -1:
    """Return True if a plain socket has unread data, or either side has closed it."""
    cdef int fd = sock.fileno()
    return fd < 0 or readable(fd)


cdef bint has_room(int fd) noexcept:
    """Return True if a socket accepts data to send without waiting; False if that is unknown."""
    return httpclient_poll(fd, True) > 0

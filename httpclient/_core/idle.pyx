# SPDX-License-Identifier: MIT
"""Whether a descriptor has something to read, without waiting and without reading."""


cdef extern from *:
    """
    #ifdef _WIN32
    /* Python's select knows what sockets are there. */
    static int httpclient_poll(int fd) { (void)fd; return -1; }
    #else
    #include <poll.h>
    static int httpclient_poll(int fd)
    {
        struct pollfd one = {.fd = fd, .events = POLLIN};
        return poll(&one, 1, 0);
    }
    #endif
    """
    int httpclient_poll(int fd) noexcept


def poll(int fd):
    """True or False; None where this system, or a signal, leaves it open."""
    cdef int ready = httpclient_poll(fd)
    return None if ready < 0 else ready > 0

# SPDX-License-Identifier: MIT
"""Whether a descriptor has something to read, without waiting and without reading."""
import select


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


cpdef bint readable(int fd) except -1:
    """Whether a descriptor has octets, or the end of the stream, to read now."""
    cdef int ready = httpclient_poll(fd)
    return ready > 0 if ready >= 0 else bool(select.select([fd], (), (), 0)[0])


cdef bint has_input(object sock) except -1:
    """The same of a plain socket; of a closed one it is true, too."""
    cdef int fd = sock.fileno()
    return fd < 0 or readable(fd)

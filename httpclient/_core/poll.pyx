# SPDX-License-Identifier: MIT
"""Whether a descriptor is ready, without waiting and without reading."""
import select


cdef extern from *:
    """
    #ifdef _WIN32
    /* Python's select knows what sockets are there. */
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
    """Whether a descriptor has octets, or the end of the stream, to read now."""
    cdef int ready = httpclient_poll(fd, False)
    return ready > 0 if ready >= 0 else bool(select.select([fd], (), (), 0)[0])


cdef bint has_input(object sock) except -1:
    """The same of a plain socket; of a closed one it is true, too."""
    cdef int fd = sock.fileno()
    return fd < 0 or readable(fd)


cdef bint has_room(int fd) noexcept:
    """Return True if a socket takes octets to send without waiting."""
    return httpclient_poll(fd, True) > 0

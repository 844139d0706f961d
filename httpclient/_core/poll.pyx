# SPDX-License-Identifier: MIT
"""Whether a descriptor is ready for input or output, now or within some time."""
import select


cdef extern from *:
    """
    #ifdef _WIN32
    /* Python's select() handles the sockets of Windows. */
    static int httpclient_poll(int fd, int output, int milliseconds)
    {
        (void)fd; (void)output; (void)milliseconds;
        return -1;
    }
    #else
    #include <errno.h>
    #include <poll.h>

    /* 1: ready, 0: not in time, or interrupted by a signal, -1: ask select(). */
    static int httpclient_poll(int fd, int output, int milliseconds)
    {
        struct pollfd one = {.fd = fd, .events = output ? POLLOUT : POLLIN};
        int ready = poll(&one, 1, milliseconds);

        return ready < 0 && errno == EINTR ? 0 : ready;
    }
    #endif
    """
    int httpclient_poll(int fd, int output, int milliseconds) noexcept nogil


cdef bint ready_within(int fd, bint output, double seconds) except -1:
    """Wait until a descriptor is ready; return False after `seconds`, or after a signal."""
    cdef int milliseconds = <int> (seconds * 1000.0) + 1 if seconds > 0 else 0
    cdef int ready

    if milliseconds == 0:
        ready = httpclient_poll(fd, output, 0)
    else:
        with nogil:
            ready = httpclient_poll(fd, output, milliseconds)
    if ready >= 0:
        return ready > 0
    return any(select.select(() if output else [fd], [fd] if output else (), (), seconds))


cpdef bint readable(int fd) except -1:
    """Return True if a descriptor has unread data, or the peer has closed the connection."""
    return ready_within(fd, False, 0)


cdef bint has_input(object sock) except -1:
    """Return True if a plain socket has unread data, or either side has closed it."""
    cdef int fd = sock.fileno()
    return fd < 0 or readable(fd)

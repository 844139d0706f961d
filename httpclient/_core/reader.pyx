# SPDX-License-Identifier: MIT
"""Reader: a Store with the methods of a binary file, for ``response.fp``.

It is the only buffer of its response.  An io.BufferedReader would be a second one, and would
wait until it has as many bytes as were asked for.
"""
cimport cython
from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.string cimport memchr

from .buffers cimport size_of
from .http1 cimport *
from .python cimport load_flag, set_flag
from .store cimport Store

from io import UnsupportedOperation

cdef Py_ssize_t STORE = 16 * 1024       # the room in bytes for a refill
cdef Py_ssize_t MOST = 64 * 1024        # the most bytes that read1() receives


cdef bint keeps_freed_memory = False


cdef int keep_freed_memory() except -1:
    """Let glibc keep freed memory, so that the next piece does not pay for its pages again.

    Where no large block was ever freed, glibc gives the end of the heap back to the system whenever
    128 KiB there are free.  After that it keeps twice the size of the block.
    """
    global keeps_freed_memory

    if not keeps_freed_memory:
        keeps_freed_memory = True
        PyBytes_FromStringAndSize(NULL, 16 * MOST)
    return 0


cdef class Reader(Store):
    """The methods of a binary file over the unread bytes of a Store."""

    @property
    def aborted(self):
        """True if close() came during a read of the response or its head."""
        return load_flag(&self._aborted)

    def readable(self):
        self.check_open()
        return True

    def writable(self):
        return False

    def seekable(self):
        return False

    def isatty(self):
        return False

    def flush(self):
        self.check_open()

    cdef int end_receive(self) except -1:
        """End the receive that is in progress in another thread."""
        return 0

    @cython.critical_section
    def close(self):
        """Close the reader; end another thread's receive, which then closes the socket or file."""
        if self.closed:
            return
        self.closed = True
        # A connection's close() may have set it before, while the head was read.
        if self._turns > 0:
            set_flag(&self._aborted, True)
        if self._receiving:
            self.end_receive()
        else:
            self.release_store()
            self.leave()

    @cython.critical_section
    def end_message(self, will_close):
        """Note the end of the message before close(); return True if bytes came after it.

        `will_close` says whether the connection ends with the message.
        """
        cdef bint surplus = self._at != self._end
        self._complete = will_close is False and not surplus and self._failure is None
        return surplus

    cdef int end_lease(self) except -1:
        """End the use of a pooled connection, now that nothing more is read from its socket."""
        lease, self._lease = self._lease, None
        lease.end(self._complete)
        return 0

    def __enter__(self):
        self.check_open()
        return self

    def __exit__(self, *args):
        self.close()

    def __iter__(self):
        return self

    def __next__(self):
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    @cython.critical_section
    def read(self, n=-1):
        """Return `n` bytes, fewer only at the end of the stream; all if `n` is None or negative."""
        self.check_readable()
        return self.read_octets(size_of(n))

    @cython.critical_section
    def readinto(self, buffer):
        """Fill `buffer`; return the number of bytes, fewer only at the end of the stream."""
        self.check_readable()
        return self.fill(buffer, 0, -1, False)

    @cython.critical_section
    def readinto1(self, buffer):
        """Read unread bytes into `buffer`, after one receive if none are; return their number."""
        self.check_readable()
        return self.fill(buffer, 0, -1, True)

    @cython.critical_section
    def read1(self, n=-1):
        """Return unread bytes, after one receive if none are; at most `n` if not negative."""
        cdef Py_ssize_t size = size_of(n)
        self.check_readable()
        if size == 0:
            return b""
        if self._at == self._end:
            if size >= STORE:
                keep_freed_memory()
                return self.receive_octets(min(size, MOST), True)
            self.refill(STORE)
        if size < 0 or size > self._end - self._at:
            size = self._end - self._at
        return self.take(size)

    @cython.critical_section
    def receive_more(self):
        """Receive once, after the unread bytes; return the number of bytes, 0 at the end."""
        self.check_readable()
        return self.refill(STORE)

    @cython.critical_section
    def peek(self, n=0):
        """Return up to 8 KiB of unread bytes, after one receive if none are; they stay unread."""
        self.check_readable()
        if self._at == self._end:
            self.refill(STORE)
        if self._at == self._end:
            return b""
        return PyBytes_FromStringAndSize(<char *> self.unread_octets(),
                                         min(PEEK, self._end - self._at))

    @cython.critical_section
    def readline(self, limit=-1):
        """Return the bytes up to and with the next LF, at most `limit` if not negative."""
        cdef Py_ssize_t most = size_of(limit)
        cdef Py_ssize_t seen = 0, have
        cdef uint8_t *begin
        cdef uint8_t *found
        self.check_readable()
        while True:
            have = self._end - self._at
            if 0 <= most < have:
                have = most
            if have > seen:
                begin = self.unread_octets()
                found = <uint8_t *> memchr(begin + seen, c'\n', have - seen)
                if found is not NULL:
                    return self.take_line(found - begin + 1)
                seen = have
            if seen == most or self.refill(max(STORE, seen)) == 0:
                return self.take(seen)

    def readlines(self, hint=-1):
        cdef Py_ssize_t size = 0
        cdef Py_ssize_t enough = size_of(hint)
        lines = []
        for line in self:
            lines.append(line)
            size += len(line)
            if 0 < enough < size:
                break
        return lines

    # Methods of a file that always raise UnsupportedOperation here.

    def seek(self, target, whence=0):
        self.check_open()
        raise UnsupportedOperation("File or stream is not seekable.")

    def tell(self):
        self.check_open()
        raise UnsupportedOperation("seek")

    def truncate(self, pos=None):
        self.check_open()
        raise UnsupportedOperation("truncate")

    def write(self, data):
        self.check_open()
        raise UnsupportedOperation("write")

    def writelines(self, lines):
        self.check_open()
        for line in lines:
            self.write(line)

    def detach(self):
        """Raise UnsupportedOperation: the unread bytes would be lost."""
        self.check_open()
        raise UnsupportedOperation("detach")

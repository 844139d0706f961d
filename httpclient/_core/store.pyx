# SPDX-License-Identifier: MIT
"""Store: the received bytes of a connection that are unread.

It is greedy: one receive takes all the bytes that the system has, so a small response costs one
system call.  Its subclasses define where bytes come from: socket_reader.pyx, feed_reader.pyx.

The store is a bytearray.  C code borrows its address between two calls into Python, never across
one.  It is allocated for the first receive and given back at the end of the message, so idle
connections hold no memory.

Threads.  Each method holds the critical section of its object, which compiles to nothing in builds
with a GIL.  A receive lets other threads run in either build.  Meanwhile no other receive is
allowed (``_receiving``), and close() leaves the store and the socket to the receive, which
releases them when it returns: it is writing to the store, and another connection would soon get
the number of a closed descriptor.  A read of the response in several steps that finds the reader
closed raises ReadAborted, as a receive does (``aborted``).

Exceptions.  If a receive raises, the bytes that the read has taken are given back, and the next
read begins with them.  Nothing can be read afterwards only if the receive may have lost bytes, or
the connection cannot be used any more (``_failure``).
"""
cimport cython
from cpython.buffer cimport PyBuffer_Release
from cpython.bytearray cimport PyByteArray_AS_STRING, PyByteArray_GET_SIZE, PyByteArray_Resize
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.exc cimport PyErr_CheckSignals
from libc.string cimport memcpy, memmove

from .buffers cimport Marked, get_writable, is_marked, mark, unmark
from .http1 cimport *
from .python cimport PyThread_get_thread_ident, load_flag, set_flag
from .bytes_builder cimport Gathering, Result, begun, grown
from .counters cimport Tally

from .counters import tally as _tally

from .._common.exceptions import ReadAborted
from .._common.limits import SHOWN as _SHOWN

try:
    from ssl import SSLWantReadError, SSLWantWriteError
    _tls_waiting = SSLWantReadError, SSLWantWriteError
except ImportError:
    _tls_waiting = ()

cdef extern from "Python.h":
    ctypedef struct PyByteArrayObject:
        Py_ssize_t ob_exports

# Exceptions of a non-blocking socket that has no data.
WAITING = (BlockingIOError, *_tls_waiting)

cdef uint64_t LARGEST = 1 << 62
cdef Py_ssize_t STORE = 16 * 1024       # bytes; most responses fit into it
cdef Py_ssize_t SPARES = 16

cdef Tally counts = _tally
cdef list spares = [None] * SPARES      # unused stores, the first `spare_count` of them
cdef Py_ssize_t spare_count = 0


cdef bytearray spare_store():
    """Return an unused store, or None."""
    global spare_count

    with cython.critical_section(spares):
        if spare_count == 0:
            return None
        spare_count -= 1
        store = spares[spare_count]
        spares[spare_count] = None
        return <bytearray> store


cdef int keep_store(bytearray store) except -1:
    """Keep a store for reuse, unless there are SPARES already."""
    global spare_count

    with cython.critical_section(spares):
        if spare_count < SPARES:
            spares[spare_count] = store
            spare_count += 1
    return 0


cdef class Store:
    """Holds unread bytes and receives more of them; a subclass says from where."""

    cdef uint8_t *unread_octets(self) noexcept:
        """Return the address of the unread bytes; it is valid until the next call into Python."""
        return <uint8_t *> PyByteArray_AS_STRING(self._store) + self._at

    cdef Py_ssize_t position(self) noexcept:
        return self._before + self._at

    cdef int begin_turn(self) except -1:
        """Begin a read of the response; raise RuntimeError if another thread is in one.

        Turns of one thread nest, because a step that a subclass has overridden may read as well.
        """
        cdef unsigned long thread = PyThread_get_thread_ident()

        with cython.critical_section(self):
            if self._receiving or self._turns and self._reads != thread:
                refuse_second_thread()
            self._reads = thread
            self._turns += 1
            if self._turns == 1:
                set_flag(&self._aborted, False)
                self._settled = self.position()
        return 0

    cdef int end_turn(self, bint failed) except -1:
        """End a read of the response; if it `failed` and lost bytes, allow no more reads."""
        with cython.critical_section(self):
            if failed and self._failure is None and self._settled != self.position():
                self._failure = "cannot read after a read that failed"
            self._turns -= 1
        return 0

    cdef int check_open(self) except -1:
        if self.closed:
            raise ValueError("I/O operation on closed file.")
        return 0

    cdef int check_readable(self) except -1:
        """Raise if the reader is closed, or if bytes before the unread ones have been lost."""
        if self.closed:
            if self._turns and load_flag(&self._aborted):
                raise ReadAborted()     # It was closed during this read.
            self.check_open()
        if self._failure is not None:
            raise OSError(self._failure)
        return 0

    cdef int release_store(self) except -1:
        """Give the store back, and discard the unread bytes."""
        cdef bytearray store = self._store
        self._store = None
        self._at = self._end = 0
        # Do not reuse a store of which Python code has kept a view.
        if (store is not None and PyByteArray_GET_SIZE(store) == STORE
                and (<PyByteArrayObject *> store).ob_exports == 0):
            keep_store(store)
        return 0

    cdef int leave(self) except -1:
        """Release the source of the bytes, as the reader is closed."""
        return 0

    cdef Py_ssize_t refill(self, Py_ssize_t room) except -1:
        """Receive once, `room` bytes or more, after the unread ones; 0 is the end of stream."""
        cdef bytearray store
        cdef Py_ssize_t end, got = 0

        if self._store is None:
            store = spare_store() if room <= STORE else None
            if store is None:
                store = bytearray(room)
            if self._store is None:     # Otherwise another thread has set it.
                self._store = store
        if self._receiving:
            refuse_second_thread()
        store = self._store
        if self._at:
            end = self._end - self._at
            if end == 0 or PyByteArray_GET_SIZE(store) - self._end < room:
                memmove(PyByteArray_AS_STRING(store), self.unread_octets(), end)
                self._before += self._at
                self._at = 0
                self._end = end
        if PyByteArray_GET_SIZE(store) - self._end < room:
            PyByteArray_Resize(store, self._end + room)
        end = self._end
        room = PyByteArray_GET_SIZE(store) - end
        if end == 0 and self._direct:
            got = self.receive(store, room)
        else:
            # Python code gets a view, so that it cannot use the store after the receive.
            with memoryview(store) as whole, whole[end:] as space:
                got = self.receive(space, room)
        self._end = end + got
        # Loops in C run no bytecode, in which Python would check for signals such as Ctrl-C.
        PyErr_CheckSignals()
        return got

    cdef int wait(self) except -1:
        """Wait until data can be received, if the receive could outlast the deadline."""
        return 0

    cdef Py_ssize_t receive(self, object space, Py_ssize_t room) except -1:
        """Receive once into `space`; return the number of bytes, which is checked.

        After an error of the socket nothing more can be read, as with socket.SocketIO after a
        timeout.  Other exceptions (such as a signal handler's) leave the stream where it was,
        unless the receive is Python code that received bytes before it raised.
        """
        cdef Marked marked
        cdef Py_ssize_t written = 0
        cdef bint lost

        if self.closed:
            raise ReadAborted()     # It was closed during this read.
        self.check_readable()
        if self._receiving:
            refuse_second_thread()
        self._receiving = True
        marked.size = 0
        marked.held = False
        try:
            if not self._direct:
                mark(space, &marked)
            elif self._due is not None:
                self.wait()
            got = self._receive(space)
            if got is None:
                raise BlockingIOError("the socket has no data and does not wait for any")
            if not 0 <= <Py_ssize_t> got <= room:
                raise OSError(f"recv_into() or readinto() returned {got} for a buffer of {room} "
                              "bytes; it must return the number of bytes received")
            written = got
        except BaseException as error:
            lost = not is_marked(&marked)
            written = marked.size if lost else 0
            self.note_failure(error, lost)
            if (self.closed or load_flag(&self._aborted)) and isinstance(error, OSError):
                raise ReadAborted() from error      # close() caused the error.
            raise
        finally:
            unmark(&marked, written)
            self._receiving = False
            if self.closed:
                self.leave()        # close() has left this to the receive.
        if got:
            self.arrived = True
            counts.octets += <Py_ssize_t> got
        elif self.closed or load_flag(&self._aborted):
            raise ReadAborted()     # close() caused this, not the end of the stream.
        return got

    cdef int note_failure(self, object error, bint lost) except -1:
        """Set `_failure` if nothing can be read after this exception."""
        if isinstance(error, TimeoutError):
            self._failure = "cannot read from timed out object"
        elif lost or (isinstance(error, OSError) and not isinstance(error, WAITING)
                      and not (self._direct and is_of_python(error))):
            self._failure = "cannot read after a read that failed"
        return 0

    cdef int give_back(self, const uint8_t *octets, Py_ssize_t n, object error) except -1:
        """Make the `n` bytes that a read has taken the next unread ones, after it raised `error`.

        If another thread has closed the reader, they become ``partial`` of the exception.
        """
        cdef bytearray store
        cdef Py_ssize_t have = self._end - self._at

        if self.closed:
            if isinstance(error, ReadAborted):
                error.partial = PyBytes_FromStringAndSize(<const char *> octets, n) + error.partial
            return 0
        if n <= 0:
            return 0
        if self._receiving:     # Another thread is writing to the store, so it cannot be moved.
            self._failure = "cannot read what two threads have read at once"
            return 0
        if n <= self._at:
            self._at -= n
        else:
            store = bytearray(n + have)
            if have:
                memcpy(PyByteArray_AS_STRING(store) + n, self.unread_octets(), have)
            self._before += self._at - n
            self._store = store
            self._at = 0
            self._end = n + have
        memcpy(self.unread_octets(), octets, n)
        return 0

    cdef int give_back_bytes(self, bytes octets, object error) except -1:
        return self.give_back(<const uint8_t *> PyBytes_AS_STRING(octets),
                              PyBytes_GET_SIZE(octets), error)

    cdef Py_ssize_t fill(self, object target, Py_ssize_t at, Py_ssize_t end,
                         bint once) except -1:
        """Fill target[at:end] with unread bytes, then with bytes received straight into it.

        Returns the position reached, which is before `end` only at the end of the stream or, if
        `once`, after one receive.  After an exception, all bytes are given back.
        """
        cdef Py_buffer view
        cdef Py_ssize_t n, begin = at

        self._last_chunk = self.after_last_chunk = False
        get_writable(target, &view)
        try:
            if end < 0:
                end = view.len
            n = min(end - at, self._end - self._at)
            if n > 0:
                memcpy(<uint8_t *> view.buf + at, self.unread_octets(), n)
                self._at += n
                at += n
                if once:
                    return at
            while at < end:
                if end - at < STORE:
                    # Receive a small rest into the store, with any bytes that come after it.
                    n = min(self.refill(STORE), end - at)
                    memcpy(<uint8_t *> view.buf + at, self.unread_octets(), n)
                    self._at += n
                    at += n
                else:
                    if at == 0 and end == view.len and self._direct:
                        n = self.receive(target, end)
                    else:
                        with memoryview(target) as whole, whole.cast("B") as octets, \
                                octets[at:end] as space:
                            n = self.receive(space, end - at)
                    self._before += n
                    at += n
                    PyErr_CheckSignals()
                if n == 0 or once:
                    break
            return at
        except BaseException as error:
            self.give_back(<const uint8_t *> view.buf + begin, at - begin, error)
            raise
        finally:
            PyBuffer_Release(&view)

    cdef http1_rc find_empty_line(self, http1_lines *lines, Py_ssize_t limit) except *:
        """Refill until the lines end with an empty one; offsets count from the unread bytes.

        HTTP1_OK, HTTP1_LONG, HTTP1_MANY: see http1_head_end().
        HTTP1_MORE: the stream ended first.
        HTTP1_BAD: more than `limit` bytes without an empty line.
        """
        cdef Py_ssize_t have
        cdef http1_rc rc

        while True:
            have = self._end - self._at
            rc = http1_head_end(self.unread_octets(), have, lines) if have else HTTP1_MORE
            if rc != HTTP1_MORE:
                return rc
            if have > limit:
                return HTTP1_BAD
            if self.refill(max(STORE, have)) == 0:
                return HTTP1_MORE

    @cython.critical_section
    def take_section(self, Py_ssize_t max_line, Py_ssize_t max_fields, Py_ssize_t most):
        """Return a field section with its empty line; None if it is not whole or over a limit."""
        cdef http1_lines lines

        self.check_readable()
        lines.at = lines.line = lines.count = 0
        lines.max_line = max_line
        lines.max_count = max_fields
        if (self._at == self._end or most < 0
                or http1_head_end(self.unread_octets(), self._end - self._at,
                                  &lines) != HTTP1_OK
                or lines.at > <size_t> most):
            return None
        return self.take(lines.at)

    cdef bytes take(self, Py_ssize_t n):
        """Return the next `n` unread bytes; there must be so many."""
        self._last_chunk = self.after_last_chunk = False
        if n == 0:
            return b""
        data = PyBytes_FromStringAndSize(<char *> self.unread_octets(), n)
        self._at += n
        return data

    cdef bytes take_line(self, Py_ssize_t n):
        """Return the next line, of `n` bytes; notice a caller that parses chunks line by line."""
        cdef const uint8_t *octets = self.unread_octets()
        cdef bint empty = n == 1 or n == 2 and octets[0] == c'\r'
        cdef bint last = self._last_chunk
        cdef Py_ssize_t begin = self.position()
        cdef size_t at = 0
        cdef uint64_t size = 0

        if begin == self._size_at:      # A line elsewhere is no chunk-size line.
            if (http1_chunk_line(octets, n, &at, False, n + 1, &size) == HTTP1_OK
                    and at == <size_t> n and size < LARGEST):
                last = size == 0
                self._size_at = begin + n + <Py_ssize_t> size + 2
        line = self.take(n)
        self._last_chunk = last and not empty
        self.after_last_chunk = last and empty
        return line

    @cython.critical_section
    def begin_content(self):
        """Note that the content comes next, with its first chunk-size line if it is chunked."""
        self._size_at = self.position()
        self._last_chunk = self.after_last_chunk = False

    cdef bytes line_at(self, Py_ssize_t at):
        """Return unread bytes from `at` on, as many as an exception's text shows."""
        cdef Py_ssize_t n = min(<Py_ssize_t> _SHOWN, self._end - self._at - at)
        return b"" if n <= 0 else PyBytes_FromStringAndSize(<char *> self.unread_octets() + at, n)

    cdef bytes read_octets(self, Py_ssize_t n):
        """Return `n` bytes, fewer at the end of the stream; all of them if `n` is negative."""
        if n < 0:
            return self.read_to_end()
        if n <= self._end - self._at:
            if self._last_chunk and n == 2 and self.unread_octets()[1] == c'\n':
                return self.take_line(n)
            return self.take(n)
        return self.receive_octets(n, False)

    cdef bytes receive_octets(self, Py_ssize_t n, bint once):
        """Return `n` bytes, fewer at the end of the stream or, if `once`, after one receive.

        Memory grows with the received bytes, whatever size the server announced: see Result.
        """
        cdef Result result = begun(n)
        cdef Py_ssize_t size, have = 0

        try:
            while True:
                size = result.size()
                have = self.fill(result, have, size, once)
                if once or have < size or have == n:
                    return result.finish(have)
                result = grown(result, n)
        except BaseException as error:
            if have > result.size():    # A resize failed, and has freed the bytes.
                self._failure = "cannot read after a read that failed"
            else:
                self.give_back(result.octets(), have, error)
            raise

    cdef bytes read_to_end(self):
        """Return all bytes up to the end of the stream."""
        cdef Gathering gathering = Gathering()

        try:
            while gathering.have == gathering.size:
                gathering.make_room(-1)
                gathering.have = self.fill(gathering.result, gathering.have, gathering.size, False)
                gathering.keep()
            return gathering.finish()
        except BaseException as error:
            self.give_back_bytes(gathering.so_far(), error)
            raise

    @cython.critical_section
    def put_back(self, bytes octets not None):
        """Make bytes that were read the next unread ones."""
        self.check_open()
        self.give_back_bytes(octets, None)
        self._settled = self.position()

    @cython.critical_section
    def settle(self):
        """Note that the response's attributes now describe the unread bytes."""
        self._settled = self.position()

    @property
    def offset(self):
        """The number of bytes of the stream before the unread ones."""
        with cython.critical_section(self):
            return self.position()

    @property
    def settled(self):
        """True if no byte was read since settle(), or since the read of the response began."""
        with cython.critical_section(self):
            return self._settled == self.position()

    @property
    def unread(self):
        """The number of unread bytes."""
        with cython.critical_section(self):
            return self._end - self._at

    @property
    def failed(self):
        """True if a read has failed, and nothing more can be read."""
        with cython.critical_section(self):
            return self._failure is not None

    def obey(self, deadline):
        """Set the Deadline by which each receive has to end."""
        raise NotImplementedError


cdef bint is_of_python(object error) except -1:
    """Return True if an exception from a receive in C was raised by a signal handler in Python."""
    return error.__traceback__ is not None and error.__traceback__.tb_next is not None


cdef int refuse_second_thread() except -1:
    raise RuntimeError("two threads read one response at once; let one thread read it")

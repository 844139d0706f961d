# SPDX-License-Identifier: MIT
"""Store: the octets of a connection that have arrived and are not used yet.

It is greedy: one receive takes whatever has arrived, so a small response costs one
system call.  Where octets come from its subclasses say: sockets.pyx, feed.pyx.

The store is a bytearray; C borrows its address between two calls into Python,
never across one.  It is taken at the first receive and given back at the end
of the message, so idle connections hold no memory.

Threads.  Each method holds the critical section of its object, which compiles to
nothing where there is a GIL; a receive lets other threads run in either case.
While it does, nothing else may be received (``_receiving``), and a close() leaves
the store and the socket to the receive, which lets them go when it returns: the
store is being written to, and the number of a closed descriptor would soon be that
of another connection.  A read of the response that finds the reader closed since it
has begun, between two steps, ends as a receive would (``_aborted``).

Exceptions.  What a read has taken before a receive raises is given back, so that
the next read begins with it.  Only if the receive itself may have lost octets, or
the connection is of no use any more, is nothing read afterwards (``_failure``).
"""
cimport cython
from cpython.buffer cimport PyBuffer_Release
from cpython.bytearray cimport PyByteArray_AS_STRING, PyByteArray_GET_SIZE, PyByteArray_Resize
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.exc cimport PyErr_CheckSignals
from libc.string cimport memcpy, memmove

from .buffers cimport Marked, get_writable, is_marked, mark, unmark
from .http1 cimport *
from .python cimport PyThread_get_thread_ident
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

# What says that there is nothing to receive just now.
cdef tuple WAITING = (BlockingIOError, *_tls_waiting)

cdef uint64_t LARGEST = 1 << 62
cdef Py_ssize_t STORE = 16 * 1024       # what most responses fit into
cdef Py_ssize_t SPARES = 16

cdef Tally counts = _tally
cdef list spares = [None] * SPARES      # stores that nobody uses, the first `spare_count` of them
cdef Py_ssize_t spare_count = 0


cdef bytearray spare_store():
    """A store that nobody uses, or None."""
    global spare_count

    with cython.critical_section(spares):
        if spare_count == 0:
            return None
        spare_count -= 1
        store = spares[spare_count]
        spares[spare_count] = None
        return <bytearray> store


cdef int keep_store(bytearray store) except -1:
    """Have a store ready for the next who needs one."""
    global spare_count

    with cython.critical_section(spares):
        if spare_count < SPARES:
            spares[spare_count] = store
            spare_count += 1
    return 0


cdef class Store:
    """Unread octets, and how more of them come; subclasses say where from."""

    cdef uint8_t *unread_octets(self) noexcept:
        """Where the unread octets begin; good until the next call into Python."""
        return <uint8_t *> PyByteArray_AS_STRING(self._store) + self._at

    cdef Py_ssize_t position(self) noexcept:
        return self._before + self._at

    cdef int begin_turn(self) except -1:
        """Begin a read of the response, which one thread at a time may do.

        Turns of one thread nest: a step that a subclass has overridden may read, too.
        """
        cdef unsigned long thread = PyThread_get_thread_ident()

        with cython.critical_section(self):
            if self._receiving or self._turns and self._reads != thread:
                refuse_second_thread()
            self._reads = thread
            self._turns += 1
            if self._turns == 1:
                self._aborted = False
                self._settled = self.position()
        return 0

    cdef int end_turn(self, bint failed) except -1:
        """End it.  `failed`: by an exception; if octets are lost by that, nothing more is read."""
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
        """Raise where nothing can be read, or where octets are lost before what is unread."""
        if self.closed:
            if self._turns and self._aborted:
                raise ReadAborted()     # since this read has begun
            self.check_open()
        if self._failure is not None:
            raise OSError(self._failure)
        return 0

    cdef int release_store(self) except -1:
        """Give the store back; what was unread is gone."""
        cdef bytearray store = self._store
        self._store = None
        self._at = self._end = 0
        # Python code that has been handed a view of it may have kept that.
        if (store is not None and PyByteArray_GET_SIZE(store) == STORE
                and (<PyByteArrayObject *> store).ob_exports == 0):
            keep_store(store)
        return 0

    cdef int leave(self) except -1:
        """Let go of where the octets came from; the reader is closed."""
        return 0

    cdef Py_ssize_t refill(self, Py_ssize_t room) except -1:
        """Receive once, behind the unread octets, `room` or more; 0 is the end of stream."""
        cdef bytearray store
        cdef Py_ssize_t end, got = 0

        if self._store is None:
            store = spare_store() if room <= STORE else None
            if store is None:
                store = bytearray(room)
            if self._store is None:     # else another thread ran meanwhile
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
            # Python code gets no hold of the store itself, only of what is released.
            with memoryview(store) as whole, whole[end:] as space:
                got = self.receive(space, room)
        self._end = end + got
        # No bytecode runs in our loops, and there Python would look for Ctrl-C.
        PyErr_CheckSignals()
        return got

    cdef int wait(self) except -1:
        """Wait until a receive does not wait, if it could outlast the deadline."""
        return 0

    cdef Py_ssize_t receive(self, object space, Py_ssize_t room) except -1:
        """One receive into `space`; a wrapper that lies about it is not trusted.

        After an error of the socket nothing more is read, as with socket.SocketIO after a
        timeout.  Other exceptions (a signal handler's) leave the stream where it was, unless
        the receive is Python code, and has received before it raised.
        """
        cdef Marked marked
        cdef Py_ssize_t written = 0
        cdef bint lost

        if self.closed:
            raise ReadAborted()     # since this read has begun
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
                raise OSError(f"{got} octets were received into room for {room}")
            written = got
        except BaseException as error:
            lost = not is_marked(&marked)
            written = marked.size if lost else 0
            self.note_failure(error, lost)
            if self.closed and isinstance(error, OSError):
                raise ReadAborted() from error      # it is close()'s doing, too
            raise
        finally:
            unmark(&marked, written)
            self._receiving = False
            if self.closed:
                self.leave()        # which close() left to us
        if got:
            self.arrived = True
            counts.octets += <Py_ssize_t> got
        elif self.closed:
            raise ReadAborted()     # no end of the stream, but close()'s doing
        return got

    cdef int note_failure(self, object error, bint lost) except -1:
        """Remember why nothing can be read after this exception, if that is so."""
        if isinstance(error, TimeoutError):
            self._failure = "cannot read from timed out object"
        elif lost or (isinstance(error, OSError) and not isinstance(error, WAITING)
                      and not (self._direct and is_of_python(error))):
            self._failure = "cannot read after a read that failed"
        return 0

    cdef int give_back(self, const uint8_t *octets, Py_ssize_t n, object error) except -1:
        """Have the `n` octets that a read had taken be the next unread ones, as it has raised.

        Of a reader that another thread has closed they are the exception's, as ``partial``.
        """
        cdef bytearray store
        cdef Py_ssize_t have = self._end - self._at

        if self.closed:
            if isinstance(error, ReadAborted):
                error.partial = PyBytes_FromStringAndSize(<const char *> octets, n) + error.partial
            return 0
        if n <= 0:
            return 0
        if self._receiving:     # another thread: the store cannot be moved
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
        """Fill target[at:end]: with unread octets, then received straight into place.

        Returns the position reached: short of `end` only at the end of the
        stream or, if `once`, after one receive.  After an exception nothing is taken.
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
                    # A small rest: into the store, whatever else may come with it.
                    n = min(self.refill(STORE), end - at)
                    memcpy(<uint8_t *> view.buf + at, self.unread_octets(), n)
                    self._at += n
                    at += n
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
        """Refill until the lines end with an empty one; offsets are from the unread octets.

        HTTP1_OK, HTTP1_LONG, HTTP1_MANY: as http1_head_end().
        HTTP1_MORE: the stream ended before.
        HTTP1_BAD: more than `limit` octets without an empty line.
        """
        cdef Py_ssize_t have
        cdef http1_rc rc

        while True:
            have = self._end - self._at
            rc = HTTP1_MORE
            if have:
                rc = http1_head_end(self.unread_octets(), have, lines)
            if rc != HTTP1_MORE:
                return rc
            if have > limit:
                return HTTP1_BAD
            if self.refill(max(STORE, have)) == 0:
                return HTTP1_MORE

    @cython.critical_section
    def take_section(self, Py_ssize_t max_line, Py_ssize_t max_fields, Py_ssize_t most):
        """A field section with its empty line, if it has arrived whole and within the limits.

        Else None, and nothing has moved.
        """
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
        """The next `n` unread octets, which must be there."""
        self._last_chunk = self.after_last_chunk = False
        if n == 0:
            return b""
        data = PyBytes_FromStringAndSize(<char *> self.unread_octets(), n)
        self._at += n
        return data

    cdef bytes take_line(self, Py_ssize_t n):
        """As take(), of a line; and notice where a caller takes apart chunks by lines."""
        cdef const uint8_t *octets = self.unread_octets()
        cdef bint empty = n == 1 or n == 2 and octets[0] == c'\r'
        cdef bint last = self._last_chunk
        cdef Py_ssize_t begin = self.position()
        cdef size_t at = 0
        cdef uint64_t size = 0

        if begin == self._size_at:      # only there is a line a chunk's size
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
        """Note that content comes next, or the first chunk's size."""
        self._size_at = self.position()
        self._last_chunk = self.after_last_chunk = False

    cdef bytes line_at(self, Py_ssize_t at):
        """Unread octets from `at` on, as many as a message shows."""
        cdef Py_ssize_t n = min(<Py_ssize_t> _SHOWN, self._end - self._at - at)
        return b"" if n <= 0 else PyBytes_FromStringAndSize(<char *> self.unread_octets() + at, n)

    cdef bytes read_octets(self, Py_ssize_t n):
        """`n` octets, or fewer at the end of the stream; all of them if n is negative.

        Memory follows what arrives, whatever a peer announced: see Result.
        """
        cdef Py_ssize_t have = self._end - self._at
        cdef Py_ssize_t size
        cdef Result result

        if n < 0:
            return self.read_to_end()
        if n <= have:
            if self._last_chunk and n == 2 and self.unread_octets()[1] == c'\n':
                return self.take_line(n)
            return self.take(n)
        result = begun(n)
        have = 0
        try:
            while True:
                size = result.size()
                have = self.fill(result, have, size, False)
                if have < size or have == n:
                    return result.finish(have)
                result = grown(result, n)
        except BaseException as error:
            if have > result.size():    # there was no memory for more, nor for what was there
                self._failure = "cannot read after a read that failed"
            else:
                self.give_back(result.octets(), have, error)
            raise

    cdef bytes read_to_end(self):
        """All that comes before the end of the stream."""
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
        """Have octets that were read be the next unread ones."""
        self.check_open()
        self.give_back_bytes(octets, None)
        self._settled = self.position()

    @cython.critical_section
    def settle(self):
        """Note that the response's attributes are true of what is unread now."""
        self._settled = self.position()

    @property
    def offset(self):
        """How many octets of the stream come before the unread ones."""
        with cython.critical_section(self):
            return self.position()

    @property
    def settled(self):
        """Whether they are, as far as settle() and the reads of the response tell."""
        with cython.critical_section(self):
            return self._settled == self.position()

    @property
    def unread(self):
        """How many octets have arrived and are not read yet."""
        with cython.critical_section(self):
            return self._end - self._at

    @property
    def failed(self):
        """Whether a read has failed, after which nothing more can be read."""
        with cython.critical_section(self):
            return self._failure is not None

    def obey(self, deadline):
        """Have each receive end before a deadline (a Deadline)."""
        raise NotImplementedError


cdef bint is_of_python(object error) except -1:
    """Whether an exception out of a receive in C comes from Python code: a signal handler."""
    return error.__traceback__ is not None and error.__traceback__.tb_next is not None


cdef int refuse_second_thread() except -1:
    raise RuntimeError("one response is read by two threads at once")

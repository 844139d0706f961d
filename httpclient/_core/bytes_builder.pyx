# SPDX-License-Identifier: MIT
"""Result and Gathering: fresh ``bytes`` that a Reader fills before anybody else sees them.

Memory is resident when it is first written to, so it follows what arrives.  Where
some MiB have come, address space is taken ahead, AHEAD octets at most, and given back
at the end: a result that grows by realloc() pays for its pages again and again.
Large results ask for huge pages: a fault for every 4 KiB costs more than copying.

The allocator of builds without a GIL cannot resize a large block where it lies: it
copies, and has both blocks resident meanwhile.  There a result is moved piece by piece,
and the old block's pages go back to the system on the way.

Content of unknown size begins in pieces, some of which are kept for the next content: cutting
a result of up to some MiB to size would give its pages back to the system each time, and so
would malloc with the pieces.
"""
import sys

cimport cython
from cpython.buffer cimport PyBuffer_FillInfo
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.ref cimport PyObject, Py_INCREF, Py_XDECREF
from libc.string cimport memcpy

cdef extern from *:
    """
    #if defined(__linux__)
    #include <sys/mman.h>
    #endif
    #define HTTPCLIENT_HUGE_PAGE ((uintptr_t)2 << 20)

    /* Advice on whole huge pages; where it is not taken nothing is lost. */
    static void httpclient_use_huge_pages(void *memory, size_t size)
    {
    #ifdef MADV_HUGEPAGE
        uintptr_t mask = HTTPCLIENT_HUGE_PAGE - 1;
        uintptr_t begin = ((uintptr_t)memory + mask) & ~mask;
        uintptr_t end = ((uintptr_t)memory + size) & ~mask;

        if (begin < end)
            (void)madvise((void *)begin, end - begin, MADV_HUGEPAGE);
    #else
        (void)memory;
        (void)size;
    #endif
    }

    #ifdef Py_GIL_DISABLED
    #define HTTPCLIENT_RESIZE_COPIES 1
    #else
    #define HTTPCLIENT_RESIZE_COPIES 0
    #endif

    /* Gives the pages in a piece of memory that nobody reads again back to the system. */
    static void httpclient_give_up(char *memory, size_t size)
    {
    #if defined(__linux__)      /* elsewhere the advice is not taken at once, if at all */
        const uintptr_t mask = ((uintptr_t)64 << 10) - 1;   /* whole pages, however large */
        uintptr_t begin = ((uintptr_t)memory + mask) & ~mask;
        uintptr_t end = ((uintptr_t)memory + size) & ~mask;

        if (begin < end)
            (void)madvise((void *)begin, end - begin, MADV_DONTNEED);
    #else
        (void)memory;
        (void)size;
    #endif
    }

    /* Copies `size` octets from the beginning of a block of `whole` octets, as memcpy() does, and
     * gives the block up on the way.
     */
    static void httpclient_move(char *to, char *block, size_t size, size_t whole)
    {
        size_t at = 0;

        while (at < size) {
            size_t n = HTTPCLIENT_HUGE_PAGE - (uintptr_t)(block + at) % HTTPCLIENT_HUGE_PAGE;

            if (n > size - at)
                n = size - at;
            memcpy(to + at, block + at, n);
            httpclient_give_up(block + at, at + n < size ? n : whole - at);
            at += n;
        }
    }
    """
    bint RESIZE_COPIES "HTTPCLIENT_RESIZE_COPIES"
    void use_huge_pages "httpclient_use_huge_pages"(void *memory, size_t size) noexcept
    void move "httpclient_move"(void *to, void *block, size_t size, size_t whole) noexcept

cdef extern from "Python.h":
    PyObject *new_bytes "PyBytes_FromStringAndSize"(const char *data, Py_ssize_t size) except NULL
    int _PyBytes_Resize(PyObject **data, Py_ssize_t size) except -1

cdef Py_ssize_t MIB = 1024 * 1024
cdef Py_ssize_t PIECE = 64 * 1024
cdef Py_ssize_t FIRST = 1 * MIB         # of a result for more than UNSEEN
cdef Py_ssize_t PIECES = 4 * MIB        # in all, before content goes into one large result
cdef Py_ssize_t UNSEEN = 2 * MIB        # what may be taken because a peer announced it
cdef Py_ssize_t HUGE = 4 * MIB          # what a result that asks for huge pages has at least
# Windows commits memory when it is taken.
cdef Py_ssize_t AHEAD = (2 if sys.platform == "win32" else 128) * MIB


cdef Py_ssize_t SPARES = 16
cdef list spares = []                   # pieces that nobody uses, nor has seen


@cython.final
cdef class Result:
    """Fresh ``bytes`` that are being filled: they grow, and lend their memory to a socket.

    Whoever keeps the lent buffer keeps this object alive, and makes the next
    resize fail instead of having somebody write into memory that is gone.
    """

    def __cinit__(self, Py_ssize_t size):
        self._data = new_bytes(NULL, size)
        if size >= HUGE:
            use_huge_pages(self.octets(), size)

    def __dealloc__(self):
        Py_XDECREF(self._data)

    def __getbuffer__(self, Py_buffer *view, int flags):
        PyBuffer_FillInfo(view, self, self.octets(), self.size(), 0, flags)
        self._exports += 1

    def __releasebuffer__(self, Py_buffer *view):
        self._exports -= 1

    cdef uint8_t *octets(self) noexcept:
        return <uint8_t *> PyBytes_AS_STRING(<object> self._data)

    cdef Py_ssize_t size(self) noexcept:
        return PyBytes_GET_SIZE(<object> self._data)

    cdef int resize(self, Py_ssize_t size) except -1:
        if self._exports:
            raise BufferError("a socket kept the buffer that it was to receive into")
        if RESIZE_COPIES and max(size, self.size()) >= HUGE and not self.fits(size):
            return self.move(size)
        try:
            _PyBytes_Resize(&self._data, size)
        except MemoryError:
            self._data = new_bytes(NULL, 0)
            raise
        return 0

    cdef bint fits(self, Py_ssize_t size) noexcept:
        """Return True if the allocator lets a result of `size` octets stay where it lies."""
        return self.size() // 2 < size <= self.size()

    cdef int move(self, Py_ssize_t size) except -1:
        """As resize(), of a large result where that is not done in place."""
        cdef PyObject *moved = new_bytes(NULL, size)
        cdef uint8_t *octets = <uint8_t *> PyBytes_AS_STRING(<object> moved)

        if size >= HUGE:
            use_huge_pages(octets, size)
        move(octets, self.octets(), min(size, self.size()), self.size())
        Py_XDECREF(self._data)
        self._data = moved
        return 0

    cdef bytes finish(self, Py_ssize_t size):
        """The first `size` octets; the object is empty afterwards."""
        self.resize(size)
        data = <bytes> self._data
        Py_XDECREF(self._data)
        self._data = new_bytes(NULL, 0)
        return data


cdef Result begun(Py_ssize_t n):
    """A result for `n` octets that are announced; it may be smaller than that."""
    return Result(n if n <= UNSEEN else FIRST)


cdef Result grown(Result result, Py_ssize_t n):
    """One with room for more, `n` octets at most, that begins as `result`, which is full."""
    cdef Py_ssize_t have = result.size()
    cdef Py_ssize_t more = n if n // 2 < have else 2 * have
    cdef Result larger

    if have < AHEAD:
        # Somebody does send much.
        larger = ample(min(n, AHEAD), more)
        memcpy(larger.octets(), result.octets(), have)
        return larger
    result.resize(more)
    return result


cdef Result ample(Py_ssize_t size, Py_ssize_t least):
    """A result of `size` octets; of `least` if there is no address space for so many."""
    try:
        return Result(size)
    except MemoryError:
        if least >= size:
            raise
        return Result(least)


@cython.final
cdef class Gathering:
    """Content whose size nobody knows, as it arrives.

    make_room() says where the next of it goes: result[have:size]; whoever has
    filled that moves `have`, and calls keep().
    """

    def __cinit__(self):
        self._pieces = []

    cdef int make_room(self, Py_ssize_t most) except -1:
        """Room for more, up to `most` octets unless that is negative."""
        cdef Py_ssize_t size

        self.have = 0
        if self._total < PIECES:
            self.size = PIECE if most < 0 or most > PIECE else most
            self.result = spare_piece() if self.size == PIECE and spares else Result(self.size)
            return 0
        # From here on there is one result; what has come is moved into it first.
        size = max(AHEAD, 2 * self._total)
        if 0 <= most < size - self._total:
            size = self._total + most
        self.result = ample(size, min(size, 2 * self._total))
        self.size = self.result.size()
        for piece in self._pieces:
            move(self.result.octets() + self.have, PyBytes_AS_STRING(piece),
                 PyBytes_GET_SIZE(piece), PyBytes_GET_SIZE(piece))
            self.have += PyBytes_GET_SIZE(piece)
        self._pieces = []
        self._total = 0
        return 0

    cdef Py_ssize_t keep(self) except -1:
        """Take what is in the room; how many octets there are in all."""
        self._total += self.have
        if self.have:
            self._pieces.append(self.result.finish(self.have))
        return self._total

    cdef bytes so_far(self):
        """What has been filled in until now, for the reader to have it back; nothing follows."""
        cdef Result result = self.result

        # After keep() the result is empty.
        if result is not None and 0 < self.have <= result.size():
            if result._exports:     # a socket kept the buffer, so this has to be copied
                self._pieces.append((<bytes> result._data)[:self.have])
            else:
                self._pieces.append(result.finish(self.have))
        # Of a single piece there is no copy.
        return b"".join(self._pieces)

    cdef bytes finish(self):
        """All that has been kept."""
        cdef list pieces = self._pieces
        cdef bytes content

        if len(pieces) == 1:
            return pieces[0]
        content = b"".join(pieces)
        while pieces and len(spares) < SPARES:
            piece = pieces.pop()
            if PyBytes_GET_SIZE(piece) == PIECE:
                spares.append(piece)
        return content


cdef Result spare_piece():
    """A Result of PIECE octets whose memory has been used before."""
    cdef Result result = Result(0)
    cdef PyObject *empty = result._data

    try:
        piece = spares.pop()
    except IndexError:      # another thread was faster
        return Result(PIECE)
    result._data = <PyObject *> piece
    Py_INCREF(piece)
    Py_XDECREF(empty)
    return result

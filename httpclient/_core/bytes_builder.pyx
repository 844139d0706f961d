# SPDX-License-Identifier: MIT
"""Result and Gathering: new ``bytes`` objects that a Reader fills.

Memory becomes resident when it is first written to, so it grows with the received bytes.  After
some MiB, up to AHEAD bytes of address space are reserved, and the rest is given back at the end: a
result that grows by realloc() pays for its pages again and again.  Large results ask for huge
pages, because a page fault for every 4 KiB costs more than copying.

The allocator of builds without a GIL cannot resize a large block in place: it copies the block,
and both are resident meanwhile.  There a result is moved piece by piece, and each piece of the
old block goes back to the system once it is copied.

Content of unknown size begins in pieces, some of which are reused for the next content.  Shrinking
a result of some MiB would give its pages back to the system each time, and so would freeing the
pieces.
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

    /* Advises the system to use huge pages; the system may ignore that. */
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

    /* Gives the pages of a piece of memory, whose content is lost, back to the system. */
    static void httpclient_give_up(char *memory, size_t size)
    {
    #if defined(__linux__)      /* other systems do not follow the advice at once, if at all */
        const uintptr_t mask = ((uintptr_t)64 << 10) - 1;   /* the largest page size */
        uintptr_t begin = ((uintptr_t)memory + mask) & ~mask;
        uintptr_t end = ((uintptr_t)memory + size) & ~mask;

        if (begin < end)
            (void)madvise((void *)begin, end - begin, MADV_DONTNEED);
    #else
        (void)memory;
        (void)size;
    #endif
    }

    /* Copies the first `size` bytes of a block of `whole` bytes, and gives the pages of the block
     * back to the system on the way.
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
cdef Py_ssize_t FIRST = 1 * MIB         # the first size of a result for more than UNSEEN bytes
cdef Py_ssize_t PIECES = 4 * MIB        # all pieces, before content goes into one large result
cdef Py_ssize_t UNSEEN = 2 * MIB        # the largest size allocated because a server announced it
cdef Py_ssize_t HUGE = 4 * MIB          # the smallest result that asks for huge pages
# Windows commits memory at once, so reserving much of it is not free there.
cdef Py_ssize_t AHEAD = (2 if sys.platform == "win32" else 128) * MIB


cdef Py_ssize_t SPARES = 16
cdef list spares = []                   # pieces to which nothing else has a reference


@cython.final
cdef class Result:
    """New ``bytes`` that grow while they are filled, and lend their memory to a socket.

    A lent buffer keeps this object alive.  While it exists, resize() raises BufferError, so that
    nothing writes into freed memory.
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
            raise BufferError("the socket's recv_into() kept the buffer after it returned; "
                              "it must release it")
        if RESIZE_COPIES and max(size, self.size()) >= HUGE and not self.fits(size):
            return self.move(size)
        try:
            _PyBytes_Resize(&self._data, size)
        except MemoryError:
            self._data = new_bytes(NULL, 0)
            raise
        return 0

    cdef bint fits(self, Py_ssize_t size) noexcept:
        """Return True if the allocator resizes this result to `size` bytes in place."""
        return self.size() // 2 < size <= self.size()

    cdef int move(self, Py_ssize_t size) except -1:
        """Resize a large result that the allocator would copy."""
        cdef PyObject *moved = new_bytes(NULL, size)
        cdef uint8_t *octets = <uint8_t *> PyBytes_AS_STRING(<object> moved)

        if size >= HUGE:
            use_huge_pages(octets, size)
        move(octets, self.octets(), min(size, self.size()), self.size())
        Py_XDECREF(self._data)
        self._data = moved
        return 0

    cdef bytes finish(self, Py_ssize_t size):
        """Return the first `size` bytes; the object is empty afterwards."""
        self.resize(size)
        data = <bytes> self._data
        Py_XDECREF(self._data)
        self._data = new_bytes(NULL, 0)
        return data


cdef Result begun(Py_ssize_t n):
    """Return a result for `n` announced bytes; it is smaller if `n` is large."""
    return Result(n if n <= UNSEEN else FIRST)


cdef Result grown(Result result, Py_ssize_t n):
    """Return a larger result, of `n` bytes at most, that begins with those of a full one."""
    cdef Py_ssize_t have = result.size()
    cdef Py_ssize_t more = n if n // 2 < have else 2 * have
    cdef Result larger

    if have < AHEAD:
        # The server has sent FIRST bytes, so it is likely to send the rest.
        larger = ample(min(n, AHEAD), more)
        memcpy(larger.octets(), result.octets(), have)
        return larger
    result.resize(more)
    return result


cdef Result ample(Py_ssize_t size, Py_ssize_t least):
    """Return a result of `size` bytes, or of `least` if the address space is too small for that."""
    try:
        return Result(size)
    except MemoryError:
        if least >= size:
            raise
        return Result(least)


@cython.final
cdef class Gathering:
    """Collects content of unknown size.

    make_room() sets result[have:size], where the next bytes go.  The caller fills it, moves
    `have`, and calls keep().
    """

    def __cinit__(self):
        self._pieces = []

    cdef int make_room(self, Py_ssize_t most) except -1:
        """Make room for more bytes, `most` of them at most unless that is negative."""
        cdef Py_ssize_t size

        self.have = 0
        if self._total < PIECES:
            self.size = PIECE if most < 0 or most > PIECE else most
            self.result = spare_piece() if self.size == PIECE and spares else Result(self.size)
            return 0
        # From here on there is one result, which begins with the pieces.
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
        """Keep the bytes up to `have`; return how many bytes are kept in all."""
        self._total += self.have
        if self.have:
            self._pieces.append(self.result.finish(self.have))
        return self._total

    cdef bytes so_far(self):
        """Return all bytes, kept or not, to give them back to the reader; call nothing after it."""
        cdef Result result = self.result

        # After keep() the result is empty.
        if result is not None and 0 < self.have <= result.size():
            if result._exports:     # The socket kept the buffer, so the bytes have to be copied.
                self._pieces.append((<bytes> result._data)[:self.have])
            else:
                self._pieces.append(result.finish(self.have))
        return b"".join(self._pieces)

    cdef bytes finish(self):
        """Return all kept bytes."""
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
    """Return a Result of PIECE bytes whose memory has been used before."""
    cdef Result result = Result(0)
    cdef PyObject *empty = result._data

    try:
        piece = spares.pop()
    except IndexError:      # Another thread took the last one.
        return Result(PIECE)
    result._data = <PyObject *> piece
    Py_INCREF(piece)
    Py_XDECREF(empty)
    return result

# SPDX-License-Identifier: MIT
"""The content codings (RFC 9110 8.4.1): one class for each, over the library that decodes it.

A Coding takes its input a slice at a time, and returns no more bytes than its caller asks for.
Codings that are on top of each other take their input from the one below, so no more than a slice
lies between two of them.

How each library keeps a bound on its output, by experiment:

- zlib, zlib-ng and isal return at most that much.  Output can be held back although
  `unconsumed_tail` is empty, most often by isal, so a full piece means "ask again".
- brotli returns 32752 bytes if it is asked for fewer, and up to four times what it is asked for
  above that.  Versions before 1.2 know no bound and are not used.
- zstandard is left out, because its incremental decompressor knows no bound.

A library raises its error instead of returning the output before the damage.  _salvage() therefore
decodes the beginning of a short content once more.
"""
from __future__ import annotations

import collections
import functools
import importlib
import sys

from .._common.exceptions import HTTPException
from .._common.limits import SHOWN

# The bytes that a library gets in one call.  Each end of a gzip member or zstd frame copies the
# rest of the slice, and so does each call with a bound, so large slices are for other calls.
SLICE = 32768
LARGE_SLICE = 1 << 18
# The bytes that a call without a bound asks the library for, which joins them from pieces.
OUTPUT = 1 << 18
# The most that brotli returns without exceeding the bound.
BROTLI_PIECE = 32752
# RFC 9659 3: a zstd frame must not need a window of more than 8 MiB.
ZSTD_WINDOW_LOG = 23
ZSTD_FRAME = b"\x28\xb5\x2f\xfd"
ZSTD_MAGIC = frozenset([0x28, *range(0x50, 0x60)])
GZIP_MAGIC = 0x1f
# The most that one coding may hand to the next in all: so many bytes, and so many times the
# content.  It bounds the time.
BETWEEN = 1 << 24
BETWEEN_TIMES = 32
# Members or frames without content in a row.  A frame of 8 bytes costs microseconds.
MOST_EMPTY = 1000
# After an error, content is decoded again if no more than this has come in and gone out.
KEPT_INPUT = 1 << 16
KEPT_OUTPUT = 1 << 22


class DecodingError(HTTPException):
    """The content cannot be decoded; the base class of the exceptions of httpclient.decoding.

    ``partial`` is the content that was decoded and has not been returned by a call before (bytes).
    ``coding`` is the content coding at fault (str), or None.
    """

    coding: str | None
    partial: bytes

    def __init__(self, why: str, coding: str | None = None, partial: bytes = b"") -> None:
        super().__init__(why)
        self.coding = coding
        self.partial = partial


class UnknownCoding(DecodingError):
    """A content coding is unknown, or has no library here, or there are more than five of them."""


class TruncatedContent(DecodingError):
    """The content ends before its coding does."""


class DamagedContent(DecodingError):
    """The content is not what its coding allows, or a checksum in it differs.

    If more than 64 KiB of coded content came before, `partial` may lack its last bytes, because
    the library that finds the damage does not return them.
    """


class TrailingBytes(DamagedContent):
    """Bytes come after the end of the coding; ``partial`` has the end of the content.

    If more than 64 KiB of br content came before, it may be DamagedContent instead.
    """


class ContentTooLong(DecodingError):
    """The decoded content is longer than ``max_length``.

    It is also raised if one of several codings decodes to far more than the content that results.
    """


class Coding:
    """A content coding.  Subclasses have _call(), which makes one call into the library.

    Attributes that most objects do not need are set in the class, which saves time.
    """

    name = ""

    whole = False           # the first input was the whole of it, and there was no more
    _waiting = None         # a deque of input (bytes)
    _at = 0                 # where the first of it continues
    _object = None          # the library's decompressor, within a member or frame
    _rest = b""             # input for the next call
    _held = False           # the library may have output without further input
    _ended = False          # at least one member or frame is complete
    _empty = 0              # members without content in a row
    _member = 0             # bytes of output of this member
    _spare = b""            # output for the next take()
    _failure = None         # raised by the next take()
    _history = b""          # all input (bytes or bytearray), as long as it is little, else None
    _out = 0                # bytes of output so far

    def __init__(self, library):
        self._library = library

    def put(self, data):
        """Add input (bytes)."""
        if self._waiting is None:
            self._waiting = collections.deque()
        self._waiting.append(data)

    def stack_on(self, below, work):
        """Take the input from another coding; `work` is shared by all of them."""
        self._source = functools.partial(work.hand_on, below.take)

    def _source(self, size):
        """Return the next input, at most `size` bytes; b"" if there is none at present."""
        if not self._waiting:
            return b""
        data, at = self._waiting[0], self._at
        if len(data) <= at + size:
            self._waiting.popleft()
            self._at = 0
            return data[at:] if at else data
        self._at = at + size
        return data[at:at + size]

    def begin(self, data):
        """Decode the first input and return all output, in fewer steps than take().

        Returns None if the first input is not like most.  Nothing is changed then.
        """
        return None

    def take(self, limit):
        """Return decoded bytes, at most `limit` (None: any number); b"" if input is missing.

        Raises DamagedContent once everything before the damage has been returned.
        """
        if self._spare:
            piece = self._spare if limit is None else self._spare[:limit]
            self._spare = self._spare[len(piece):]
            return piece
        if self._failure is not None:
            failure, self._failure = self._failure, None
            try:
                raise failure
            finally:
                # The exception refers to this frame: a reference back would form a cycle.
                del failure
        while True:
            data = self._rest
            if not data and not self._held:
                data = self._source(SLICE if limit or self._ended else LARGE_SLICE)
                if not data:
                    return b""
                self.whole = False
                if self._history is not None:
                    self._remember(data)
            try:
                piece = self._call(data, limit)
            except DamagedContent as error:
                failure = error.with_traceback(None)
            except self._library.error as error:
                failure = self._failed(error)
            else:
                if piece:
                    self._out += len(piece)
                    return piece
                continue
            self._failure, failure = failure, None
            self._spare = self._salvage(limit)
            return self.take(limit)

    def _remember(self, data):
        if len(self._history) + len(data) > KEPT_INPUT:
            self._history = None
        elif not self._history:
            self._history = data
        else:
            if type(self._history) is bytes:
                self._history = bytearray(self._history)
            self._history += data

    def _failed(self, error):
        failure = DamagedContent(f"the {self.name} content is damaged: {error}", self.name)
        failure.__cause__ = error.with_traceback(None)
        return failure

    def _trailing(self):
        return TrailingBytes(f"bytes come after the end of the {self.name} content", self.name)

    def _salvage(self, limit):
        """Return the output before the damage that has not been returned; find the exact failure.

        Where the input was long, this returns b"".
        """
        if self._history is None or self._out > KEPT_OUTPUT:
            return b""
        data, good, content = bytes(self._history), 0, bytearray()
        # First find the 1024 bytes with the damage, then the byte.
        for size in (1024, 1):
            pieces = [data[:good], *(data[at:at + size] for at in range(good, len(data), size))]
            given = iter(pieces if good else pieces[1:])
            again = type(self)(self._library)
            again._source = lambda size, given=given: next(given, b"")
            again._history = None
            content.clear()
            skipped = self._out
            try:
                while len(content) < (limit or KEPT_OUTPUT) and (piece := again.take(4096)):
                    content += piece[skipped:]
                    skipped -= min(skipped, len(piece))
            except DamagedContent as error:
                self._failure = error.with_traceback(None)
            good = max(0, len(data) - size - sum(map(len, given)))
        return bytes(content)

    def _member_ended(self, rest):
        """Note the end of a member or frame, with the input after it."""
        self._object = None
        self._ended = True
        self._rest = rest
        self._held = False
        self._empty = 0 if self._member else self._empty + 1
        self._member = 0
        if self._empty > MOST_EMPTY:
            raise DamagedContent(f"the {self.name} content has more than {MOST_EMPTY} empty "
                                 "members in a row", self.name)

    def check_end(self):
        """Raise TruncatedContent if the coding is not complete."""
        if self._object is not None or not self._ended:
            raise TruncatedContent(f"the content ends within its {self.name} coding", self.name)


class Work:
    """What codings on top of each other have done.

    The total that passes between two of them is bounded.  Without it, a few kilobytes could keep
    three codings busy for years without any output.
    """

    def __init__(self):
        self.between = 0        # bytes that one coding handed to the next
        self.content = 0        # bytes that came out in the end

    def hand_on(self, take, size):
        """Return the output of a coding; raise ContentTooLong if there is too much of it."""
        piece = take(SLICE)
        self.between += len(piece)
        if self.between > BETWEEN + BETWEEN_TIMES * self.content:
            raise ContentTooLong(f"several codings produce {self.between} bytes between them for "
                                 f"{self.content} bytes of content")
        return piece


class Identity(Coding):
    """No coding: what comes in goes out."""

    def _call(self, data, limit):
        if limit is None:
            self._rest = b""
            return data
        self._rest = data[limit:]
        return data[:limit]

    def check_end(self):
        pass


class Members(Coding):
    """A coding in members or frames, whose decompressor has `eof` and `unused_data`."""

    def begin(self, data):
        if len(data) > KEPT_INPUT:
            return None
        inflater = self._new(data)
        try:
            piece = inflater.decompress(data, OUTPUT)
        except self._library.error:
            return None
        if len(piece) == OUTPUT:
            return None
        if not inflater.eof:
            self._object = inflater
            self._member = len(piece)
        elif inflater.unused_data:
            return None
        else:
            self._ended = self.whole = True
        self._history = data
        self._out = len(piece)
        return piece


class Inflating(Members):
    """gzip and deflate: a decompressobj() of zlib."""

    def _inflate(self, data, limit):
        """Give data to the decompressor; return its output."""
        inflater = self._object
        limit = limit or OUTPUT
        piece = inflater.decompress(data, limit)
        self._member += len(piece)
        if inflater.eof:
            self._member_ended(inflater.unused_data)
        else:
            self._rest = inflater.unconsumed_tail
            self._held = len(piece) == limit
        return piece


class Gzip(Inflating):
    """gzip (RFC 1952): members, with zeros between and after them."""

    name = "gzip"

    def _new(self, data):
        return self._library.new(31)

    def _call(self, data, limit):
        if self._object is None:
            if self._ended:
                data = data.lstrip(b"\0")
                if not data:
                    self._rest = b""
                    return b""
                if data[0] != GZIP_MAGIC:
                    raise self._trailing()
            self._object = self._new(data)
        return self._inflate(data, limit)


class Deflate(Inflating):
    """deflate: the zlib format (RFC 1950), or deflate data without it (RFC 1951), as some send."""

    name = "deflate"

    def _new(self, data):
        # The low half of the first byte is 8 in the zlib format.  In deflate data it would be a
        # stored block with a bit set in its padding, which no encoder makes.
        return self._library.new(15 if data[0] & 0x0f == 8 else -15)

    def _call(self, data, limit):
        if self._object is None:
            if self._ended:
                raise self._trailing()
            self._object = self._new(data)
        return self._inflate(data, limit)


class Brotli(Coding):
    """br (RFC 7932)."""

    name = "br"

    def _call(self, data, limit):
        if self._ended:
            raise self._trailing()
        if self._object is None:
            self._object = self._library.new()
        decompressor = self._object
        self._rest = b""
        asked = BROTLI_PIECE if limit is None else min(limit, BROTLI_PIECE)
        piece = decompressor.process(data, output_buffer_limit=asked)
        full = len(piece) >= asked
        if full and len(piece) > asked:
            piece, self._spare = piece[:asked], piece[asked:]
            self._out += len(self._spare)
        # After a full piece the end may not have been noticed yet.
        self._held = full or not decompressor.can_accept_more_data()
        if decompressor.is_finished():
            self._member_ended(b"")
        return piece


class Zstd(Members):
    """zstd (RFC 8878, RFC 9659): frames, and skippable frames."""

    name = "zstd"

    def _new(self, data):
        if data.startswith(ZSTD_FRAME) and len(data) > 4 and data[4] & 0xa0 == 0x20:
            # The window is the content, of at most 65791 bytes (RFC 8878 3.1.1.1).  Without the
            # option, a small frame takes four fifths of the time.
            return self._library.unbound()
        return self._library.new()

    def _call(self, data, limit):
        decompressor = self._object
        if decompressor is None:
            if self._ended and data[0] not in ZSTD_MAGIC:
                raise self._trailing()
            decompressor = self._object = self._new(data)
        piece = decompressor.decompress(data, limit or OUTPUT)
        self._member += len(piece)
        if decompressor.eof:
            self._member_ended(decompressor.unused_data)
        else:
            self._rest = b""
            self._held = not decompressor.needs_input
        return piece


class Library:
    """A module that decodes: `new` makes a decompressor, which raises `error`."""

    def __init__(self, module, new, error):
        self.name = module.__name__
        self.new = new
        self.error = error


def _first_of(names, make):
    """Return make(module) of the first module that is installed and good for it, else None."""
    for name in names:
        try:
            library = make(importlib.import_module(name))
        except (ImportError, AttributeError, TypeError):
            continue
        return library
    return None


# The modules that may decode, best first.
ZLIBS = ["zlib_ng.zlib_ng", "isal.isal_zlib", "zlib"]
BROTLIS = ["brotli", "brotlicffi"]
ZSTDS = ["compression.zstd", "backports.zstd"]
if not getattr(sys, "_is_gil_enabled", lambda: True)():
    # Its import turns the GIL on.
    BROTLIS.remove("brotli")


@functools.cache
def zlib():
    return _first_of(ZLIBS, lambda module: Library(module, module.decompressobj, module.error))


@functools.cache
def brotli():
    def make(module):
        # A TypeError here: this version knows no bound on its output.
        module.Decompressor().process(b"", output_buffer_limit=1)
        return Library(module, module.Decompressor, module.error)

    return _first_of(BROTLIS, make)


@functools.cache
def zstd():
    def make(module):
        options = {int(module.DecompressionParameter.window_log_max): ZSTD_WINDOW_LOG}
        library = Library(module, functools.partial(module.ZstdDecompressor, None, options),
                          module.ZstdError)
        library.unbound = module.ZstdDecompressor
        return library

    return _first_of(ZSTDS, make)


# Each coding by its name in Content-Encoding, and the function that finds its library.
CODINGS = {
    "gzip": (Gzip, zlib),
    "x-gzip": (Gzip, zlib),
    "deflate": (Deflate, zlib),
    "br": (Brotli, brotli),
    "zstd": (Zstd, zstd),
}


def found(name):
    """Return the class of a coding and its library; raise UnknownCoding."""
    if name not in CODINGS:
        raise UnknownCoding(f"unknown content coding {name[:SHOWN]!r}", name)
    coding, find = CODINGS[name]
    library = find()
    if library is None:
        raise UnknownCoding(f"no library here decodes {name!r}; "
                            'pip install "httpclient-accel[decoding]"', name)
    return coding, library

# SPDX-License-Identifier: MIT
"""Encoders for each content coding, and the libraries that may decode it."""

import contextlib
import gzip
import importlib
import random
import zlib

import pytest

from httpclient import decoding
from httpclient._response import codings
from httpclient.decoding import DecodingError


def installed(*names):
    """Return the first of these modules that is installed, or None."""
    for name in names:
        with contextlib.suppress(ImportError):
            return importlib.import_module(name)
    return None


BROTLI = installed(*codings.BROTLIS)
ZSTD = installed(*codings.ZSTDS)


def deflated(data, wbits, level=6):
    encoder = zlib.compressobj(level, wbits=wbits)
    return encoder.compress(data) + encoder.flush()


def zstd_checked(data):
    return ZSTD.compress(data, options={ZSTD.CompressionParameter.checksum_flag: 1})


def zstd_streamed(data, window=17):
    """A frame without the size of its content, and with a checksum."""
    parameter = ZSTD.CompressionParameter
    encoder = ZSTD.ZstdCompressor(options={parameter.checksum_flag: 1,
                                           parameter.window_log: window})
    return encoder.compress(data) + encoder.flush()


# Format -> (coding, encoder, whether it has a checksum).
FORMATS = {
    "gzip": ("gzip", lambda data: gzip.compress(data, 6, mtime=0), True),
    "zlib": ("deflate", lambda data: deflated(data, 15), True),
    "raw deflate": ("deflate", lambda data: deflated(data, -15), False),
}
if BROTLI:
    FORMATS["br"] = ("br", lambda data: BROTLI.compress(data, quality=5), False)
if ZSTD:
    FORMATS["zstd"] = ("zstd", zstd_checked, True)
    FORMATS["streamed zstd"] = ("zstd", zstd_streamed, True)

CODING_OF = {"gzip": "gzip", "zlib": "deflate", "raw deflate": "deflate", "br": "br",
             "zstd": "zstd", "streamed zstd": "zstd"}

# Coding -> the functions of codings.py that find its library, and where they look.
LIBRARIES = {
    "gzip": (codings.zlib, codings.ZLIBS),
    "deflate": (codings.zlib, codings.ZLIBS),
    "br": (codings.brotli, codings.BROTLIS),
    "zstd": (codings.zstd, codings.ZSTDS),
}


@contextlib.contextmanager
def decoded_by(coding, name):
    """Decode this coding by this module alone; skip the test without it."""
    find, names = LIBRARIES[coding]
    if name not in names or installed(name) is None:
        pytest.skip(f"{name} is not installed: {coding} is not tested with it")
    before = names[:]
    names[:] = [name]
    forget_libraries()
    try:
        assert find() is not None, f"{name} is too old"
        yield
    finally:
        names[:] = before
        forget_libraries()


def forget_libraries():
    """Look for all of them again."""
    decoding._found.cache_clear()
    for find, _ in LIBRARIES.values():
        find.cache_clear()


# Each format with each library that may decode it; `coding` is the fixture in conftest.py.
each_coding = pytest.mark.parametrize("coding", [
    pytest.param((format, library), id=f"{format}, {library}")
    for format, coding in CODING_OF.items() for library in LIBRARIES[coding][1]], indirect=True)


def contents():
    """Empty, short, repetitive and random content, and some that comes in several pieces."""
    numbers = random.Random(1)
    words = [numbers.randbytes(numbers.randint(1, 9)).hex().encode() for _ in range(300)]
    return {
        "empty": b"",
        "one byte": b"x",
        "text": b"hello, world; " * 30,
        "zeros": bytes(200_000),
        "random": numbers.randbytes(100_000),
        "long": b" ".join(numbers.choices(words, k=40_000)),
    }


CONTENTS = contents()


def fed(decoder, pieces, bound=None):
    """All output of a decoder that is fed these pieces, `bound` bytes at a time."""
    content = []

    def note(piece):
        assert bound is None or len(piece) <= bound
        content.append(piece)

    for piece in pieces:
        note(decoder.feed(piece, bound))
        while decoder.pending:
            note(decoder.feed(b"", bound))
    note(decoder.end(bound))
    while decoder.pending:
        note(decoder.end(bound))
    return b"".join(content)


def cut(data, size):
    return [data[at:at + size] for at in range(0, len(data), size)]


def until_error(decoder, pieces, bound=None):
    """(content with the error's partial, the error or None); the error comes again afterwards."""
    content = []
    try:
        for piece in pieces:
            content.append(decoder.feed(piece, bound))
            while decoder.pending:
                content.append(decoder.feed(b"", bound))
        content.append(decoder.end(bound))
        while decoder.pending:
            content.append(decoder.end(bound))
    except DecodingError as error:
        content.append(error.partial)
        with pytest.raises(type(error)) as again:
            decoder.end()
        assert again.value.partial == b""
        assert str(again.value) == str(error)
        return b"".join(content), error
    return b"".join(content), None

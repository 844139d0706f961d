# SPDX-License-Identifier: MIT
"""Hostile content: cut and damaged at each byte, and bombs, whose memory is measured.

It is decoded, or refused with an exception of httpclient.decoding, in memory that does not depend
on the length of the decoded content, and with work that does not grow without output.
"""

import gzip
import json
import struct
import zlib

import pytest

from httpclient.decoding import (
    ContentTooLong, DamagedContent, Decoder, TrailingBytes, TruncatedContent,
)
from support import codings, isolation
from support.codings import FORMATS, cut, each_coding, fed, until_error

MIB = 1 << 20
GZIP = FORMATS["gzip"][1]
CONTENT = b"The quick brown fox; the lazy dog; the quick, lazy fox. " + bytes(range(64)) * 2


# ---- cut, and damaged

@each_coding
def test_cut_at_each_byte(coding):
    name, encode = coding
    wire = encode(CONTENT)
    for end in range(1, len(wire)):
        found = {until_error(Decoder(name), pieces)[0]
                 for pieces in ([wire[:end]], cut(wire[:end], 1), cut(wire[:end], 7))}
        content, = found                            # however it arrives
        assert CONTENT.startswith(content)
        _, error = until_error(Decoder(name), [wire[:end]], 10)
        assert type(error) is TruncatedContent
        assert error.coding == name


@each_coding
def test_damaged_at_each_byte(coding, request):
    """Wrong content is never taken for right, if there is a checksum."""
    name, encode = coding
    format = request.node.callspec.params["coding"][0]
    checked = FORMATS[format][2]
    wire = encode(CONTENT)
    refused = 0
    for at in range(len(wire)):
        for flip in (1, 0x10, 0x80, 0xff):
            damaged = wire[:at] + bytes([wire[at] ^ flip]) + wire[at + 1:]
            content, error = until_error(Decoder(name), [damaged])
            assert error is None or type(error) in (
                DamagedContent, TruncatedContent, TrailingBytes)
            if error is None and checked:
                # Bits without meaning, such as the time in a gzip member.
                assert content == CONTENT
            refused += error is not None
            again, other = until_error(Decoder(name), cut(damaged, 1))
            assert (again, type(other)) == (content, type(error)), at
            again, other = until_error(Decoder(name), cut(damaged, 50), 100)
            assert type(other) is type(error), at
    assert refused > len(wire)


@each_coding
def test_random_bytes(coding):
    name, _ = coding
    for size in (1, 2, 10, 1000):
        data = codings.CONTENTS["random"]
        for at in range(100):
            content, error = until_error(Decoder(name, max_length=MIB), [data[at:at + size]])
            assert error is not None or name in ("br", "deflate")


@pytest.mark.parametrize("value", ["gzip, deflate", "deflate, gzip, deflate"])
def test_stacked_codings_damaged_at_each_byte(value):
    wire = CONTENT
    for name in value.split(", "):
        wire = {"gzip": GZIP, "deflate": FORMATS["zlib"][1]}[name](wire)
    for at in range(len(wire)):
        damaged = wire[:at] + bytes([wire[at] ^ 0x10]) + wire[at + 1:]
        content, error = until_error(Decoder(value), [damaged])
        assert error is not None or content == CONTENT
        again, other = until_error(Decoder(value), cut(damaged, 1))
        assert (again, type(other)) == (content, type(error))


# ---- work without output

@pytest.mark.parametrize("library", codings.codings.ZLIBS)
def test_many_empty_gzip_members(library):
    with codings.decoded_by("gzip", library):
        assert fed(Decoder("gzip"), [GZIP(b"") * 1000 + GZIP(b"x") + GZIP(b"") * 1000]) == b"x"
        content, error = until_error(Decoder("gzip"), [GZIP(b"x") + GZIP(b"") * 100_000])
    assert content == b"x" and type(error) is DamagedContent
    assert "empty members" in str(error)


@pytest.mark.skipif(not codings.ZSTD, reason="no zstd library here")
def test_many_skippable_zstd_frames():
    frame = struct.pack("<II", 0x184D2A50, 0)
    content, error = until_error(Decoder("zstd"), [codings.zstd_checked(b"x") + frame * 100_000])
    assert content == b"x" and type(error) is DamagedContent


def test_many_members_are_copied_once():
    """A library copies the rest of its input at each end of a member, so it gets little at once."""
    wire = GZIP(b"x") * 20_000
    sizes = []
    library = codings.codings.zlib()

    class Watched:
        def __init__(self, bits):
            self.inflater = library.new(bits)

        def decompress(self, data, limit):
            sizes.append(len(data))
            return self.inflater.decompress(data, limit)

        def __getattr__(self, name):
            return getattr(self.inflater, name)

    decoder = Decoder("gzip")
    decoder._last._library = codings.codings.Library(codings, Watched, library.error)
    assert fed(decoder, [wire], 1000) == b"x" * 20_000
    assert max(sizes) <= 1 << 16
    assert len(sizes) < 25_000


def nothing_after(count):
    """Two codings that produce `count` zeros between them, and nothing in the end."""
    encoder = zlib.compressobj(9, wbits=31)
    data = [encoder.compress(GZIP(b""))]
    data += [encoder.compress(bytes(MIB)) for _ in range(count // MIB)]
    return b"".join([*data, encoder.flush()])


@pytest.mark.parametrize("bound", [None, 1])
def test_inner_coding_without_end(bound):
    """Zeros after gzip are allowed, but not any number of them in a few kilobytes."""
    assert fed(Decoder("gzip, gzip"), [nothing_after(8 * MIB)], bound) == b""
    wire = GZIP(nothing_after(64 * MIB))
    content, error = until_error(Decoder("gzip, gzip, gzip"), [wire], bound)
    assert content == b"" and type(error) is ContentTooLong


# ---- memory

def zeros_by(encoder, count):
    block = bytes(MIB)
    return b"".join(encoder(block) for _ in range(count))


def brotli_bomb(count, window):
    encoder = codings.BROTLI.Compressor(quality=1, lgwin=window)
    process = getattr(encoder, "process", None) or encoder.compress
    return zeros_by(process, count) + encoder.finish()


def zstd_bomb(count, window):
    parameter = codings.ZSTD.CompressionParameter
    encoder = codings.ZSTD.ZstdCompressor(options={parameter.window_log: window})
    return zeros_by(encoder.compress, count) + encoder.flush()


def gzip_bomb(count):
    return gzip.compress(bytes(64 * MIB)) * (count // 64)


def stored_five_times(count):
    """No bomb: each coding has much input."""
    data = bytes(count * MIB // 64)
    for _ in range(5):
        data = codings.deflated(data, 31, level=0)
    return data


# Name -> codings, the wire for so many MiB, the window of the library in MiB.
BOMBS = {
    "gzip": ("gzip", gzip_bomb, 0),
    "deflate": ("deflate", lambda count: zlib.compress(bytes(count * MIB // 8)), 0),
    "gzip, gzip": ("gzip, gzip", lambda count: GZIP(gzip_bomb(count)), 0),
    "gzip five times": ("gzip, gzip, gzip, gzip, gzip",
                        lambda count: GZIP(GZIP(GZIP(GZIP(gzip_bomb(count))))), 0),
    "gzip five times, stored": ("gzip, gzip, gzip, gzip, gzip", stored_five_times, 0),
    "br": ("br", lambda count: brotli_bomb(count, 16), 0),
    "br with a large window": ("br", lambda count: brotli_bomb(count, 24), 16),
    "zstd": ("zstd", lambda count: zstd_bomb(count, 17), 0),
    "zstd with the largest window": ("zstd", lambda count: zstd_bomb(count, 23), 8),
    "zstd with too large a window": ("zstd", lambda count: zstd_bomb(count, 27), 0),
}
# MiB.  Python's allocator on builds without a GIL keeps memory that was freed before.
ALLOWED = 4 if isolation.FREE_THREADED else 2
# How much less than the wanted MiB they are.
SHARE = {"deflate": 8, "gzip five times, stored": 64}
# Freed memory must not lie around and hide what is allocated later (glibc's malloc).
EXACT = {"MALLOC_MMAP_THRESHOLD_": str(64 << 10), "MALLOC_TRIM_THRESHOLD_": "0"}
# Reads of so many bytes; each may take as much again for joining its pieces.
SIZE = 100_000


@isolation.needs_peak
@pytest.mark.parametrize(("name", "library"), [
    pytest.param(name, library, id=f"{name}, {library}") for name, (coding, _, _) in BOMBS.items()
    for library in codings.LIBRARIES[coding.split(", ")[0]][1]])
def test_bomb(name, library, tmp_path):
    coding, make, window = BOMBS[name]
    if codings.installed(library) is None:
        pytest.skip(f"{library} is not installed")
    count = 512
    (tmp_path / "bomb").write_bytes(make(count))
    done = isolation.run("bombs", coding, library, SIZE, tmp_path / "bomb", dev=False,
                         env=EXACT)
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    if name == "zstd with too large a window":
        assert (facts["error"], facts["length"]) == ("DamagedContent", 0)
    else:
        assert facts["error"] is None
        assert facts["length"] == count * MIB // SHARE.get(name, 1)
    assert facts["grown"] < (ALLOWED + window) * MIB + 2 * SIZE


@isolation.needs_peak
@pytest.mark.parametrize("size", [-1, 0], ids=["read()", "feed()"])
@pytest.mark.parametrize("name", ["gzip", "gzip, gzip", "br", "zstd"])
def test_large_content_is_held_once(name, size, tmp_path):
    coding, make, _ = BOMBS[name]
    last = coding.split(", ")[0]
    if last not in FORMATS:
        pytest.skip(f"no library for {last} here")
    library = next(filter(codings.installed, codings.LIBRARIES[last][1]))
    (tmp_path / "bomb").write_bytes(make(64))
    done = isolation.run("bombs", coding, library, size, tmp_path / "bomb", dev=False, env=EXACT)
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["length"] == 64 * MIB
    # Without a GIL, Python copies a large object that grows.
    assert facts["grown"] < (66 if not isolation.FREE_THREADED else 4 * 66) * MIB


@pytest.mark.parametrize("name", ["gzip", "br", "zstd"])
def test_bomb_stops_at_max_length(name):
    if name not in FORMATS:
        pytest.skip(f"no library for {name} here")
    wire = FORMATS[name][1](bytes(32 * MIB))
    content, error = until_error(Decoder(name, max_length=1000), [wire])
    assert content == bytes(1000) and type(error) is ContentTooLong

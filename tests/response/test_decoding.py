# SPDX-License-Identifier: MIT
"""httpclient.decoding.Decoder: content codings are removed, in pieces of any size."""

import copy
import gzip
import http.client
import io
import itertools
import pickle
import shutil
import struct
import subprocess
import sys

import pytest

import httpclient
from httpclient import decoding
from httpclient.decoding import (
    ContentTooLong, DamagedContent, Decoder, DecodingError, TrailingBytes, TruncatedContent,
    UnknownCoding,
)
from support import codings
from support.codings import CONTENTS, FORMATS, cut, each_coding, fed, until_error

GZIP = FORMATS["gzip"][1]
TEXT = CONTENTS["text"]


# ---- round trips

@pytest.mark.parametrize("kind", CONTENTS)
@each_coding
def test_round_trip(coding, kind):
    name, encode = coding
    content = CONTENTS[kind]
    wire = encode(content)
    assert fed(Decoder(name), [wire]) == content
    assert fed(Decoder(name), cut(wire, 1000)) == content
    assert fed(Decoder(name), [wire], 7777) == content
    assert fed(Decoder(name), cut(wire, 1000), 7777) == content
    assert fed(Decoder(name), [bytearray(wire)]) == content
    assert fed(Decoder(name), [memoryview(wire)]) == content


@each_coding
def test_bytewise_and_split_at_each_byte(coding):
    name, encode = coding
    wire = encode(TEXT)
    assert fed(Decoder(name), cut(wire, 1)) == TEXT
    assert fed(Decoder(name), cut(wire, 1), 1) == TEXT
    for at in range(len(wire)):
        assert fed(Decoder(name), [wire[:at], wire[at:]]) == TEXT


@each_coding
def test_long_content_in_one_piece_and_in_tiny_outputs(coding):
    name, encode = coding
    content = CONTENTS["long"] * 8
    wire = encode(content)
    assert fed(Decoder(name), [wire]) == content
    assert fed(Decoder(name), [wire], 1000) == content
    assert fed(Decoder(name), [encode(TEXT * 20)], 1) == TEXT * 20


def test_stacked_codings():
    kinds = list(FORMATS.values())
    for count in range(1, 6):
        for chosen in itertools.islice(itertools.product(kinds, repeat=count), 40):
            wire = TEXT
            for _, encode, _ in chosen:
                wire = encode(wire)
            value = ", ".join(name for name, _, _ in chosen)
            assert fed(Decoder(value), [wire]) == TEXT
            assert fed(Decoder(value), cut(wire, 1), 5) == TEXT


# ---- gzip and its relatives

def test_x_gzip():
    assert fed(Decoder("x-gzip"), [GZIP(TEXT)]) == TEXT


@pytest.mark.parametrize("library", codings.codings.ZLIBS)
def test_gzip_members_and_zeros(library):
    """RFC 1952 2.2; tar and tapes pad with zeros."""
    wire = GZIP(b"one ") + GZIP(b"") + bytes(3) + GZIP(b"two ") + GZIP(TEXT) + bytes(700)
    with codings.decoded_by("gzip", library):
        for pieces in ([wire], cut(wire, 1), cut(wire, 10)):
            for bound in (None, 1, 10):
                assert fed(Decoder("gzip"), pieces, bound) == b"one two " + TEXT


def test_file_made_by_gzip(tmp_path):
    """With a name, a time, and two members, as `cat a.gz b.gz` makes them."""
    if not shutil.which("gzip"):
        pytest.skip("no gzip program here")
    for name, content in (("a.txt", TEXT), ("b.txt", CONTENTS["random"])):
        (tmp_path / name).write_bytes(content)
        subprocess.run(["gzip", "-9", name], cwd=tmp_path, check=True, timeout=60)
    wire = (tmp_path / "a.txt.gz").read_bytes() + (tmp_path / "b.txt.gz").read_bytes()
    assert fed(Decoder("gzip"), [wire]) == TEXT + CONTENTS["random"]


def test_gzip_with_all_optional_fields():
    """FEXTRA, FNAME, FCOMMENT (RFC 1952 2.3.1)."""
    wire = GZIP(TEXT)
    head = b"\x1f\x8b\x08\x1c" + bytes(6) + b"\x04\x00abcd" + b"name\0" + b"comment\0"
    assert fed(Decoder("gzip"), cut(head + wire[10:], 1)) == TEXT


def test_file_of_many_members():
    raw = io.BytesIO()
    for line in range(300):
        with gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as file:
            file.write(b"%d\n" % line)
    assert fed(Decoder("gzip"), [raw.getvalue()]) == b"".join(b"%d\n" % n for n in range(300))


@pytest.mark.skipif(not codings.ZSTD, reason="no zstd library here")
def test_zstd_frames_and_skippable_frames():
    """RFC 8878 3.1.2."""
    skipped = struct.pack("<II", 0x184D2A5F, 5) + b"abcde"
    wire = skipped + codings.zstd_checked(b"one ") + skipped + codings.zstd_streamed(TEXT) + skipped
    for pieces in ([wire], cut(wire, 1), cut(wire, 10)):
        for bound in (None, 1, 10):
            assert fed(Decoder("zstd"), pieces, bound) == b"one " + TEXT


@pytest.mark.skipif(not codings.ZSTD, reason="no zstd library here")
@pytest.mark.parametrize("pieces", [1, 1000, 1 << 20])
def test_zstd_window(pieces):
    """RFC 9659: 8 MiB and no more, whatever the content."""
    wire = codings.zstd_streamed(TEXT, 23)
    assert fed(Decoder("zstd"), cut(wire, pieces)) == TEXT
    with pytest.raises(DamagedContent, match="memory"):
        fed(Decoder("zstd"), cut(codings.zstd_streamed(TEXT, 24), pieces))
    # A skippable frame, or one with a small window, does not hide it.
    small = codings.zstd_checked(b"x")
    with pytest.raises(DamagedContent, match="memory"):
        fed(Decoder("zstd"), cut(small + codings.zstd_streamed(TEXT, 24), pieces))


# ---- the list of codings

@pytest.mark.parametrize("value", [
    "gzip", "GZip", " gzip\t", ",, gzip ,", "identity, gzip", "gzip, IDENTITY", ["gzip"],
    ["", "gzip", "identity"]])
def test_names(value):
    decoder = Decoder(value)
    assert decoder.codings == ("gzip",)
    assert fed(decoder, [GZIP(TEXT)]) == TEXT


@pytest.mark.parametrize("value", [
    "deflate, gzip", ["deflate", "gzip"], iter(["deflate,", "gzip"])])
def test_order(value):
    decoder = Decoder(value)
    assert decoder.codings == ("deflate", "gzip")
    assert fed(decoder, [GZIP(FORMATS["zlib"][1](TEXT))]) == TEXT


@pytest.mark.parametrize("value", ["", "identity", " , identity,", []])
def test_no_coding(value):
    decoder = Decoder(value, max_length=len(TEXT))
    assert decoder.codings == ()
    assert fed(decoder, cut(TEXT, 100), 7) == TEXT


@pytest.mark.parametrize("value", ["zip", "gzip, zip", "gzip;q=1", "gz ip", "compress", "x" * 1000])
def test_unknown_coding(value):
    with pytest.raises(UnknownCoding) as caught:
        Decoder(value)
    assert caught.value.coding == value.split(", ")[-1]
    assert caught.value.partial == b""
    assert len(str(caught.value)) < 200


def test_at_most_five_codings():
    assert len(Decoder(["gzip"] * 5).codings) == 5
    with pytest.raises(UnknownCoding, match="more than 5"):
        Decoder(["gzip"] * 6)


@pytest.mark.parametrize("name", codings.LIBRARIES)
def test_coding_without_library(name, monkeypatch):
    _, names = codings.LIBRARIES[name]
    monkeypatch.setattr(decoding, "ACCEPT_ENCODING", None)
    monkeypatch.delattr(decoding, "ACCEPT_ENCODING")
    before = names[:]
    try:
        names[:] = ["no_such_module", "sys"]
        codings.forget_libraries()
        with pytest.raises(UnknownCoding, match="httpclient-accel") as caught:
            Decoder(name)
        assert caught.value.coding == name
        assert name not in decoding.ACCEPT_ENCODING.split(", ")
    finally:
        names[:] = before
        codings.forget_libraries()


def test_accept_encoding():
    names = decoding.ACCEPT_ENCODING.split(", ")
    assert names[:2] == ["gzip", "deflate"]
    assert "ACCEPT_ENCODING" in dir(decoding)
    assert ("br" in names) == bool(codings.BROTLI)
    assert ("zstd" in names) == bool(codings.ZSTD)
    for name in names:
        Decoder(name)


def test_old_brotli_is_not_used(monkeypatch):
    """Before 1.2 its output has no bound."""
    class Old:
        class Decompressor:
            def process(self, data):
                raise AssertionError("called")

    names = codings.codings.BROTLIS
    monkeypatch.setitem(sys.modules, "old_brotli", Old)
    before = names[:]
    try:
        names[:] = ["old_brotli"]
        codings.forget_libraries()
        with pytest.raises(UnknownCoding):
            Decoder("br")
    finally:
        names[:] = before
        codings.forget_libraries()


# ---- bounds

@pytest.mark.parametrize("bound", [None, 1, 10, 1 << 20])
@each_coding
def test_max_length(coding, bound):
    name, encode = coding
    wire, size = encode(TEXT), len(TEXT)
    for pieces in ([wire], cut(wire, 1)):
        assert fed(Decoder(name, max_length=size), pieces, bound) == TEXT
        assert fed(Decoder(name, max_length=size + 1), pieces, bound) == TEXT
        content, error = until_error(Decoder(name, max_length=size - 1), pieces, bound)
        assert type(error) is ContentTooLong
        assert content == TEXT[:-1]


def test_max_length_zero():
    assert fed(Decoder("gzip", max_length=0), [GZIP(b"")]) == b""
    content, error = until_error(Decoder("gzip", max_length=0), [GZIP(b"x")])
    assert (content, type(error)) == (b"", ContentTooLong)


@pytest.mark.parametrize("wrong", [-1, "1", 1.5])
def test_wrong_bounds(wrong):
    with pytest.raises((ValueError, TypeError)):
        Decoder("gzip", max_length=wrong)
    with pytest.raises((ValueError, TypeError)):
        Decoder("gzip").feed(b"", wrong)


def test_max_output_of_zero():
    with pytest.raises(ValueError, match="max_output"):
        Decoder("gzip").feed(b"", 0)


def test_feed_while_output_is_pending():
    wire = GZIP(TEXT)
    decoder, content = Decoder("gzip"), b""
    for piece in cut(wire, 3):
        content += decoder.feed(piece, 1)
    while decoder.pending:
        content += decoder.feed(b"", 1)
    assert content + decoder.end() == TEXT


def test_end_gives_what_is_pending():
    decoder = Decoder("gzip")
    assert decoder.feed(GZIP(TEXT), 5) == TEXT[:5]
    assert decoder.pending
    assert decoder.end(5) == TEXT[5:10]
    assert decoder.end() == TEXT[10:]
    assert not decoder.pending
    assert decoder.end() == b""
    with pytest.raises(ValueError, match="after end"):
        decoder.feed(b"")


# ---- errors

def test_no_input_is_no_content():
    for value in ("gzip", "br" if codings.BROTLI else "gzip", "deflate, gzip"):
        assert Decoder(value).end() == b""
        decoder = Decoder(value)
        assert decoder.feed(b"") + decoder.end() == b""


def test_empty_inner_coding_is_cut():
    """Only no content at all needs no coding."""
    with pytest.raises(TruncatedContent) as caught:
        fed(Decoder("deflate, gzip"), [GZIP(b"")])
    assert caught.value.coding == "deflate"


@pytest.mark.parametrize("garbage", [b"x", b"\0x", b"\r\n", b"<html>", b"x" * 50_000])
@each_coding
def test_trailing_bytes(coding, garbage):
    name, encode = coding
    wire = encode(TEXT) + garbage
    for pieces in ([wire], cut(wire, 1000), cut(wire[:2000], 1)):
        content, error = until_error(Decoder(name), pieces)
        assert content == TEXT
        assert type(error) is TrailingBytes
        assert error.coding == name


def test_damage_after_long_content_keeps_what_was_decoded():
    content = CONTENTS["long"] * 3
    wire = bytearray(GZIP(content))
    wire[-5] ^= 1
    found, error = until_error(Decoder("gzip"), cut(bytes(wire), 5000))
    assert type(error) is DamagedContent
    assert error.__cause__ is not None
    assert content.startswith(found) and len(found) > len(content) - 100_000


@pytest.mark.parametrize("bound", [None, 1000])
def test_damage_in_an_inner_coding(bound):
    """What lies before it gets through the codings above."""
    inner = bytearray(FORMATS["zlib"][1](TEXT))
    inner[-1] ^= 1
    for pieces in ([GZIP(bytes(inner))], cut(GZIP(bytes(inner)), 1)):
        content, error = until_error(Decoder("deflate, gzip"), pieces, bound)
        assert content == TEXT
        assert (type(error), error.coding) == (DamagedContent, "deflate")


def test_errors_are_http_exceptions():
    for error in (UnknownCoding, TruncatedContent, DamagedContent, TrailingBytes, ContentTooLong):
        assert issubclass(error, DecodingError)
        assert issubclass(error, httpclient.HTTPException)
        assert issubclass(error, http.client.HTTPException)
        assert error.__module__ == "httpclient.decoding"
        made = error("why", "gzip", b"partial")
        for again in (copy.copy(made), pickle.loads(pickle.dumps(made))):
            assert (str(again), again.coding, again.partial) == ("why", "gzip", b"partial")


def test_interrupted_call_is_not_continued():
    """Nobody knows how much of the input the library has taken."""
    class Interrupted:
        def decompress(self, *args):
            raise KeyboardInterrupt

    library = codings.codings.Library(codings, lambda bits: Interrupted(), ValueError)
    for max_length in (None, 1000):
        decoder = Decoder("gzip", max_length=max_length)
        decoder._last._library = library
        with pytest.raises(KeyboardInterrupt):
            decoder.feed(GZIP(TEXT))
        with pytest.raises(DecodingError, match="interrupted"):
            decoder.feed(b"")
        with pytest.raises(DecodingError, match="interrupted"):
            decoder.end()


# ---- the module

def test_import_on_first_use():
    program = ("import sys, httpclient\n"
               "names = {'httpclient.decoding', 'brotli', 'brotlicffi', 'isal', 'zlib_ng',\n"
               "         'backports.zstd', 'compression.zstd', 'httpclient._response.codings'}\n"
               "assert not names & sys.modules.keys(), names & sys.modules.keys()\n"
               "assert 'decoding' in dir(httpclient)\n"
               "module = httpclient.decoding\n"
               "assert module is sys.modules['httpclient.decoding']\n"
               "assert not {'brotli', 'brotlicffi', 'zlib_ng'} & sys.modules.keys()\n"
               "import httpclient.decoding as again\n"
               "assert again is module\n"
               "from httpclient import decoding\n"
               "assert decoding is module\n")
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_import_statement_comes_first():
    program = "import httpclient.decoding; httpclient.decoding.Decoder('gzip')"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)

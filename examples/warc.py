# SPDX-License-Identifier: MIT
"""Archive responses in a WARC file, with warcio: python examples/warc.py FILE URL [URL ...]

A record holds the head of the response byte for byte as it was received, and the content in the
coding in which it was sent.
"""
from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from warcio.archiveiterator import ArchiveIterator
from warcio.recordloader import ArcWarcRecord
from warcio.warcwriter import WARCWriter

import httpclient


def message(answer: httpclient.Answer) -> bytes:
    """Return a response as a message (RFC 9112): its head, and its content as the head frames it.

    The Fetcher has removed the chunks.  So the content of a chunked response becomes one chunk.
    """
    content = answer.content
    if "chunked" in answer.getheader("Transfer-Encoding", "").lower():
        chunk = b"%x\r\n%b\r\n" % (len(content), content) if content else b""
        content = chunk + b"0\r\n\r\n"
    return answer.raw_head + content


def record_of(answer: httpclient.Answer, writer: WARCWriter) -> ArcWarcRecord:
    """Return a WARC record of a response."""
    block = message(answer)
    record = writer.create_warc_record(
        answer.url, "response", io.BytesIO(block), length=len(block))
    # warcio has parsed the head and would write it anew.  Without fields, it copies the block.
    record.http_headers, record.length = None, len(block)
    record.raw_stream.seek(0)
    return record


def archive(
    file: BinaryIO, requests: Iterable[httpclient.Request | str],
) -> Iterator[httpclient.Answer]:
    """Fetch the requests, write a record for each complete response, and yield the answers."""
    writer = WARCWriter(file, gzip=True)
    # decode=False, the default, keeps content codings as the server sent them.
    with httpclient.Fetcher(deadline=60) as fetcher:
        for answer in fetcher.fetch(requests):
            if answer.error is None:
                writer.write_record(record_of(answer, writer))
            yield answer


def responses(file: BinaryIO) -> Iterator[ArcWarcRecord]:
    """Yield the records of the responses in a WARC file."""
    return (record for record in ArchiveIterator(file) if record.rec_type == "response")


def main(path: str, *urls: str) -> None:
    with open(path, "wb") as file:
        for answer in archive(file, urls):
            print(answer.error or answer.status, len(answer.content), answer.url)
    with open(path, "rb") as file:
        for record in responses(file):
            print(record.rec_headers["WARC-Target-URI"], record.http_headers.statusline,
                  len(record.content_stream().read()))


if __name__ == "__main__":
    main(*sys.argv[1:])

# SPDX-License-Identifier: MIT
"""examples/warc.py: what warcio reads is what the server has sent."""

import gzip
import io

from support.programs import imported, needs, pages
from support.servers import ok

needs("warcio")

from warcio.archiveiterator import ArchiveIterator  # noqa: E402

ODD = b"HTTP/1.1 200 \xff\nX-Name:no blank \r\nx-name: again\r\nContent-Length: 3\r\n\r\nabc"
CHUNKED = (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
           b"3\r\nabc\r\n2;extension\r\nde\r\n0\r\n\r\n")
ZIPPED = ok(gzip.compress(b"zipped"), "Content-Encoding: gzip")
# path -> the block of the record, its content
BLOCKS = {
    "/plain": (ok(b"plain"), b"plain"), "/odd": (ODD, b"abc"), "/zipped": (ZIPPED, b"zipped"),
    "/missing": (ok(status="404 Not Found"), b""),
    "/chunked": (CHUNKED.partition(b"3\r\n")[0] + b"5\r\nabcde\r\n0\r\n\r\n", b"abcde"),
}


def test_records_are_read_back_equal():
    example, file = imported("warc"), io.BytesIO()
    served = {path: block for path, (block, _) in BLOCKS.items()} | {"/chunked": CHUNKED,
                                                                    "/broken": b"nonsense\r\n\r\n"}
    with pages(served) as server:
        answers = list(example.archive(file, [server.url + path for path in served]))
        url = server.url
    assert [answer.url for answer in answers if answer.error] == [f"{url}/broken"]
    for parsed in True, False:
        file.seek(0)
        found = {}
        for record in ArchiveIterator(file, no_record_parse=not parsed,
                                      check_digests="raise" if parsed else False):
            assert record.rec_type == "response"
            stream = record.content_stream() if parsed else record.raw_stream
            found[record.rec_headers["WARC-Target-URI"].removeprefix(url)] = stream.read()
        assert found == {path: pair[parsed] for path, pair in BLOCKS.items()}


def test_program_prints_what_it_has_archived(tmp_path, capsys):
    with pages({"/": ok(b"content")}) as server:
        imported("warc").main(tmp_path / "a.warc.gz", server.url + "/")
        expected = [f"200 7 {server.url}/", f"{server.url}/ 200 OK 7"]
    assert capsys.readouterr().out.splitlines() == expected

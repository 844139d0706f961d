# SPDX-License-Identifier: MIT
"""Both modules against a real nginx: what it sends is what the world sends.

nginx runs on the loopback with a configuration of ours; uploads go to a small Python server behind
it, which answers with what it was sent.  Without nginx the tests are skipped, with a warning.
"""

import contextlib
import email
import functools
import gzip
import hashlib
import http.client
import io
import json
import select
import ssl

import httpclient
import pytest

from support import nginx as real
from support.servers import Server, read_request, ok

BIG = 100 * 1024 * 1024
SMALL = b"twelve bytes"
TEXT = b"".join(b"line %d of a text that shrinks\n" % n for n in range(5000))

pytestmark = pytest.mark.parametrize("module", [http.client, httpclient])


def tell(sock):
    """The upstream: answers with what came, as JSON."""
    with sock.makefile("rb") as file:
        while request := read_request(file):
            told = {"method": request.method, "target": request.target,
                    "size": len(request.body), "sha256": hashlib.sha256(request.body).hexdigest(),
                    "fields": dict(request.fields)}
            sock.sendall(ok(json.dumps(told).encode(), "Content-Type: application/json"))


def make_files(folder):
    (folder / "files").mkdir()
    (folder / "dav").mkdir()
    (folder / "files" / "small.txt").write_bytes(SMALL)
    (folder / "files" / "empty.txt").write_bytes(b"")
    (folder / "files" / "text.txt").write_bytes(TEXT)
    (folder / "files" / "folder").mkdir()
    with open(folder / "files" / "big.bin", "wb") as file:
        file.truncate(BIG)              # sparse: no disk is filled
        for at in range(0, BIG, 1 << 20):
            file.seek(at + at // 1000)
            file.write(b"marker at %d" % at)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nginx")
    make_files(folder)
    return folder


@pytest.fixture(scope="module")
def port(folder):
    path = real.find()
    with Server(tell) as upstream, real.running(path, folder, upstream.port) as port:
        yield port


@pytest.fixture
def connection(module, port):
    with contextlib.closing(module.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        yield connection


def fetch(connection, method, target, body=None, headers=None, **options):
    """One exchange: the response, read to its end, and its body."""
    connection.request(method, target, body, headers or {}, **options)
    response = connection.getresponse()
    return response, response.read()


@functools.cache
def big_hash(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def nth(response):
    """The how-manieth request of its TCP connection this was, says nginx."""
    return int(response.getheader("X-Requests"))


def test_one_connection_serves_twenty_requests(connection):
    for n in range(1, 21):
        response, body = fetch(connection, "GET", "/small.txt")
        assert (response.status, response.reason, response.version) == (200, "OK", 11)
        assert (body, nth(response)) == (SMALL, n)
        assert response.getheader("content-length") == "12"


def test_kinds_of_responses_on_one_connection(connection):
    """Each leaves the connection exactly at the start of the next response."""
    for n, (method, target, status, body) in enumerate([
            ("GET", "/small.txt", 200, SMALL),
            ("GET", "/empty.txt", 200, b""),
            ("HEAD", "/text.txt", 200, b""),
            ("GET", "/nothing", 204, b""),
            ("GET", "/missing", 404, None),
            ("HEAD", "/missing", 404, b""),
            ("GET", "/ssi/text.txt", 200, TEXT),
            ("GET", "/moved", 301, None),
            ("GET", "/folder", 301, None),
            ("POST", "/small.txt", 405, None),
            ("GET", "/text.txt", 200, TEXT)], 1):
        response, received = fetch(connection, method, target)
        assert (response.status, nth(response)) == (status, n), target
        assert body is None or received == body, target
        if status == 301:
            assert response.getheader("Location").endswith(
                "/small.txt" if target == "/moved" else "/folder/")


def test_server_closes_after_three(connection):
    seen = [nth(fetch(connection, "GET", "/few/small.txt")[0]) for _ in range(7)]
    assert seen == [1, 2, 3, 1, 2, 3, 1]


def test_unread_body_of_a_closed_response(connection):
    """A response that is closed early takes its connection along; the next request reconnects."""
    connection.request("GET", "/big.bin")
    response = connection.getresponse()
    assert response.read(10) == b"marker at "
    response.close()
    connection.close()
    response, body = fetch(connection, "GET", "/small.txt")
    assert (body, nth(response)) == (SMALL, 1)


def test_chunked_response_is_read_whole(connection):
    response, body = fetch(connection, "GET", "/ssi/text.txt")
    assert response.getheader("Transfer-Encoding") == "chunked"
    assert response.chunked and response.length is None
    assert body == TEXT


@pytest.mark.parametrize("size", [1, 7, 1000, 65536])
def test_chunked_response_is_read_in_pieces(connection, size):
    connection.request("GET", "/ssi/text.txt")
    response = connection.getresponse()
    limit = TEXT[:2000] if size == 1 else TEXT
    received = b""
    while len(received) < len(limit) and (piece := response.read(size)):
        received += piece
    assert received == limit
    if size > 1:
        assert response.read() == b"" and response.isclosed()


def test_gzip_coded_and_chunked(connection):
    response, body = fetch(connection, "GET", "/gzip/text.txt",
                           headers={"Accept-Encoding": "gzip"})
    assert response.getheader("Content-Encoding") == "gzip"
    assert response.getheader("Transfer-Encoding") == "chunked"
    assert len(body) < len(TEXT) and gzip.decompress(body) == TEXT
    response, body = fetch(connection, "GET", "/gzip/text.txt")
    assert response.getheader("Content-Encoding") is None and body == TEXT


def test_gzip_file_around_the_response(connection):
    """HTTPResponse is a file good enough for gzip and for a text wrapper."""
    connection.request("GET", "/gzip/text.txt", headers={"Accept-Encoding": "gzip"})
    with gzip.GzipFile(fileobj=connection.getresponse()) as file:
        assert io.TextIOWrapper(file, "ascii").readlines()[-1] == TEXT.decode().splitlines(1)[-1]


@pytest.mark.parametrize("target", ["/text.txt", "/ssi/text.txt"])
def test_iteration_gives_the_lines(connection, target):
    connection.request("GET", target)
    response = connection.getresponse()
    assert list(response) == TEXT.splitlines(keepends=True)


def test_response_to_head_has_no_content(connection):
    response, body = fetch(connection, "HEAD", "/big.bin")
    assert (response.status, body) == (200, b"")
    assert response.getheader("Content-Length") == str(BIG)
    assert nth(fetch(connection, "GET", "/small.txt")[0]) == 2


@pytest.mark.parametrize("conditions", [
    lambda r: {"If-None-Match": r.getheader("ETag")},
    lambda r: {"If-Modified-Since": r.getheader("Last-Modified")},
    lambda r: {"If-None-Match": f'"x", {r.getheader("ETag")}'},
], ids=["If-None-Match", "If-Modified-Since", "list"])
def test_conditional_request_gets_304_without_content(connection, conditions):
    first, _ = fetch(connection, "GET", "/small.txt")
    response, body = fetch(connection, "GET", "/small.txt", headers=conditions(first))
    assert (response.status, response.reason, body) == (304, "Not Modified", b"")
    assert response.getheader("ETag") == first.getheader("ETag")
    response, body = fetch(connection, "GET", "/small.txt", headers={"If-None-Match": '"x"'})
    assert (response.status, body, nth(response)) == (200, SMALL, 3)


@pytest.mark.parametrize(("wanted", "content", "where"), [
    ("bytes=0-5", SMALL[:6], "bytes 0-5/12"),
    ("bytes=7-", SMALL[7:], "bytes 7-11/12"),
    ("bytes=-1", SMALL[-1:], "bytes 11-11/12"),
])
def test_range_gives_a_part_of_the_file(connection, wanted, content, where):
    response, body = fetch(connection, "GET", "/small.txt", headers={"Range": wanted})
    assert (response.status, body) == (206, content)
    assert response.getheader("Content-Range") == where


def test_range_beyond_the_end_gets_416(connection):
    response, _ = fetch(connection, "GET", "/small.txt", headers={"Range": "bytes=99-"})
    assert (response.status, response.getheader("Content-Range")) == (416, "bytes */12")


def test_several_ranges_give_a_multipart_response(connection):
    response, body = fetch(connection, "GET", "/text.txt",
                           headers={"Range": "bytes=0-9,100-119,-5"})
    assert response.status == 206
    whole = b"Content-Type: " + response.getheader("Content-Type").encode() + b"\r\n\r\n" + body
    parts = email.message_from_bytes(whole).get_payload()
    assert [part["Content-Range"].split("/")[0] for part in parts] == [
        "bytes 0-9", "bytes 100-119", f"bytes {len(TEXT) - 5}-{len(TEXT) - 1}"]
    for piece in (TEXT[:10], TEXT[100:120], TEXT[-5:]):
        assert b"\r\n\r\n" + piece + b"\r\n--" in body


def read_all(response, digest):
    body = response.read()
    digest.update(body)
    return len(body)


def read_pieces(response, digest):
    size = 0
    while piece := response.read(1_000_003):
        digest.update(piece)
        size += len(piece)
    return size


def read_into(response, digest):
    buffer, size = bytearray(300_001), 0
    with memoryview(buffer) as view:
        while count := response.readinto(buffer):
            digest.update(view[:count])
            size += count
    return size


@pytest.mark.parametrize("read", [read_all, read_pieces, read_into])
def test_100_megabytes_arrive_unchanged(connection, folder, read):
    connection.request("GET", "/big.bin")
    response = connection.getresponse()
    assert response.length == BIG
    digest = hashlib.sha256()
    assert read(response, digest) == BIG
    assert digest.hexdigest() == big_hash(folder / "files" / "big.bin")
    assert response.isclosed() and response.length == 0
    assert nth(fetch(connection, "GET", "/small.txt")[0]) == 2


UPLOAD = bytes(range(256)) * 9001

# body, whether nginx is sent a Content-Length
BODIES = [
    pytest.param(lambda: b"", True, id="empty"),
    pytest.param(lambda: b"small", True, id="small"),
    pytest.param(lambda: UPLOAD, True, id="bytes"),
    pytest.param(lambda: memoryview(UPLOAD), True, id="memoryview"),
    pytest.param(lambda: io.BytesIO(UPLOAD), False, id="file"),
    pytest.param(lambda: (UPLOAD[at:at + 997] for at in range(0, len(UPLOAD), 997)), False,
                 id="generator"),
    pytest.param(lambda: iter([b"", b"x", b"", b"yz"]), False, id="empty pieces"),
]


@pytest.mark.parametrize(("body", "counted"), BODIES)
@pytest.mark.parametrize("path", ["/echo/", "/through/"])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_upstream_receives_the_upload_unchanged(connection, method, path, body, counted):
    sent = b"".join(body()) if not counted else bytes(body())
    for n in (1, 2):
        response, told = fetch(connection, method, f"{path}up?n={n}", body())
        told = json.loads(told)
        assert (response.status, nth(response)) == (200, n)
        assert (told["method"], told["target"]) == (method, f"/up?n={n}")
        assert (told["size"], told["sha256"]) == (len(sent), hashlib.sha256(sent).hexdigest())
        # Handed on as it came; but a short one arrives whole and is counted by nginx.
        if path == "/through/" and len(sent) > 1000:
            assert ("Transfer-Encoding" in told["fields"]) != counted


@pytest.mark.parametrize(("body", "counted"), BODIES)
def test_put_to_a_file(connection, module, folder, body, counted):
    if not real.has_dav(real.find()):
        pytest.skip("this nginx has no WebDAV")
    sent = b"".join(body()) if not counted else bytes(body())
    target = folder / "dav" / module.__name__
    response, _ = fetch(connection, "PUT", f"/dav/{module.__name__}", body())
    assert response.status == 201 and target.read_bytes() == sent
    response, _ = fetch(connection, "PUT", f"/dav/{module.__name__}", b"again")
    assert response.status == 204 and target.read_bytes() == b"again"
    response, _ = fetch(connection, "DELETE", f"/dav/{module.__name__}")
    assert response.status == 204 and not target.exists()


def test_expect_continue_sent_at_once(connection):
    """The interim response stands before the final one and is skipped."""
    for n in (1, 2):
        response, told = fetch(connection, "POST", "/echo/", UPLOAD, {"Expect": "100-continue"})
        assert (response.status, nth(response)) == (200, n)
        assert json.loads(told)["size"] == len(UPLOAD)


def test_expect_continue_waited_for(connection):
    connection.putrequest("POST", "/echo/")
    connection.putheader("Expect", "100-continue")
    connection.putheader("Content-Length", str(len(UPLOAD)))
    connection.endheaders()
    assert select.select([connection.sock], [], [], 20)[0], "no 100 Continue"
    connection.send(UPLOAD)
    response = connection.getresponse()
    assert response.status == 200
    assert json.loads(response.read())["sha256"] == hashlib.sha256(UPLOAD).hexdigest()


@pytest.mark.parametrize("target", ["/echo/", "/through/"])
def test_expect_continue_by_argument(module, connection, target):
    """nginx answers 100 itself.  It refuses a body of more than 64 MiB by its Content-Length."""
    if module is http.client:
        pytest.skip("http.client has no such argument")
    for n in (1, 2):
        response, told = fetch(connection, "POST", target, iter([UPLOAD, UPLOAD]),
                               expect_continue=20)
        assert (response.status, nth(response)) == (200, n)
        assert [interim.status for interim in response.informational] == [100]
        assert json.loads(told)["size"] == 2 * len(UPLOAD)
    body = map(int, ["no octet of it may be taken"])
    response, _ = fetch(connection, "POST", target, body, {"Content-Length": 65 << 20},
                        expect_continue=20)
    assert (response.status, response.will_close) == (413, True)
    response, _ = fetch(connection, "GET", "/small.txt")
    assert (response.status, nth(response)) == (200, 1)


@pytest.fixture
def old_connection(module, port):
    """A connection that speaks HTTP/1.0."""
    class OldConnection(module.HTTPConnection):
        _http_vsn = 10
        _http_vsn_str = "HTTP/1.0"

    with contextlib.closing(OldConnection("127.0.0.1", port, timeout=20)) as connection:
        yield connection


def test_connection_of_http_1_0_ends_with_the_response(old_connection):
    for target, body in [("/small.txt", SMALL), ("/ssi/text.txt", TEXT), ("/empty.txt", b"")]:
        response, received = fetch(old_connection, "GET", target)
        assert (response.status, received, nth(response)) == (200, body, 1)
        assert response.will_close and old_connection.sock is None


def test_http_1_0_keep_alive(old_connection):
    for n in (1, 2, 3):
        response, body = fetch(old_connection, "GET", "/small.txt",
                               headers={"Connection": "keep-alive"})
        assert (body, nth(response), response.will_close) == (SMALL, n, False)


def test_http_1_0_upload(old_connection):
    response, told = fetch(old_connection, "POST", "/echo/", UPLOAD)
    assert json.loads(told)["sha256"] == hashlib.sha256(UPLOAD).hexdigest()


def test_bad_request_gets_400_and_a_closed_connection(connection):
    """nginx answers what it can't parse, and closes."""
    connection.putrequest("GET", "/", skip_host=True)
    connection.endheaders()
    response = connection.getresponse()
    assert (response.status, response.will_close) == (400, True)
    assert b"400 Bad Request" in response.read()


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    """(port, context) of an nginx that speaks TLS."""
    from support.certificates import Certificates

    path, folder = real.find(), tmp_path_factory.mktemp("nginx-tls")
    make_files(folder)
    certificates = Certificates(folder)
    with Server(tell) as upstream, real.running(
            path, folder, upstream.port, certificates.server_files()) as port:
        yield port, certificates.client()


def test_requests_over_tls_get_their_responses(module, tls):
    port, context = tls
    connection = module.HTTPSConnection("localhost", port, timeout=20, context=context)
    with contextlib.closing(connection):
        for target, body in [("/small.txt", SMALL), ("/text.txt", TEXT), ("/ssi/text.txt", TEXT)]:
            assert fetch(connection, "GET", target)[1] == body
        response, told = fetch(connection, "POST", "/through/", iter([UPLOAD, UPLOAD]))
        assert json.loads(told)["size"] == 2 * len(UPLOAD)
        part = {"Range": "bytes=0-9999999"}
        response, body = fetch(connection, "GET", "/big.bin", headers=part)
        assert (response.status, len(body), nth(response)) == (206, 10_000_000, 5)


def test_plain_request_to_a_tls_port(module, tls):
    connection = module.HTTPConnection("127.0.0.1", tls[0], timeout=20)
    with contextlib.closing(connection):
        assert fetch(connection, "GET", "/")[0].status == 400


def test_tls_to_a_plain_port(module, port):
    connection = module.HTTPSConnection("127.0.0.1", port, timeout=20)
    with contextlib.closing(connection), pytest.raises(ssl.SSLError):
        connection.request("GET", "/")

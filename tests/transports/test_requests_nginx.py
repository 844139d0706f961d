# SPDX-License-Identifier: MIT
"""httpclient.transports.requests with a real nginx, beside requests' own adapter."""

import pytest

from support import nginx
from support.servers import Replies, Server, echo

requests = pytest.importorskip("requests")

TEXT = b"".join(b"line %d of a text that shrinks\n" % n for n in range(5000))


@pytest.fixture(scope="module")
def url(tmp_path_factory, certificates):
    path, folder = nginx.find(), tmp_path_factory.mktemp("nginx")
    for name in ("files", "dav", "body"):
        (folder / name).mkdir()
    (folder / "files" / "small.txt").write_bytes(b"small")
    (folder / "files" / "text.txt").write_bytes(TEXT)
    with Server(Replies(*[echo] * 20)) as upstream, nginx.running(
            path, folder, upstream.port, certificates.server_files()) as port:
        yield f"https://localhost:{port}"


@pytest.fixture
def get(session, certificates):
    session.verify = certificates.ca_file
    return session.get


def test_downloads(get, url):
    assert get(f"{url}/text.txt").content == TEXT
    response = get(f"{url}/gzip/text.txt", stream=True)
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.headers["Transfer-Encoding"] == "chunked"
    assert b"".join(response.iter_content(1000)) == TEXT
    assert get(f"{url}/text.txt", headers={"Range": "bytes=5-9"}).content == TEXT[5:10]


def test_redirects_and_responses_without_content(get, url):
    response = get(f"{url}/moved")
    assert response.content == b"small" and len(response.history) == 1
    assert get(f"{url}/nothing").status_code == 204
    assert get(f"{url}/absent").status_code == 404


def test_the_connection_is_used_again(get, url):
    counts = [int(get(f"{url}/few/small.txt").headers["X-Requests"]) for _ in range(7)]
    assert counts == [1, 2, 3, 1, 2, 3, 1]


def test_uploads(session, get, url):
    response = session.post(f"{url}/through/x", data=iter([b"a" * 100_000, b"b"]))
    assert response.content == b"a" * 100_000 + b"b"
    assert response.headers["X-Target"] == "/x"

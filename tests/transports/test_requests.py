# SPDX-License-Identifier: MIT
"""httpclient.transports.requests: the same programs on requests' adapter and on httpclient's."""

import gzip
import io
import pickle
import threading

import pytest

from httpclient import decoding
from support.pools import Paired, url_of
from support.servers import Server, echo, ok, serving
from support.sessions import mounted

requests = pytest.importorskip("requests")

from requests.adapters import HTTPAdapter as Theirs  # noqa: E402
from urllib3.exceptions import ProtocolError  # noqa: E402

from httpclient.transports.requests import HTTPAdapter  # noqa: E402


def chunked(*pieces, fields=()):
    lines = ["HTTP/1.1 200 OK", "Transfer-Encoding: chunked", *fields, "", ""]
    return "\r\n".join(lines).encode() + b"".join(
        b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


# ---- the response

def test_a_response(session):
    with serving(ok(b"hello", "Content-Type: text/plain; charset=utf-8", "X-A: 1", "x-a: 2",
                    status="201 Made here")) as server:
        response = session.get(url_of(server, "/path?q=1#fragment"))
    assert (response.status_code, response.reason) == (201, "Made here")
    assert (response.content, response.text, response.encoding) == (b"hello", "hello", "utf-8")
    assert dict(response.headers) == {
        "Content-Length": "5", "Content-Type": "text/plain; charset=utf-8", "X-A": "1, 2"}
    assert response.headers["content-LENGTH"] == "5"
    assert response.url == url_of(server, "/path?q=1#fragment")
    assert server.handle.requests[0].target == "/path?q=1"
    assert response.request.method == "GET"
    assert response.elapsed.total_seconds() > 0


def test_requests_share_one_connection(session):
    with Server(Paired()) as server:
        assert [session.get(url_of(server, f"/{n}")).content for n in range(5)] == [b"1"] * 5


def test_the_same_request_is_sent(adapter):
    with serving(*[ok()] * 10) as server:
        sent = []
        for one in (Theirs, adapter):
            session = requests.Session()
            session.trust_env = False
            session.mount("http://", one())
            session.get(url_of(server, "/a%20b/é?q=ä b&c=[]"), params={"x": "y z"})
            session.post(url_of(server), data={"a": "b", "c": "d"}, headers={"Host": "other"})
            session.post(url_of(server), json=["ä"], cookies={"c": "d"}, auth=("user", "pass"))
            session.options(url_of(server), headers={"Accept-Encoding": None})
            session.put(url_of(server), data=b"")
            sent.append([(request.line, sorted(request.fields), request.body)
                         for request in server.handle.requests[len(sent) * 5:]])
    assert sent[0] == sent[1]


def test_credentials_of_the_url(session):
    with serving(ok()) as server:
        session.get(f"http://user:pass@127.0.0.1:{server.port}/x")
        request = server.handle.requests[0]
    assert request.field("Authorization") == "Basic dXNlcjpwYXNz"
    assert request.field("Host") == f"127.0.0.1:{server.port}"


def test_a_prepared_url_is_encoded(session):
    with serving(ok(), ok()) as server:
        for start in (url_of(server, "/a b"), f"http://user@127.0.0.1:{server.port}/a b"):
            request = session.prepare_request(requests.Request("GET", url_of(server)))
            request.url = start
            assert session.send(request).ok
        assert [request.target for request in server.handle.requests] == ["/a%20b"] * 2


def test_a_head_response(session):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Encoding: gzip\r\n\r\n"
    with serving(head, ok(b"next")) as server:
        assert session.head(url_of(server)).content == b""
        assert session.get(url_of(server)).content == b"next"
        assert server.accepted == 1


def test_redirects_are_followed_with_history_and_cookies(session):
    with serving(ok(b"", "Location: /b", "Set-Cookie: a=1; Path=/", "Set-Cookie: b=2",
                    status="302 Found"),
                 ok(b"gone", "Location: /c", status="307 Again"),
                 ok(b"here", "Set-Cookie: a=3; Path=/")) as server:
        response = session.post(url_of(server, "/a"), data={"x": "y"})
        heads = server.handle.requests
    assert [past.status_code for past in response.history] == [302, 307]
    assert response.content == b"here" and response.history[1].content == b"gone"
    assert response.url == url_of(server, "/c")
    assert [head.line for head in heads] == [
        "POST /a HTTP/1.1", "GET /b HTTP/1.1", "GET /c HTTP/1.1"]
    assert sorted(heads[2].field("Cookie").split("; ")) == ["a=1", "b=2"]
    assert session.cookies.get_dict() == {"a": "3", "b": "2"}
    assert response.cookies.get_dict() == {"a": "3"}


def test_hooks_are_called(session):
    seen = []
    with serving(ok(b"x")) as server:
        session.get(url_of(server), hooks={"response": lambda r, **_: seen.append(r.status_code)})
    assert seen == [200]


# ---- bodies that are sent

class Umlauts(io.TextIOBase):
    """A text file that cannot be sought in."""

    def __init__(self):
        self.read = io.StringIO("äöü").read


BODIES = [
    pytest.param(lambda: b"bytes", b"bytes", False, id="bytes"),
    pytest.param(lambda: "äöü", "äöü".encode(), False, id="str"),
    pytest.param(lambda: bytearray(b"bytearray"), b"bytearray", False, id="bytearray"),
    pytest.param(lambda: io.BytesIO(b"file"), b"file", False, id="file"),
    pytest.param(lambda: io.StringIO("text"), b"text", False, id="text file"),
    pytest.param(Umlauts, "äöü".encode(), True, id="text file without a length"),
    pytest.param(lambda: iter([b"ab", b"", "ä"]), "abä".encode(), True, id="iterator"),
    pytest.param(lambda: (piece for piece in (b"x" * 70000, b"y")), b"x" * 70000 + b"y", True,
                 id="generator"),
    pytest.param(lambda: Unsized(b"of no known length"), b"of no known length", True,
                 id="file without a length"),
]


class Unsized:
    def __init__(self, content):
        self.read = io.BytesIO(content).read

    def __iter__(self):
        raise AssertionError("read() is there")


@pytest.mark.parametrize(("body", "content", "in_chunks"), BODIES)
def test_a_body(session, body, content, in_chunks):
    with serving(echo) as server:
        assert session.post(url_of(server), data=body()).content == content
        request = server.handle.requests[0]
    assert request.field("Transfer-Encoding") == ("chunked" if in_chunks else None)
    assert request.field("Content-Length") == (None if in_chunks else str(len(content)))


def test_files_are_uploaded(session):
    with serving(echo) as server:
        response = session.post(url_of(server), data={"field": "value"},
                                files={"file": ("name.txt", io.BytesIO(b"content"), "text/plain")})
    assert b'name="field"\r\n\r\nvalue' in response.content
    assert b'filename="name.txt"\r\nContent-Type: text/plain\r\n\r\ncontent' in response.content


def test_a_file_is_sent_again_after_a_redirect(session):
    with serving(ok(b"", "Location: /b", status="307 Again"), echo) as server:
        file = io.BytesIO(b"skipped|content")
        file.seek(8)
        assert session.put(url_of(server), data=file).content == b"content"


def test_an_upload_that_is_refused_early(session):
    def refuse(sock):
        sock.recv(1)
        sock.sendall(ok(b"too large", "Connection: close", status="413 Too Large"))
        while sock.recv(65536):
            pass

    with Server(refuse) as server:
        response = session.post(url_of(server), data=b"x" * 100_000)
        assert (response.status_code, response.content) == (413, b"too large")


# ---- content

CONTENT = b"".join(b"line %d\n" % n for n in range(3000))
REPLIES = [
    pytest.param(ok(CONTENT), id="length"),
    pytest.param(chunked(*(CONTENT[at:at + 64] for at in range(0, len(CONTENT), 64))),
                 id="chunks"),
    pytest.param(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + CONTENT, id="until the end"),
    pytest.param(ok(gzip.compress(CONTENT), "Content-Encoding: gzip"), id="gzip"),
    pytest.param(ok(gzip.compress(CONTENT) + b"\0trailing", "Content-Encoding: gzip",
                    "Connection: close"), id="gzip and more"),
    pytest.param(chunked(gzip.compress(CONTENT)[:99], gzip.compress(CONTENT)[99:],
                         fields=["Content-Encoding: GZIP"]), id="gzip in chunks"),
    pytest.param(ok(CONTENT, "Content-Encoding: unheard-of"), id="unknown coding"),
    pytest.param(ok(CONTENT, "Content-Encoding: identity"), id="identity"),
    pytest.param(ok(CONTENT, "Content-Encoding: "), id="empty coding"),
]


@pytest.mark.parametrize("reply", REPLIES)
@pytest.mark.parametrize("size", [1000, 65536, None])
def test_iter_content(session, reply, size):
    with serving(reply) as server:
        response = session.get(url_of(server), stream=True)
        pieces = list(response.iter_content(size))
        assert b"".join(pieces) == CONTENT
        assert all(pieces) and (size is None or max(map(len, pieces)) <= size)
        assert response.raw.closed
        with pytest.raises(requests.exceptions.StreamConsumedError):
            list(response.iter_content(size))


@pytest.mark.parametrize("reply", REPLIES)
def test_iter_lines_and_content(session, reply):
    with serving(reply, reply) as server:
        response = session.get(url_of(server), stream=True)
        assert list(response.iter_lines()) == CONTENT.splitlines()
        assert session.get(url_of(server)).content == CONTENT


@pytest.mark.parametrize("size", [10, 1000])
def test_chunks_are_not_waited_for(session, size):
    go_on = threading.Event()

    def events(sock):
        sock.recv(65536)
        sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nevent1\r\n")
        go_on.wait(20)
        sock.sendall(b"6\r\nevent2\r\n0\r\n\r\n")

    with Server(events) as server:
        pieces = session.get(url_of(server), stream=True, timeout=20).iter_content(size)
        assert next(pieces) == b"event1"
        go_on.set()
        assert list(pieces) == [b"event2"]


def test_chunks_that_have_arrived_are_one_piece():
    session = mounted(HTTPAdapter())
    with serving(chunked(*[b"x" * 50] * 20), chunked(*[b"x" * 50] * 20)) as server:
        pieces = [len(piece) for piece in session.get(url_of(server), stream=True).iter_content(99)]
        assert pieces == [99] * 10 + [10]
        pieces = [len(piece) for piece in session.get(url_of(server), stream=True).iter_content(1)]
        assert pieces == [1] * 1000
        assert server.accepted == 1


def test_chunks_before_a_bad_one_are_delivered(session):
    reply = chunked(b"one", b"two")[:-5] + b"no size\r\n"
    with serving(reply) as server:
        pieces, got = session.get(url_of(server), stream=True).iter_content(100), b""
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            for piece in pieces:
                got += piece
    assert got == b"onetwo"


def test_a_chunk_is_a_piece_without_a_size(session):
    with serving(chunked(b"one", b"second", b"3")) as server:
        response = session.get(url_of(server), stream=True)
        assert list(response.iter_content(None)) == [b"one", b"second", b"3"]


def test_the_connection_is_used_again_after_the_content(session):
    with Server(Paired()) as server:
        for _ in range(3):
            response = session.get(url_of(server), stream=True)
            assert list(response.iter_content(1)) == [b"1"]


def test_a_response_that_is_closed_early_ends_its_connection(session):
    replies = [ok(b"x" * 1000), ok(b"next")]
    with serving(*replies) as server:
        with session.get(url_of(server), stream=True) as response:
            assert response.raw.read(10) == b"x" * 10
        assert response.raw.closed
        assert list(response.raw.stream(10)) == []
        assert response.raw.read() == b""
        assert session.get(url_of(server)).content == b"next"
        assert server.accepted == 2


# ---- raw

def raw_of(session, server):
    return session.get(url_of(server), stream=True).raw


def test_raw_reads(session):
    coded = gzip.compress(CONTENT)
    with serving(*[ok(coded, "Content-Encoding: gzip")] * 6) as server:
        assert raw_of(session, server).read() == coded
        assert raw_of(session, server).read(decode_content=True) == CONTENT
        assert raw_of(session, server).data == coded
        raw = raw_of(session, server)
        assert raw.read(10, decode_content=True) == CONTENT[:10]
        with pytest.raises(RuntimeError):
            raw.read(10, decode_content=False)
        assert raw.read(decode_content=True) == CONTENT[10:]
        assert raw.read(decode_content=True) == raw.read(5, decode_content=True) == b""
        assert raw.tell() == len(coded)
        assert b"".join(raw_of(session, server).stream(100)) == coded
        assert b"".join(raw_of(session, server).stream(100, decode_content=True)) == CONTENT


def test_raw_is_a_file(session):
    with serving(*[ok(CONTENT)] * 5) as server:
        raw = raw_of(session, server)
        buffer = bytearray(20)
        assert raw.readinto(buffer) == 20 and buffer == CONTENT[:20]
        assert raw.readable() and not raw.writable()
        assert raw.tell() == 20
        assert io.BufferedReader(raw).read() == CONTENT[20:]
        raw = raw_of(session, server)
        raw.auto_close = False
        assert io.TextIOWrapper(raw, newline="").read() == CONTENT.decode()
        assert list(raw_of(session, server)) == CONTENT.splitlines(keepends=True)
        raw = raw_of(session, server)
        assert raw.read1(10) == CONTENT[:10]
        assert isinstance(raw.fileno(), int)
        raw.close()
        assert raw.closed and raw.isclosed()


def test_raw_attributes(session):
    with serving(ok(b"hello", "Set-Cookie: a=b", "Set-Cookie: c=d", status="200 Fine")) as server:
        raw = raw_of(session, server)
        assert (raw.status, raw.reason, raw.version) == (200, "Fine", 11)
        assert raw.version_string == "HTTP/1.1"
        assert raw.headers.getlist("set-cookie") == ["a=b", "c=d"]
        assert raw.headers["Set-Cookie"] == "a=b, c=d" == raw.getheader("set-cookie")
        assert raw.length_remaining == 5 and not raw.chunked
        assert raw._original_response.msg.get_all("Set-Cookie") == ["a=b", "c=d"]
        assert raw.retries.total == 0
        raw.drain_conn()
        raw.release_conn()
        assert raw.closed


def test_raw_gives_nothing_after_close(session):
    with serving(chunked(b"abc", b"def")) as server:
        response = session.get(url_of(server), stream=True)
        assert response.raw.read(2, decode_content=False) == b"ab"
        response.close()
        assert response.raw.read(3) == response.raw.read() == b""


def test_raw_is_closed_with_decoded_content_left(session):
    with serving(ok(gzip.compress(CONTENT), "Content-Encoding: gzip")) as server:
        raw = raw_of(session, server)
        assert raw.read(10, decode_content=True) == CONTENT[:10]
        raw.close()
        assert raw.closed


def test_read_chunked(session):
    with serving(chunked(b"ab", b"cd"), ok(b"x")) as server:
        raw = raw_of(session, server)
        assert raw.chunked and raw.supports_chunked_reads()
        assert list(raw.read_chunked()) == [b"ab", b"cd"]
        with pytest.raises(ProtocolError):
            list(raw_of(session, server).read_chunked())


def test_responses_and_sessions_can_be_pickled(session, adapter):
    with serving(ok(b"hello", "Set-Cookie: a=b"), ok(b"again")) as server:
        response = pickle.loads(pickle.dumps(session.get(url_of(server))))
        assert (response.content, response.status_code) == (b"hello", 200)
        copy = pickle.loads(pickle.dumps(session))
        assert type(copy.get_adapter("http://x/")) is adapter
        assert copy.get(url_of(server)).content == b"again"
        assert server.handle.requests[1].field("Cookie") == "a=b"
        copy.close()


# ---- the adapter

def test_an_adapter_is_one_of_requests():
    assert isinstance(HTTPAdapter(), Theirs)


def test_close_ends_idle_connections_and_the_session_goes_on(session):
    with Server(Paired()) as server:
        assert session.get(url_of(server)).content == b"1"
        session.close()
        assert session.get(url_of(server)).content == b"2"


def test_a_full_pool_blocks(adapter):
    session = mounted(adapter(pool_maxsize=1, pool_block=True))
    with Server(Paired()) as server:
        held = session.get(url_of(server), stream=True)
        got = []
        thread = threading.Thread(
            target=lambda: got.append(session.get(url_of(server)).content), daemon=True)
        thread.start()
        thread.join(0.2)
        assert got == []
        assert held.content == b"1"
        thread.join(20)
        assert got == [b"1"]


def test_the_connections_to_a_few_origins_are_kept():
    adapter = HTTPAdapter(pool_connections=2)
    session = mounted(adapter)
    with Server(Paired()) as one, Server(Paired()) as two, Server(Paired()) as three:
        for server in (one, two, one, three, one, two):
            session.get(url_of(server)).content     # noqa: B018
        assert (one.accepted, two.accepted, three.accepted) == (1, 2, 1)
        assert len(adapter._kept) == 2


def test_threads_share_a_session(session):
    results = []

    def work(number):
        results.extend(session.get(url_of(server, f"/{number}")).content for _ in range(20))

    with Server(Paired()) as server:
        threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert len(results) == 80 and server.accepted <= 8


@pytest.mark.parametrize("method", ["add_headers", "request_url", "build_response"])
def test_methods_of_a_subclass_are_called(adapter, method):

    class Own(adapter):
        def add_headers(self, request, **kwargs):
            request.headers["X-Added"] = "yes"

        def request_url(self, request, proxies):
            return f"/other{super().request_url(request, proxies)}"

        def build_response(self, req, resp):
            response = super().build_response(req, resp)
            response.seen = True
            return response

    with serving(echo) as server:
        response = mounted(Own()).get(url_of(server, "/x"))
        assert response.headers["X-Target"] == "/other/x" and response.seen
        assert server.handle.requests[0].field("X-Added") == "yes"


def test_settings_for_urllib3_make_urllib3_serve():

    class Own(HTTPAdapter):
        def init_poolmanager(self, *args, **kwargs):
            super().init_poolmanager(*args, source_address=("127.0.0.1", 0), **kwargs)

    adapter = Own()
    with serving(ok(b"by urllib3")) as server:
        assert mounted(adapter).get(url_of(server)).content == b"by urllib3"
        assert len(adapter.poolmanager.pools) == 1


def test_content_is_decoded_piece_by_piece(monkeypatch):
    most = []
    feed = decoding.Decoder.feed

    def watched(self, data, max_output=None):
        piece = feed(self, data, max_output)
        most.append(len(piece))
        return piece

    monkeypatch.setattr(decoding.Decoder, "feed", watched)
    with serving(ok(gzip.compress(bytes(10 << 20)), "Content-Encoding: gzip")) as server:
        response = mounted(HTTPAdapter()).get(url_of(server), stream=True)
        assert sum(map(len, response.iter_content(1000))) == 10 << 20
    assert max(most) <= 65536

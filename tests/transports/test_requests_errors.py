# SPDX-License-Identifier: MIT
"""httpclient.transports.requests: errors, retries, timeouts, proxies and TLS."""

import errno
import gzip
import io
import os
import shutil
import socket
import threading
import time
import warnings

import pytest

from support.pools import Paired, url_of
from support.proxy import Proxy, proxying
from support.servers import Replies, Server, nobody, ok, read_head, serving
from support.sessions import mounted

requests = pytest.importorskip("requests")

from requests import exceptions  # noqa: E402
from urllib3.exceptions import InsecureRequestWarning  # noqa: E402
from urllib3.util import Retry, Timeout  # noqa: E402

from httpclient.transports.requests import HTTPAdapter  # noqa: E402

RST = b"\1\0\0\0\0\0\0\0"       # SO_LINGER: on, 0 s


def silent(sock):
    """Read all, and answer nothing."""
    while sock.recv(65536):
        pass


def reset(sock):
    sock.recv(65536)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST)


def sends(data):
    """Return a handler that answers once with these bytes and closes."""
    def handle(sock):
        with sock.makefile("rb") as file:
            read_head(file)
        sock.sendall(data)
    return handle


# ---- errors of a request

REFUSALS = [
    pytest.param(reset, exceptions.ConnectionError, id="reset"),
    pytest.param(sends(b""), exceptions.ConnectionError, id="closed"),
    pytest.param(sends(b"SSH-2.0\r\n\r\n"), exceptions.ConnectionError, id="no HTTP"),
    pytest.param(silent, exceptions.ReadTimeout, id="silence"),
]


@pytest.mark.parametrize(("handle", "error"), REFUSALS)
def test_no_response(session, handle, error):
    with Server(handle) as server, pytest.raises(exceptions.RequestException) as caught:
        session.get(url_of(server), timeout=(20, 0.2))
    assert type(caught.value) is error
    assert caught.value.request.url == url_of(server)


CUT = [
    pytest.param(b"Content-Length: 10\r\n\r\nabc", exceptions.ChunkedEncodingError, id="length"),
    pytest.param(b"Transfer-Encoding: chunked\r\n\r\n5\r\nabc", exceptions.ChunkedEncodingError,
                 id="chunk"),
    pytest.param(b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n",
                 exceptions.ChunkedEncodingError, id="bad chunk"),
    pytest.param(b"Content-Encoding: gzip\r\n\r\nabc" + b"x" * 100,
                 exceptions.ContentDecodingError, id="no gzip"),
    pytest.param(b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"abc" * 9)[:-6] + b"x" * 6,
                 exceptions.ContentDecodingError, id="wrong checksum"),
    pytest.param(b"Content-Encoding: gzip, gzip, gzip, gzip, gzip, gzip\r\n\r\nabc",
                 exceptions.ContentDecodingError, id="six codings"),
]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("rest", "error"), CUT)
def test_bad_content(session, rest, error, stream):
    with Server(sends(b"HTTP/1.1 200 OK\r\n" + rest)) as server:
        with pytest.raises(exceptions.RequestException) as caught:
            list(session.get(url_of(server), stream=stream).iter_content(100))
    assert type(caught.value) is error


def test_content_before_an_early_end_is_delivered():
    session = mounted(HTTPAdapter())
    with Server(sends(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")) as server:
        pieces = session.get(url_of(server), stream=True).iter_content(2)
        assert next(pieces) + next(pieces) == b"abc"
        with pytest.raises(exceptions.ChunkedEncodingError, match="3 bytes read, 7 more expected"):
            next(pieces)


def test_a_timeout_in_the_content(session):
    def handle(sock):
        sock.recv(65536)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        silent(sock)

    with Server(handle) as server:
        with pytest.raises(exceptions.ConnectionError, match="Read timed out"):
            session.get(url_of(server), timeout=0.2)


def test_truncated_gzip_is_an_error_here_alone():
    content = gzip.compress(os.urandom(5000))[:2000]
    with serving(*[ok(content, "Content-Encoding: gzip")] * 2) as server:
        with pytest.raises(exceptions.ContentDecodingError):
            mounted(HTTPAdapter()).get(url_of(server))


def test_nobody_listens(session):
    sock, (host, port) = nobody()
    with sock, pytest.raises(exceptions.ConnectionError) as caught:
        session.get(f"http://{host}:{port}/")
    assert type(caught.value) is exceptions.ConnectionError
    assert "Connection refused" in str(caught.value) and "/" in str(caught.value)


def test_the_error_has_that_of_httpclient_as_its_cause():
    sock, (host, port) = nobody()
    with sock, pytest.raises(exceptions.ConnectionError) as caught:
        mounted(HTTPAdapter()).get(f"http://{host}:{port}/")
    errors = [caught.value]
    # The outermost context may be the exception of another test that injected it.
    while (cause := errors[-1].__cause__ or errors[-1].__context__) is not None:
        errors.append(cause)
    assert errno.ECONNREFUSED in [getattr(error, "errno", None) for error in errors]
    assert f"{host}:{port}" in str(caught.value)


def test_a_name_that_does_not_exist(session, monkeypatch):
    def getaddrinfo(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(exceptions.ConnectionError, match="resolve"):
        session.get("http://does-not-exist.invalid/")


def test_a_connect_timeout(session, monkeypatch):
    def connect(*_, **__):
        raise TimeoutError("timed out")

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket.socket, "connect_ex", connect)
    with pytest.raises(exceptions.ConnectTimeout, match="connect timeout=0.1"):
        session.get("http://127.0.0.1:9/", timeout=0.1)


@pytest.mark.parametrize("timeout", [20, 20.0, (20, 20), (None, 20), Timeout(20, 20),
                                     Timeout(total=20), None, (20, None)])
def test_a_timeout(session, timeout):
    with serving(ok(b"x")) as server:
        assert session.get(url_of(server), timeout=timeout).content == b"x"


@pytest.mark.parametrize("timeout", [(1, 2, 3), "x", -1, 0])
def test_a_bad_timeout(session, timeout):
    with pytest.raises(ValueError):
        session.get("http://127.0.0.1:9/", timeout=timeout)


def test_a_timeout_holds_for_its_request_alone(session):
    def handle(sock):
        with sock.makefile("rb") as file:
            while head := read_head(file):
                if b" /slow " in head:
                    time.sleep(0.4)
                sock.sendall(ok(b"x"))

    with Server(handle) as server:
        session.get(url_of(server), timeout=0.1)
        assert session.get(url_of(server, "/slow"), timeout=20).content == b"x"
        with pytest.raises(exceptions.ReadTimeout):
            session.get(url_of(server, "/slow"), timeout=0.1)


URLS = [
    ("http://", exceptions.InvalidURL), ("http://*.invalid/", exceptions.InvalidURL),
    ("http://host:99999/", exceptions.InvalidURL), ("ftp://host/", exceptions.InvalidSchema),
    ("http://[::1/", exceptions.InvalidURL), ("/path", exceptions.MissingSchema),
]


@pytest.mark.parametrize(("url", "error"), URLS)
def test_a_bad_url(session, url, error):
    with pytest.raises(exceptions.RequestException) as caught:
        session.get(url, timeout=1)
    assert type(caught.value) is error


def test_a_redirect_to_a_bad_url(session):
    with serving(ok(b"", "Location: http://:80/", status="302 Found")) as server:
        with pytest.raises(exceptions.InvalidURL):
            session.get(url_of(server))


@pytest.mark.parametrize("fields", [{"A": "b\r\nc"}, {" A": "b"}, {"A": 1}])
def test_a_bad_header(session, fields):
    with pytest.raises(exceptions.InvalidHeader):
        session.get("http://127.0.0.1:9/", headers=fields)


def test_a_bad_method(session):
    with serving() as server, pytest.raises(ValueError, match="token"):
        session.request("GET /elsewhere", url_of(server))


# ---- retries

def test_a_connection_is_tried_again(adapter, monkeypatch):
    from urllib3.util import retry
    waits = []
    monkeypatch.setattr(retry.time, "sleep", waits.append)
    sock, (host, port) = nobody()
    with sock, pytest.raises(exceptions.ConnectionError) as caught:
        mounted(adapter(max_retries=Retry(3, backoff_factor=2))).get(
            f"http://{host}:{port}/x")
    assert "Max retries exceeded with url: /x" in str(caught.value)
    assert waits == [4, 8]


@pytest.mark.parametrize("handle", [reset, sends(b"")])
def test_reads_are_tried_again(adapter, handle):
    seen = []

    def second(sock):
        seen.append(sock)
        (handle if len(seen) < 3 else sends(ok(b"third")))(sock)

    with Server(second) as server:
        response = mounted(adapter(max_retries=Retry(3))).get(url_of(server))
        assert response.content == b"third" and len(response.raw.retries.history) == 2
        seen.clear()
        with pytest.raises(exceptions.ConnectionError):
            mounted(adapter(max_retries=Retry(3))).post(url_of(server), data=b"x")
        seen.clear()
        assert mounted(adapter(max_retries=3)).get(url_of(server)).content == b"third"
        seen.clear()
        with pytest.raises(exceptions.ConnectionError):
            mounted(adapter()).get(url_of(server))
        assert len(seen) == 1


def test_statuses_are_tried_again_with_the_body(adapter):
    again = ok(b"later", status="503 Later")
    file = io.BytesIO(b"skipped|content")
    file.seek(8)
    with serving(again, again, lambda request: ok(request.body)) as server:
        retry = Retry(3, status_forcelist=[503])
        response = mounted(adapter(max_retries=retry)).put(url_of(server), data=file)
        assert response.content == b"content"
        assert [past.status for past in response.raw.retries.history] == [503, 503]
        assert server.accepted == 1


def test_retry_after_is_obeyed(adapter, monkeypatch):
    from urllib3.util import retry
    waits = []
    monkeypatch.setattr(retry.time, "sleep", waits.append)
    with serving(ok(b"", "Retry-After: 7", status="429 Slow down"), ok(b"x")) as server:
        assert mounted(adapter(max_retries=Retry(1))).get(url_of(server)).content == b"x"
    assert waits == [7]


def test_too_many_statuses(adapter):
    again = ok(b"later", status="503 Later")
    with serving(*[again] * 4) as server:
        with pytest.raises(exceptions.RetryError, match="too many 503 error responses"):
            mounted(adapter(max_retries=Retry(1, status_forcelist=[503]))).get(url_of(server))
        retry = Retry(1, status_forcelist=[503], raise_on_status=False)
        response = mounted(adapter(max_retries=retry)).get(url_of(server))
        assert (response.status_code, response.content) == (503, b"later")


# ---- proxies

def test_a_proxy_gets_the_whole_url_and_the_credentials(session):
    with serving(ok(b"by the proxy"), ok(b"again")) as server:
        proxies = {"http": f"http://us%40er:pass@127.0.0.1:{server.port}"}
        assert session.get("http://one.invalid/a?b#c", proxies=proxies).content == b"by the proxy"
        assert session.get("http://two.invalid:81/", proxies=proxies).content == b"again"
        first, second = server.handle.requests
        assert server.accepted == 1
    assert first.line == "GET http://one.invalid/a?b HTTP/1.1"
    assert first.field("Host") == "one.invalid"
    assert first.field("Proxy-Authorization") == "Basic dXNAZXI6cGFzcw=="
    assert second.line == "GET http://two.invalid:81/ HTTP/1.1"


def test_proxies_of_the_environment(adapter, monkeypatch):
    with serving(ok(b"by the proxy"), ok(b"without")) as server:
        monkeypatch.setenv("http_proxy", f"127.0.0.1:{server.port}")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        session = mounted(adapter())
        session.trust_env = True
        assert session.get("http://one.invalid/").content == b"by the proxy"
        assert session.get(url_of(server)).content == b"without"
        assert [request.target for request in server.handle.requests] == [
            "http://one.invalid/", "/"]


def test_a_tunnel(session, certificates):
    with Server(Replies(ok(b"secret"), ok(b"2")), tls=certificates.server()) as server, \
            proxying(server.address) as proxy:
        proxies = {"https": f"http://user:pass@127.0.0.1:{proxy.port}"}
        for content in (b"secret", b"2"):
            response = session.get("https://secure.example/x", proxies=proxies,
                                   verify=certificates.ca_file)
            assert response.content == content
        [head] = proxy.handle.heads
        assert head.startswith(b"CONNECT secure.example:443 HTTP/1.")
        assert b"Proxy-Authorization: Basic dXNlcjpwYXNz\r\n" in head
        assert server.handle.requests[0].field("Proxy-Authorization") is None
        session.close()


def test_a_tunnel_is_refused(session):
    refused = b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n"
    with Server(Proxy(None, reply=refused)) as proxy:
        with pytest.raises(exceptions.ProxyError, match="407 Who are you"):
            session.get("https://secure.example/",
                        proxies={"https": f"http://127.0.0.1:{proxy.port}"})


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_proxy_listens(session, scheme):
    sock, (host, port) = nobody()
    with sock, pytest.raises(exceptions.ProxyError):
        session.get(f"{scheme}://host.invalid/", proxies={scheme: f"http://{host}:{port}"})


@pytest.mark.parametrize("proxy", ["http://", "http:///path"])
def test_a_bad_proxy(session, proxy):
    with pytest.raises(exceptions.InvalidProxyURL):
        session.get("http://host.invalid/", proxies={"http": proxy})


def test_a_socks_proxy_is_served_by_requests(adapter):
    pytest.importorskip("socks")

    def socks(sock):
        assert sock.recv(3) == b"\5\1\0"
        sock.sendall(b"\5\0")
        sock.recv(100)
        sock.sendall(b"\5\0\0\1\0\0\0\0\0\0")
        sends(ok(b"by SOCKS"))(sock)

    with Server(socks) as server:
        response = mounted(adapter()).get(
            "http://127.0.0.1:9/", proxies={"http": f"socks5://127.0.0.1:{server.port}"})
    assert response.content == b"by SOCKS"


# ---- TLS

# A test closes its session before the server, which would wait for the end of the connections.

def secure_url(server):
    return f"https://localhost:{server.port}/"


def test_verification(session, certificates, tmp_path):
    folder = tmp_path / "ca"
    folder.mkdir()
    shutil.copy(certificates.ca_file, folder)
    replies = [ok(b"x")] * 9
    with Server(Replies(*replies), tls=certificates.server()) as server:
        url = secure_url(server)
        assert session.get(url, verify=certificates.ca_file).content == b"x"
        with pytest.raises(exceptions.SSLError, match="certificate verify failed"):
            session.get(url)
        with pytest.raises(exceptions.SSLError):
            session.get(url, verify=True)
        with pytest.warns(InsecureRequestWarning):
            assert session.get(url, verify=False).content == b"x"
        with pytest.raises(exceptions.SSLError):
            session.get(url, verify=True)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert session.get(url, verify=certificates.ca_file).content == b"x"
        with pytest.raises(OSError, match="invalid path"):
            session.get(url, verify="/does/not/exist")
        with pytest.raises(exceptions.SSLError):
            session.get(url, verify=str(folder))        # without the names of c_rehash
        session.close()


def test_the_host_name_is_verified(session, certificates):
    with Server(Replies(ok()), tls=certificates.server("other.example")) as server:
        with pytest.raises(exceptions.SSLError, match="[Hh]ostname mismatch"):
            session.get(secure_url(server), verify=certificates.ca_file)


def test_a_server_without_tls(session):
    def plain(sock):
        sock.recv(65536)
        sock.sendall(b"HTTP/1.1 400 This is no TLS\r\n\r\n")

    with Server(plain) as server, pytest.raises(exceptions.SSLError):
        session.get(f"https://127.0.0.1:{server.port}/")


def test_a_client_certificate(session, certificates):
    context = certificates.server(client_required=True)
    pair = certificates.cert_file, certificates.key_file
    with Server(Replies(*[ok(b"x")] * 3), tls=context) as server:
        url = secure_url(server)
        # Without a variable: urllib3 closes a pool when nothing refers to it.
        assert session.get(url, verify=certificates.ca_file, cert=pair).content == b"x"
        session.close()
        with pytest.raises((exceptions.SSLError, exceptions.ConnectionError)):
            session.get(url, verify=certificates.ca_file)
    with pytest.raises(OSError, match="invalid path"):
        session.get(url, verify=certificates.ca_file, cert="/does/not/exist")


def test_a_handshake_times_out(session):
    with Server(silent) as server, pytest.raises(exceptions.ReadTimeout):
        session.get(secure_url(server), timeout=0.2)


def test_there_is_one_context_for_the_same_settings_and_sessions_are_resumed(certificates):
    adapter = HTTPAdapter()
    session = mounted(adapter)
    resumed = []

    def handle(sock):
        resumed.append(sock.session_reused)
        sends(ok(b"x", "Connection: close"))(sock)

    with Server(handle, tls=certificates.server()) as one, \
            Server(Paired(), tls=certificates.server()) as two:
        for server in (one, two, one):
            session.get(secure_url(server), verify=certificates.ca_file)
        assert len(adapter._contexts) == 1
        session.close()
    assert resumed == [False, True]


def test_unverified_connections_are_not_used_for_verified_requests(session, certificates):
    with Server(Paired(), tls=certificates.server()) as server:
        url = secure_url(server)
        with pytest.warns(InsecureRequestWarning):
            assert session.get(url, verify=False).content == b"1"
        assert session.get(url, verify=certificates.ca_file).content == b"2"
        with pytest.warns(InsecureRequestWarning):
            assert session.get(url, verify=False).content == b"1"
        session.close()


def test_a_blocked_connection_is_waited_for(adapter):
    session = mounted(adapter(pool_maxsize=1, pool_block=True))
    with Server(Paired()) as server:
        held = session.get(url_of(server), stream=True)
        threading.Timer(0.1, held.close).start()
        assert session.get(url_of(server)).content == b"2"

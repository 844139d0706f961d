# SPDX-License-Identifier: MIT
"""Programs that know nothing of httpclient, with it installed before or after what they import.

    python -m isolated.installed NAME before|after [FOLDER]

FOLDER is for certificates.  Each uses its library against a server here, and looks whether the
library's connections run on httpclient's functions.
"""

import sys
import warnings
from contextlib import contextmanager
from pathlib import Path

WHEN = sys.argv[2]
BODY = b"all is well"


def install(now):
    """Called before and after the imports; at one of the two it does it."""
    if now == WHEN:
        import httpclient
        httpclient.install()


def is_ours(function):
    """Whether it is a function of httpclient's, or goes to one of http.client's own name."""
    return "httpclient" in Path(function.__code__.co_filename).parts[-3:-1]


@contextmanager
def server(count=50, tls=None, reply=None):
    from support.servers import ok, serving
    with serving(*[reply or ok(BODY, "X: y", "Set-Cookie: a=b")] * count, tls=tls) as serving_now:
        scheme = "https" if tls else "http"
        serving_now.url = f"{scheme}://127.0.0.1:{serving_now.port}/"
        yield serving_now


def urllib_request():
    install("before")
    import http.client
    import http.cookiejar
    import urllib.request
    from http.client import HTTPConnection, HTTPResponse
    install("after")
    assert is_ours(HTTPConnection.request) and http.client.HTTPConnection is HTTPConnection
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    with server() as at, opener.open(at.url, b"data", timeout=20) as response:
        assert type(response) is HTTPResponse and response.read() == BODY
        assert response.info()["X"] == "y" and [cookie.name for cookie in jar] == ["a"]


def xmlrpc_client():
    install("before")
    import xmlrpc.client
    install("after")
    from support.servers import ok
    reply = ok(xmlrpc.client.dumps((7,), methodresponse=True).encode(), "Content-Type: text/xml")
    with server(reply=reply) as at, xmlrpc.client.ServerProxy(at.url) as proxy:
        assert proxy.seven() == 7 and proxy.seven() == 7
        assert at.accepted == 1


def logging_handler():
    install("before")
    import logging.handlers
    install("after")
    with server() as at:
        logger = logging.getLogger("isolated")
        logger.addHandler(logging.handlers.HTTPHandler(f"127.0.0.1:{at.port}", "/", "POST"))
        logger.error("it has happened")
    assert b"it+has+happened" in at.handle.requests[0].body


def urllib3_pool():
    install("before")
    import urllib3
    import urllib3.connection
    install("after")
    assert is_ours(urllib3.connection.HTTPConnection.__mro__[1].request)
    with server() as at, urllib3.PoolManager(retries=False) as pool:
        for _ in range(3):
            response = pool.request("GET", at.url)
            assert response.data == BODY and response.headers["X"] == "y"
        assert at.accepted == 1
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nall\r\n0\r\n\r\n"
    with server(reply=chunked) as at, urllib3.PoolManager(retries=False) as pool:
        for _ in range(3):
            response = pool.request("GET", at.url, preload_content=False)
            assert b"".join(response.stream()) == b"all"
        assert at.accepted == 1, at.accepted
    with server(reply=b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n") as at:
        with urllib3.PoolManager(retries=False) as pool:
            response = pool.request("GET", at.url, preload_content=False)
            at.close()
            try:
                response.read()
            except urllib3.exceptions.ProtocolError as error:
                assert "IncompleteRead" in str(error)
            else:
                raise AssertionError("nothing is missing")


def requests_session():
    install("before")
    import requests
    install("after")
    with server() as at, requests.Session() as session:
        for _ in range(3):
            response = session.post(at.url, json={"a": 1}, timeout=20)
            assert response.content == BODY and response.cookies["a"] == "b"
        assert at.accepted == 1


def requests_unix():
    """As clients of Docker's API do it; the pool's own class opens no Unix socket."""
    import http.client
    import os
    import tempfile
    install("before")
    import requests
    import urllib3
    install("after")
    from support.servers import ok, serving

    class Connection(urllib3.connection.HTTPConnection):
        def _new_conn(self):
            opened = http.client.HTTPConnection(
                self.host, unix_socket=path, timeout=self.timeout)
            opened.connect()
            return opened.sock

    class Pool(urllib3.HTTPConnectionPool):
        ConnectionCls = Connection

    class Adapter(requests.adapters.HTTPAdapter):
        def init_poolmanager(self, *args, **keywords):
            super().init_poolmanager(*args, **keywords)
            self.poolmanager.pool_classes_by_scheme = {"http": Pool}

    with tempfile.TemporaryDirectory() as folder, requests.Session() as session:
        path, session.trust_env = os.path.join(folder, "s"), False
        session.mount("http://docker/", Adapter())
        try:
            session.get("http://docker/", timeout=20)
        except requests.ConnectionError as error:
            assert f"cannot connect to '{path}' (No such file" in str(error)
        else:
            raise AssertionError("connected without a listener")
        with serving(*[ok(b'{"a": 1}')] * 3, path=path) as at:
            for _ in range(3):
                response = session.post("http://docker/containers", json={"a": 1}, timeout=20)
                assert response.json() == {"a": 1}
        assert at.accepted == 1
        assert at.handle.requests[2].field("Host") == "docker"


def boto3_client():
    install("before")
    import boto3
    import botocore.awsrequest
    from botocore.config import Config
    install("after")
    from support.servers import ok
    assert [cls.__module__ for cls in botocore.awsrequest.AWSHTTPConnection.__mro__
            if "request" in vars(cls) and is_ours(vars(cls)["request"])] == ["http.client"]
    def reply(request):
        return ok(BODY if request.method == "GET" else b"", "ETag: \"a\"")

    with server(reply=reply) as at:
        s3 = boto3.client(
            "s3", endpoint_url=at.url, region_name="us-east-1", aws_access_key_id="a",
            aws_secret_access_key="b", config=Config(s3={"addressing_style": "path"}))
        for _ in range(2):
            assert s3.get_object(Bucket="bucket", Key="key")["Body"].read() == BODY
            s3.put_object(Bucket="bucket", Key="key", Body=b"content")
        s3.close()
    assert b"content" in [request.body for request in at.handle.requests][1]


def httplib2_client():
    install("before")
    import httplib2
    install("after")
    with server() as at:
        client = httplib2.Http(timeout=20)
        for _ in range(2):
            response, content = client.request(at.url)
            assert response.status == 200 and content == BODY
        client.close()


def vcr_cassettes():
    """It puts its own classes into http.client for a time."""
    install("before")
    import http.client
    import tempfile

    import httpclient
    import requests
    import vcr
    install("after")
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(2):
            with server(1) as at, vcr.use_cassette(f"{folder}/once.yaml", record_mode="once",
                                                   match_on=["method"]):
                assert requests.get(at.url, timeout=20).content == BODY
                if not httpclient.installed():
                    httpclient.install()
        httpclient.uninstall()
        with vcr.use_cassette(f"{folder}/never.yaml"):
            try:
                httpclient.install()
            except RuntimeError as error:
                assert "has been replaced by vcr" in str(error)
            else:
                raise AssertionError("installed in spite of vcr's classes")
        assert http.client.HTTPConnection.__module__ == "http.client"
        httpclient.install()


def warcio_records():
    """It puts a subclass into http.client for good, when it is imported."""
    install("before")
    import http.client
    import io
    import urllib.request

    from warcio.archiveiterator import ArchiveIterator
    from warcio.capture_http import RecordingHTTPConnection, capture_http
    import requests     # after warcio, whose class its own derives from then
    install("after")
    import httpclient
    assert http.client.HTTPConnection is RecordingHTTPConnection
    assert httpclient.installed().left == (["HTTPConnection"] if WHEN == "after" else [])
    assert is_ours(RecordingHTTPConnection.request)

    def records(url):
        with capture_http() as writer:
            assert requests.get(url, timeout=20).content == BODY
            with urllib.request.urlopen(url, b"data", timeout=20) as response:
                assert response.read() == BODY
        return [(record.rec_type, record.content_stream().read())
                for record in ArchiveIterator(io.BytesIO(writer.get_contents()))]

    with server() as at:
        written = records(at.url)
        assert written == [("response", BODY), ("request", b""), ("response", BODY),
                           ("request", b"data")]
        httpclient.uninstall()
        assert http.client.HTTPConnection is RecordingHTTPConnection
        assert not is_ours(RecordingHTTPConnection.request)
        assert records(at.url) == written
        httpclient.install()


def sentry():
    """Assigns methods of http.client's classes; its integration makes spans of requests."""
    warnings.simplefilter("ignore")     # it imports eventlet, if that is there
    install("before")
    import http.client
    import urllib.request

    import sentry_sdk
    import sentry_sdk.integrations.stdlib
    events = []

    class Transport(sentry_sdk.transport.Transport):
        def capture_envelope(self, envelope):
            events.extend(item.payload.json for item in envelope.items)

    sentry_sdk.init(dsn="http://a@127.0.0.1:9/1", transport=Transport(), traces_sample_rate=1.0,
                    default_integrations=False,
                    integrations=[sentry_sdk.integrations.stdlib.StdlibIntegration()])
    install("after")
    assert not is_ours(http.client.HTTPConnection.putrequest)
    with server() as at, sentry_sdk.start_transaction(name="test"):
        connection = http.client.HTTPConnection("127.0.0.1", at.port, timeout=20)
        for _ in range(3):
            connection.request("GET", "/path")
            assert connection.getresponse().read() == BODY
        connection.close()
        with urllib.request.urlopen(at.url, timeout=20) as response:
            assert response.read() == BODY
    spans = [span for event in events for span in event.get("spans", ())]
    assert [span["op"] for span in spans] == ["http.client"] * 4, spans
    assert all(span["data"]["http.response.status_code"] == 200 for span in spans)
    assert at.handle.requests[0].field("sentry-trace")


def opentelemetry():
    """Wraps connect() and send() by wrapt, to learn the peer's address."""
    install("before")
    import http.client

    from opentelemetry.instrumentation.urllib3 import URLLib3Instrumentor
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
    from opentelemetry.trace import SpanKind
    from opentelemetry.util.http import httplib

    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    httplib.HttpClientInstrumentor().instrument()
    URLLib3Instrumentor().instrument(tracer_provider=provider)
    install("after")
    import urllib3
    tracer = provider.get_tracer("test")
    with server() as at, urllib3.PoolManager() as pool:
        with tracer.start_as_current_span("outer", kind=SpanKind.CLIENT) as span:
            with httplib.set_ip_on_next_http_connection(span):
                connection = http.client.HTTPConnection("127.0.0.1", at.port, timeout=20)
                connection.request("GET", "/")
                assert connection.getresponse().read() == BODY
                connection.close()
        assert pool.request("GET", at.url).data == BODY
    assert span.attributes["net.peer.ip"] == "127.0.0.1"
    assert len(exporter.get_finished_spans()) == 2


def greenlets(spawn, wait, sleep):
    """Two requests overlap: the second is answered while the first one waits."""
    import socket
    import time
    import urllib.request
    listener = socket.create_server(("127.0.0.1", 0))

    def one(sock):
        while sock.recv(65536):
            sleep(0.3)
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    def accept():
        while True:
            spawn(one, listener.accept()[0])

    spawn(accept)
    url = "http://127.0.0.1:%d/" % listener.getsockname()[1]
    started = time.monotonic()
    tasks = [spawn(lambda: urllib.request.urlopen(url, timeout=20).read()) for _ in range(4)]
    assert [wait(task) for task in tasks] == [b"ok"] * 4
    assert time.monotonic() - started < 1.1     # one after the other it is 1.2


def with_gevent():
    install("before")
    from gevent import monkey
    monkey.patch_all()
    import gevent
    install("after")
    greenlets(gevent.spawn, lambda task: task.get(), gevent.sleep)


def with_eventlet():
    warnings.simplefilter("ignore")     # eventlet says that it is at its end
    install("before")
    import eventlet
    eventlet.monkey_patch()
    install("after")
    greenlets(eventlet.spawn, lambda task: task.wait(), eventlet.sleep)


def with_trio():
    install("before")
    import urllib.request

    import trio
    install("after")

    async def main(url):
        found = []

        async def one():
            found.append(await trio.to_thread.run_sync(
                lambda: urllib.request.urlopen(url, timeout=20).read()))

        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(one)
        assert found == [BODY] * 5

    with server() as at:
        trio.run(main, at.url)


def with_anyio():
    install("before")
    import urllib.request

    import anyio
    import anyio.to_thread
    install("after")

    async def main(url):
        for _ in range(3):
            assert await anyio.to_thread.run_sync(
                lambda: urllib.request.urlopen(url, timeout=20).read()) == BODY

    with server() as at:
        anyio.run(main, at.url)


def over_tls():
    from support.certificates import Certificates
    certificates = Certificates(Path(sys.argv[3]))
    install("before")
    import http.client
    install("after")
    with server(tls=certificates.server()) as at:
        connection = http.client.HTTPSConnection("127.0.0.1", at.port, timeout=20,
                                                 context=certificates.client())
        for _ in range(3):
            connection.request("GET", "/")
            response = connection.getresponse()
            assert type(response.fp).__name__ == "SocketReader" and response.read() == BODY
        connection.close()
        assert at.accepted == 1


def pyopenssl():
    from support.certificates import Certificates
    certificates = Certificates(Path(sys.argv[3]))
    warnings.simplefilter("ignore", DeprecationWarning)
    install("before")
    import urllib3
    import urllib3.contrib.pyopenssl
    urllib3.contrib.pyopenssl.inject_into_urllib3()
    install("after")
    with server(tls=certificates.server()) as at:
        with urllib3.PoolManager(ca_certs=certificates.ca_file, retries=False) as pool:
            for _ in range(3):
                response = pool.request("GET", at.url, preload_content=False)
                sock = response._connection.sock
                assert type(sock).__module__ == "urllib3.contrib.pyopenssl", type(sock)
                assert response.read() == BODY
                response.release_conn()
            assert at.accepted == 1
            sock.close()    # the pool would when `response` has gone


def fakes():
    """A socket that is not one: its makefile() is called, once the request has been sent."""
    install("before")
    import http.client
    import io
    install("after")

    class Fake:
        sent = b""

        def sendall(self, data):
            self.sent += data

        def makefile(self, mode):
            assert self.sent.endswith(b"\r\n\r\n")
            return io.BytesIO(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" + b"!" * 9)

        def close(self):
            pass

    connection = http.client.HTTPConnection("a.example")
    connection.sock = Fake()
    connection.request("GET", "/")
    response = connection.getresponse()
    assert type(response.fp) is io.BytesIO and response.read() == b"ok"


def main():
    name = sys.argv[1]
    globals()[name]()
    import httpclient
    from httpclient._core.counters import tally
    assert httpclient.installed()
    # Only httpclient's own code counts these.  A getresponse() that was wrapped before is
    # http.client's, and counts nothing; the octets come over our reader all the same.
    counted = tally.requests, tally.responses, tally.octets
    assert tally.requests and (tally.responses or tally.octets), counted
    print(name, "is well")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: MIT
"""Recipes that call methods with objects of their own; test_stand_ins.py has each method."""

import http.client
import io
import types
import urllib.request

import httpclient
import pytest

from support.auditing import the_auditor
from support.capture import FakeSocket
from support.servers import serving

AUDIO = b"\0\xff\xfb" * 1000
STREAM = b"icy-name:Radio X\r\nicy-metaint:8192\r\nContent-Type:audio/mpeg\r\n\r\n" + AUDIO


@pytest.mark.parametrize(("reply", "told"), [
    (b"ICY 200 OK\r\n" + STREAM, (200, 10, "Radio X", AUDIO)),
    (b"SOURCETABLE 200 OK\r\n" + STREAM, (200, 10, "Radio X", AUDIO)),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", (200, 11, None, b"ok")),
    (b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n", "BadStatusLine"),
    (b"", "RemoteDisconnected"),
], ids=["ICY", "SOURCETABLE", "HTTP", "RTSP", "nothing"])
def test_a_status_line_of_shoutcast_is_read_by_the_recipe(module, monkeypatch, reply, told):
    original = module.HTTPResponse._read_status

    def tolerant(response):
        line = response.fp.readline()
        for odd in b"ICY 200 OK\r\n", b"SOURCETABLE 200 OK\r\n":
            line = line.replace(odd, b"HTTP/1.0 200 OK\r\n")
        bare = type("Bare", (), {})()
        bare.fp = io.BufferedReader(io.BytesIO(line))
        bare.debuglevel = response.debuglevel
        bare._close_conn = response._close_conn
        return original(bare)

    class Handler(urllib.request.HTTPHandler):
        def http_open(self, request):
            return self.do_open(module.HTTPConnection, request)

    monkeypatch.setattr(module.HTTPResponse, "_read_status", tolerant)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), Handler)
    with serving(reply, closing=[0]) as server:
        url = "http://{}:{}/".format(*server.address)
        try:
            with opener.open(url, timeout=20) as response:
                found = (response.status, response.version, response.getheader("icy-name"),
                         response.read())
        except http.client.HTTPException as error:
            found = type(error).__name__
    assert found == told


def test_a_class_that_borrows_the_methods_reads_chunks(module):
    borrowed = ("_read_chunked", "_get_chunk_left", "_read_next_chunk_size", "_safe_read",
                "_read_and_discard_trailer", "_close_conn")
    methods = {name: getattr(module.HTTPResponse, name) for name in borrowed}
    given = type("Chunks", (), methods | {
        "__slots__": ("fp", "chunked", "chunk_left", "_max_headers")})()
    file = io.BytesIO(b"5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nA: b\r\n\r\nmore")
    given.fp, given.chunked, given.chunk_left, given._max_headers = file, True, None, None
    close, file.close = file.close, lambda: None
    assert given._read_chunked(7) == b"hello w" and given.chunk_left == 4
    assert given._read_chunked() == b"orld"
    assert given.fp is None and file.read() == b"more"
    close()


def test_audit_hooks_see_the_object_itself(module):
    given = types.SimpleNamespace(
        sock=FakeSocket(), debuglevel=0, blocksize=9, _is_textIO=lambda file: False,
        host="a", port=1, timeout=None, source_address=None, _tunnel_host=None,
        _create_connection=lambda *args: FakeSocket())
    with the_auditor().listening() as events:
        for data in b"data", bytearray(b"data"), io.BytesIO(b"data"):
            module.HTTPConnection.send(given, data)
        module.HTTPConnection.connect(given)
    assert [event[0] for event in events] == ["http.client.send"] * 3 + ["http.client.connect"]
    assert all(event[1] is given for event in events)


def test_methods_take_the_objects_of_the_other_module(module):
    """A connection and a response which httpclient has made, and the reverse."""
    other = http.client if module is httpclient else httpclient
    sock = FakeSocket(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsome data")
    connection = other.HTTPConnection("a.example")
    connection.sock = sock
    methods = module.HTTPConnection
    methods.putrequest(connection, "PUT", "/")
    methods.putheader(connection, "Content-Length", "4")
    methods.endheaders(connection, b"body")
    response = methods.getresponse(connection)
    assert sock.bytes == (b"PUT / HTTP/1.1\r\nHost: a.example\r\nAccept-Encoding: identity\r\n"
                          b"Content-Length: 4\r\n\r\nbody")
    methods = module.HTTPResponse
    assert methods.getheader(response, "content-length") == "9"
    assert methods.readline(response, 4) + methods.read(response) == b"some data"
    module.HTTPConnection.request(connection, "GET", "/")
    assert b"GET / HTTP/1.1\r\n" in sock.bytes
    module.HTTPConnection.close(connection)
    assert sock.closed and connection.sock is None

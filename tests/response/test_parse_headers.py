# SPDX-License-Identifier: MIT
"""parse_headers() called by others than a response: by http.server, for one, which reads requests.

It accepts what http.client does, unless that could be used for an attack.
"""

import contextlib
import http.client
import http.server
import io
import socket
import threading
import weakref
import wsgiref.simple_server
from email.errors import InvalidHeaderDefect

import httpclient
import pytest

from support import arrive
from support.servers import PATIENCE

NUL = b"Host: x\r\nCookie: a\0b\r\nContent-Length: 2\r\n\r\n"
REFUSED = {
    "bare CR": b"X: a\rb\r\nContent-Length: 2\r\n\r\n",
    "bare CR before a length": b"X: a\rContent-Length: 2\r\n\r\n",
    "bare CR as an empty line": b"X: a\r\n\r\r\nContent-Length: 2\r\n\r\n",
    "bare CR, twice": b"X: a\r\rContent-Length: 2\r\n\r\n",
    "blank before the colon of the length": b"Content-Length : 2\r\n\r\n",
    "blank before the colon of the coding": b"Transfer-Encoding\t: chunked\r\n\r\n",
    "NUL in the length": b"content-length: 2\0\r\n\r\n",
    "NUL in the coding": b"Transfer-Encoding: \0chunked\r\n\r\n",
    "NUL in a fold of the length": b"Content-Length:\r\n 2\0\r\n\r\n",
    "NUL behind the name of the length": b"Content-Length\0: 2\r\n\r\n",
    "NUL in a name": b"X\0Y: z\r\nContent-Length: 2\r\n\r\n",
    "NUL in a line without colon": b"X\0\r\nContent-Length: 2\r\n\r\n",
}

ours = pytest.mark.parametrize("module", ["httpclient", "install()"], indirect=True)


# ---- called directly

def test_nul_in_a_value_is_kept(module):
    message = module.parse_headers(io.BytesIO(NUL))
    assert message.items() == [("Host", "x"), ("Cookie", "a\0b"), ("Content-Length", "2")]


@ours
def test_nul_in_a_value_is_noted_in_the_defects(module):
    defect, = module.parse_headers(io.BytesIO(NUL)).defects
    assert type(defect) is httpclient.BadHeaderLine and defect.line == b"Cookie: a\0b\r"


@ours
def test_nul_in_a_fold_is_kept(module):
    message = module.parse_headers(io.BytesIO(b"A: b\r\n \0c\r\nD: e\r\n\r\n"))
    assert message.items() == [("A", "b \0c"), ("D", "e")]


@pytest.mark.parametrize("end", [b"", b"\r", b"\r\n", b"\n"])
def test_last_line_without_its_end_is_taken(module, end):
    """Programs join lines for it; and a request may have been cut there."""
    message = module.parse_headers(io.BytesIO(b"A: b\r\nC: d" + end))
    assert message.items() == [("A", "b"), ("C", "d")]


@ours
def test_last_line_without_its_end_is_noted(module):
    defects = module.parse_headers(io.BytesIO(b"A: b\r\nC")).defects
    assert [type(defect).__name__ for defect in defects][-1] == "IncompleteRead"
    assert isinstance(defects[-1], module.IncompleteRead)
    assert not module.parse_headers(io.BytesIO(b"A: b\r\n")).defects


@ours
@pytest.mark.parametrize("section", REFUSED.values(), ids=REFUSED)
def test_ambiguous_framing_is_refused(module, section):
    with pytest.raises(httpclient.BadHeaderLine) as caught:
        module.parse_headers(io.BytesIO(section))
    assert isinstance(caught.value, http.client.HTTPException)
    assert not isinstance(caught.value, http.client.LineTooLong)


def test_parse_header_lines_agrees_with_parse_headers():
    """http.client has it since 3.12."""
    for section in (NUL, b"A: b\r\nC: d"):
        message = httpclient.parse_headers(io.BytesIO(section))
        lines = httpclient._parse_header_lines(section.splitlines(True))
        assert lines.items() == message.items() and len(lines.defects) == 1
    for section in REFUSED.values():
        with pytest.raises(httpclient.BadHeaderLine):
            httpclient._parse_header_lines(section.splitlines(True))


def test_lines_of_read_headers():
    """The last one is what ended them, as in the http.client that is there."""
    for section in (b"A: b\r\n\r\n", b"A: b\n\n", b"A: b\r\n", b"A", b"", b"\r\n"):
        args = (None,) if http.client._read_headers.__code__.co_argcount > 1 else ()
        assert (httpclient._read_headers(io.BytesIO(section))
                == http.client._read_headers(io.BytesIO(section), *args))


# ---- a response whose parse_headers() has been replaced by a wrapper

@ours
@pytest.mark.parametrize("section", [NUL, b"A: b\r\nC: d", *REFUSED.values()])
def test_wrapped_parse_headers_does_not_loosen_a_response(module, section, monkeypatch):
    original, seen = module.parse_headers, []

    def wrapper(*args, **keywords):
        seen.append(original(*args, **keywords))
        return seen[-1]

    monkeypatch.setattr(module, "parse_headers", wrapper)
    for way in (arrive.pair, arrive.memory):
        with way(b"HTTP/1.1 200 OK\r\n" + section) as arrival:
            arrival.deliver()
            with contextlib.closing(arrival.response(module, "GET")) as response:
                with pytest.raises((httpclient.BadHeaderLine, module.IncompleteRead)):
                    response.begin()
    if section is NUL:
        assert len(seen) == 2 and not seen[0].defects
        left = [weakref.ref(message) for message in seen]
        seen.clear()
        del response
        assert [message() for message in left] == [None, None]      # without the gc's help


# ---- servers in the same process

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = PATIENCE

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        answer = repr((self.headers.get("Cookie"), body)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        pass


class WSGIHandler(wsgiref.simple_server.WSGIRequestHandler):
    timeout = PATIENCE

    def log_message(self, *args):
        pass


def application(environ, start_response):
    start_response("200 OK", [])
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    return [repr((environ.get("HTTP_COOKIE"), body)).encode()]


def http_server():
    return http.server.HTTPServer(("127.0.0.1", 0), Handler)


def wsgi_server():
    server = wsgiref.simple_server.WSGIServer(("127.0.0.1", 0), WSGIHandler)
    server.set_app(application)
    return server


def ask(make, section):
    """All that a server answers to a request with this field section and ``ok``."""
    with make() as server:
        thread = threading.Thread(target=server.handle_request, daemon=True)
        thread.start()
        with socket.create_connection(server.server_address, PATIENCE) as sock:
            sock.sendall(b"POST / HTTP/1.1\r\n" + section)
            sock.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: sock.recv(65536), b""))
        thread.join(PATIENCE)
        return answer


servers = pytest.mark.parametrize("make", [http_server, wsgi_server])
only_installed = pytest.mark.parametrize("module", ["install()"], indirect=True)


@servers
@pytest.mark.parametrize("module", ["http.client", "install()"], indirect=True)
@pytest.mark.parametrize("section", [
    NUL + b"ok", b"Cookie: a\0b\r\nContent-Length: 2\r\n\r\nok"])
def test_server_takes_a_nul(module, make, section):
    answer = ask(make, section)
    assert answer.split()[1] == b"200"
    assert answer.endswith(repr(("a\0b", b"ok")).encode())


@servers
@only_installed
@pytest.mark.parametrize("section", REFUSED.values(), ids=REFUSED)
def test_server_refuses_ambiguous_framing(module, make, section):
    """With the status that it has for all of HTTPException; the reason is in the page."""
    answer = ask(make, section + b"ok")
    assert answer.split()[1] == b"431" and answer.count(b"<!DOCTYPE") == 1
    assert b"(RFC 911" in answer
    assert b"\r\nConnection: close\r\n" in answer


@servers
@pytest.mark.parametrize("module", ["http.client", "install()"], indirect=True)
@pytest.mark.parametrize("section", [b"Cookie: c\r\nHo", b"Cookie: c\r\n"])
def test_server_takes_a_head_that_is_cut(module, make, section):
    assert b"('c', b'')" in ask(make, section)


@servers
@pytest.mark.parametrize("module", ["http.client", "install()"], indirect=True)
@pytest.mark.parametrize(("section", "phrase"), [
    (b"X: " + b"y" * 70_000 + b"\r\n\r\n", b"431 Line too long"),
    (b"X: y\r\n" * 101 + b"\r\n", b"431 Too many headers")], ids=["line", "fields"])
def test_server_tells_the_limits_apart(module, make, section, phrase):
    assert phrase in ask(make, section).split(b"\r\n")[0]


@servers
@only_installed
@pytest.mark.parametrize("section", [b"junk\r\n", b"X : 2\r\n", b": y\r\n", b"n\xe4me: v\r\n"])
def test_server_keeps_the_fields_after_a_bad_line(module, make, section):
    """http.client loses them, and takes the body for another request."""
    answer = ask(make, section + b"Cookie: c\r\nContent-Length: 2\r\n\r\nok")
    assert answer.endswith(b"('c', b'ok')") and answer.count(b"HTTP/1.") == 1


def test_defects_of_a_response_stay():
    """Only what a response refuses is raised; what it repairs is noted as ever."""
    message = httpclient.parse_headers(io.BytesIO(b"A : b\r\n\r\n"))
    assert [type(defect) for defect in message.defects] == [InvalidHeaderDefect]
    with pytest.MonkeyPatch.context() as patch:
        original = httpclient.parse_headers
        patch.setattr(httpclient, "parse_headers", lambda fp: original(fp))
        with arrive.pair(b"HTTP/1.1 200 OK\r\nA : b\r\nContent-Length: 0\r\n\r\n") as arrival:
            arrival.deliver()
            with contextlib.closing(arrival.response(httpclient, "GET")) as response:
                response.begin()
                assert len(response.msg.defects) == 1

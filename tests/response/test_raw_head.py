# SPDX-License-Identifier: MIT
"""raw_head: the head of a response byte for byte as it arrived.

Each wire, each recorded response and each row of the policy is compared where it is read, in
support/compare.py and in test_hostile_bytes.py: on every way of arrival, and cut at each point.
"""

import base64
import contextlib
import copy
import functools
import http.client
import json
import pickle

import pytest

import httpclient
from support import arrive
from support.capture import FakeSocket, connect
from support.paths import DATA
from support.examples import run_readme_example
from support.servers import serving

SECTION = b"A:  b \r\nContent-Length: 5\r\n\r\n"
HEAD = b"HTTP/1.1 200 OK\r\n" + SECTION
FOLDED = b"HTTP/1.1 200 OK\r\nA: b \r\n\t c\r\nContent-Length: 5\r\n\r\n"
INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
BODY = b"hello"

# Heads that take different ways through the code.
HEADS = {
    "regular": HEAD,
    "no reason phrase": b"HTTP/1.0 404 \r\n" + SECTION,
    "no reason phrase, no SP": b"HTTP/1.1 200\r\n" + SECTION,
    "unknown minor version": b"HTTP/1.9 200 OK\r\n" + SECTION,
    "HTTP/0.9 in a status line": b"HTTP/0.9 200 OK\r\n" + SECTION,
    "blanks in the status line": b"HTTP/1.1 \t200  O  K \r\n" + SECTION,
    "bare LF": HEAD.replace(b"\r\n", b"\n"),
    "bare LF after the status line": b"HTTP/1.1 200 OK\n" + SECTION,
    "bare LF as the empty line": HEAD[:-2] + b"\n",
    "folded": FOLDED,
    "skipped lines": b"HTTP/1.1 200 OK\r\n first\r\nno colon\r\n: c\r\n" + SECTION,
    "repaired lines": b"HTTP/1.1 200 OK\r\nA : b\r\nK\xf6ln: c\r\n" + SECTION,
    "equal lengths": HEAD[:-2] + b"content-length:5\r\n\r\n",
    "longer than a receive": b"HTTP/1.1 200 OK\r\nA: " + b"x" * 20_000 + b"\r\n" + SECTION,
}
STRICT_HEADS = ["regular", "no reason phrase", "unknown minor version", "longer than a receive"]

WAYS = {
    "socket": arrive.pair, "socket, bytewise": functools.partial(
        arrive.pair, cuts=arrive.bytewise),
    "buffered file": arrive.buffered, "memory": arrive.memory, "minimal": arrive.minimal,
    "fed": arrive.fed, "fed, bytewise": functools.partial(arrive.fed, cuts=arrive.bytewise),
}
every_head = pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
every_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
every_socket = pytest.mark.parametrize("way", [arrive.pair, arrive.buffered],
                                       ids=["socket", "buffered file"])


@contextlib.contextmanager
def begun(arrival, module=httpclient, **options):
    """A response whose head has been read."""
    arrival.deliver()
    with arrival.response(module, **options) as response:
        response.begin()
        yield response


@contextlib.contextmanager
def answered(arrival, cls=httpclient.HTTPResponse, method="GET"):
    """The response that a connection returns."""
    with httpclient.HTTPConnection("localhost") as connection:
        connection.response_class = cls
        connection.sock = arrival.sock
        connection.request(method, "/")
        arrival.deliver()
        with connection.getresponse() as response:
            yield response


# --- the bytes -----------------------------------------------------------------------------------

@every_way
@pytest.mark.parametrize("before", [b"", INTERIM, 3 * b"HTTP/1.1 100\n\n"],
                         ids=["", "after an interim response", "after three"])
@every_head
def test_raw_head_is_the_final_head_as_it_arrived(head, before, way):
    with way(before + head + BODY) as arrival, begun(arrival) as response:
        assert type(response.raw_head) is bytes
        assert response.raw_head == head
        assert response.getheaders()[-1][1] == "5"
        assert response.read() == BODY
        assert response.raw_head == head


@every_socket
@every_head
def test_raw_head_through_a_connection(head, way):
    with way(head + BODY) as arrival, answered(arrival) as response:
        assert response.raw_head == head


@every_way
@pytest.mark.parametrize("name", STRICT_HEADS)
def test_raw_head_with_strict(name, way):
    with way(HEADS[name] + BODY) as arrival, begun(arrival, strict=True) as response:
        assert response.raw_head == HEADS[name]


@every_head
def test_raw_head_over_tls(head, contexts):
    with arrive.tls(contexts, 1 + len(head) // 40)(head + BODY) as arrival:
        with begun(arrival) as response:
            assert response.raw_head == head


@every_socket
@every_head
def test_raw_head_is_the_same_with_debuglevel(head, way, capsys):
    """The head is read line by line then."""
    with way(INTERIM + head + BODY) as arrival, begun(arrival, debuglevel=1) as response:
        assert response.raw_head == head
    assert "reply: " in capsys.readouterr().out


def test_raw_head_of_each_recorded_response():
    """The recording says where the head ends."""
    seen = 0
    for line in (DATA / "responses.jsonl").read_text("utf-8").splitlines():
        record = json.loads(line)
        head, body = (base64.b64decode(record[name] or "") for name in ("head_b64", "body_b64"))
        parser = httpclient.ResponseParser(record.get("method") or "GET")
        with contextlib.suppress(httpclient.HTTPException):
            parser.feed(head + body)
        if parser.status is not None and not parser.informational:
            assert parser.raw_head == head, record["id"]
            seen += 1
    assert seen > 300


@every_way
@pytest.mark.parametrize("head", [
    b"HTTP/1.1 200", b"HTTP/1.1 200 Ok", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\nA: b\n",
    b"HTTP/1.1 200 OK\r\nA : b\r\n"])
def test_raw_head_ends_where_the_stream_ends(head, way):
    with way(head) as arrival, begun(arrival) as response:
        assert response.raw_head == head
        assert response.read() == b""


@every_way
@pytest.mark.parametrize("data", [b"hello", b"\r\nhello\r\n\r\n", b"ICY 200 OK\r\n\r\n"])
def test_http09_has_an_empty_raw_head(data, way):
    with way(data) as arrival, begun(arrival, strict=False) as response:
        assert response.version == 9
        assert response.raw_head == b""
        assert response.read() == data


@pytest.mark.parametrize("cuts", [arrive.whole, arrive.bytewise])
@pytest.mark.parametrize("head", [HEAD, FOLDED], ids=["regular", "folded"])
def test_empty_line_after_the_previous_message_is_not_fed_into_raw_head(head, cuts):
    """Over sockets: test_one_empty_line_before_a_later_response()."""
    parser, data, at = httpclient.ResponseParser(reused=True), b"\r\n" + head + BODY, 0
    while at < len(data):
        parser.feed(data[at:cuts(at)])
        at = cuts(at)
    assert parser.complete and parser.raw_head == head


@every_socket
def test_raw_head_of_an_answer_to_connect_and_head(way):
    for method in ("CONNECT", "HEAD"):
        with way(HEAD) as arrival, answered(arrival, method=method) as response:
            assert response.raw_head == HEAD


# --- where there is none -------------------------------------------------------------------------

@every_way
def test_raw_head_is_none_before_the_head(way):
    with way(HEAD + BODY) as arrival:
        arrival.deliver()
        with arrival.response(httpclient) as response:
            assert response.raw_head is None


@every_way
def test_raw_head_of_a_refused_response_is_none(way):
    data = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"
    with way(data) as arrival:
        arrival.deliver()
        with arrival.response(httpclient) as response:
            with pytest.raises(httpclient.BadHeaderLine):
                response.begin()
            assert response.raw_head is None


class Translated(httpclient.HTTPResponse):
    """It knows a status line that httpclient does not, as clients of Shoutcast do."""

    def _read_status(self):
        _, status, reason = self.fp.readline().split()
        return "HTTP/1.0", int(status), reason.decode()


class Skipping(httpclient.HTTPResponse):
    """Its status line comes after a line of another protocol."""

    def _read_status(self):
        self.fp.readline()
        return super()._read_status()


class Reading(httpclient.HTTPResponse):
    """It takes the first field line for its own use."""

    def _read_status(self):
        result = super()._read_status()
        self.fp.readline()
        return result


@every_socket
@pytest.mark.parametrize(("cls", "data"), [
    (Translated, b"ICY 200 OK\r\n" + SECTION),
    (Translated, b"ICY 103 x\r\n\r\nICY 200 OK\r\n" + SECTION),
    (Skipping, b"PROXY\r\n" + HEAD),
    (Reading, b"HTTP/1.1 200 OK\r\nmine\r\n" + SECTION),
])
def test_raw_head_is_none_if_read_status_is_replaced(cls, data, way):
    with way(data + BODY) as arrival, answered(arrival, cls) as response:
        assert response.raw_head is None
        assert response.read() == BODY


@every_socket
@pytest.mark.parametrize("where", ["class", "object"])
def test_raw_head_is_none_if_read_status_is_wrapped(where, way, monkeypatch):
    original = httpclient.HTTPResponse._read_status
    with way(HEAD + BODY) as arrival:
        arrival.deliver()
        with arrival.response(httpclient) as response:
            if where == "object":
                response._read_status = lambda: original(response)
            else:
                monkeypatch.setattr(httpclient.HTTPResponse, "_read_status",
                                    lambda self: original(self))
            response.begin()
            assert response.raw_head is None


@every_socket
def test_raw_head_is_none_if_read_status_was_replaced_for_one_call(way):
    with way(b"ICY 200 OK\r\n" + SECTION + BODY) as arrival:
        arrival.deliver()
        with arrival.response(httpclient) as response:
            def once():
                del response._read_status
                return Translated._read_status(response)

            response._read_status = once
            response.begin()
            assert response.raw_head is None
            assert response.read() == BODY


@every_socket
@pytest.mark.parametrize("name", ["parse_headers", "_read_headers"])
def test_raw_head_is_none_if_the_fields_are_read_by_a_replaced_function(name, way, monkeypatch):
    original = getattr(httpclient, name)
    monkeypatch.setattr(httpclient, name, lambda *args, **keywords: original(*args, **keywords))
    with way(HEAD + BODY) as arrival, begun(arrival) as response:
        assert response.raw_head is None
        assert response.read() == BODY


def test_tunnel_leaves_no_trace_in_raw_head():
    """The proxy's answer to CONNECT is not the response's head."""
    connection = connect(httpclient, FakeSocket(b"HTTP/1.1 200 Agreed\r\nX: y\r\n\r\n"))
    connection.set_tunnel("a.example")
    connection.connect()
    connection.sock.reply = HEAD + BODY
    connection.request("GET", "/")
    with connection.getresponse() as response:
        assert response.raw_head == HEAD


def test_the_example_of_the_readme():
    with serving(HEAD + BODY) as server:
        assert run_readme_example("raw_head", server.port)["block"] == HEAD + BODY


# --- copies, and install() -----------------------------------------------------------------------

@every_socket
@pytest.mark.parametrize("copied", [
    copy.copy, copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))])
@every_head
def test_copy_has_the_raw_head(head, copied, way):
    with way(head + BODY) as arrival, begun(arrival) as response:
        assert response.read() == BODY
        again = copied(copied(response))
        assert again.raw_head == head
        assert again.getheaders() == response.getheaders()


def test_installed_classes_have_raw_head_while_it_lasts():
    with httpclient.installed(), serving(HEAD + BODY) as server:
        connection = http.client.HTTPConnection(*server.address, timeout=20)
        connection.request("GET", "/")
        with connection.getresponse() as response:
            assert response.raw_head == HEAD
            assert response.read() == BODY
        connection.close()
    assert "raw_head" not in vars(http.client.HTTPResponse)

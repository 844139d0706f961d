# SPDX-License-Identifier: MIT
"""request(expect_continue=): the head alone, a wait for 100 (Continue), then the body or not."""

import contextlib
import io
import re
import socket
import threading

import httpclient
import pytest

from support.capture import FakeSocket, connect, over_fake, over_socket
from support.expecting import (
    CONTENT, CONTINUE, DONE, HINTS, REFUSED, Untouched, informational, is_next, served, statuses,
)
from support.faults import reset
from support.servers import PATIENCE, Request, ok, read_body, read_head, tcp_pair

PROCESSING = b"HTTP/1.1 102 Processing\r\n\r\n"


# ---- bodies

class UntouchedIterable:
    __iter__ = Untouched.__iter__


def lazy():
    yield b"first "
    yield b"second \xe9"


LENGTH = {"Content-Length": str(len(CONTENT))}
CHUNKED = {"Transfer-Encoding": "chunked"}
BODIES = {
    "bytes": (lambda: CONTENT, {}),
    "bytearray": (lambda: bytearray(CONTENT), {}),
    "memoryview": (lambda: memoryview(CONTENT), {}),
    "str": (lambda: CONTENT.decode("latin-1"), {}),
    "large": (lambda: CONTENT * 5000, {}),
    "file": (lambda: io.BytesIO(CONTENT), {}),
    "text file": (lambda: io.StringIO(CONTENT.decode("latin-1")), {}),
    "list": (lambda: [b"first ", b"second \xe9"], {}),
    "generator": (lazy, {}),
    "file by length": (lambda: io.BytesIO(CONTENT), LENGTH),
    "generator by length": (lazy, LENGTH),
    "file in chunks": (lambda: io.BytesIO(CONTENT), CHUNKED),
}


@pytest.mark.parametrize("kind", BODIES)
def test_the_body_follows_100(client, kind):
    body, fields = BODIES[kind]
    with served(client, CONTINUE) as (connection, origin, server):
        for _ in range(2):
            connection.request("PUT", "/", body(), fields, expect_continue=PATIENCE,
                               encode_chunked="Transfer-Encoding" in fields)
            response = connection.getresponse()
            assert (response.status, response.read(), response.will_close) == (200, b"done", False)
            assert informational(client, response) == [100]
            request = origin.requests[-1]
            assert request.body == CONTENT * (5000 if kind == "large" else 1)
            assert [value for name, value in request.fields if name == "Expect"] == ["100-continue"]
        is_next(connection, server, 1)
        assert not origin.hasty


@pytest.mark.parametrize("status", [
    "417 Expectation Failed", "413 Content Too Large", "401 Unauthorized", "200 OK", "307 Moved",
    "101 Switching Protocols", pytest.param("417 " + "x" * 9000, id="a long status line")])
@pytest.mark.parametrize("make", [
    Untouched, UntouchedIterable, lambda: map(int, ["no octet of it may be taken"])],
    ids=["file", "iterable", "iterator"])
def test_a_final_response_ends_the_wait(client, status, make):
    with served(client, ok(b"no", status=status)) as (connection, origin, server):
        connection.request("POST", "/", make(), expect_continue=PATIENCE)
        response = connection.getresponse()
        assert response.status == int(status[:3]) and response.will_close
        assert response.read() == (b"" if response.status == 101 else b"no")
        assert connection.sock is None
        is_next(connection, server, 2)
    assert origin.requests[0].body == b"" and not origin.hasty


def test_a_final_response_may_have_interim_ones_before_it(client):
    early = HINTS + REFUSED
    with served(client, early, DONE, lambda sock: None) as (connection, origin, server):
        connection.request("POST", "/", Untouched(), expect_continue=PATIENCE)
        response = connection.getresponse()
        assert (response.status, response.read()) == (417, b"no")
        assert informational(client, response) == [103]


# ---- interim responses

@pytest.mark.parametrize("early", [
    CONTINUE + CONTINUE, HINTS + CONTINUE, PROCESSING + HINTS + CONTINUE + HINTS,
    b"HTTP/1.1  100\nA: b\n\n"], ids=["100 100", "103 100", "102 103 100 103", "odd"])
def test_other_interim_responses_are_kept(client, early):
    with served(client, early) as (connection, origin, server):
        connection.request("POST", "/", CONTENT, expect_continue=PATIENCE)
        response = connection.getresponse()
        assert response.read() == b"done" and origin.requests[0].body == CONTENT
        assert informational(client, response) == [
            int(status) for status in re.findall(rb"HTTP/1.1 +(1..)", early)]
        is_next(connection, server, 1)
        assert not origin.hasty


def test_an_empty_line_after_the_previous_body_is_skipped(client):
    """Old servers send one (RFC 9112 2.2)."""
    with served(client, b"\r\n" + CONTINUE) as (connection, origin, server):
        is_next(connection, server, 1)
        connection.request("POST", "/", [CONTENT], expect_continue=PATIENCE)
        response = connection.getresponse()
        assert response.read() == b"done" and informational(client, response) == [100]
        is_next(connection, server, 1)
        assert not origin.hasty


@pytest.mark.parametrize("strict", [None, True])
def test_an_empty_line_before_a_final_response(client, strict):
    with served(client, b"\r\n" + REFUSED, DONE, lambda sock: sock.recv(1), strict=strict) as (
            connection, origin, server):
        is_next(connection, server, 1)
        connection.request("POST", "/", Untouched(), expect_continue=PATIENCE)
        if strict:
            with pytest.raises(client.BadStatusLine):
                connection.getresponse()
        else:
            assert connection.getresponse().status == 417


def test_the_body_follows_when_time_is_up(client):
    """Then a 100 is an interim response like others."""
    with served(client, b"", CONTINUE + DONE) as (connection, origin, server):
        connection.request("POST", "/", lazy(), expect_continue=0.05)
        response = connection.getresponse()
        assert response.read() == b"done" and informational(client, response) == [100]
        is_next(connection, server, 1)


@pytest.mark.parametrize("part", [b"H", b"HTTP/1.1 100", b"HTTP/1.1 100 Continue\r\nA: b\r\n",
                                  HINTS + b"HTTP/1.1 1"])
def test_time_is_up_within_a_head(part):
    whole = HINTS + b"HTTP/1.1 100 Continue\r\nA: b\r\n\r\n"
    whole = whole[whole.index(part):]
    late = whole[len(part):] + DONE
    with served(httpclient, part, late, None) as (connection, origin, server):
        origin.end = lambda sock: (
            read_body(file := sock.makefile("rb"), origin.requests[-1]), sock.sendall(late),
            origin.requests.append(Request(read_head(file))), sock.sendall(ok(b"plain")))
        connection.request("POST", "/", lazy(), {"Content-Length": "14"}, expect_continue=0.05)
        response = connection.getresponse()
        assert response.read() == b"done" and origin.requests[0].body == CONTENT
        assert statuses(response)[-1] == 100
        connection.request("GET", "/next")
        assert connection.getresponse().read() == b"plain" and server.accepted == 1


@pytest.mark.parametrize(("options", "many", "error"), [
    ({"max_interim_responses": 3}, HINTS * 4 + CONTINUE, "more than 3 interim responses"),
    ({"max_response_head": 200}, HINTS * 15 + CONTINUE, "more than 200 bytes of interim"),
    ({"max_response_head": 200}, b"HTTP/1.1 103 Early Hints\r\nA: " + b"b" * 300, "200 bytes"),
    ({"max_response_headers": 2}, HINTS.replace(b"\r\n\r\n", b"\r\nA: b" * 3 + b"\r\n\r\n"),
     "more than 2 headers"),
], ids=["number", "bytes", "head", "fields"])
def test_limits_hold_for_interim_responses(client, options, many, error):
    with served(client, many, DONE, lambda sock: sock.recv(1), **options) as (
            connection, origin, server):
        connection.request("POST", "/", Untouched(), expect_continue=PATIENCE)
        with pytest.raises(client.HTTPException, match=error):
            connection.getresponse()
        is_next(connection, server, 2)


@pytest.mark.parametrize("debuglevel", [0, 1])
def test_arriving_in_pieces(debuglevel, capsys):
    """All octets are here from the beginning, but each receive gives no more than to the cut."""
    wire = HINTS + CONTINUE + DONE
    for cut in range(len(wire)):
        theirs = run_cut(wire, [cut], debuglevel)
        assert theirs.endswith(b"\r\n\r\n" + CONTENT)
    assert run_cut(wire, range(len(wire)), debuglevel).endswith(CONTENT)
    printed = capsys.readouterr().out
    assert debuglevel == bool(printed)


class Cut(socket.socket):
    """A socket whose receives do not go beyond the next of the cuts."""

    at, cuts = 0, ()

    def recv_into(self, space, *args):
        stop = min([cut for cut in self.cuts if cut > self.at], default=1 << 30) - self.at
        with memoryview(space) as view, view[:stop] as part:
            n = super().recv_into(part, *args)
        self.at += n
        return n


def run_cut(wire, cuts, debuglevel):
    ours, theirs = tcp_pair()
    with theirs, Cut(fileno=ours.detach()) as sock:
        sock.settimeout(PATIENCE)
        sock.cuts = cuts
        theirs.sendall(wire)
        connection = connect(httpclient, sock)
        connection.set_debuglevel(debuglevel)
        connection.request("POST", "/", CONTENT, expect_continue=PATIENCE)
        response = connection.getresponse()
        assert response.read() == b"done" and not response.will_close
        assert statuses(response) == [103, 100]
        assert connection.sock is sock and sock.gettimeout() == PATIENCE
        connection.close()
        return theirs.recv(65536)


def test_final_response_arriving_in_pieces():
    wire = HINTS + REFUSED
    for cut in range(len(wire)):
        ours, theirs = tcp_pair()
        with theirs, Cut(fileno=ours.detach()) as sock:
            sock.settimeout(PATIENCE)
            sock.cuts = [cut]
            theirs.sendall(wire)
            connection = connect(httpclient, sock)
            connection.request("POST", "/", Untouched(), expect_continue=PATIENCE)
            response = connection.getresponse()
            assert (response.status, response.read(), response.will_close) == (417, b"no", True)
            assert connection.sock is None


# ---- no answer

ENDS = {
    "closed": (b"", None, "RemoteDisconnected"),
    "closed after an interim response": (HINTS, None, "RemoteDisconnected"),
    "closed in the head": (b"HTTP/1.1 417 Ex", "strict", "BadStatusLine"),
    "closed in an interim response": (b"HTTP/1.1 103 A\r\nA: b", None, "IncompleteRead"),
    "garbage": (b"\x16\x03\x01 what?\r\n\r\n", None, "BadStatusLine"),
    "garbage after an interim response": (HINTS + b"what?\r\n\r\n", None, "BadStatusLine"),
    "other protocol": (b"HTTP/2.0 100 Continue\r\n\r\n", None, "UnknownProtocol"),
    "bad field": (b"HTTP/1.1 103 Hints\r\nContent\0: b\r\n\r\n", "strict", "BadHeaderLine"),
}


@pytest.mark.parametrize(("early", "strict", "error"), ENDS.values(), ids=ENDS)
def test_getresponse_says_what_was_wrong(client, early, strict, error):
    options = {"strict": True} if strict else {}
    with served(client, early, DONE, lambda sock: None, **options) as (connection, origin, server):
        connection.request("POST", "/", Untouched(), expect_continue=PATIENCE)
        with pytest.raises((client.HTTPException, OSError)) as caught:
            connection.getresponse()
        assert caught.type.__name__ == error
        if client is not httpclient and hasattr(client, error):
            assert caught.type is getattr(client, error)
        is_next(connection, server, 2)


def test_a_reset_is_raised_by_getresponse(client):
    with served(client, b"", DONE, reset) as (connection, origin, server):
        connection.request("POST", "/", Untouched(), expect_continue=PATIENCE)
        with pytest.raises(ConnectionResetError):
            connection.getresponse()
        is_next(connection, server, 2)


def test_without_a_status_line(client):
    """With strict=False, that is a response of HTTP/0.9."""
    with served(client, b"simple", DONE, lambda sock: None, strict=False) as (connection, *_):
        connection.request("POST", "/", Untouched(), expect_continue=PATIENCE)
        # The line has no end, so only the end of the stream decides.
        assert connection.getresponse().read() == b"simple"


def test_deadline_ends_the_wait(client):
    with served(client, b"", DONE, lambda sock: sock.recv(1)) as (connection, origin, server):
        with pytest.raises(TimeoutError, match="deadline of 0.05 s"):
            connection.request("POST", "/", Untouched(), expect_continue=PATIENCE, deadline=0.05)
        assert connection.sock is None
        is_next(connection, server, 2)


def test_timeout_bounds_the_wait(client):
    """It is one blocking operation: then the body follows."""
    with served(client, b"") as (connection, origin, server):
        connection.connect()
        connection.sock.settimeout(0.05)
        connection.request("POST", "/", CONTENT, expect_continue=1e9)
        assert connection.sock.gettimeout() == 0.05
        connection.sock.settimeout(PATIENCE)
        assert connection.getresponse().read() == b"done" and origin.requests[0].body == CONTENT


def test_infinity_waits_for_an_answer(client):
    with served(client, CONTINUE, timeout=None) as (connection, origin, server):
        connection.request("POST", "/", CONTENT, expect_continue=float("inf"))
        assert connection.getresponse().read() == b"done" and not origin.hasty


@pytest.mark.parametrize("asking", [True, False], ids=["getresponse", "no getresponse"])
def test_the_server_refuses_the_rest_of_the_body(client, asking):
    """A response that came before the body failed is kept, until the next request."""
    def refuse(sock):
        sock.sendall(ok(b"no", status="413 Content Too Large"))
        sock.shutdown(socket.SHUT_RD)
        refused.set()

    def body():
        yield b"begin"
        refused.wait(PATIENCE)
        while True:
            yield bytes(1 << 20)

    refused = threading.Event()
    with served(client, CONTINUE, DONE, refuse) as (connection, origin, server):
        with pytest.raises(OSError):
            connection.request("POST", "/", body(), expect_continue=PATIENCE)
        if asking:
            with contextlib.suppress(OSError):      # The reset may have overtaken the response.
                response = connection.getresponse()
                assert response.status == 413 and response.will_close
        connection.request("POST", "/", iter([b"next"]))
        response = connection.getresponse()
        assert response.read() == b"plain" and informational(client, response) == []


# ---- the field

@pytest.mark.parametrize("body", [None, b"", "", bytearray()], ids=repr)
@pytest.mark.parametrize("over", [over_fake, over_socket])
def test_no_content_no_expectation(body, over):
    """RFC 9110 10.1.1: a client must not send it in a request without content."""
    asked = over(httpclient, lambda c: c.request("POST", "/", body, expect_continue=PATIENCE))
    plain = over(httpclient, lambda c: c.request("POST", "/", body))
    assert asked == plain and not asked.error and asked.state == "Request-sent"


def test_no_expectation_in_http_1_0(client):
    class Connection(client.HTTPConnection):
        _http_vsn, _http_vsn_str = 10, "HTTP/1.0"

    sent = over_socket(client, lambda c: c.request("POST", "/", CONTENT, expect_continue=PATIENCE),
                       base=lambda _: Connection)
    assert sent.wire == b"POST / HTTP/1.0\r\nContent-Length: 14\r\n\r\n" + CONTENT


@pytest.mark.parametrize(("fields", "lines"), [
    ({"Expect": "100-continue"}, [b"Expect: 100-continue"]),
    ({"expect": b"100-Continue"}, [b"expect: 100-Continue"]),
    ({b"Expect": b"100-continue"}, [b"Expect: 100-continue"]),
    ({"Expect": "something"}, [b"Expect: something", b"Expect: 100-continue"]),
    ({"X-Expect": "100-continue"}, [b"Expect: 100-continue"]),
])
def test_the_field_is_sent_once(fields, lines):
    sent = over_fake(httpclient, lambda c: c.request(
        "POST", "/", CONTENT, fields, expect_continue=PATIENCE))
    assert re.findall(rb"^expect: [^\r]*", sent.wire, re.I | re.M) == lines


def test_without_a_socket_the_body_follows_at_once(client):
    """An overridden send() may need none."""
    class Connection(client.HTTPConnection):
        def send(self, data):
            sent.append(data)

    sent = []
    Connection("localhost").request("POST", "/", [CONTENT], expect_continue=PATIENCE)
    assert sent[0].endswith(b"\r\nExpect: 100-continue\r\n\r\n") and CONTENT in sent[1]


def test_without_the_argument_the_field_is_passed_on(client):
    sent = over_socket(client, lambda c: c.request(
        "POST", "/", CONTENT, {"Expect": "100-continue"}))
    assert sent.wire.endswith(b"Expect: 100-continue\r\n\r\n" + CONTENT)


@pytest.mark.parametrize(("value", "error"), [
    (0, ValueError), (-1, ValueError), (float("nan"), ValueError), (float("-inf"), ValueError),
    (True, TypeError), (False, TypeError), ("1", TypeError), (b"", TypeError), ([], TypeError)])
@pytest.mark.parametrize("body", [None, CONTENT], ids=["no body", "body"])
def test_bad_values_are_refused(value, error, body):
    sent = over_fake(httpclient, lambda c: c.request("POST", "/", body, expect_continue=value))
    assert (sent.wire, sent.error, sent.state) == (b"", error.__name__, "Idle")
    assert sent.text.startswith("expect_continue should be ") and repr(value) in sent.text


class Complete(FakeSocket):
    """Makes a response, as wsgi_intercept's sockets do, only to a whole request."""

    def makefile(self, mode, *args):
        assert self.bytes.endswith(b"\r\n0\r\n\r\n")
        return super().makefile(mode, *args)


def test_over_a_fake_socket_the_body_follows_at_once(client):
    sock = Complete(CONTINUE + DONE)
    connection = connect(client, sock)
    connection.request("POST", "/", lazy(), expect_continue=PATIENCE)
    response = connection.getresponse()
    assert response.read() == b"done" and informational(client, response) == [100]
    assert b"\r\nExpect: 100-continue\r\n\r\n6\r\nfirst " in sock.bytes

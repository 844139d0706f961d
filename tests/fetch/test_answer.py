# SPDX-License-Identifier: MIT
"""Answer and Request: their attributes."""

import copy
import io
import pickle

import pytest

import httpclient
from httpclient._fetch.request import Request
from support.answers import Done

WIRE = (b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"
        b"HTTP/1.1 200 Fine\r\nX: a\r\nTransfer-Encoding: chunked\r\nx: caf\xe9\r\n\r\n"
        b"5\r\nhello\r\n0\r\nT: u\r\n\r\n")


def test_what_an_answer_has():
    answer = Done("http://a.example/b", WIRE)
    assert (answer.status, answer.reason, answer.version) == (200, "Fine", 11)
    assert answer.content == b"hello"
    assert answer.error is None
    assert answer.raw_head == WIRE[WIRE.index(b"HTTP/1.1 200"):WIRE.index(b"5\r\n")]
    for _ in "before the message is built", "after it":
        assert answer.getheader("x") == answer.getheader("X") == "a, caf\u00e9"
        assert answer.getheader("Y") is None
        assert answer.getheader("Y", 5) == 5
        assert answer.getheader("\u00e9", "none") == "none"
        assert answer.headers.get_all("X") == ["a", "caf\u00e9"]
        assert answer.headers is answer.headers
    assert answer.getheaders() == [
        ("X", "a"), ("Transfer-Encoding", "chunked"), ("x", "caf\u00e9")]
    assert answer.trailers.items() == [("T", "u")]
    [early] = answer.informational
    assert early.status == 103
    assert repr(answer) == "<httpclient.Answer: 200 'http://a.example/b'>".replace(
        "httpclient.Answer", "support.answers.Done")


def test_odd_headers_are_read_as_in_a_response():
    answer = Done("http://a.example/", b"HTTP/1.1 200 OK\r\nX : a\r\nY: b\r\n c\r\n\r\n")
    same = httpclient.ResponseParser()
    same.feed(b"HTTP/1.1 200 OK\r\nX : a\r\nY: b\r\n c\r\n\r\n")
    assert answer.getheader("Y") == same.headers["Y"]
    assert answer.headers.items() == same.headers.items()
    assert answer.getheaders() == same.getheaders()


@pytest.mark.parametrize("wire", [None, b"HTTP/1."])
def test_an_answer_without_a_response(wire):
    error = TimeoutError("timed out")
    answer = Done("http://a.example/", wire, error)
    assert answer.error is error
    assert answer.status is answer.reason is answer.version is None
    assert answer.headers is answer.raw_head is None
    assert answer.getheader("X") is None
    assert answer.getheader("X", "y") == "y"
    assert answer.getheaders() == answer.informational == []
    assert answer.trailers.items() == []
    assert answer.redirect() is None
    assert "TimeoutError 'http://a.example/'" in repr(answer)


def test_the_request_of_an_answer():
    request = Request("POST", "http://a.example/", body=b"b", context=5)
    assert Done(request).request is request
    assert Done(request).url == "http://a.example/"
    made = Done("http://a.example/#c").request
    assert (made.method, made.url, made.headers, made.body) == (
        "GET", "http://a.example/#c", {}, None)
    assert Done("http://a.example/#c").url == "http://a.example/#c"


def test_timings_are_seconds_since_the_request_was_added():
    times = 100.0, 100.5, 101.0, 102.0, 0.0, 103.0, 104.0, 105.0
    assert Done("http://a.example/", times=times).timings == (0.5, 1.0, 2.0, None, 3.0, 4.0, 5.0)
    assert Done("http://a.example/", times=times).timings.first_byte == 4.0


@pytest.mark.parametrize("function", [copy.copy, copy.deepcopy, pickle.dumps])
def test_an_answer_cannot_be_copied(function):
    with pytest.raises(TypeError, match="take what you need"):
        function(Done("http://a.example/", WIRE))


def test_a_request_has_its_arguments():
    def sink(data):
        pass

    request = Request("PUT", "http://a.example/", headers={"X": 1}, body=b"b", deadline=5,
                      sink=sink, context="c")
    assert (request.method, request.url, request.headers, request.body, request.deadline,
            request.sink, request.context) == (
                "PUT", "http://a.example/", {"X": 1}, b"b", 5.0, sink, "c")
    assert Request("GET", "/", sink=io.BytesIO()).sink is not None
    assert not hasattr(request, "__dict__")


def test_a_request_shows_no_password():
    assert repr(Request("GET", "http://a.example/b?c")) == (
        "<httpclient.Request: GET 'http://a.example/b?c'>")
    assert "secret" not in repr(Request("GET", "http://user:secret@a.example/"))
    assert repr(Request("GET", "http://a.example/@b")) == (
        "<httpclient.Request: GET 'http://a.example/@b'>")
    assert repr(Request("GET", None)) == "<httpclient.Request: GET None>"


@pytest.mark.parametrize("arguments, error", [
    ({"deadline": "5"}, TypeError), ({"deadline": True}, TypeError),
    ({"deadline": float("nan")}, ValueError), ({"sink": 5}, TypeError),
    ({"sink": b"x"}, TypeError)])
def test_a_request_refuses_bad_arguments(arguments, error):
    with pytest.raises(error):
        Request("GET", "http://a.example/", **arguments)


def test_a_request_keeps_a_copy_of_its_headers():
    message = httpclient.HTTPMessage()
    message.add_header("X", "a")
    message.add_header("X", "b")
    request = Request("GET", "http://a.example/", headers=message)
    del message["X"]
    assert list(request.headers.items()) == [("X", "a"), ("X", "b")]
    assert list(request.headers) == ["X", "X"]
    assert len(request.headers) == 2
    assert request.headers["X"] == "a"
    assert "Y" not in request.headers
    assert repr(request.headers) == "Fields(['X', 'X'])"


def test_a_request_can_be_pickled():
    request = Request("POST", "http://a.example/", headers={"X": "a"}, body=b"b", deadline=5.0)
    for copied in pickle.loads(pickle.dumps(request)), copy.copy(request):
        assert repr(copied) == repr(request)
        assert copied.headers == request.headers
        assert (copied.body, copied.deadline) == (b"b", 5.0)

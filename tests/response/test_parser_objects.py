# SPDX-License-Identifier: MIT
"""ResponseParser as an object: its arguments, limits and attributes, copies and subclasses."""

import copy
import inspect
import pickle

import httpclient
import pytest
from httpclient import ResponseParser
from support.fed import CHUNKED, CHUNKS, HELLO, fed
from support.ways import in_each_way

# --- arguments -----------------------------------------------------------------------------------

@in_each_way("size", {"whole": None, "bytewise": 1})
@pytest.mark.parametrize(("limit", "value", "data", "error"), [
    ("max_response_headers", 1, HELLO, "got more than 1 headers"),
    ("max_response_line", 16, HELLO, "got more than 16 bytes when reading status line"),
    ("max_response_head", 40, HELLO, "got more than 40 bytes of head"),
    ("max_interim_responses", 1, 2 * b"HTTP/1.1 100 a\r\n\r\n", "more than 1 interim responses"),
    ("max_response_head", 30, 4 * b"HTTP/1.1 103 a\r\nA: b\r\n\r\n", "30 bytes of interim resp"),
    ("max_chunk_line", 6, CHUNKS, "got more than 6 bytes when reading chunk size"),
    ("max_response_head", 47, CHUNKED + b"0\r\nA: " + b"b" * 50 + b"\r\n\r\n",
     "got more than 47 bytes of trailers"),
    ("max_response_headers", 1, CHUNKED + b"0\r\nA: b\r\nC: d\r\n\r\n", "more than 1 trailers"),
])
def test_each_limit_is_obeyed(limit, value, data, error, size):
    with pytest.raises(httpclient.HTTPException, match=error):
        fed(data, size, **{limit: value})
    fed(data, size, **{limit: None})


def test_arguments_are_those_of_a_connection():
    shown = inspect.signature(ResponseParser).parameters
    limits = inspect.signature(httpclient.HTTPConnection).parameters
    assert list(shown)[:4] == ["method", "reused", "strict", "max_response_headers"]
    assert set(shown) - {"method", "reused"} == {
        name for name in limits if name.startswith("max_") or name == "strict"}
    with pytest.raises(TypeError, match="'nonsense'"):
        ResponseParser(nonsense=1)
    with pytest.raises(TypeError):
        ResponseParser("GET", True)


@pytest.mark.parametrize("value", ["text", None, 5, [1]])
def test_refused_argument_changes_nothing(value):
    for data, at in ((HELLO, 0), (HELLO, 30), (HELLO, len(HELLO) - 2), (CHUNKS, len(CHUNKED) + 5)):
        parser, content = fed(data[:at]) if at else (ResponseParser(), b"")
        with pytest.raises(TypeError):
            parser.feed(value)
        assert not parser.failed
        assert content + parser.feed(data[at:]) == fed(data)[1]
        assert parser.complete


def test_rebound_limits_take_effect(monkeypatch):
    monkeypatch.setattr(httpclient, "_MAXHEADERS", 1)
    with pytest.raises(httpclient.HTTPException, match="got more than 1 headers"):
        fed(HELLO)


def test_attributes_can_be_set():
    parser, _ = fed(HELLO[:-5])
    facts = {"status": 404, "version": 10, "reason": "No", "chunked": True, "length": 3,
             "will_close": True, "strict": True, "surplus": b"x", "failed": True, "complete": True}
    for name, value in facts.items():
        setattr(parser, name, value)
    assert {name: getattr(parser, name) for name in facts} == facts
    with pytest.raises(TypeError):
        parser.length = "5"


# --- copies --------------------------------------------------------------------------------------

class Own(ResponseParser):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.own = [1]


def pickled(parser):
    return pickle.loads(pickle.dumps(parser))


@in_each_way("copied", {"copy": copy.copy, "deepcopy": copy.deepcopy, "pickle": pickled})
@pytest.mark.parametrize("kind", [ResponseParser, Own])
def test_parser_without_unread_bytes_can_be_copied(copied, kind):
    parser = copied(kind("HEAD", strict=True))
    assert parser.feed(HELLO[:-5]) == b"" and parser.complete and parser.strict is True
    parser = copied(kind(reused=True, max_response_headers=1))
    with pytest.raises(httpclient.HTTPException, match="got more than 1 headers"):
        parser.feed(b"\r\n" + HELLO)
    refused = copied(parser)
    assert refused.failed
    with pytest.raises(httpclient.HTTPException, match="^nothing is read after.*1 headers"):
        refused.feed(b"a")
    first = kind()
    first.feed(HELLO[:-3])
    second = copied(first)
    assert type(second) is kind and second.__dict__ == first.__dict__
    for each in (first, second):
        assert (each.length, each.getheaders()[0], each.headers["A"]) == (3, ("A", "b"), "b")
        assert each.feed(b"lloX") == b"llo"
        assert each.complete and each.surplus == b"X"
    assert copied(first).surplus == b"X"
    first = kind()
    first.feed(CHUNKS)
    assert copied(first).trailers.items() == [("T", "u")]


def test_parser_that_keeps_bytes_cannot_be_copied():
    for data in (HELLO[:20], CHUNKS[:-20]):
        for copied in (copy.copy, copy.deepcopy, pickled):
            with pytest.raises(TypeError, match="cannot copy a ResponseParser"):
                copied(fed(data)[0])


def test_parser_whose_constructor_was_not_called_is_harmless():
    parser = ResponseParser.__new__(ResponseParser)
    with pytest.raises(AttributeError):
        parser.feed(b"HTTP")
    parser = ResponseParser.__new__(ResponseParser)
    assert parser.feed(HELLO) == b"hello"

# SPDX-License-Identifier: MIT
"""http.client's methods, called with an object that has what http.client's own method uses.

Recipes do that: they replace a method and call the original one with an object of their own.
For each method there are rows: attributes and arguments.  Which of the attributes the http.client
of this Python uses is observed; the object then has these alone, in several ways.
"""
import http.client
import io
import types

import httpclient
import pytest

from support.installing import METHODS
from support.stand_ins import (
    WAYS, Row, call, file, message, method, of_module, sock, thing, used,
)
from support.ways import try_each

RESPONSE = http.client.HTTPResponse
CONNECTION = http.client.HTTPConnection
HTTPS = http.client.HTTPSConnection
STATE = "_HTTPConnection__state"
LAST = "_HTTPConnection__response"

REFUSED = OSError(32, "Broken pipe")
NEVER = (9,)        # COMPATIBILITY.md has the difference
CUT = of_module("IncompleteRead", b"")


def context(run, name):
    ssl = pytest.importorskip("ssl")
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


ROWS = {
    RESPONSE: {
        "__init__": [Row(thing(makefile=method("the file")), 1, "HEAD")],
        "begin": [
            Row(headers="begun"),
            *[Row(headers=None, _read_status=method(("HTTP/1.1", 200, "OK\r\n")), debuglevel=0,
                  fp=file(fields + b"\r\nsurplus"), _check_close=method(False), _method="GET",
                  _max_headers=None)
              for fields in (b"Content-Length: 7\r\n", b"Transfer-Encoding: chunked\r\n", b"")],
            Row(headers=None, _read_status=method(("HTTP/1.0", 200, "")), debuglevel=1,
                fp=file(b"A: b\r\n\r\n"), _check_close=method(True), _method="HEAD"),
            Row(headers=None, debuglevel=0, _check_close=method(False), _method="GET",
                _read_status=method(("HTTP/1.1", 100, ""), ("HTTP/1.1", 204, "None")),
                fp=file(b"A: b\r\n\r\nC: d\r\n\r\n")),
            Row(headers=None, _read_status=method(of_module("BadStatusLine", "x"))),
        ],
        "_read_status": [
            Row(fp=file(b"HTTP/1.1 200 OK\r\n"), debuglevel=0),
            Row(fp=file(b"HTTP/1.0 404\r\n"), debuglevel=1),
            Row(fp=file(b""), debuglevel=0),
            Row(fp=file(b"RTSP/1.0 200 OK\r\n"), debuglevel=0, _close_conn=method()),
            Row(fp=file(b"HTTP/1.1 200 " + bytes(70_000)), debuglevel=0),
        ],
        "_check_close": [
            *[Row(headers=headers, version=version) for version in (10, 11) for headers in (
                {}, {"connection": "close"}, {"connection": "Keep-Alive"}, {"keep-alive": "5"},
                {"proxy-connection": "keep-alive"}, thing(get=lambda run, name: str.isspace),
                message(("Connection", "close")), message(("Connection", "keep-alive")))],
        ],
        "_close_conn": [Row(fp=file(b"more"))],
        "close": [Row(fp=file(b"more"), _close_conn=method(), whole=True), Row(fp=None)],
        "flush": [Row(fp=thing(flush=method()), whole=True), Row(fp=None, whole=True)],
        "readable": [Row()],
        "isclosed": [Row(fp=None), Row(fp=file(b""))],
        "fileno": [Row(fp=thing(fileno=method(7)))],
        "read": [
            Row(fp=None),
            Row(fp=file(b"x"), _method="HEAD", _close_conn=method()),
            Row(5, fp=file(b""), _method="GET", chunked=True, _read_chunked=method(b"data")),
            Row(fp=file(b""), _method="GET", chunked=True, _read_chunked=method(CUT)),
            *[Row(amt, fp=file(b"content"), _method=None, chunked=False, length=length,
                  _close_conn=method()) for amt in (0, 3, 7, 9) for length in (None, 5, 7, 8)],
            Row(fp=file(b"content"), _method="GET", chunked=False, length=None,
                _close_conn=method()),
            Row(fp=file(b""), _method="GET", chunked=False, length=4, _close_conn=method(),
                _safe_read=method(b"data")),
            Row(fp=file(b""), _method="GET", chunked=False, length=4, _close_conn=method(),
                _safe_read=method(of_module("IncompleteRead", b"da", 2))),
        ],
        "readinto": [
            Row(bytearray(3), fp=None),
            Row(bytearray(3), fp=file(b""), _method="HEAD", _close_conn=method()),
            Row(bytearray(3), fp=file(b""), _method="GET", chunked=True,
                _readinto_chunked=method(2)),
            *[Row(bytearray(size), fp=file(b"content"), _method="GET", chunked=False,
                  length=length, _close_conn=method())
              for size in (0, 3, 9) for length in (None, 5, 7, 8)],
        ],
        "read1": [
            Row(fp=None), Row(fp=file(b""), _method="HEAD"),
            Row(3, fp=file(b""), _method="GET", chunked=True, _read1_chunked=method(b"dat")),
            *[Row(n, fp=file(b"content"), _method="GET", chunked=False, length=length,
                  _close_conn=method()) for n in (0, 3) for length in (None, 5)],
            Row(9, fp=file(b"content"), _method="GET", chunked=False, length=5,
                _close_conn=method(), since=(3, 13)),
        ],
        "peek": [
            Row(fp=None), Row(fp=file(b""), _method="HEAD"),
            Row(3, fp=file(b""), _method="GET", chunked=True, _peek_chunked=method(b"dat")),
            Row(fp=file(b"content"), _method="GET", chunked=False),
        ],
        "readline": [
            Row(fp=None), Row(fp=file(b""), _method="HEAD"),
            *[Row(n, fp=file(b"one\ntwo\n"), _method="GET", chunked=False, length=length,
                  _close_conn=method()) for n in (-1, 2) for length in (None, 5)],
            Row(fp=file(b"one"), _method="GET", chunked=False, length=3, _close_conn=method(),
                since=(3, 13)),
        ],
        "_read_next_chunk_size": [
            Row(fp=file(b"1f\r\n")), Row(fp=file(b"5;a=b\r\nhello")),
            Row(fp=file(b"hello\r\n"), _close_conn=method()),
            Row(fp=file(bytes(70_000)), _close_conn=method(), since=NEVER),
        ],
        "_read_and_discard_trailer": [
            Row(fp=file(b"A: b\r\n\r\nmore"), _max_headers=None),
            Row(fp=file(b"\r\nmore"), _max_headers=None), Row(fp=file(b""), _max_headers=None),
        ],
        "_get_chunk_left": [
            Row(chunk_left=5),
            Row(chunk_left=0, _safe_read=method(b"\r\n"), _read_next_chunk_size=method(7)),
            Row(chunk_left=None, _read_next_chunk_size=method(0), _close_conn=method(),
                _read_and_discard_trailer=method()),
            Row(chunk_left=None, _read_next_chunk_size=method(ValueError("size"))),
        ],
        "_read_chunked": [
            Row(chunked=True, _get_chunk_left=method(3, 2, None), chunk_left=3,
                _safe_read=method(b"abc", b"de")),
            Row(4, chunked=True, _get_chunk_left=method(3, 2), chunk_left=3,
                _safe_read=method(b"abc", b"d")),
            Row(chunked=True, _get_chunk_left=method(3, CUT), chunk_left=3,
                _safe_read=method(b"abc")),
        ],
        "_readinto_chunked": [
            Row(bytearray(9), chunked=True, _get_chunk_left=method(3, 2, None), chunk_left=3,
                _safe_readinto=method(3, 2)),
            Row(bytearray(4), chunked=True, _get_chunk_left=method(3, 2), chunk_left=3,
                _safe_readinto=method(3, 1)),
            Row(bytearray(9), chunked=True, _get_chunk_left=method(3, CUT), chunk_left=3,
                _safe_readinto=method(3)),
        ],
        "_read1_chunked": [
            Row(2, _get_chunk_left=method(3), fp=file(b"abc"), chunk_left=3),
            Row(-1, _get_chunk_left=method(3), fp=file(b"abcdef"), chunk_left=3),
            Row(2, _get_chunk_left=method(3), fp=file(b""), chunk_left=3, since=NEVER),
            Row(2, _get_chunk_left=method(None)),
        ],
        "_peek_chunked": [
            Row(2, _get_chunk_left=method(3), fp=file(b"abcdef")),
            Row(2, _get_chunk_left=method(None)), Row(2, _get_chunk_left=method(CUT)),
        ],
        "_safe_read": [Row(3, fp=file(b"abcdef")), Row(3, fp=file(b"ab"))],
        "_safe_readinto": [Row(bytearray(3), fp=file(b"abcd")), Row(bytearray(3), fp=file(b"a"))],
        "getheader": [
            Row("a", headers=None), Row("A", headers=message(("a", "1"), ("a", "2"))),
            Row("b", ("x", "y"), headers=message(("a", "1"))),
            Row("a", headers=thing(get_all=method(["1"]))),
        ],
        "getheaders": [
            Row(headers=None), Row(headers=message(("a", "1"), ("a", "2"))),
            Row(headers={"a": "b"}),
        ],
        "__iter__": [Row()],
        "info": [Row(headers="the headers")],
        "geturl": [Row(url="the URL")],
        "getcode": [Row(status=200)],
    },
    CONNECTION: {
        "_is_textIO": [Row(io.StringIO()), Row(io.BytesIO())],
        "_get_content_length": [Row(None, "POST"), Row(b"data", "GET"), Row([b"data"], "GET")],
        "__init__": [Row("a.example", 8080, _get_hostport=method(("a.example", 8080)),
                         _validate_host=method(), keywords={"timeout": 5, "blocksize": 100})],
        "set_tunnel": [
            Row("origin", 443, {"A": "b"}, sock=None, _get_hostport=method(("origin", 443)),
                since=(3, 12)),
            Row("origin", sock=None, _get_hostport=method(("origin", 443)),
                _tunnel_headers={"A": "b"}, since=(3, 12)),
            Row("origin", sock=sock()),
        ],
        "_get_hostport": [Row("a:1", None), Row("[::1]", None, default_port=80), Row("a:b", None)],
        "set_debuglevel": [Row(1)],
        "_wrap_ipv6": [Row(b"::1")],
        "_tunnel": [Row(
            _tunnel_host="origin", _tunnel_port=443, _tunnel_headers={"Host": "origin:443"},
            _wrap_ipv6=method(b"origin"), _http_vsn_str="HTTP/1.1", send=method(), _method=None,
            response_class=method(thing(
                _read_status=method(("HTTP/1.1", code, "Text")), close=method(),
                fp=lambda run, name: io.BytesIO(b"A: b\r\n\r\n"))),
            sock="the socket", debuglevel=0, close=method(), max_response_headers=None,
            since=(3, 15)) for code in (200, 403)],
        "get_proxy_response_headers": [
            Row(_raw_proxy_headers=None), Row(_raw_proxy_headers=[b"A: b\r\n", b"\r\n"])],
        "connect": [
            Row(host="a", port=1, timeout=5, source_address=None, _tunnel_host=tunnel,
                _create_connection=method(sock()), _tunnel=method())
            for tunnel in (None, "origin")] + [
            Row(host="a", port=1, timeout=5, source_address=None,
                _create_connection=method(REFUSED)),
        ],
        "close": [
            Row(sock=None, **{STATE: "Idle", LAST: None}),
            Row(sock=sock(), **{STATE: "Request-sent", LAST: thing(close=method())}),
        ],
        "send": [
            Row(b"data", sock=sock(), debuglevel=0),
            Row(b"data", sock=sock(), debuglevel=1),
            Row(bytearray(b"data"), sock=sock(), debuglevel=0),
            Row(b"data", sock=None, debuglevel=0, auto_open=0),
            Row(b"data", sock=None, debuglevel=0, auto_open=1, connect=method(
                do=lambda given: setattr(given, "sock", types.SimpleNamespace(sendall=print)))),
            Row(lambda run, name: io.BytesIO(b"some data"), sock=sock(), debuglevel=1,
                blocksize=5, _is_textIO=method(False)),
            Row(lambda run, name: io.StringIO("some data"), sock=sock(), debuglevel=0,
                blocksize=5, _is_textIO=method(True)),
            Row([b"some", b"data"], debuglevel=0,
                sock=sock(sendall=method(TypeError("a list"), None))),
            Row(5, sock=sock(sendall=method(TypeError("a number"))), debuglevel=0),
            Row(b"data", sock=sock(sendall=method(REFUSED)), debuglevel=0),
            Row(lambda run, name: io.BytesIO(b"data"), sock=sock(sendall=method(REFUSED)),
                debuglevel=0, blocksize=5, _is_textIO=method(False)),
        ],
        "_output": [Row(b"A: b", _buffer=[])],
        "_read_readable": [
            Row(lambda run, name: io.BytesIO(b"some data"), debuglevel=1, blocksize=5,
                _is_textIO=method(False)),
            Row(lambda run, name: io.StringIO("some data"), debuglevel=0, blocksize=5,
                _is_textIO=method(True)),
        ],
        "_send_output": [
            Row(_buffer=[b"GET / HTTP/1.1"], send=method()),
            Row(b"body", _buffer=[b"GET / HTTP/1.1"], send=method()),
            Row([b"some", b"body", b""], _buffer=[b"GET / HTTP/1.1"], send=method(), _http_vsn=11,
                debuglevel=1, keywords={"encode_chunked": True}),
            Row(lambda run, name: io.BytesIO(b"body"), _buffer=[b"GET / HTTP/1.1"], send=method(),
                _read_readable=method([b"block"])),
            Row(b"body", _buffer=[b"GET / HTTP/1.1"], send=method(REFUSED)),
        ],
        "putrequest": [
            Row("GET", url, _http_vsn=version, _http_vsn_str="HTTP/1.1", host="a", port=port,
                default_port=80, _tunnel_host=None, _validate_method=method(),
                _validate_path=method(), _output=method(), _encode_request=method(b"GET"),
                putheader=method(), _wrap_ipv6=method(b"a"),
                **{STATE: "Idle", LAST: thing(isclosed=method(True))})
            for url, version, port in [("/", 11, 80), ("/", 11, 81), ("http://b/", 11, 80),
                                       ("/", 10, 80)]] + [
            Row("GET", "/", **{STATE: "Request-sent", LAST: None}),
            Row("GET", "/", _validate_method=method(ValueError("a method")),
                **{STATE: "Request-sent", LAST: None}),
        ],
        "_encode_request": [Row("GET"), Row("é")],
        "_validate_method": [Row("GET"), Row("GET\r")],
        "_validate_path": [Row("/"), Row("/ ")],
        "_validate_host": [Row("host"), Row("host ")],
        "putheader": [
            Row("A", "b", 5, b"c", _output=method(), **{STATE: "Request-started"}),
            Row("A:", "b", **{STATE: "Request-started"}), Row("A", "b", **{STATE: "Idle"}),
        ],
        "endheaders": [
            Row(_send_output=method(), **{STATE: "Request-started"}),
            Row(b"body", _send_output=method(), keywords={"encode_chunked": True},
                **{STATE: "Request-started"}),
            Row(**{STATE: "Idle"}),
        ],
        "request": [
            Row("GET", "/", _send_request=method()),
            Row("PUT", "/", b"body", {"A": "b"}, _send_request=method(),
                keywords={"encode_chunked": True}),
            Row("GET", "/", _send_request=method(REFUSED)),
        ],
        "_send_request": [
            Row("PUT", "/", body, headers, False, putrequest=method(), putheader=method(),
                endheaders=method(), debuglevel=1, _get_content_length=method(length))
            for body, length in [(b"body", 4), ("text", 4), ([b"some"], None), (None, None)]
            for headers in ({}, {"Host": "b", "Accept-Encoding": "gzip"},
                            {"Content-Length": "4"}, {"Transfer-Encoding": "chunked"})],
        "getresponse": [
            Row(debuglevel=level, sock="the socket", _method="GET", close=method(),
                response_class=method(thing(begin=method(raised), will_close=ends, name="made",
                                            close=method())),
                max_response_headers=None,
                **{STATE: "Request-sent", LAST: last})
            for level, raised, ends, last in [
                (0, None, False, None), (1, None, True, None),
                (0, None, False, thing(isclosed=method(True))),
                (0, None, False, thing(isclosed=method(False))),
                (0, ConnectionResetError("reset"), False, None)]] + [
            Row(**{STATE: "Idle", LAST: None}),
        ],
    },
    HTTPS: {
        "__init__": [Row("a.example", 443, _get_hostport=method(("a", 443)), _http_vsn=11,
                         _validate_host=method(), keywords={"context": context})],
        "connect": [Row(
            host="a", port=1, timeout=5, source_address=None, _tunnel_host=None,
            _create_connection=method(sock()), _tunnel=method(), whole=True,
            _context=thing(wrap_socket=method("the TLS socket")))],
    },
}


@pytest.mark.parametrize(("cls", "name"), METHODS,
                         ids=[f"{cls.__name__}.{name}" for cls, name in METHODS])
def test_each_method_has_a_row(cls, name):
    assert ROWS[cls].get(name)


INHERITED = [(HTTPS, name) for cls, name in METHODS
             if cls is CONNECTION and name not in ROWS[HTTPS]]
CASES = {f"{cls.__name__}.{name}": {
    f"row {number} over a {over}": (cls, name, row, over)
    for number, row in enumerate((ROWS[CONNECTION] | ROWS[cls]).get(name, ()))
    for over in ["file", "socket"][:1 + row.has_file]}
    for cls, name in [*METHODS, *INHERITED]}


@pytest.fixture(scope="module")
def expected():
    """CASES, each with the attributes that http.client uses, and what it does in each way."""
    assert not httpclient.installed()

    def outcomes(cls, name, row, over):
        names = used(cls, name, row, over)
        return cls, name, row, over, names, [
            call(http.client, cls, name, row, way, over, names) for way in WAYS]

    return {method: {case: outcomes(*given) for case, given in cases.items()}
            for method, cases in CASES.items()}


@pytest.fixture(scope="module", params=["httpclient", "installed"])
def ours(request, expected):
    """Installed once: CPython gives a class no more than 1000 versions, for each change one."""
    if request.param == "httpclient":
        yield httpclient
    else:
        with httpclient.installed():
            yield http.client


@pytest.mark.parametrize("called", CASES)
def test_method_does_what_that_of_http_client_does(ours, expected, called):
    def check(case):
        cls, name, row, over, names, outcomes = case
        for way, theirs in zip(WAYS, outcomes):
            found = call(ours, cls, name, row, way, over, names)
            if not row.alike:
                found, theirs = found.get("raised", [""])[0], theirs.get("raised", [""])[0]
            assert found == theirs, way.__name__

    try_each(expected[called], check)

# SPDX-License-Identifier: MIT
"""The head of a response: its limits, its message object, and where reading stops.

What the grammar does not allow is in test_hostile_bytes.py; that regular heads are the same as in
http.client is in test_same_as_stdlib.py.  Tests that take `module` hold for both.
"""

import contextlib
import copy
import email.errors
import functools
import http.client
import io
import pickle

import pytest

import httpclient
from support import arrive, newest, wires
from support.ways import in_each_way

OK = b"HTTP/1.1 200 OK\r\n"
TAIL = b"Content-Length: 5\r\n\r\nhello"

both = pytest.mark.parametrize("module", [http.client, httpclient],
                               ids=["http.client", "httpclient"])
SOCKETS = {"memory": arrive.memory, "buffered file": arrive.buffered, "socket": arrive.pair,
           "socket, bytewise": functools.partial(arrive.pair, cuts=arrive.bytewise)}
WAYS = SOCKETS | {"fed": arrive.fed}
every_socket = in_each_way("way", SOCKETS)
every_way = in_each_way("way", WAYS)
both_every_way = in_each_way("module, way", {
    **{f"http.client, {name}": (http.client, way) for name, way in SOCKETS.items()},
    **{f"httpclient, {name}": (httpclient, way) for name, way in WAYS.items()},
})


def begun(module, arrival, **options):
    """A response whose head has been read, for a `with`; closed where that fails."""
    arrival.deliver()
    response = arrival.response(module)
    try:
        response.begin(**options)
    except BaseException:
        response.close()
        raise
    return response


# --- limits --------------------------------------------------------------------------------------

def line_of(prefix, size):
    """A line of that size, its CRLF included."""
    return prefix + b"x" * (size - len(prefix) - 2) + b"\r\n"


LINES = {
    "status line": lambda size: line_of(b"HTTP/1.1 200 ", size) + TAIL,
    "header line": lambda size: OK + line_of(b"A: ", size) + TAIL,
    "header line, later": lambda size: OK + b"A: b\r\n" * 50 + line_of(b"A: ", size) + TAIL,
    "header line, interim": lambda size:
        b"HTTP/1.1 100 x\r\n" + line_of(b"A: ", size) + b"\r\n" + OK + TAIL,
    "header line, odd head": lambda size: OK + b"A : b\r\n" + line_of(b"A: ", size) + TAIL,
}


@both_every_way
@pytest.mark.parametrize("name", LINES)
def test_line_of_65536_bytes_is_read(module, name, way):
    with way(LINES[name](65536)) as arrival, begun(module, arrival) as response:
        assert response.status == 200
        if "odd" not in name:       # http.client loses the fields
            assert response.read() == b"hello"


@both_every_way
@pytest.mark.parametrize("name", LINES)
def test_line_of_65537_bytes_is_refused(module, name, way):
    with way(LINES[name](65537)) as arrival:
        with pytest.raises(module.LineTooLong) as caught:
            begun(module, arrival)
    what = name.split(",")[0]
    assert caught.value.args == (f"got more than 65536 bytes when reading {what}",)
    if module is httpclient:
        begins = b"HTTP/1.1 200 x" if what == "status line" else b"A: x"
        assert caught.value.line.startswith(begins)
        assert str(caught.value) == f"{caught.value.args[0]}: {caught.value.line!r}"


@both_every_way
def test_a_line_without_end_is_refused(module, way):
    with way(OK + b"A: " + b"x" * 200_000) as arrival:
        with pytest.raises(module.LineTooLong):
            begun(module, arrival)


def many(count, odd=b""):
    """A response with that many field lines."""
    lines = [b"X-%d: %d\r\n" % (i, i) for i in range(count - 1 - bool(odd))]
    return OK + odd + b"".join(lines) + TAIL


@every_socket
@pytest.mark.parametrize(("count", "module"), [(99, http.client), (99, httpclient),
                                               (100, httpclient)])
def test_100_fields_are_accepted(count, module, way):
    """http.client before 3.15 counted the empty line too."""
    with way(many(count)) as arrival, begun(module, arrival) as response:
        assert len(response.getheaders()) == count
        assert response.read() == b"hello"


@both_every_way
@pytest.mark.parametrize("data", [
    many(101), many(101, b"A : b\r\n"), many(5000), OK + b"A: b\r\n" * 101,
    b"HTTP/1.1 100 Continue\r\n" + b"A: b\r\n" * 101,
], ids=["101", "101, one odd", "5000", "101 and the end", "interim"])
def test_101_fields_are_refused(data, module, way):
    with way(data) as arrival:
        with pytest.raises(module.HTTPException, match="^got more than 100 headers$"):
            begun(module, arrival)


@every_socket
@pytest.mark.parametrize(("limit", "count", "fits"), [(5, 5, True), (5, 6, False), (0, 1, False),
                                                      (200, 200, True), (200, 201, False)])
def test_max_response_headers_limits_the_fields(limit, count, fits, way):
    """New in http.client 3.15, here on every interpreter."""
    data = many(count)
    with way(data) as arrival:
        conn = httpclient.HTTPConnection("localhost", max_response_headers=limit)
        conn.sock = arrival.sock
        conn.request("GET", "/")
        arrival.deliver()
        if fits:
            with conn.getresponse() as response:
                assert len(response.getheaders()) == count
        else:
            with pytest.raises(httpclient.HTTPException, match=f"got more than {limit} headers"):
                conn.getresponse()
        conn.close()
    with way(data) as arrival:
        if fits:
            begun(httpclient, arrival, _max_headers=limit).close()
        else:
            with pytest.raises(httpclient.HTTPException, match=f"got more than {limit} headers"):
                begun(httpclient, arrival, _max_headers=limit)


def size_of_head(data):
    return len(data) - len(b"hello")


IN_CHUNKS = OK + b"Transfer-Encoding: chunked\r\n\r\n"
CHUNK = line_of(b"1;", 24) + b"h\r\n"
LAST = b"0\r\n\r\n"
ODD = many(5, b"A : b\r\n")
EDGES = {
    "head": ("max_response_head", many(5), size_of_head(many(5))),
    "odd head": ("max_response_head", ODD, size_of_head(ODD)),
    "interim": ("max_response_head", 20 * b"HTTP/1.1 103 x\r\nA: b\r\n\r\n" + OK + TAIL, 20 * 8),
    "chunk framing": ("max_chunk_overhead", IN_CHUNKS + 2 * CHUNK + LAST, 24 + 2 + 24 - 10),
    "chunk line": ("max_chunk_line", IN_CHUNKS + CHUNK + LAST, 24),
    "chunk line, as any line": (
        "max_response_line", IN_CHUNKS + line_of(b"1;", 100) + b"h\r\n" + LAST, 100),
}


class BySteps(httpclient.HTTPResponse):
    """Its steps are overridden, so they are taken one by one."""

    def _read_status(self):
        return super()._read_status()

    def _safe_read(self, amt):
        return super()._safe_read(amt)


@every_socket
@pytest.mark.parametrize("response_class", [httpclient.HTTPResponse, BySteps])
@pytest.mark.parametrize(("name", "data", "limit"), EDGES.values(), ids=EDGES)
def test_limits_hold_at_their_exact_value(name, data, limit, response_class, way):
    """The limit falls on the same octet over each kind of socket."""
    for fits in (True, False):
        with way(data) as arrival:
            conn = httpclient.HTTPConnection("localhost", **{name: limit if fits else limit - 1})
            conn.response_class = response_class
            conn.sock = arrival.sock
            conn.request("GET", "/")
            arrival.deliver()
            with contextlib.closing(conn):
                if fits:
                    conn.getresponse().read()
                else:
                    with pytest.raises(httpclient.HTTPException):
                        conn.getresponse().read()


@every_way
@pytest.mark.parametrize("place", [http.client, httpclient], ids=["http.client", "httpclient"])
def test_rebound_limits_are_obeyed(monkeypatch, place, way):
    """Programs assign to _MAXHEADERS and _MAXLINE; either module's is obeyed."""
    before = http.client._MAXHEADERS, http.client._MAXLINE
    monkeypatch.setattr(place, "_MAXHEADERS", 3)
    assert http.client._MAXHEADERS == httpclient._MAXHEADERS == 3
    with way(many(3)) as arrival, begun(httpclient, arrival) as response:
        assert len(response.getheaders()) == 3
    with way(many(4)) as arrival:
        with pytest.raises(httpclient.HTTPException, match="got more than 3 headers"):
            begun(httpclient, arrival)
    monkeypatch.setattr(place, "_MAXLINE", 100)
    assert http.client._MAXLINE == httpclient._MAXLINE == 100
    with way(OK + line_of(b"A: ", 100) + TAIL) as arrival:
        begun(httpclient, arrival).close()
    with way(OK + line_of(b"A: ", 101) + TAIL) as arrival:
        with pytest.raises(httpclient.LineTooLong, match="100 bytes"):
            begun(httpclient, arrival)
    monkeypatch.undo()
    assert before == (http.client._MAXHEADERS, http.client._MAXLINE)


@every_way
def test_a_head_of_more_than_1_mib_is_refused(way):
    """COMPATIBILITY.md: http.client takes a hundred lines of 64 KiB."""
    line = line_of(b"A: ", 60_000)
    with way(OK + 17 * line + TAIL) as arrival, begun(httpclient, arrival) as response:
        assert response.read() == b"hello"
    with way(OK + 18 * line + TAIL) as arrival:
        with pytest.raises(httpclient.HTTPException):
            begun(httpclient, arrival)


@every_way
@pytest.mark.parametrize("status", [100, 102])
def test_101st_interim_response_is_refused(status, way):
    interim = b"HTTP/1.1 %d x\r\nA: b\r\n\r\n" % status
    with way(100 * interim + OK + TAIL) as arrival, begun(httpclient, arrival) as response:
        assert response.read() == b"hello"
    with way(101 * interim + OK + TAIL) as arrival:
        with pytest.raises(httpclient.HTTPException, match="got more than 100 interim responses"):
            begun(httpclient, arrival)


# --- where reading stops -------------------------------------------------------------------------

@both
@pytest.mark.parametrize("lines", [
    b"", b"A: b\r\n", b"HTTP/1.1 100 Continue\r\n\r\n",
], ids=["no field", "a field", "interim"])
def test_nothing_is_read_after_the_head(module, lines):
    """The body stays in a file that is not a socket's."""
    head = (lines + OK if lines.startswith(b"HTTP") else OK + lines) + b"\r\n"
    with arrive.memory(head + b"body") as arrival, begun(module, arrival) as response:
        assert arrival.file.tell() == len(head)
        assert arrival.file is response.fp


@both
def test_begin_reads_one_head_once(module):
    with arrive.memory(OK + TAIL + OK) as arrival, begun(module, arrival) as response:
        response.begin()
        assert response.read() == b"hello"


# --- the message ---------------------------------------------------------------------------------

PLAIN = [wire for wire in wires.WIRES if not wire.rows]


@every_socket
@pytest.mark.parametrize("wire", wires.table(*PLAIN))
def test_message_is_what_the_email_parser_makes(wire, way):
    """For regular heads, down to the private attributes that the email package goes by."""
    def message(module):
        with way(wire.data) as arrival:
            try:
                with begun(module, arrival) as response:
                    assert response.headers is response.msg
                    return response.msg
            except http.client.HTTPException:
                return None

    ours, theirs = message(httpclient), message(newest)
    if theirs is None:
        assert ours is None
        return
    assert isinstance(ours, http.client.HTTPMessage)
    hidden = ("defects", "_payload")
    assert {name: value for name, value in vars(ours).items() if name not in hidden} == {
        name: value for name, value in vars(theirs).items() if name not in hidden}
    assert str(ours.get_payload()) == str(theirs.get_payload()) or ours.is_multipart()
    assert [type(one) for one in ours.defects] == [type(one) for one in theirs.defects]
    assert as_string(ours) == as_string(theirs)


def as_string(message):
    """The message as text; since 3.12 not every value can be written."""
    try:
        return message.as_string()
    except email.errors.MessageError as error:
        return str(error)


@every_way
def test_bad_version_is_refused_before_the_missing_end(way):
    with way(b"HTTP/1.10 200 OK\r\nA") as arrival:
        with pytest.raises(httpclient.UnknownProtocol):
            begun(httpclient, arrival)


@both
@pytest.mark.parametrize("name", ["A", "A:b", "A:", "A:b:c", ":", "", "A ", "A: b"])
def test_getheader_finds_nothing_by_a_name_with_a_colon(module, name):
    """It is no field's name, though some field line begins with it."""
    data = OK + b"A:b:c\r\nA: b: c\r\n\r\n"
    with arrive.pair(data) as arrival, begun(module, arrival) as response:
        assert response.getheader(name) == ("b:c, b: c" if name == "A" else None)


@both
def test_changed_message_changes_the_headers(module):
    data = OK + b"A: 1\r\na: 2\r\nB: 3\r\n\r\n"
    with arrive.pair(data) as arrival, begun(module, arrival) as response:
        response.msg["C"] = "4"
        del response.msg["B"]
        response.msg.replace_header("c", "5")
        assert response.getheaders() == [("A", "1"), ("a", "2"), ("C", "5")]
        assert response.getheader("A") == "1, 2"
        assert response.msg.get_all("A") == ["1", "2"]
        response.headers = response.msg = module.HTTPMessage()
        assert response.getheaders() == []


@both
@pytest.mark.parametrize("make", [io.BytesIO, lambda data: io.BufferedReader(io.BytesIO(data))],
                         ids=["BytesIO", "BufferedReader"])
def test_parse_headers_reads_one_field_section(module, make):
    """The bytes after it stay in the file; `_class` is the class of the message."""
    class Message(module.HTTPMessage):
        seen = 0

        def set_raw(self, name, value):
            self.seen += 1
            super().set_raw(name, value)

    file = make(b"A: b\r\nC:d\n\r\nrest")
    assert module.parse_headers(file).items() == [("A", "b"), ("C", "d")]
    assert file.read() == b"rest"
    message = module.parse_headers(make(b"A: b\r\nC: d\r\n\r\n"), _class=Message)
    assert (type(message), message.seen) == (Message, 2)


def test_read_headers_takes_one_argument():
    """urllib3 calls it so; http.client 3.15 wants two."""
    file = io.BytesIO(b"A: b\r\n c\r\nnonsense\n\r\nrest")
    lines = [line for line in httpclient._read_headers(file) if line.strip()]
    assert lines == [b"A: b\r\n", b" c\r\n", b"nonsense\n"]
    assert file.read() == b"rest"


# --- an empty line before the head ---------------------------------------------------------------

def second_response(data, strict, way):
    """The content of the response to the second request on a connection."""
    conn = httpclient.HTTPConnection("localhost", strict=strict)
    conn.auto_open = 0
    with way(OK + TAIL) as arrival:
        conn.sock = arrival.sock
        conn.request("GET", "/1")
        if isinstance(arrival, arrive.Pair):
            arrival.peer.sendall(OK + TAIL)
        assert conn.getresponse().read() == b"hello"
        conn.request("GET", "/2")
        arrival.data = data
        arrival.deliver()
        try:
            with conn.getresponse() as response:
                assert response.raw_head == OK + TAIL[:-5]
                return response.read()
        finally:
            conn.close()


@every_socket
@pytest.mark.parametrize("end", [b"\r\n", b"\n"], ids=["CRLF", "LF"])
def test_one_empty_line_before_a_later_response_is_skipped(end, way):
    """Old servers send one after a body (RFC 9112 2.2)."""
    assert second_response(end + OK + TAIL, None, way) == b"hello"
    assert second_response(end + OK + TAIL, False, way) == b"hello"
    for data, strict in ((end + OK + TAIL, True), (2 * end + OK + TAIL, None)):
        with pytest.raises(httpclient.BadStatusLine):
            second_response(data, strict, way)


@both_every_way
def test_empty_line_before_the_first_response_is_refused(module, way):
    with way(b"\r\n" + OK + TAIL) as arrival:
        with pytest.raises(module.BadStatusLine):
            begun(module, arrival)


# --- copies --------------------------------------------------------------------------------------

COPIES = [copy.copy, copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))]


@both
@pytest.mark.parametrize("copied", COPIES)
@pytest.mark.parametrize("data", [
    OK + b"A: b\r\n" + TAIL,
    IN_CHUNKS + CHUNK + b"0\r\nA: b\r\n\r\n",
    ODD,
    b"HTTP/1.0 404 No\r\n\r\n",
    b"HTTP/1.1 103 x\r\nA: b\r\n\r\n" + OK + TAIL,
], ids=["plain", "chunked", "odd", "1.0", "interim"])
def test_response_that_was_read_can_be_copied(module, data, copied):
    with arrive.pair(data) as arrival, begun(module, arrival) as response:
        arrival.close()
        response.read()
        for other in (copied(response), copied(response)):  # the second has its message made
            assert other.read() == b"" and other.isclosed()
            for name in ("status", "reason", "version", "length", "chunked", "will_close"):
                assert getattr(other, name) == getattr(response, name)
            assert other.getheaders() == response.getheaders()
            assert other.getheader("A") == response.getheader("A")
            if module is httpclient:
                assert other.raw_head == response.raw_head
                assert other.trailers.items() == response.trailers.items()
                assert [one.headers.items() for one in other.informational] == [
                    one.headers.items() for one in response.informational]


@both
@pytest.mark.parametrize("copied", COPIES)
def test_response_file_cannot_be_copied(module, copied):
    """A copy would read what the other one misses, and close it."""
    with arrive.pair(OK + TAIL) as arrival, begun(module, arrival) as response:
        with pytest.raises(TypeError):
            copied(response.fp)
        assert response.read() == b"hello"

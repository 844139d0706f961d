# SPDX-License-Identifier: MIT
"""Callers who take apart chunks over ``response.fp`` themselves, as couchdb and urllib3 do.

After the last CRLF the connection can be used again, and not before.
"""

import contextlib

import httpclient
import pytest

from support.servers import tcp_pair

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


@contextlib.contextmanager
def connected():
    """(a connection, the server's end), which is served by the test."""
    ours, server = tcp_pair()
    with ours, server:
        connection = httpclient.HTTPConnection("in.memory")
        connection.sock = ours
        yield connection, server


def ask(connection, server, reply):
    connection.request("GET", "/")
    server.recv(10_000)
    server.sendall(reply)
    return connection.getresponse()


def lines(fp):
    while fp.readline() not in (b"\r\n", b""):
        pass


ENDS = {
    "readline": lambda fp: fp.readline(),
    "lines": lines,
    "read(2)": lambda fp: fp.read(2),
}


def data_of_chunks(fp):
    while size := int(fp.readline().split(b";")[0], 16):
        yield fp.read(size)
        assert fp.readline() == b"\r\n"


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("last", [b"0\r\n\r\n", b"000;x=y\r\n\r\n"], ids=repr)
def test_the_connection_is_used_again_after_the_last_crlf(end, last):
    with connected() as (connection, server):
        sock = connection.sock
        for _ in range(3):
            response = ask(connection, server, CHUNKED + b"3\r\nabc\r\n2\r\nde\r\n" + last)
            assert b"".join(data_of_chunks(response.fp)) == b"abcde"
            end(response.fp)
            response.close()
            assert not response.will_close and connection.sock is sock


def test_trailers_are_lines_too():
    with connected() as (connection, server):
        for _ in range(2):
            response = ask(connection, server, CHUNKED + b"3\r\nabc\r\n0\r\nX: y\r\n\r\n")
            assert b"".join(data_of_chunks(response.fp)) == b"abc"
            lines(response.fp)
            response.close()
            assert not response.will_close


# where a caller stops -> how the caller reads, and what has come of b"\r\n", the end
STOPS = {
    "after the CRLF of a chunk": (lambda fp: (fp.readline(), fp.read(3), fp.readline()), b""),
    "after the last chunk's line": (lambda fp: list(data_of_chunks(fp)), b""),
    "after data that looks like the end": (
        lambda fp: (fp.readline(), fp.read(3), fp.readline(), fp.readline(), fp.read(5)), b""),
    "after lines of data that look like the end": (
        lambda fp: (fp.readline(), fp.read(3), fp.readline(), fp.readline(), fp.readline(),
                    fp.readline()), b""),
    "after half of the last CRLF": (lambda fp: (list(data_of_chunks(fp)), fp.read(1)), b"\r"),
}


@pytest.mark.parametrize(("stop", "end"), STOPS.values(), ids=STOPS)
def test_the_connection_ends_where_chunks_are_left(stop, end):
    """The rest of them, which may come later, must not be taken for the next response."""
    with connected() as (connection, server):
        wire = CHUNKED + b"3\r\nabc\r\n5\r\n0\r\n\r\n\r\n0\r\n" + end
        response = ask(connection, server, wire)
        stop(response.fp)
        response.close()
        assert response.will_close

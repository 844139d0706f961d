# SPDX-License-Identifier: MIT
"""`response.fp` over a socket: a file like the one that makefile() gives http.client."""

import contextlib
import http.client
import io
import socket

import httpclient
import pytest

from support.servers import tcp_pair

LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\na\nb\nc\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\na\nb\nc\n\r\n0\r\n\r\n"
TO_THE_END = b"HTTP/1.1 200 OK\r\n\r\na\nb\nc\n"
WIRES = {"length": LENGTH, "chunked": CHUNKED, "close": TO_THE_END}
UNSUPPORTED = {
    "seek": (0,), "tell": (), "truncate": (), "truncate to": (3,), "write": (b"x",),
    "writelines": ([b"x"],),
}


class Narrow(socket.socket):
    """A socket of a class whose objects have no __dict__."""

    __slots__ = ()


@contextlib.contextmanager
def response_to(wire, module=httpclient, kind=socket.socket):
    """A response over a socket, its head read."""
    ours, theirs = tcp_pair()
    with kind(fileno=ours.detach()) as ours, theirs:
        theirs.sendall(wire)
        theirs.shutdown(socket.SHUT_WR)
        response = module.HTTPResponse(ours)
        response.begin()
        with response:
            yield response


def released():
    view = memoryview(bytearray(3))
    view.release()
    return view


# What cannot be read into.
NO_ROOM = {
    "bytes": b"abc", "view of bytes": memoryview(b"abc"), "empty": b"", "str": "abc", "int": 3,
    "every other": memoryview(bytearray(6))[::2], "released": released(),
}


@pytest.mark.parametrize("wire", WIRES.values(), ids=WIRES)
def test_socket_subclass_with_slots_gets_a_file(wire):
    with response_to(wire, kind=Narrow) as response:
        assert response.read() == b"a\nb\nc\n"


@pytest.mark.parametrize("module", [http.client, httpclient])
@pytest.mark.parametrize("name", ["readinto", "readinto1"])
@pytest.mark.parametrize("room", NO_ROOM.values(), ids=NO_ROOM)
def test_file_reads_into_writable_buffers_alone(name, room, module):
    with response_to(LENGTH, module) as response:
        with pytest.raises(TypeError, match="argument must be read-write bytes-like object, not "
                                            f"{type(room).__name__}$"):
            getattr(response.fp, name)(room)
        assert response.read() == b"a\nb\nc\n"


@pytest.mark.parametrize("module", [http.client, httpclient])
@pytest.mark.parametrize("wire", WIRES.values(), ids=WIRES)
@pytest.mark.parametrize("room", ["bytes", "view of bytes", "every other", "str", "int"])
def test_response_reads_into_writable_buffers_alone(room, wire, module):
    with response_to(wire, module) as response:
        with pytest.raises(TypeError):
            response.readinto(NO_ROOM[room])
        if module is httpclient:        # http.client has a chunk-size line less by then
            assert response.read() == b"a\nb\nc\n"


@pytest.mark.parametrize("wire", WIRES.values(), ids=WIRES)
def test_refused_buffer_is_explained(wire):
    with response_to(wire) as response, pytest.raises(TypeError, match="read-write bytes-like"):
        response.readinto(b"abc")


@pytest.mark.parametrize("hint", [-1, 0, 1, 2, 3, 4, 5, 6, 7, None])
def test_lines_up_to_a_hint(hint):
    found = []
    for module in (http.client, httpclient):
        with response_to(LENGTH, module) as response:
            found.append((response.fp.readlines(hint), response.fp.read()))
    assert found[0] == found[1]


@pytest.mark.parametrize("how", UNSUPPORTED)
def test_file_does_not_write_or_seek(how):
    name, args = how.split()[0], UNSUPPORTED[how]
    said = []
    for module in (http.client, httpclient):
        with response_to(LENGTH, module) as response:
            with pytest.raises(io.UnsupportedOperation) as caught:
                getattr(response.fp, name)(*args)
            said.append(str(caught.value))
            assert response.fp.writelines([]) is None
            with pytest.raises(TypeError):
                response.fp.writelines(3)
            assert response.read() == b"a\nb\nc\n"
    assert said[0] == said[1]


def test_file_is_not_detached():
    """The octets that have arrived would be lost."""
    with response_to(LENGTH) as response:
        with pytest.raises(io.UnsupportedOperation, match="detach"):
            response.fp.detach()
        assert response.read() == b"a\nb\nc\n"


@pytest.mark.parametrize("module", [http.client, httpclient])
@pytest.mark.parametrize("how", [*UNSUPPORTED, "detach", "writelines nothing"])
def test_closed_file_raises_value_error(how, module):
    with response_to(LENGTH, module) as response:
        file = response.fp
        response.close()
        with pytest.raises(ValueError):
            getattr(file, how.split()[0])(*UNSUPPORTED.get(how, [[]] if "lines" in how else []))


def test_file_has_every_name_of_a_stdlib_file():
    with response_to(LENGTH) as response:
        names = {name for name in dir(io.BufferedReader) if not name.startswith("_")}
        assert names <= set(dir(response.fp))

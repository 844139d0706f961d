# SPDX-License-Identifier: MIT
"""Connections to a Unix socket: `unix_socket=`."""

import contextlib
import copy
import errno
import os
import pathlib
import pickle
import socket
import threading
import time

import httpclient
import pytest

from support import nginx
from support.inject import descriptors_beyond, each_step, tolerated
from support.proxy import Proxy
from support.servers import PATIENCE, Server, ok, read_request, serving

if not hasattr(socket, "AF_UNIX"):
    pytest.skip("this system has no Unix sockets", allow_module_level=True)

abstract = pytest.mark.skipif(
    not os.path.exists("/proc/net/unix"), reason="only Linux has abstract Unix sockets")
DEADLINE = 0.2      # seconds
NAME = f"\0httpclient-tests-{os.getpid()}"


@pytest.fixture
def path(tmp_path, monkeypatch):
    """The path of a socket; it is relative, because an absolute one may be too long."""
    monkeypatch.chdir(tmp_path)
    return "api.sock"


def connection_to(client, path, host="a.example", **options):
    options.setdefault("timeout", PATIENCE)
    return contextlib.closing(client.HTTPConnection(host, unix_socket=path, **options))


@contextlib.contextmanager
def full(path):
    """A listener whose queue is full; yields it, and the connections in the queue."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(path)
        listener.listen(0)
        queued = []
        for _ in range(10):
            sock = stack.enter_context(socket.socket(socket.AF_UNIX))
            sock.setblocking(False)
            try:
                sock.connect(path)
            except BlockingIOError:
                yield listener, queued
                return
            except ConnectionRefusedError:
                pytest.skip("this system refuses a connection when the queue is full")
            queued.append(sock)
        raise AssertionError("the queue does not get full")


@pytest.mark.parametrize("kind", [str, os.fsencode, pathlib.Path],
                         ids=["str", "bytes", "PathLike"])
def test_requests_go_to_the_unix_socket(client, path, kind):
    with serving(ok(b"one"), ok(b"two"), path=path) as server:
        with connection_to(client, kind(path), "a.example:81") as connection:
            for body in b"one", b"two":
                connection.request("GET", "/version")
                assert connection.getresponse().read() == body
            assert connection.sock.family == socket.AF_UNIX
            assert connection.sock.gettimeout() == PATIENCE
            assert (connection.host, connection.port) == ("a.example", 81)
    assert [request.field("Host") for request in server.handle.requests] == ["a.example:81"] * 2
    assert server.accepted == 1


@abstract
@pytest.mark.parametrize("name", [NAME, NAME.encode()], ids=["str", "bytes"])
def test_an_abstract_name(client, name):
    with serving(ok(b"one"), path=NAME):
        with connection_to(client, name) as connection:
            connection.request("GET", "/")
            assert connection.getresponse().read() == b"one"


def test_the_next_request_opens_the_socket_again(client, path):
    with serving(ok(b"one", "Connection: close"), ok(b"two"), path=path) as server:
        with connection_to(client, path) as connection:
            for body in b"one", b"two":
                connection.request("GET", "/")
                assert connection.getresponse().read() == body
    assert server.accepted == 2


def test_tls_uses_the_name_of_the_host(client, path, certificates):
    with serving(ok(b"one"), tls=certificates.server(), path=path):
        for host, error in [("localhost", None), ("other.example", "not valid for")]:
            connection = client.HTTPSConnection(
                host, unix_socket=path, context=certificates.client(), timeout=PATIENCE)
            with contextlib.closing(connection):
                if error:
                    with pytest.raises(OSError, match=error):
                        connection.connect()
                    continue
                connection.request("GET", "/")
                assert connection.getresponse().read() == b"one"


def test_a_tls_session_of_the_host_is_not_resumed_on_a_unix_socket(client, path, certificates):
    """Nor the reverse: another server may listen there."""
    context = certificates.client()
    tls = certificates.server()
    with serving(*[ok(b"x")] * 9, tls=tls) as server, serving(*[ok(b"x")] * 9, tls=tls, path=path):
        def resumed(**options):
            connection = client.HTTPSConnection("localhost", server.port, context=context,
                                                resume_sessions=True, timeout=PATIENCE, **options)
            with contextlib.closing(connection):
                connection.request("GET", "/")
                assert connection.getresponse().read() == b"x"
                return connection.sock.session_reused

        assert [resumed(), resumed(), resumed(unix_socket=path), resumed(unix_socket=path),
                resumed()] == [False, True, False, True, True]


def test_a_tunnel_through_a_proxy_on_a_unix_socket(client, path):
    with serving(ok(b"inside")) as upstream, Server(Proxy(upstream.address), path=path) as proxy:
        with connection_to(client, path, "proxy.example") as connection:
            connection.set_tunnel("server.example", 80)
            connection.request("GET", "/")
            assert connection.getresponse().read() == b"inside"
    assert b"CONNECT server.example:80 " in proxy.handle.heads[0]
    assert upstream.handle.requests[0].field("Host") == "server.example"


def test_create_connection_is_not_called(client, path):
    """It is for hosts and would connect somewhere else."""
    with serving(ok(b"one"), path=path), connection_to(client, path) as connection:
        connection._create_connection = None
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"one"


def test_nginx(client, path, tmp_path):
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "small.txt").write_bytes(b"twelve bytes")
    with nginx.running(nginx.find(), tmp_path, 9, unix=path):
        with connection_to(client, path) as connection:
            for number in range(1, 4):
                connection.request("GET", "/small.txt")
                response = connection.getresponse()
                assert (response.read(), response.getheader("X-Requests")) == (
                    b"twelve bytes", str(number))


# ---- errors

def test_a_missing_socket_is_named(client, path):
    with connection_to(client, path) as connection:
        with pytest.raises(FileNotFoundError, match=(
                r"cannot connect to 'api.sock' \(No such file or directory\)$")) as caught:
            connection.request("GET", "/")
        assert caught.value.errno == errno.ENOENT
        with serving(ok(b"one"), path=path):
            connection.request("GET", "/")
            assert connection.getresponse().read() == b"one"


def test_a_socket_without_a_listener_is_named(client, path):
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as sock:
        sock.bind(path)
        with connection_to(client, path) as connection:
            with pytest.raises(ConnectionRefusedError, match="'api.sock'"):
                connection.connect()


def test_a_path_that_is_too_long_is_named(client):
    path = "/tmp/" + "x" * 200
    with connection_to(client, path) as connection:
        with pytest.raises(OSError, match=f"'{path}' .AF_UNIX path too long"):
            connection.connect()


def test_a_system_without_unix_sockets(path, monkeypatch):
    monkeypatch.setattr(httpclient._request.dialing, "_UNIX", None)
    with connection_to(httpclient, path) as connection:
        with pytest.raises(OSError, match="'api.sock' .this Python has no Unix sockets"):
            connection.connect()


WRONG = [
    (7, TypeError, "PathLike"),
    (bytearray(b"x"), TypeError, "PathLike"),
    ("", ValueError, "unix_socket is empty"),
    (b"", ValueError, "unix_socket is empty"),
    ("a\0b", ValueError, "NUL"),
]


@pytest.mark.parametrize(("path", "error", "text"), WRONG)
def test_a_wrong_path_is_refused(client, path, error, text):
    with pytest.raises(error, match=text):
        client.HTTPConnection("a.example", unix_socket=path)


@pytest.mark.parametrize("options", [
    {"source_address": ("127.0.0.1", 0)}, {"happy_eyeballs_delay": 0.25},
    {"resolver": socket.getaddrinfo}], ids=lambda options: next(iter(options)))
def test_arguments_for_hosts_are_refused(client, path, options):
    [name] = options
    for cls in client.HTTPConnection, client.HTTPSConnection:
        with pytest.raises(ValueError, match=f"unix_socket cannot be combined with {name}"):
            cls("a.example", unix_socket=path, **options)


def test_a_source_address_that_is_set_later_is_refused(client, path):
    with serving(path=path), connection_to(client, path) as connection:
        connection.source_address = ("127.0.0.1", 0)
        with pytest.raises(ValueError, match="unix_socket cannot be combined with source_address"):
            connection.connect()


def test_a_subclass_may_have_an_attribute_of_this_name(client, path):
    """Docker's client has one; the argument is no attribute."""
    class Connection(client.HTTPConnection):
        def __init__(self, unix_socket):
            super().__init__("a.example")
            self.unix_socket = unix_socket

    assert Connection(path).unix_socket == path
    with connection_to(client, path) as connection:
        assert not hasattr(connection, "unix_socket")


# ---- time, threads and copies

@pytest.mark.parametrize(("options", "text"), [
    ({"timeout": DEADLINE}, "timed out connecting to 'api.sock' .its queue is full"),
    ({"timeout": None, "deadline": DEADLINE}, "the deadline of 0.2 s has passed connecting to"),
], ids=["timeout", "deadline"])
def test_a_full_queue_is_waited_for_until_the_time_is_up(client, path, options, text):
    with full(path), connection_to(client, path, **options) as connection:
        began = time.monotonic()
        with pytest.raises(TimeoutError, match=text):
            connection.request("GET", "/")
        assert DEADLINE <= time.monotonic() - began < PATIENCE


def test_a_full_queue_is_waited_for_until_it_has_room(client, path):
    def serve(listener, queued):
        time.sleep(0.05)
        for number in range(len(queued) + 1):
            sock, _ = listener.accept()
            with sock, sock.makefile("rb") as file:
                if number == len(queued) and read_request(file):
                    sock.sendall(ok(b"at last"))

    with full(path) as listening, connection_to(client, path) as connection:
        server = threading.Thread(target=serve, args=listening, daemon=True)
        server.start()
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"at last"
        server.join(PATIENCE)


def test_close_from_another_thread_ends_the_wait(client, path):
    with full(path), connection_to(client, path) as connection:
        threading.Timer(0.1, connection.close).start()
        with pytest.raises(ConnectionAbortedError):
            connection.request("GET", "/")
        assert connection.sock is None


@pytest.mark.parametrize("copied", [copy.copy, lambda c: pickle.loads(pickle.dumps(c))],
                         ids=["copy", "pickle"])
def test_a_copy_connects_to_the_same_socket(path, copied):
    with serving(ok(b"one"), path=path), connection_to(httpclient, path) as connection:
        with contextlib.closing(copied(connection)) as other:
            other.request("GET", "/")
            assert other.getresponse().read() == b"one"


def test_an_exception_at_any_step_leaves_no_descriptor_open(path):
    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("this system does not list open descriptors")
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(path)
        listener.listen(1000)
        before = os.listdir("/proc/self/fd")
        for injection in each_step():
            with connection_to(httpclient, path) as connection:
                with tolerated(injection):
                    connection.connect()
            assert not descriptors_beyond(before), injection.where

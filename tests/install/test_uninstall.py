# SPDX-License-Identifier: MIT
"""install() and uninstall() in the middle: what is open, held or under way goes on."""

import contextlib
import functools
import http.client
import importlib
import io
import ssl
import subprocess
import sys
import time
import warnings

import httpclient
import pytest

from support.installing import KINDS, READS, TO_THE_END, answer, asking, connect, exchange
from support.servers import ok, serving, tcp_pair

pytestmark = pytest.mark.usefixtures("nothing_stays")

INSTALL = importlib.import_module("httpclient._install.install")


def exchanges_go_well():
    with serving(ok(b"x")) as server, contextlib.closing(connect(server)) as connection:
        assert exchange(connection) == (200, b"x")


# ---- what is open

@pytest.mark.parametrize("how", READS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", ["in", "out"])
@pytest.mark.parametrize("when", ["sent", "begun", "half read"])
def test_exchange_under_way_ends_on_the_other_implementation(way, when, kind, how):
    """What one of the two has begun the other ends, and the connection goes on."""
    switch = [httpclient.install, httpclient.uninstall]
    if way == "out":
        httpclient.install()
        switch.reverse()
    with serving(KINDS[kind], ok(b"more")) as server:
        connection = connect(server)
        connection.request("GET", "/")
        if when == "sent":
            switch[0]()
        response = connection.getresponse()
        if when == "begun":
            switch[0]()
        content = b""
        if when == "half read":
            content = response.read(3)
            switch[0]()
        assert not response.closed and not response.isclosed()
        assert response.headers["X"] == "y" and response.msg is response.headers
        assert response.getheader("X") == "y" and response.status == response.getcode() == 200
        assert content + READS[how](response) == b"all is well"
        response.close()
        assert response.isclosed() and response.closed
        assert exchange(connection) == (200, b"more")
        connection.close()


@pytest.mark.parametrize("kind", KINDS)
def test_objects_made_before_install_are_unchanged(kind):
    with serving(KINDS[kind]) as server:
        connection = connect(server)
        connection.request("GET", "/")
        response = connection.getresponse()
        before = [dict(vars(connection)), dict(vars(response))]
        with httpclient.installed():
            pass
        assert [vars(connection), vars(response)] == before
        with response, io.TextIOWrapper(response) as text:
            assert text.read() == "all is well"
        connection.close()


class Lazy(http.client.HTTPConnection):
    """Finds out where to connect when that is asked for."""

    def __init__(self, found):
        super().__init__("placeholder")
        self.found = found
        del self.host, self.port

    @functools.cached_property
    def host(self):
        return self.found[0]

    @functools.cached_property
    def port(self):
        return self.found[1]


def test_attribute_that_a_subclass_has_deleted():
    with serving(ok(b"x")) as server:
        connection = Lazy(server.address)
        with httpclient.installed():
            pass
        assert exchange(connection) == (200, b"x")
        connection.close()


@pytest.mark.parametrize("sent", [False, True])
def test_uninstall_forgets_request_deadline_and_socket(sent):
    with serving(*[ok(b"x")] * 4) as server:
        connection = connect(server)
        with httpclient.installed():
            connection.request("GET", "/", deadline=0.2)
            if not sent:
                assert connection.getresponse().read() == b"x"
                connection.putrequest("GET", "/")
        if sent:
            assert connection.getresponse().read() == b"x"
        else:
            connection.endheaders()
            assert connection.getresponse().read() == b"x"
        time.sleep(0.25)
        assert exchange(connection) == (200, b"x")
        with httpclient.installed():
            assert exchange(connection) == (200, b"x")
        connection.close()


def test_settings_hold_again_after_the_next_install():
    with serving(b"HTTP/1.1 200 OK\nContent-Length: 0\n\n") as server:
        with httpclient.installed():
            connection = http.client.HTTPConnection(*server.address, timeout=20, strict=True)
        with httpclient.installed(), pytest.raises(http.client.BadStatusLine):
            exchange(connection)
        connection.close()


def test_traceback_keeps_no_deadline():
    with serving(*[ok(b"x")] * 2) as server:
        connection = connect(server)
        try:
            with httpclient.installed():
                connection.request("GET", "/", deadline=0.2)
                http.client.HTTPConnection("a.example").getresponse()
        except http.client.ResponseNotReady as error:
            kept = error
        assert connection.getresponse().read() == b"x"
        time.sleep(0.25)
        with httpclient.installed():
            assert exchange(connection) == (200, b"x")
        connection.close()
        del kept


def test_connection_that_was_given_up_opens_another_socket():
    with serving(b"garbage\r\n\r\n", *[ok(b"x")] * 2) as server:
        connection = connect(server)
        with httpclient.installed():
            connection.request("GET", "/")
            with pytest.raises(http.client.BadStatusLine):
                connection.getresponse()
        for _ in range(2):
            assert exchange(connection) == (200, b"x")
        connection.close()


def test_response_made_but_not_begun():
    ours, server = tcp_pair()
    with ours, server:
        server.sendall(KINDS["length"])
        httpclient.install()
        response = http.client.HTTPResponse(ours)
        httpclient.uninstall()
        assert response.headers is None and response.length == "UNKNOWN"
        response.begin()
        assert response.read() == b"all is well"


def test_tls_connection_goes_on_after_uninstall(tmp_path):
    """One that has been made with httpclient goes on, and connects anew, without it."""
    from support.certificates import Certificates
    certificates = Certificates(tmp_path)
    with serving(*[ok(b"x")] * 4, closing=[1], tls=certificates.server()) as server:
        httpclient.install()
        connection = http.client.HTTPSConnection(*server.address, timeout=20,
                                                 context=certificates.client())
        shared = http.client.HTTPSConnection(*server.address, timeout=20)
        assert exchange(connection) == (200, b"x")
        httpclient.uninstall()
        assert exchange(connection) == (200, b"x")
        connection.close()
        assert exchange(connection) == (200, b"x")
        httpclient.install()
        assert exchange(connection) == (200, b"x")
        connection.close()
        assert server.accepted == 2
        httpclient.uninstall()
        with pytest.raises(ssl.SSLCertVerificationError):
            shared.connect()
        shared.close()


# ---- what is held or under way

def test_thread_within_a_method_finishes_it_after_uninstall():
    with asking() as (thread, start, found, server):
        start()
        httpclient.uninstall()
        assert nothing_is_left()
        answer(server, TO_THE_END)
        thread.join(20)
        assert found[0].read() == b"all is well" and found[0].headers["X"] == "y"


def nothing_is_left():
    return (repr(httpclient.installed()) == "<httpclient is not installed>"
            and not {"_HTTPConnection__state", "trailers"} & {
                *vars(http.client.HTTPConnection), *vars(http.client.HTTPResponse)})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["read", "read1", "readline"])
def test_bound_method_can_be_called_after_uninstall(kind, name):
    """It is on no stack between two calls, and works all the same."""
    with serving(KINDS[kind]) as server:
        httpclient.install()
        connection = connect(server)
        connection.request("GET", "/")
        response = connection.getresponse()
        read = functools.partial(getattr(response, name), 4)
        pieces = [read()]
        httpclient.uninstall()
        assert b"".join(pieces + list(iter(read, b""))) == b"all is well"
        assert nothing_is_left()
        connection.close()


def test_method_bound_to_another_name_works_after_uninstall():
    httpclient.install()

    class Subclass(http.client.HTTPConnection):
        plain_request = http.client.HTTPConnection.request

    with serving(*[ok(b"x")] * 2) as server:
        httpclient.uninstall()
        connection = Subclass(*server.address, timeout=20)
        for _ in range(2):
            connection.plain_request("GET", "/")
            assert connection.getresponse().read() == b"x"
        connection.close()
    assert nothing_is_left()
    del Subclass.plain_request


def test_traceback_with_frames_of_httpclient_does_no_harm():
    httpclient.install()
    try:
        http.client.HTTPConnection("a.example").getresponse()
    except http.client.ResponseNotReady as error:
        kept = error
    httpclient.uninstall()
    assert nothing_is_left() and kept
    exchanges_go_well()


def test_lazy_attribute_in_another_thread():
    """It has been found in the class, and is called when that has it no more."""
    ours, server = tcp_pair()
    with ours, server:
        httpclient.install()
        response = http.client.HTTPResponse(ours)
        headers = vars(http.client.HTTPResponse)["headers"]
        httpclient.uninstall()
        assert headers.__get__(response) is None
        response.close()


# ---- when it is not as usual

@pytest.mark.parametrize("inner", [httpclient.install, httpclient.uninstall])
@pytest.mark.parametrize("step", ["_complete_instances", "exchange", "_change_module"])
def test_uninstall_can_be_called_during_uninstall(inner, step, monkeypatch):
    """By a signal handler, or a finalizer."""
    original = getattr(INSTALL.Installation, step)
    calls = []

    def interrupted(*args):
        calls.append(step)
        if len(calls) == 1:
            inner()
            repr(httpclient.installed())
        return original(*args)

    if step == "_complete_instances":
        httpclient.install()
    monkeypatch.setattr(INSTALL.Installation, step, interrupted)
    outer = httpclient.uninstall if httpclient.installed() else httpclient.install
    outer()
    assert calls
    assert bool(httpclient.installed()) == (inner is httpclient.install)
    assert ("HTTPConnection.request" in httpclient.installed().replaced) == (
        inner is httpclient.install)
    exchanges_go_well()


@pytest.mark.parametrize("name", ["_is_legal_header_name", "parse_headers", "HTTP_PORT", "print"])
def test_rebinding_undone_after_uninstall_does_not_come_back(name, monkeypatch):
    """It does not come back with the next install(), though a function of httpclient was held."""
    before = vars(http.client).get(name)
    patched = lambda *args: None        # noqa: E731
    httpclient.install()
    kept = http.client.HTTPConnection.request
    with monkeypatch.context() as patch:
        patch.setattr(http.client, name, patched, raising=False)
        if name in ("HTTP_PORT", "print"):
            httpclient.uninstall()
        else:
            with pytest.warns(RuntimeWarning, match=name):
                httpclient.uninstall()
    httpclient.install()
    assert vars(http.client).get(name) is not patched
    for room in INSTALL._state.made._module_rooms:
        assert vars(room).get(name) is not patched
    httpclient.uninstall()
    assert vars(http.client).get(name) is before
    del kept


def test_rebound_name_is_left_in_place_with_a_warning(monkeypatch):
    original = http.client.parse_headers
    httpclient.install()
    with monkeypatch.context() as patch:
        patch.setattr(http.client, "parse_headers", lambda *args: None)
        with pytest.warns(RuntimeWarning, match="parse_headers"):
            httpclient.uninstall()
    assert http.client.parse_headers is not original
    httpclient.uninstall()
    assert http.client.parse_headers is original


def test_message_that_was_asked_for_by_one_name():
    with serving(*[ok(b"x", "A: b")] * 3) as server:
        connection = connect(server)
        for ask in (lambda response: response.headers, lambda response: response.msg,
                    lambda response: setattr(response, "msg", response.reason)):
            httpclient.install()
            connection.request("GET", "/")
            response = connection.getresponse()
            ask(response)
            httpclient.uninstall()
            assert response.headers["A"] == "b"
            assert response.msg in (response.headers, "OK")
            assert response.read() == b"x"
        assert response.msg == "OK"
        connection.close()


class Unhashable(type):
    def __eq__(self, other):
        raise RuntimeError("not to be compared")


class Odd(http.client.HTTPConnection):
    def __getattr__(self, name):
        raise RuntimeError(f"no {name} yet")


def test_unhashable_objects_do_not_stop_uninstall():
    odd = Unhashable("Name", (), {})(), Odd("127.0.0.1", 1)
    httpclient.install()
    httpclient.uninstall()
    assert nothing_is_left()
    with serving(ok(b"x")) as server:
        odd[1].port = server.port
        assert exchange(odd[1]) == (200, b"x")
        odd[1].close()


def test_uninstall_can_be_repeated_after_an_error(monkeypatch):
    """A signal's, for instance: another call goes on with it."""
    complete = INSTALL.Installation._complete_instances

    def fails(*args):
        monkeypatch.setattr(INSTALL.Installation, "_complete_instances", complete)
        raise KeyboardInterrupt

    for again in (httpclient.uninstall, httpclient.install):
        httpclient.install()
        monkeypatch.setattr(INSTALL.Installation, "_complete_instances", fails)
        with pytest.raises(KeyboardInterrupt):
            httpclient.uninstall()
        assert not httpclient.installed()
        again()
        assert bool(httpclient.installed()) == (again is httpclient.install)
        exchanges_go_well()


def test_uninstall_completes_when_its_warning_is_an_error(monkeypatch):
    httpclient.install()
    original = http.client.HTTPConnection.send
    with monkeypatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("error")
        patch.setattr(http.client.HTTPConnection, "send", lambda *args: original(*args))
        with pytest.raises(RuntimeWarning, match="HTTPConnection.send"):
            httpclient.uninstall()
        exchanges_go_well()
        httpclient.install()
        assert httpclient.installed()


def in_another_process(program):
    subprocess.run([sys.executable, "-P", "-c", program], check=True, timeout=60)


def test_objects_hidden_by_gc_freeze_keep_working():
    """What the garbage collector hides keeps our defaults."""
    in_another_process("""
import gc, http.client, httpclient, io
class Socket:
    def makefile(self, mode):
        return io.BytesIO(b"HTTP/1.1 200 OK\\r\\nX: y\\r\\nContent-Length: 1\\r\\n\\r\\nz")
httpclient.install()
response = http.client.HTTPResponse(Socket())
connection = http.client.HTTPSConnection("localhost") if hasattr(http.client, "ssl") else None
response.begin()
gc.freeze()
httpclient.uninstall()
assert not httpclient.installed() and "__init__" in vars(http.client.HTTPResponse)
assert response.headers["X"] == response.getheader("X") == "y" and response.read() == b"z"
assert connection is None or connection._context
""")


def test_reloaded_http_client_is_not_installed():
    in_another_process("""
import http.client, importlib, httpclient
httpclient.install()
importlib.reload(http.client)
assert not httpclient.installed() and httpclient.installed().replaced == []
for _ in range(2):
    try:
        httpclient.install()
    except RuntimeError as error:
        assert "loaded anew" in str(error)
    else:
        raise AssertionError
httpclient.uninstall()
""")

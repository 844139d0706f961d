# SPDX-License-Identifier: MIT
"""Mistakes of callers: http.client's exception, and a note that says what to do.

Class and arguments are compared with http.client's.  The note (``__notes__``) is httpclient's alone
(COMPATIBILITY.md: wider than http.client).  Afterwards the connection makes a good request.
"""

import codecs
import gc
import http.client
import io
import socket
import weakref
from urllib.parse import urlsplit

import httpclient
import pytest

from support.capture import FakeSocket
from support.installing import restored
from support.servers import Server, ok

EURO = "\u20ac"
REPLY = ok(b"body")


def unknown():
    return socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def no_service():
    return socket.gaierror(socket.EAI_SERVICE, "Servname not supported for ai_socktype")


class Making:
    """Makes a connection over fake sockets, and keeps it."""

    def __init__(self, module):
        self.module = module
        self.connection = None

    def __call__(self, *args, reply=REPLY, **keywords):
        self.connection = self.module.HTTPConnection(*(args or ("a.example",)), **keywords)
        self.connection._create_connection = lambda *_: FakeSocket(reply)
        return self.connection


# ---- rows: functions of a Making, the exception's class, the note

def ask(method="GET", url="/", *args, **keywords):
    return lambda make: make().request(method, url, *args, **keywords)


def post(make_body, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda make: make().request("POST", "/", make_body(), headers)


def put(*line):
    def call(make):
        connection = make()
        connection.putrequest("GET", "/")
        connection.putheader(*line)
    return call


def host(*args):
    return lambda make: make(*args)


def create_connection(address, timeout, source_address):
    """Like socket's up to the connecting.  That one leaves its socket open after a TypeError."""
    socket.getaddrinfo(*address, 0, socket.SOCK_STREAM)
    with socket.socket() as sock:
        if timeout is not socket._GLOBAL_DEFAULT_TIMEOUT:
            sock.settimeout(timeout)
        sock.bind(source_address)


def opening(*args, error=None, **keywords):
    """connect() by create_connection(), or with what error() returns raised in its place."""
    def call(make):
        connection = make(*args, **keywords)
        connection._create_connection = create_connection
        if error is not None:
            def fail(*_):
                raise error()
            connection._create_connection = fail
        connection.connect()
    return call


def tunnel(*args, reply=b"", **keywords):
    def call(make):
        connection = make(reply=reply)
        connection.set_tunnel(*args, **keywords)
        connection.connect()
    return call


def calls(*names):
    def call(make):
        connection = make()
        for name in names:
            args = ("GET", "/") if name in ("request", "putrequest") else ()
            getattr(connection, name)(*(("A", "b") if name == "putheader" else args))
    return call


def without_auto_open(make):
    make().auto_open = 0
    make.connection.request("GET", "/")


def tunnel_on_an_open_connection(make):
    make().connect()
    make.connection.set_tunnel("b.example")


MISTAKES = {
    # the request line
    "bytes as the method": (ask(b"GET"), TypeError,
                            "method should be a str, got bytes (b'GET'); decode it"),
    "None as the method": (ask(None), TypeError, "method should be a str, got None"),
    "method that is not ASCII": (ask("G\xc9T"), UnicodeEncodeError,
                                 "method 'G\xc9T' has the character '\xc9'"),
    "method with a line end": (ask("GET\n"), ValueError, "method has '\\n' at position 3; remove"),
    "bytes as the URL": (ask("GET", b"/a"), TypeError,
                         "URL should be a str, got bytes (b'/a'); decode it with .decode('ascii')"),
    "int as the URL": (ask("GET", 5), TypeError, "URL should be a str, got an int (5)"),
    "URL in parts": (ask("GET", urlsplit("http://a/b")), TypeError, "use its geturl()"),
    "URL that is not ASCII": (
        ask("GET", "/caf\xe9?a"), UnicodeEncodeError,
        "URL '/caf\xe9?a' has the character '\xe9' at position 4, which is not ASCII; "
        "percent-encode it with urllib.parse.quote()"),
    "blank in the URL": (ask("GET", "/a b"), "InvalidURL",
                         "' ' at position 2; percent-encode it with urllib.parse.quote()"),
    "blank before the URL": (ask("GET", " /a"), "InvalidURL", "remove it with url.strip()"),
    "line end after the URL": (ask("GET", "/a\n"), "InvalidURL",
                               "'\\n' at position 2; remove it with url.strip()"),
    # headers
    "headers as a list of pairs": (
        ask(headers=[("A", "b")]), AttributeError,
        "headers should be a mapping, got a list of pairs; use dict(pairs)"),
    "headers as a tuple of pairs": (ask(headers=(("A", "b"),)), AttributeError,
                                    "got a tuple of pairs; use dict(pairs)"),
    "headers as lines": (ask(headers=["A: b"]), AttributeError, "got a list; give {name: value}"),
    "headers as a str": (ask(headers="A: b"), AttributeError, "got a str; give {name: value}"),
    "None as the headers": (ask(headers=None), TypeError,
                            "should be a mapping, got None; leave the argument out"),
    "int as the headers": (ask(headers=5), TypeError, "got an int; give {name: value}"),
    "None as a header": (ask(headers={"A": None}), TypeError,
                         "header 'A': the value is None; leave the header out"),
    "float as a header": (ask(headers={"A": 1.5}), TypeError,
                          "header 'A': the value is a float (1.5); give a str, bytes or int"),
    "list as a header": (ask(headers={"A": ["b"]}), TypeError, "the value is a list (['b'])"),
    "header with a line end": (ask(headers={"Authorization": "Basic YQ==\n"}), ValueError,
                               "the value ends with a line end; remove it with .strip(), or use "
                               "base64.b64encode()"),
    "header in two lines": (ask(headers={"A": b"b\r\nX: y"}), ValueError,
                            "header 'A': the value has a line end or NUL; remove it"),
    "header that is not Latin-1": (ask(headers={"A": "10 " + EURO}), UnicodeEncodeError,
                                   f"header 'A': the value has the character '{EURO}'"),
    "int as a header's name": (ask(headers={5: "b"}), AttributeError,
                               "name should be a str, got an int (5)"),
    # the body
    "dict as the body": (post(lambda: {"a": "b"}), TypeError,
                         "the body is a dict; give urllib.parse.urlencode(body).encode() for a "
                         "form, or json.dumps(body).encode() for JSON. Headers are another"),
    "dict as the body, own length": (post(lambda: {"a": 1}, Content_Length="3"), TypeError,
                                     "the body is a dict"),
    "str in the body": (post(lambda: [b"abc", "d"]), TypeError,
                        "body piece 2 is a str ('d'); encode it, or give bytes"),
    "str in the body, own length": (post(lambda: [b"abc", "d"], Content_Length="4"), TypeError,
                                    "body piece 2 is a str ('d')"),
    "int in the body": (post(lambda: iter([1])), TypeError,
                        "body piece 1 is an int (1); give bytes"),
    "dict in the body": (post(lambda: [{"a": 1}]), TypeError, "body piece 1 is a dict ({'a': 1})"),
    "text file that is not Latin-1": (
        post(lambda: io.StringIO("10 " + EURO)), UnicodeEncodeError,
        f"the body is a text file with the character '{EURO}', which is not Latin-1; open the file "
        "in binary mode"),
    # Like tempfile's, it is no io.TextIOBase, so that no encoding is assumed.
    "text file of codecs": (post(lambda: codecs.getreader("utf-8")(io.BytesIO(b"abc"))), TypeError,
                            "got a str ('abc'); open the file in binary mode"),
    # the address
    "URL as the host": (host("http://a.example"), "InvalidURL",
                        "'http://a.example' is a URL; give the host alone, 'a.example', and the "
                        "path to request()"),
    "URL with a port and a path as the host": (
        host("http://a.example:8080/b"), "InvalidURL", "give the host alone, 'a.example:8080'"),
    "user in the host": (host("me:secret@a.example"), "InvalidURL",
                         "has a user name; give the host alone, 'a.example'"),
    "word as the port": (host("a:b"), "InvalidURL", "give a number as the port"),
    "IPv6 address without brackets": (host("fe80::x"), "InvalidURL", "IPv6 address in brackets"),
    "blank after the host": (host("a.example "), "InvalidURL", "remove it, as with .strip()"),
    "None as the host": (host(None), AttributeError, "the host should be a str, got None"),
    "None as the host, with a port": (host(None, 80), TypeError, "host should be a str, got None"),
    "bytes as the host": (host(b"a"), TypeError, "host should be a str, got bytes (b'a'); decode"),
    "pair as the host": (host(("a", 80)), AttributeError, "host should be a str, got a tuple"),
    "URL with a port as the host": (opening("http://a.example:80", error=unknown), OSError,
                                    "is a URL; give the host alone, 'a.example'"),
    "host with a path": (opening("a.example/b", error=unknown), OSError,
                         "'a.example/b' has a path; give the host alone, 'a.example'"),
    "empty host": (opening("", error=unknown), OSError, "the host is empty"),
    "IPv6 address cut at a colon": (opening("::1", error=unknown), OSError, "in brackets"),
    "name as the port": (opening("127.0.0.1", "x", error=no_service), OSError,
                         "port should be an int, got a str ('x')"),
    "float as the port": (opening("127.0.0.1", 80.0), OSError, "an int, got a float (80.0)"),
    "port beyond 65535": (opening("127.0.0.1", 70_000, error=ConnectionRefusedError), OSError,
                          "port should be from 0 to 65535, got 70000"),
    "str as the timeout": (opening("127.0.0.1", 9, timeout="5"), TypeError,
                           "timeout should be a number of seconds or None, got a str ('5')"),
    "negative timeout": (opening("127.0.0.1", 9, timeout=-1), ValueError,
                         "timeout should not be negative, got -1; None is no timeout"),
    "str as the source address": (opening("127.0.0.1", 9, source_address="127.0.0.1"), TypeError,
                                  "source_address should be a tuple of a host (str) and a port"),
    # tunnels
    "tunnel to a URL": (tunnel("https://b.example"), "InvalidURL", "host alone, 'b.example'"),
    "tunnel to a URL with a port": (
        tunnel("https://b.example:443", reply=b"HTTP/1.1 400 Bad Request\r\n\r\n"), OSError,
        "is a URL; give the host alone, 'b.example'"),
    "tunnel to a str as the port": (tunnel("b.example", "443"), TypeError,
                                    "port should be an int, got a str ('443')"),
    "tunnel's headers as a list of pairs": (tunnel("b.example", headers=[("A", "b")]),
                                            AttributeError, "got a list of pairs; use dict(pairs)"),
    "tunnel without a password": (
        tunnel("b.example", reply=b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"), OSError,
        "give set_tunnel() the headers= {'Proxy-Authorization': ...}"),
    "tunnel on an open connection": (tunnel_on_an_open_connection, RuntimeError,
                                     "call set_tunnel() before connect(), or close() first"),
    # the order of calls
    "no connection": (without_auto_open, "NotConnected", "auto_open is off; call connect()"),
    "response without a request": (calls("getresponse"), "ResponseNotReady",
                                   "no request is under way; call request() first"),
    "response taken twice": (calls("request", "getresponse", "getresponse"), "ResponseNotReady",
                             "call request() first, once for each response"),
    "header without a request": (calls("putheader"), "CannotSendHeader", "call putrequest() first"),
    "end without a request": (calls("endheaders"), "CannotSendHeader", "call putrequest() first"),
}
LINES = {
    "None as the second value": (put("A", "good\r\n fold", None), TypeError,
                                 "header 'A': the value is None"),
    "int as putheader()'s name": (put(5, "b"), TypeError, "name should be a str, got an int (5)"),
    "name with a colon": (put("A:", "b"), ValueError, "'A:' has a colon; give the name alone"),
    "header as one str": (put("A: b"), ValueError, "'A: b' has a colon; give the name alone"),
    "name with a blank": (put(b" A", "b"), ValueError, "b' A' begins with a blank"),
    "name with a line end": (put("A\n", "b"), ValueError, "'A\\n' has a line end or NUL"),
    "empty name": (put("", "b"), ValueError, "'' is empty"),
    "name that is not ASCII": (put("\xe9", "b"), UnicodeEncodeError,
                               "the header's name '\xe9' has the character '\xe9'"),
}
UNFINISHED = {
    "response to half a request": (calls("putrequest", "getresponse"), "ResponseNotReady",
                                   "call endheaders() to send it"),
    "response before the one before is read": (
        calls("request", "getresponse", "request", "getresponse"), "ResponseNotReady",
        "has not been read to its end; call its read() first"),
    "request after half a request": (calls("putrequest", "request"), "CannotSendRequest",
                                     "call endheaders() to send it, or close() to give it up"),
    "two requests": (calls("request", "request"), "CannotSendRequest",
                     "call getresponse() for its response, or close()"),
    "header after the request": (calls("request", "putheader"), "CannotSendHeader",
                                 "the request was sent, with all its headers"),
    "end after the request": (calls("request", "endheaders"), "CannotSendHeader",
                              "the request was sent, with all its headers"),
}
ALL = MISTAKES | LINES | UNFINISHED

# Their texts come from operations that httpclient does in another way, or from the fake socket.
WORDED_BY_PYTHON = {
    "dict as the body", "dict as the body, own length", "str in the body",
    "str in the body, own length", "int in the body", "dict in the body",
    "text file of codecs", "tunnel's headers as a list of pairs",
}


def made_by(module, name):
    """The Making, and the exception of a mistake."""
    make = Making(module)
    call, kind, _ = ALL[name]
    kind = getattr(module, kind) if isinstance(kind, str) else kind
    with pytest.raises(kind) as caught:
        call(make)
    return make, caught.value


@pytest.fixture(scope="module", autouse=True)
def theirs():
    """What http.client raises, before anything is installed."""
    return {name: made_by(http.client, name)[1].with_traceback(None) for name in ALL}


@pytest.fixture(scope="module", params=["httpclient", "installed"])
def module(request, theirs):
    if request.param == "installed":
        with restored(), httpclient.installed():
            yield http.client
    else:
        yield httpclient


@pytest.mark.parametrize("name", ALL)
def test_a_note_says_what_to_do(module, theirs, name):
    make, error = made_by(module, name)
    assert ALL[name][2] in "\n".join(getattr(error, "__notes__", ()))
    assert all(len(note) < 300 for note in error.__notes__)


@pytest.mark.parametrize("name", ALL)
def test_the_exception_is_that_of_http_client(module, theirs, name):
    _, error = made_by(module, name)
    assert isinstance(error, type(theirs[name]))
    assert type(error).__name__ == type(theirs[name]).__name__
    if module is http.client:
        assert type(error) is type(theirs[name])
    if name not in WORDED_BY_PYTHON:
        assert error.args == theirs[name].args and str(error) == str(theirs[name])


@pytest.mark.parametrize("name", ALL)
def test_the_connection_can_be_used_afterwards(module, name):
    make, _ = made_by(module, name)
    connection = make.connection
    if connection is None:
        connection = make()         # its constructor refused
    if name in LINES:
        connection.putheader("A", "b")
        connection.endheaders()     # without the line that was refused
        assert connection.sock.bytes.endswith(b"identity\r\nA: b\r\n\r\n")
    if name not in MISTAKES or name.startswith("response taken"):
        connection.close()          # its fake socket has one answer
    connection.host, connection.port, connection.timeout = "a.example", 80, 20
    connection.source_address = connection._tunnel_host = None
    connection.auto_open = 1
    connection._create_connection = lambda *_: FakeSocket(REPLY)
    connection.request("GET", "/good")
    assert connection.getresponse().read() == b"body"


# ---- what differs between the versions of http.client, or needs a server

@pytest.mark.parametrize(("headers", "kind", "text"), [
    ({"A": "b\n"}, ValueError, "header 'A': the value ends with a line end"),
    ({"A": EURO}, UnicodeEncodeError, f"header 'A': the value has the character '{EURO}'"),
    ({"A:": "b"}, ValueError, "'A:' has a colon"),
    ({b"A": "b"}, AttributeError, "name should be a str, got bytes (b'A')"),
])
def test_headers_of_a_tunnel(module, headers, kind, text):
    with pytest.raises(kind) as caught:
        tunnel("b.example", headers=headers)(Making(module))
    assert text in caught.value.__notes__[0]


def test_blank_in_the_host_of_a_tunnel(module):
    with pytest.raises(ValueError) as caught:
        tunnel("b example", 443)(Making(module))
    assert "'b example' has a blank" in caught.value.__notes__[0]


def test_response_that_has_not_begun(module):
    response = module.HTTPResponse(FakeSocket(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n"))
    for ask_for in response.getheaders, lambda: response.getheader("A"):
        with pytest.raises(module.ResponseNotReady) as caught:
            ask_for()
        assert "call begin() first" in caught.value.__notes__[0]
    response.begin()
    assert response.getheader("A") == "b"


def test_https_to_a_server_without_tls(module):
    ssl = pytest.importorskip("ssl")

    def answer(sock):
        sock.recv(65536)
        sock.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")

    with Server(answer) as server:
        connection = module.HTTPSConnection(*server.address, timeout=20)
        with pytest.raises(ssl.SSLError) as caught:
            connection.request("GET", "/")
        assert f"does not speak TLS on port {server.port}" in caught.value.__notes__[-1]
        connection = module.HTTPSConnection(*server.address, timeout=20)
        connection._context = "no context"
        with pytest.raises(AttributeError) as caught:
            connection.request("GET", "/")
        assert "context should be an ssl.SSLContext" in caught.value.__notes__[0]


# ---- what a note must not do

class Rude:
    """An object that is a mistake in each place, and has no repr()."""

    def __repr__(self):
        raise RuntimeError("no")

    def __getattr__(self, name):
        raise AttributeError(name)


class Hostile:
    """One that cannot be asked what it has, either."""

    def __getattr__(self, name):
        raise RuntimeError("no")


@pytest.mark.parametrize("call", [
    ask(Hostile()), ask("GET", Hostile()), ask(headers=Hostile()), host(b"", Hostile()),
    ask(Rude()), ask("GET", Rude()), ask(headers=Rude()), ask(headers={"A": Rude()}),
    ask(headers={Rude(): "b"}), put(Rude(), "b"), post(lambda: [Rude()]), host(Rude()),
    opening("127.0.0.1", Rude()), opening("127.0.0.1", 9, timeout=Rude()),
])
def test_objects_without_a_repr(module, call):
    with pytest.raises((TypeError, AttributeError, OSError)):
        call(Making(module))


@pytest.mark.parametrize(("call", "kind"), [
    (ask("GET", "/" + "\xe9" * 100_000), UnicodeEncodeError),
    (ask("GET", b"/" * 100_000), TypeError),
    (ask("GET", ["/" * 100_000] * 1000), TypeError),
    (ask(headers="A" * 100_000), AttributeError),
    (ask(headers={"A" * 100_000: None}), TypeError),
    (post(lambda: [{"a" * 100_000: "b" * 100_000}]), TypeError),
    (host("http://a.example/" + "b" * 100_000), http.client.InvalidURL),
])
def test_long_values_are_cut(module, call, kind):
    with pytest.raises(kind) as caught:
        call(Making(module))
    assert len(caught.value.__notes__[0]) < 400


@pytest.mark.parametrize("call", [
    host("http://me:secret@a.example/"), opening("me:secret@a.example:80", error=unknown),
    ask(headers="Authorization: secret"), ask(headers={"Authorization": ["secret"]}),
    ask(headers={"Cookie": "secret\n"}), ask(headers=[("Authorization", "secret")]),
])
def test_a_password_is_not_shown(module, call):
    with pytest.raises(Exception) as caught:
        call(Making(module))
    assert caught.value.__notes__ and "secret" not in caught.value.__notes__[0]


def own_mistake():
    yield b"a"
    raise TypeError("the generator's own")


@pytest.mark.parametrize(("call", "kind"), [
    (post(own_mistake), TypeError),
    (opening("a.example", error=unknown), OSError),
    (opening("a.example", 80, error=TimeoutError), OSError),
    (opening("a.example", "80", error=ConnectionRefusedError), OSError),
    (opening("a.example", error=TypeError), TypeError),
    (tunnel("b.example", reply=b"HTTP/1.1 403 Forbidden\r\n\r\n"), OSError),
])
def test_no_note_where_the_arguments_are_right(module, call, kind):
    with pytest.raises(kind) as caught:
        call(Making(module))
    assert not hasattr(caught.value, "__notes__")


def test_no_note_on_an_exception_of_a_subclass(module):
    class Connection(module.HTTPConnection):
        def _validate_path(self, url):
            raise ValueError("not this one")

    with pytest.raises(ValueError, match="not this one") as caught:
        Connection("a.example").request("GET", "/caf\xe9")
    assert not hasattr(caught.value, "__notes__")


def test_an_exception_raised_again_has_one_note(module):
    error = socket.gaierror(socket.EAI_NONAME, "no")
    for _ in range(3):
        with pytest.raises(OSError):
            opening("a.example/b", error=lambda: error)(Making(module))
    assert len(error.__notes__) == 1


@pytest.mark.parametrize("name", ["blank in the URL", "method with a line end", "two requests",
                                  "header without a request", "URL that is not ASCII"])
def test_a_refused_connection_needs_no_garbage_collection(module, name):
    call, make = ALL[name][0], Making(module)
    gc.disable()
    try:
        try:
            call(make)
        except Exception:
            pass
        seen = weakref.ref(make.connection)
        del make
        assert seen() is None
    finally:
        gc.enable()

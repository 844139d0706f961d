# SPDX-License-Identifier: MIT
"""httpclient.httplib beside the httplib of a real Python 2.7: the same exchanges, the same outcome.

Each exchange is a piece of source for both versions and the replies of a server; compared are what
it notes (status, reason, fields, content, exceptions by class) and the requests that the server
received, octet by octet.  Where the two differ on purpose, DIFFERENT says how.

The interpreter is HTTPCLIENT_PYTHON2, or python2.7 from PATH or pyenv; without one these tests are
skipped; test_httplib.py and test_httplib_names.py hold everywhere.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.paths import TESTS
from support.servers import Server, read_head

DRIVER = TESTS / "support" / "old_exchanges.py"
PATIENCE = 120

HEAD = "HTTP/1.1 200 OK\r\n"
HELLO = HEAD + "Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = HEAD + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;a=b\r\n world\r\n0\r\n\r\n"
TO_THE_END = "HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<p>hello</p>"
MANY_FIELDS = HEAD + "".join(f"X-{i}: {i}\r\n" for i in range(150)) + "Content-Length: 0\r\n\r\n"

# The server takes a reply that stands here for the last one on its connection.
CLOSING = {TO_THE_END}


def closing(reply):
    CLOSING.add(reply)
    return reply


# A request line and field lines step by step, for the class HTTP.
IN_STEPS = """
h = httplib.HTTP(host)
h.putrequest("GET", "/{name}")
h.putheader("Accept", "text/html", "text/plain")
h.endheaders()
"""

# name -> (replies, source)
EXCHANGES = {
    "get": ([HELLO], """
conn = httplib.HTTPConnection(host)
conn.request("GET", "/get", headers={"X-Mine": "1"})
r = conn.getresponse()
note(r.status, r.reason, r.version, r.length, r.will_close, r.getheader("Content-Type"))
note(r.getheader("No"), r.getheader("No", "default"), sorted(r.getheaders()), r.isclosed())
note(r.read(), r.isclosed(), r.read(), conn.sock is None)
"""),
    "pieces": ([HELLO, CHUNKED], """
conn = httplib.HTTPConnection(host)
for _ in range(2):
    conn.request("GET", "/pieces")
    r = conn.getresponse()
    note([r.read(n) for n in (2, 1, 3, 1, 9)], r.isclosed())
"""),
    "chunked": ([CHUNKED], """
conn = httplib.HTTPConnection(host)
conn.request("GET", "/chunked")
r = conn.getresponse()
note(r.length, bool(r.chunked), r.read(), r.isclosed())
"""),
    "to-the-end": ([TO_THE_END], """
conn = httplib.HTTPConnection(host)
conn.request("GET", "/to-the-end")
r = conn.getresponse()
note(r.version, r.length, bool(r.will_close), conn.sock is None, r.read())
"""),
    "no-content": ([HEAD + "Content-Length: 7\r\n\r\n",
                    "HTTP/1.1 204 No Content\r\nX: y\r\n\r\n",
                    "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"], """
conn = httplib.HTTPConnection(host)
for method in ("HEAD", "GET", "GET"):
    conn.request(method, "/no-content")
    r = conn.getresponse()
    note(r.status, r.reason, r.length, r.read())
"""),
    "continue": (["HTTP/1.1 100 Continue\r\nX: y\r\n\r\n" + HELLO], """
conn = httplib.HTTPConnection(host)
conn.request("GET", "/continue")
r = conn.getresponse()
note(r.status, r.msg.getheader("X"), r.read())
"""),
    "keep-alive-10": (["HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nab",
                       closing("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\ncd")], """
conn = httplib.HTTPConnection(host)
for _ in range(2):
    conn.request("GET", "/keep-alive-10")
    r = conn.getresponse()
    note(r.version, bool(r.will_close), r.read(), conn.sock is None)
"""),
    "reconnect": ([closing(HEAD + "Connection: close\r\nContent-Length: 1\r\n\r\na"), HELLO], """
conn = httplib.HTTPConnection(host)
for _ in range(2):
    conn.request("GET", "/reconnect")
    r = conn.getresponse()
    note(bool(r.will_close), conn.sock is None, r.read())
"""),
    "bodies": ([HELLO] * 6, """
conn = httplib.HTTPConnection(host)
for method, body in (("POST", "a=b"), ("POST", None), ("PUT", ""), ("PUT", b"\\xff"), ("GET", "x"),
                     ("PATCH", None)):
    conn.request(method, "/bodies", body)
    note(conn.getresponse().read())
"""),
    "file-body": ([HELLO], """
conn = httplib.HTTPConnection(host)
conn.request("PUT", "/file-body", file_with(b"0123456789" * 3000))
note(conn.getresponse().read())
"""),
    "given-length": ([HELLO], """
conn = httplib.HTTPConnection(host)
conn.request("POST", "/given-length", "abc", {"content-length": "3"})
note(conn.getresponse().read())
"""),
    "own-host": ([HELLO], """
conn = httplib.HTTPConnection(host)
conn.request("GET", "/own-host", None, {"host": "other.example"})
note(conn.getresponse().read())
"""),
    "absolute": ([HELLO], """
conn = httplib.HTTPConnection(host)
conn.request("GET", "http://other.example:81/x", headers={"X-Exchange": "absolute"})
note(conn.getresponse().read())
"""),
    "in-steps": ([HELLO, HELLO], """
conn = httplib.HTTPConnection(host)
conn.putrequest("POST", "/in-steps", skip_host=1, skip_accept_encoding=1)
conn.putheader("X-Two", "one", "two")
conn.putheader("X-Number", 12)
conn.putheader("X-Float", 1.5)
conn.putheader("Content-Length", "5")
conn.endheaders()
conn.send("he")
conn.send(b"llo")
note(conn.getresponse().read())
conn.putrequest("POST", "/in-steps", 0, 1)
conn.putheader("Content-Length", 3)
conn.endheaders("abc")
note(conn.getresponse(True).read())
"""),
    "empty-target": ([HELLO], """
conn = httplib.HTTPConnection(host)
conn.request("GET", "", headers={"X-Exchange": "empty-target"})
note(conn.getresponse().read())
"""),
    "states": ([HELLO], """
conn = httplib.HTTPConnection(host)
note(raised(conn.getresponse), raised(conn.putheader, "a", "b"), raised(conn.endheaders))
conn.putrequest("GET", "/states")
note(raised(conn.putrequest, "GET", "/"), raised(conn.getresponse))
conn.endheaders()
note(raised(conn.putheader, "a", "b"))
r = conn.getresponse()
conn.putrequest("GET", "/states")
note(raised(conn.getresponse), r.read())
conn.auto_open = 0
conn.close()
note(raised(conn.request, "GET", "/states"), raised(conn.send, "x"))
"""),
    "refused": ([], """
for port in ("host:x", "host:8 0", "host:"):
    note(raised(lambda: httplib.HTTPConnection(port).port))
conn = httplib.HTTPConnection(host)
for target in ("/a b", "/a\\r\\nX: y", "/\\x7f"):
    note(raised(conn.request, "GET", target))
    conn.close()
conn.putrequest("GET", "/")
for name, value in (("a:b", "c"), ("a b", "c\\r\\nd"), ("", "a"), ("a", "b\\n"), (" a", "b")):
    note(raised(conn.putheader, name, value)["raised"][0])
note(raised(httplib.HTTPConnection, "a b"))
"""),
    "arguments": ([], """
conn = httplib.HTTPConnection("a.example", 81, 1, 30, ("127.0.0.1", 0))
note(conn.host, conn.port, conn.strict, conn.timeout, conn.source_address, conn.sock)
conn = httplib.HTTPConnection("[::1]:82")
note(conn.host, conn.port, conn.strict, conn.debuglevel, conn.auto_open, conn.default_port)
conn.set_debuglevel(0)
conn = httplib.HTTPSConnection("b.example", None, None, None, True, 9)
note(conn.host, conn.port, conn.strict, conn.timeout, conn.key_file, conn.cert_file)
"""),
    "bad-status": (["HTTP/1.1 abc def\r\n\r\n", "HTTP/1.1 99 low\r\n\r\n",
                    "HTTP/1.1 1000 high\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n", None], """
for _ in range(5):
    conn = httplib.HTTPConnection(host)
    conn.request("GET", "/bad-status")
    note(raised(conn.getresponse))
"""),
    "no-reason": (["HTTP/1.1 200\r\nContent-Length: 1\r\n\r\na",
                   "HTTP/1.1  404   Not  Here \r\nContent-Length: 1\r\n\r\na",
                   "HTTP/1.7 200 OK\r\nContent-Length: 1\r\n\r\na"], """
conn = httplib.HTTPConnection(host)
for _ in range(3):
    conn.request("GET", "/no-reason")
    r = conn.getresponse()
    note(r.version, r.status, r.reason, r.read())
"""),
    "http-09": ([closing("<p>simple</p>\r\nmore"), closing("<p>simple</p>\nmore"),
                 closing("<p>simple</p>\r\n")], """
conn = httplib.HTTPConnection(host)
for pieces in ((None,), (3, None), (99,)):
    conn.request("GET", "/http-09")
    r = conn.getresponse()
    note(r.version, r.status, r.reason, r.length, len(r.msg), r.getheaders())
    note([r.read(n) if n else r.read() for n in pieces])
"""),
    "strict": ([closing("<p>simple</p>\r\nmore"), HELLO], """
conn = httplib.HTTPConnection(host, strict=1)
conn.request("GET", "/strict")
note(raised(conn.getresponse))
conn.close()
conn.request("GET", "/strict")
note(conn.getresponse().read())
"""),
    "cut": ([closing(HEAD + "Content-Length: 9\r\n\r\nabc"),
             closing(HEAD + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nx\r\n"),
             closing(HEAD + "Transfer-Encoding: chunked\r\n\r\n5\r\nhel"),
             closing(HEAD + "Content-Length: 9\r\n\r\nabc")], """
for n in range(3):
    conn = httplib.HTTPConnection(host)
    conn.request("GET", "/cut")
    r = conn.getresponse()
    try:
        note(r.read())
    except httplib.IncompleteRead as exc:
        # Python 2 forgets the chunks before the one that is cut.
        note(exc.partial[-3:] if n < 2 else None, exc.expected if n == 0 else None)
conn = httplib.HTTPConnection(host)
conn.request("GET", "/cut")
r = conn.getresponse()
note(r.read(5), r.read(5), r.isclosed())
"""),
    "limits": ([MANY_FIELDS, MANY_FIELDS, "HTTP/1.1 200 " + "x" * 70000 + "\r\n\r\n",
                HEAD + "X: " + "x" * 70000 + "\r\n\r\n"], """
conn = httplib.HTTPConnection(host)
conn.request("GET", "/limits")
note(raised(conn.getresponse)["raised"][0])
conn.close()
before, httplib._MAXHEADERS = httplib._MAXHEADERS, 200
conn.request("GET", "/limits")
r = conn.getresponse()
note(len(r.getheaders()), r.read())
httplib._MAXHEADERS = before
for _ in range(2):
    conn.close()
    conn.request("GET", "/limits")
    note(raised(conn.getresponse))
note(httplib._MAXHEADERS, httplib._MAXLINE)
"""),
    "message": ([HEAD + "A: 1\r\nb:  x y\r\nA: 2\r\nSet-Cookie: c=d\r\nSet-Cookie: e=f\r\n"
                 "Content-Type: Text/HTML ; Charset=UTF-8; q=\"a b\";flag\r\n"
                 "Content-Transfer-Encoding: Base64\r\nDate: Tue, 04 Nov 2025 09:12:44 GMT\r\n"
                 "From: Joe <joe@example.org>, ann@example.org\r\nContent-Length: 0\r\n\r\n"], """
conn = httplib.HTTPConnection(host)
conn.request("GET", "/message")
r = conn.getresponse()
m = r.msg
note(r.getheader("a"), sorted(r.getheaders()), isinstance(m, httplib.HTTPMessage))
note(m["A"], m.get("a"), m.get("no", 1), raised(lambda: m["no"])["raised"][0], len(m), bool(m))
note(m.getheader("A"), m.getheader("no"), m.getheader("no", "d"))
note(m.getheaders("a"), m.getheaders("no"), m.getheaders("set-cookie"))
note(m.getallmatchingheaders("a"), m.getfirstmatchingheader("A"), m.getfirstmatchingheader("no"))
note(m.getrawheader("A"), m.getrawheader("no"), m.has_key("a"), m.has_key("no"), "a" in m)
note(sorted(m), sorted(m.keys()), sorted(m.values()), sorted(m.items()), m.dict)
note(m.typeheader, m.encodingheader, m.type, m.maintype, m.subtype, m.plisttext, m.plist)
note(m.gettype(), m.getmaintype(), m.getsubtype(), m.getplist(), m.getencoding())
note(m.getparam("charset"), m.getparam("Q"), m.getparam("no"), m.getparamnames())
note(m.getdate("date"), m.getdate_tz("date"), m.getdate("a"), m.getdate("no"))
note(m.getaddr("from"), m.getaddr("no"), m.getaddrlist("from"), m.unixfrom, m.status, m.fp)
m["A"] = "9"
note(m["a"], m.getheaders("A"), m.setdefault("a", "x"), m.setdefault("New"), m["new"])
m.addheader("a", "10")
del m["no"]
del m["b"]
note(m.getheader("a"), "b" in m, sorted(m.dict), r.getheader("a"), r.getheader("B"))
"""),
    "message-from-file": ([], """
import io
m = httplib.HTTPMessage(io.BytesIO(b"A: 1\\r\\nB: 2\\r\\n\\r\\nrest"))
note(m.items() == sorted(m.items()) or sorted(m.items()), m.getheader("b"), m.fp.read())
note(m.headers, str(m), m.gettype(), m.getencoding(), m.plist, m.typeheader)
m = httplib.HTTPMessage(io.BytesIO(b"\\r\\n"), 0)
note(m.items(), len(m))
"""),
    "response-from-file": ([], """
r = httplib.HTTPResponse(FileSocket(b"HTTP/1.1 201 Made\\r\\nContent-Length: 2\\r\\n\\r\\nab"))
note(r.msg, r.status, r.reason, r.version, r.length, raised(r.getheader, "a"), raised(r.getheaders))
r.begin()
note(r.status, r.reason, r.msg.items(), r.read())
r = httplib.HTTPResponse(FileSocket(b"simple"), 0, 1)
note(raised(r.begin))
r = httplib.HTTPResponse(FileSocket(b"simple"), 0, 0, "GET", True)
r.begin()
note(r.version, r.read())
r = httplib.HTTPResponse(FileSocket(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n"),
                         method="HEAD")
r.begin()
note(r.read(), r.isclosed())
"""),
    "HTTP": ([TO_THE_END], IN_STEPS.format(name="HTTP") + """
note(h.getfile(), h.file)
status, reason, headers = h.getreply()
note(status, reason, headers.items(), headers is h.headers, h.getfile() is h.file)
note(h.getfile().readline(), h.file.read())
h.getfile().close()
h.close()
note(h.getfile(), h._conn.sock)
"""),
    "HTTP-connect": ([closing("HTTP/1.0 404 Not Found\r\nContent-Length: 4\r\n\r\nnone"),
                      closing("HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nmore")], """
h = httplib.HTTP()
h.connect(host)
h.set_debuglevel(0)
h.putrequest("POST", "/HTTP-connect")
h.putheader("Content-Length", "5")
h.endheaders()
h.send("hello")
note(h.getreply()[:2], h.getfile().readlines())
name, port = host.split(":")
h.connect(name, int(port))
h.putrequest("GET", "/HTTP-connect")
h.endheaders()
note(h.getreply(True)[:2], [line for line in h.getfile()], h._conn.host, h._conn.port)
"""),
    "HTTP-bad-status": (["HTTP/1.1 abc\r\n\r\n"], IN_STEPS.format(name="HTTP-bad-status") + """
note(h.getreply(), h.headers, h.getfile() is None, h._conn.sock)
h.close()
note(h.getfile())
"""),
    "HTTP-arguments": ([], """
note(httplib.HTTP("a.example")._conn.port, httplib.HTTP("a.example", 0)._conn.port)
note(httplib.HTTP("a.example:83")._conn.port, httplib.HTTP("a.example", 84, 1)._conn.strict)
note(httplib.HTTP()._conn.host, httplib.HTTP._http_vsn, httplib.HTTP._http_vsn_str)
note(httplib.HTTP.debuglevel, httplib.HTTP("a")._conn._http_vsn, httplib.HTTP._connection_class
     is httplib.HTTPConnection, raised(httplib.HTTP, "a:b"))
h = httplib.HTTPS("a.example", 0, None, None, 1)
note(h._conn.host, h._conn.port, h._conn.strict, h.key_file, h.cert_file, h._conn._http_vsn)
"""),
    "HTTP-09": ([closing("<p>simple</p>")], """
h = httplib.HTTP(host)
h.putrequest("GET", "/HTTP-09")
h.endheaders()
note([plain for plain in h.getreply()[:2]], h.getfile().read())
"""),
}

# Exchanges in which the two differ, with what httpclient's httplib notes, and why.
DIFFERENT = {
    # A line end inside a field value is a blank (RFC 9112 5.2).
    "folded": ([HEAD + "X: a\r\n b\r\nContent-Length: 0\r\n\r\n"], """
conn = httplib.HTTPConnection(host)
conn.request("GET", "/folded")
note(conn.getresponse().getheader("X"))
""", ["a\n b"], ["a b"]),
    # HTTP's file is the response: it ends where the content does, and chunks are taken apart.
    "HTTP-chunked": ([closing(CHUNKED + " ")], IN_STEPS.format(name="HTTP-chunked") + """
note(h.getreply()[0], h.getfile().read()[:5])
""", [200, "5\r\nhe"], [200, "hello"]),
}


def find_python2():
    """The path of a Python 2.7 that has httplib, or None."""
    given = os.environ.get("HTTPCLIENT_PYTHON2")
    if given:
        return given
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = [shutil.which("python2.7"), *pyenv.glob("versions/2.7*/bin/python2.7")]
    for path in filter(None, found):
        # pyenv's shims are there even for a version that is not switched on.
        answer = subprocess.run([path, "-c", "import httplib"], capture_output=True,
                                timeout=PATIENCE)
        if answer.returncode == 0:
            return path
    return None


class Recorder:
    """Answers each exchange's requests in turn, and keeps what was received.

    The exchange is named by the first segment of the request target, or by X-Exchange.
    """

    def __init__(self, replies):
        self.replies = replies
        self.received = {name: [] for name in replies}

    def __call__(self, sock):
        with sock.makefile("rb") as file:
            while head := read_head(file).decode("latin-1"):
                name = re.search(r"(?:X-Exchange: |^\w+ /)([\w-]+)", head)[1]
                size = re.search("(?i)\ncontent-length: ([0-9]+)", head)
                requests = self.received[name]
                requests.append(head + file.read(int(size[1]) if size else 0).decode("latin-1"))
                reply = self.replies[name][len(requests) - 1]
                if reply is None:
                    return
                sock.sendall(reply.encode("latin-1"))
                if reply in CLOSING:
                    return


def run_exchanges(python, module, server, exchanges, path=()):
    """What each exchange notes, and the requests that the server receives for it."""
    server.handle = recorder = Recorder({name: case[0] for name, case in exchanges.items()})
    task = {"host": f"{server.host}:{server.port}",
            "exchanges": {name: case[1] for name, case in exchanges.items()}}
    done = subprocess.run([python, "-W", "ignore", str(DRIVER), module], input=json.dumps(task),
                          env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
                          capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), recorder.received


@pytest.fixture(scope="module")
def outcomes():
    """What (Python 2's httplib, httpclient's) noted and sent; both against one server."""
    python2 = find_python2()
    if python2 is None:
        pytest.skip("no Python 2.7 here (HTTPCLIENT_PYTHON2 may name one)")
    exchanges = EXCHANGES | DIFFERENT
    with Server(Recorder({})) as server:
        yield (run_exchanges(python2, "httplib", server, exchanges),
               run_exchanges(sys.executable, "httpclient.httplib", server, exchanges, sys.path))


def assert_same(old, new):
    """Equal, except that an exception of httpclient may be of a narrower class."""
    if isinstance(old, dict) and "raised" in old:
        assert old["raised"][0] in new.get("raised", ()), (old, new)
    elif isinstance(old, list):
        assert isinstance(new, list) and len(old) == len(new), (old, new)
        for each_old, each_new in zip(old, new):
            assert_same(each_old, each_new)
    else:
        assert old == new


@pytest.mark.parametrize("name", EXCHANGES)
def test_exchange_is_that_of_python2(name, outcomes):
    (old, old_requests), (new, new_requests) = outcomes
    assert not [noted for noted in old[name] if isinstance(noted, dict) and "ended by" in noted]
    assert_same(old[name], new[name])
    assert old_requests[name] == new_requests[name]
    # All replies were asked for, so that the exchange did what it says.
    assert len(new_requests[name]) == len(EXCHANGES[name][0])


@pytest.mark.parametrize("name", DIFFERENT)
def test_documented_difference_from_python2(name, outcomes):
    (old, old_requests), (new, new_requests) = outcomes
    assert (old[name], new[name]) == DIFFERENT[name][2:]
    assert old_requests[name] == new_requests[name]

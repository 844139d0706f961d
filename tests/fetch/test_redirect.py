# SPDX-License-Identifier: MIT
"""Answer.redirect(): the request that a redirect asks for (RFC 9110 15.4)."""

import io

import pytest

import httpclient
from httpclient._fetch.request import Request
from httpclient._fetch.writing import Writer
from support.answers import Done, redirecting
from support.servers import PATIENCE, echo, serving

BASE = "http://a/b/c/d;p?q"

# RFC 3986 5.4.1 and 5.4.2
REFERENCES = {
    "g": "http://a/b/c/g", "./g": "http://a/b/c/g", "g/": "http://a/b/c/g/", "/g": "http://a/g",
    "//g": "http://g", "?y": "http://a/b/c/d;p?y", "g?y": "http://a/b/c/g?y",
    "#s": "http://a/b/c/d;p?q#s", "g#s": "http://a/b/c/g#s", "g?y#s": "http://a/b/c/g?y#s",
    ";x": "http://a/b/c/;x", "g;x": "http://a/b/c/g;x", "g;x?y#s": "http://a/b/c/g;x?y#s",
    ".": "http://a/b/c/", "./": "http://a/b/c/", "..": "http://a/b/", "../": "http://a/b/",
    "../g": "http://a/b/g", "../..": "http://a/", "../../": "http://a/", "../../g": "http://a/g",
    "../../../g": "http://a/g", "../../../../g": "http://a/g", "/./g": "http://a/g",
    "/../g": "http://a/g", "g.": "http://a/b/c/g.", ".g": "http://a/b/c/.g",
    "g..": "http://a/b/c/g..", "..g": "http://a/b/c/..g", "./../g": "http://a/b/g",
    "./g/.": "http://a/b/c/g/", "g/./h": "http://a/b/c/g/h", "g/../h": "http://a/b/c/h",
    "g;x=1/./y": "http://a/b/c/g;x=1/y", "g;x=1/../y": "http://a/b/c/y",
    "g?y/./x": "http://a/b/c/g?y/./x", "g?y/../x": "http://a/b/c/g?y/../x",
    "g#s/./x": "http://a/b/c/g#s/./x", "g#s/../x": "http://a/b/c/g#s/../x",
    "http:g": "http://a/b/c/g",
    # Others
    "?": "http://a/b/c/d;p?", "g?": "http://a/b/c/g?", "#": "http://a/b/c/d;p?q#",
    "http://g.example": "http://g.example", "HTTP://G.Example/h": "HTTP://G.Example/h",
    "https://g/h?i#j": "https://g/h?i#j", "http://g/h/../i": "http://g/i",
    "http://g:8080": "http://g:8080", "http://[::1]:81/": "http://[::1]:81/",
    "http://user:password@g/h": "http://g/h", "//user@g": "http://g",
    "g//h/../i": "http://a/b/c/g//i", "1:2": "http://a/b/c/1:2",
    "g h": "http://a/b/c/g%20h", "g\th": "http://a/b/c/g%09h", "g%20h%zz": "http://a/b/c/g%20h%zz",
    "g?a b#c d": "http://a/b/c/g?a%20b#c%20d",
    # Octets of UTF-8 and of Latin-1
    "/caf\u00c3\u00a9": "http://a/caf%C3%A9", "/caf\u00e9": "http://a/caf%E9",
    "http://b\u00c3\u00bccher.example/\u00fc": "http://b\u00fccher.example/%FC",
}


@pytest.mark.parametrize("location", REFERENCES)
def test_locations(location):
    assert redirecting(BASE, location).redirect().url == REFERENCES[location]


@pytest.mark.parametrize("base, location, url", [
    ("http://a", "g", "http://a/g"), ("http://a?q", "g", "http://a/g"), ("http://a?q", "?y", "http://a?y"),
    ("http://a#f", "/g", "http://a/g#f"), ("http://a/b#f", "/g#h", "http://a/g#h"),
    ("http://a/b#f", "/g#", "http://a/g#"), ("http://a/b#f", "http://c/", "http://c/#f"),
    ("http://a/b//c/d", "e", "http://a/b//c/e"), ("https://a:8443/b", "//c/d", "https://c/d"),
    ("http://[::1]:81/b", "c", "http://[::1]:81/c"),
])
def test_other_bases(base, location, url):
    assert redirecting(base, location).redirect().url == url


@pytest.mark.parametrize("location", [
    "", " ", "mailto:a@b.example", "ftp://a/b", "javascript:alert(1)", "file:///etc/passwd",
    "data:,x", "//", "http://", "http:///b", "http://:80/", "http://a:b/", "http://a:65536/",
    "http://[::1/", "http://a b/", "http://a\\b/", "http://a<b/", "http://b\u00fccher.example/",
    ["/a", "/b"], ["/a", "/a", "/b"], [],
])
def test_locations_that_lead_nowhere(location):
    assert redirecting(BASE, location).redirect() is None


def test_the_same_location_twice_counts_once():
    assert redirecting(BASE, ["/g", "/g"]).redirect().url == "http://a/g"


@pytest.mark.parametrize("fold", ["\r\n ", "\r\n\t"])
def test_a_fold_in_a_location_is_a_blank(fold):
    assert redirecting(BASE, f"/a{fold}b").redirect().url.startswith("http://a/a%")


@pytest.mark.parametrize("location", ["/" + "../" * 20_000, "/" + "a/" * 30_000, "?" * 60_000,
                                      "\u00e9" * 60_000, "http://" + "a@" * 30_000])
def test_long_locations_cost_no_more_than_their_length(location):
    redirecting(BASE, location).redirect()


@pytest.mark.parametrize("status", [200, 201, 300, 304, 305, 306, 309, 400, 503])
def test_other_statuses_are_no_redirects(status):
    wire = f"HTTP/1.1 {status} X\r\nLocation: /g\r\nContent-Length: 0\r\n\r\n"
    assert Done(BASE, wire.encode()).redirect() is None


# ---- method and body

# RFC 9110 15.4.2 to 15.4.9; 301 and 302 after POST as browsers do it.
METHODS = [(status, method, after)
           for status, afters in {
               301: "GET HEAD GET PUT DELETE PATCH OPTIONS",
               302: "GET HEAD GET PUT DELETE PATCH OPTIONS",
               303: "GET HEAD GET GET GET GET GET",
               307: "GET HEAD POST PUT DELETE PATCH OPTIONS",
               308: "GET HEAD POST PUT DELETE PATCH OPTIONS"}.items()
           for method, after in zip("GET HEAD POST PUT DELETE PATCH OPTIONS".split(),
                                    afters.split(), strict=True)]


@pytest.mark.parametrize("status, method, after", METHODS)
def test_methods(status, method, after):
    headers = {"Content-Type": "a/b", b"Content-Length": "4", "content-encoding": "x", "X": "y",
               "Cookie": "c", "Transfer-Encoding": "z"}
    request = Request(method, BASE, body=b"body", headers=headers)
    found = redirecting(request, "/g", status).redirect()
    assert found.method == after
    if after == method and (status != 303 or method == "HEAD"):
        assert found.body == b"body"
        assert found.headers == headers
    else:
        assert found.body is None
        assert found.headers == {"X": "y", "Cookie": "c"}
    assert found.headers is not request.headers


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_methods_are_those_of_requests(status, method):
    """requests.Session.rebuild_method() is the reference for these three methods."""
    requests = pytest.importorskip("requests")
    response = requests.Response()
    response.status_code = status
    prepared = requests.Request(method, BASE).prepare()
    requests.Session().rebuild_method(prepared, response)
    assert redirecting(Request(method, BASE), "/g", status).redirect().method == prepared.method


@pytest.mark.parametrize("location", [
    "/g", "g?h", "//g/h", "http://g", "../x", "/caf\u00c3\u00a9", "g h", "https://g/h#i"])
def test_targets_are_those_of_requests(location):
    requests = pytest.importorskip("requests")
    session, response = requests.Session(), requests.Response()
    response.status_code = 302
    response.headers["Location"] = location
    response.url = BASE + "#f"
    response.raw = io.BytesIO()
    sent = []

    class Adapter(requests.adapters.BaseAdapter):
        def send(self, request, **keywords):
            sent.append(request.url)
            final = requests.Response()
            final.status_code, final.raw, final.url = 200, io.BytesIO(), request.url
            return final

        def close(self):
            pass

    session.mount("http://", Adapter())
    session.mount("https://", Adapter())
    response.request = requests.Request("GET", response.url).prepare()
    list(session.resolve_redirects(response, response.request))
    assert sent == [redirecting(BASE + "#f", location).redirect().url]


BODIES = {
    "bytes": (lambda: b"body", True), "large": (lambda: b"x" * 50_000, True),
    "str": (lambda: "body", True), "bytearray": (lambda: bytearray(b"body"), True),
    "file": (lambda: io.BytesIO(b"body"), True), "text file": (lambda: io.StringIO("body"), True),
    "iterator": (lambda: iter([b"body"]), False), "list": (lambda: [b"body"], False),
    "closed file": (lambda: closed, False),
}
closed = io.BytesIO(b"body")


@pytest.mark.parametrize("case", BODIES)
@pytest.mark.parametrize("status", [302, 303, 307, 308])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_bodies(case, status, method):
    make, repeats = BODIES[case]
    body = io.BytesIO(b"body") if case == "closed file" else make()
    request = Request(method, BASE, body=body)
    written = Writer().written(request)
    expected = written[2]
    pieces = []
    while written[3] is not None and (piece := written[3].next_piece()):
        pieces.append(bytes(piece))
    if case == "closed file":
        body.close()
    found = redirecting(request, "/g", status).redirect()
    if status == 303 or method == "POST" and status == 302:
        assert found.body is None
    elif not repeats:
        assert found is None
    else:
        assert found.body is body
        again = Writer().written(found)
        assert again[2] == expected.replace(b" /b/c/d;p?q ", b" /g ")
        for piece in pieces:
            assert bytes(again[3].next_piece()) == piece


def test_a_file_is_sent_again_from_where_it_began():
    file = io.BytesIO(b"0123456789")
    file.seek(4)
    request = Request("PUT", BASE, body=file, headers={"Content-Length": "6"})
    assert bytes(Writer().written(request)[3].next_piece()) == b"456789"
    found = redirecting(request, "/g", 308).redirect()
    assert bytes(Writer().written(found)[3].next_piece()) == b"456789"


# ---- origins

SECRETS = {"Authorization": "a", "cookie": "b", "PROXY-AUTHORIZATION": "c", "Host": "d"}


@pytest.mark.parametrize("location, same", [
    ("/g", True), ("http://a.example/", True), ("http://A.EXAMPLE:80/", True),
    ("//a.example", True), ("https://a.example/", False), ("http://a.example:81/", False),
    ("http://b.example/", False), ("http://x.a.example/", False), ("https://a.example:80/", False),
    ("http://a.example.:80/", False), ("http://a.example@b.example/", False),
])
@pytest.mark.parametrize("status", [301, 303, 307])
def test_another_origin_gets_no_secrets(location, same, status):
    request = Request("GET", "http://a.example/b", headers={**SECRETS, "X": "y"})
    found = redirecting(request, location, status).redirect()
    assert found.headers == ({**SECRETS, "X": "y"} if same else {"X": "y"})


def test_a_redirect_away_from_https_gets_no_secrets():
    request = Request("GET", "https://a.example/b", headers={b"Authorization": "a", "X": "y"})
    assert redirecting(request, "http://a.example/b").redirect().headers == {"X": "y"}


def test_repeated_headers_stay_repeated():
    headers = httpclient.HTTPMessage()
    for name, value in [("X", "a"), ("Cookie", "b"), ("X", "c")]:
        headers.add_header(name, value)
    request = Request("GET", "http://a.example/", headers=headers)
    found = redirecting(request, "http://b.example/").redirect()
    assert list(found.headers.items()) == [("X", "a"), ("X", "c")]


def test_sink_deadline_and_context_are_carried_along():
    sink = [].append
    request = Request("GET", BASE, sink=sink, deadline=5, context="c")
    found = redirecting(request, "http://b.example/").redirect()
    assert (found.sink, found.deadline, found.context) == (sink, 5.0, "c")


def test_a_file_follows_a_redirect():
    moved = b"HTTP/1.1 307 Moved\r\nLocation: b\r\nContent-Length: 0\r\n\r\n"
    content = bytes(range(256)) * 100
    with serving(moved, echo) as server, httpclient.Fetcher(timeout=PATIENCE) as fetcher:
        fetcher.add(Request("PUT", f"http://127.0.0.1:{server.port}/a", body=io.BytesIO(content)))
        answers = []
        for answer in fetcher:
            answers.append(answer)
            if (request := answer.redirect()) is not None:
                fetcher.add(request)
    assert [answer.error for answer in answers] == [None, None]
    assert [answer.status for answer in answers] == [307, 200]
    assert [answer.reused for answer in answers] == [False, True]
    assert answers[1].content == content
    assert answers[1].getheader("X-Target") == "/b"
    timings = answers[0].timings
    assert timings.secured is None
    reached = [seconds for seconds in timings if seconds is not None]
    assert len(reached) == 6
    assert reached == sorted(reached) and reached[0] >= 0
    assert answers[1].timings[1:4] == (None, None, None)

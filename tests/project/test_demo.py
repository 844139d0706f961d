# SPDX-License-Identifier: MIT
"""`make demo` in a short form: it says "equal" where that is so, and 1 where it is not.

The demo runs as its users run it, in a process of its own, on a few of the records and
for one round.  Clients that lie in one part of one answer stand in for a broken build:
each lie has to be found, named and paid for with the exit status.
"""

import json
import os
import re
import socket
import subprocess
import sys

import pytest

from support.paths import DATA, ROOT

RECORDS = DATA / "responses.jsonl"
ORIGIN = ROOT / "bench" / "demo" / "origin.py"

# The checkout comes last on sys.path: it has bench, but its httpclient may not be built.
RUN = (f"import sys; sys.path.append({str(ROOT)!r}); from bench.demo.__main__ import main; "
       "sys.exit(main())")
SHORT = ["--rounds", "1", "--slot", "0"]

# Takes http.client's classes and spoils one part of the answer to one request.
LIAR = r"""
import re
from http.client import *

LIED = 0

def fold(value):
    return re.sub(r"[ \t]*\r\n[ \t]+", " ", value)

class Lying:
    def getresponse(self):
        global LIED
        response = super().getresponse()
        if self.target == "/" + {target!r}:
            LIED += 1
            if LIED >= {first}:
                lie(self, response)
        return response

    def request(self, method, url, body=None, headers={{}}, **rest):
        self.target = url
        super().request(method, url, body, headers, **rest)

def lie(connection, response):
    fields, read = response.getheaders(), response.read
    {lie}

class HTTPConnection(Lying, HTTPConnection): pass
class HTTPSConnection(Lying, HTTPSConnection): pass
"""


# One record of each kind of answer, two that httpclient takes otherwise, one cut in its body.
FEW = {
    "no content": "12ed7738acbb73bd",
    "small": "067d6685cdef1592",
    "medium": "2433b5908930f454",
    "large": "328524d2be463208",
    "chunked": "b572fb8b363707bc",
    "until close": "5537f71291a4dd2e",
    "cut": "be4ebf1219f39259",
    "obs-fold": "db9d9b327b349411",
    "two framings": "00a3b64cd8709c94",
}
KINDS = ("no content", "up to 4 KiB", "4 to 64 KiB", "over 64 KiB", "chunked", "new connection")


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """A file of these records alone."""
    with open(RECORDS, encoding="ascii") as lines:
        chosen = [line for line in lines if json.loads(line)["id"] in FEW.values()]
    assert len(chosen) == len(FEW)
    path = tmp_path_factory.mktemp("demo") / "few.jsonl"
    path.write_text("".join(chosen), encoding="ascii")
    return path


def demo(*arguments, path=None):
    """Run the demo; `path` is a folder with a client module in it."""
    environment = dict(os.environ, PYTHONIOENCODING="utf-8", PYTHONSAFEPATH="1")
    if path is not None:
        old = environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = os.pathsep.join([str(path), *([old] if old else [])])
    return subprocess.run([sys.executable, "-c", RUN, *map(str, arguments)], env=environment,
                          capture_output=True, encoding="utf-8", timeout=120)


def lying_demo(few, folder, kind, lie, first=1):
    """Run the demo with a client that lies about one record, from the `first` time on."""
    module = LIAR.format(target=FEW[kind], lie=lie, first=first)
    (folder / "liar.py").write_text(module, encoding="ascii")
    return demo("--client", "liar", "--records", few, *SHORT, path=folder)


# client -> what is said of the comparison
CLIENTS = {
    "http.client": " 9 of 9 answers are equal (1 as errors)",
    "httpclient": " 7 of 9 answers are equal (1 as errors)",
}


@pytest.mark.parametrize("client", CLIENTS)
def test_all_clients_give_equal_answers(few, client):
    result = demo("--client", client, "--records", few, *SHORT)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "\nEqual: " in result.stdout
    assert result.stdout.count(CLIENTS[client]) == 2
    for kind in (*KINDS, "all kept alive", "all answers"):
        rows = re.findall(rf"^{kind} +\d+(?: +[\d,.]+){{2}} +[\d.]+x(?: +[\d,.]+){{2}} +[\d.]+x$",
                          result.stdout, re.M)
        assert len(rows) == 2, (kind, result.stdout)


def test_documented_differences_are_named(few):
    result = demo("--client", "httpclient", "--records", few, *SHORT)
    told = " ".join(result.stdout.split())
    assert ("2 differ as COMPATIBILITY.md says: "
            "Transfer-Encoding and Content-Length 1, obs-fold 1 ") in told


def test_all_records_are_equal():
    """Every record that there is, not timed."""
    result = demo("--client", "httpclient", "--rounds", "0", "--slot", "0")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "\nEqual: " in result.stdout


# part of the answer -> what the client makes of it
LIES = {
    "version": "response.version = 9",
    "status": "response.status = 201",
    "reason": "response.reason += '!'",
    "fields": "response.getheaders = lambda: fields[1:] + fields[:1]",
    "body": "response.read = lambda: read()[:-1] + b'?'",
    "kept": "response.read = lambda: (read(), connection.close())[0]",
    "error": "raise BadStatusLine('x')",
}


@pytest.mark.parametrize("part", LIES)
@pytest.mark.parametrize("kind", ["small", "chunked"])
def test_a_lie_is_found(few, tmp_path, kind, part):
    result = lying_demo(few, tmp_path, kind, LIES[part])
    assert result.returncode == 1, result.stdout + result.stderr
    assert "NOT EQUAL" in result.stdout
    assert result.stdout.count(" 1 DIFFER WITHOUT A REASON") == 2
    assert f"    {FEW[kind]}  " in result.stdout
    assert re.search(rf"^ +{part}: .* instead of ", result.stdout, re.M)


def test_a_lie_under_the_clock_is_found(few, tmp_path):
    """The comparison (one answer by scheme) is passed; then the body is another one."""
    result = lying_demo(few, tmp_path, "small", LIES["body"], first=3)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "WITHOUT A REASON:" not in result.stdout
    assert "WRONG ANSWERS WHILE TIMING" in result.stdout
    assert FEW["small"] in result.stdout


def test_a_documented_difference_is_explained(few, tmp_path):
    lie = "response.getheaders = lambda: [(name, fold(value)) for name, value in fields]"
    result = lying_demo(few, tmp_path, "obs-fold", lie)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.count(" 1 differ as COMPATIBILITY.md says: obs-fold 1\n") == 1
    assert result.stdout.count(" 1 differ, the same as before\n") == 1


@pytest.mark.parametrize("part", [part for part in LIES if part != "kept"])
def test_reason_to_differ_excuses_no_other_answer(few, tmp_path, part):
    """An answer that may differ from http.client's must still be the documented one."""
    result = lying_demo(few, tmp_path, "obs-fold", LIES[part])
    assert result.returncode == 1, result.stdout + result.stderr
    assert result.stdout.count(" 1 DIFFER WITHOUT A REASON") == 2
    assert f"    {FEW['obs-fold']}  " in result.stdout
    assert re.search(rf"^ +{part}: .* instead of ", result.stdout, re.M)


def test_missing_client_is_named():
    result = demo("--client", "no_such_client", *SHORT)
    assert result.returncode == 2
    assert result.stdout == ""
    assert "cannot import no_such_client" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_origin_ends_with_its_input(few):
    """So it ends with the demo, however that ends."""
    origin = subprocess.Popen([sys.executable, "-I", str(ORIGIN), str(few)],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        ports = json.loads(origin.stdout.readline())
        with socket.create_connection(("127.0.0.1", ports["http"]), timeout=30) as sock:
            sock.sendall(b"GET /%b HTTP/1.1\r\n\r\n" % FEW["no content"].encode())
            assert sock.recv(12) == b"HTTP/1.1 304"
            origin.stdin.close()
            assert origin.wait(30) == 0
    finally:
        origin.kill()
        origin.wait()
        origin.stdout.close()

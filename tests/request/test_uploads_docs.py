# SPDX-License-Identifier: MIT
"""docs/uploads.md: each example is run as it stands there."""

import io
import re

import httpclient
import pytest

from support.expecting import CONTENT, CONTINUE, REFUSED, Origin, served
from support.paths import ROOT
from support.servers import Server

PAGE = ROOT / "docs" / "uploads.md"
if not PAGE.is_file():
    pytest.skip("no docs beside these tests", allow_module_level=True)

UPLOAD, RETRY = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"),
                           re.MULTILINE | re.DOTALL)

def run(example, server):
    names = {}
    exec(compile(example.replace('"localhost", 8080', f'"127.0.0.1", {server.port}'),
                 "uploads.md", "exec"), names)
    return names


@pytest.mark.parametrize(("early", "printed"), [
    (CONTINUE, "200 b'done'\n"), (REFUSED, "417 b'no'\n")], ids=["100", "417"])
def test_upload(early, printed, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "large.bin").write_bytes(CONTENT)
    assert UPLOAD.count('"localhost", 8080') == 1
    origin = Origin(early)
    with Server(origin) as server:
        run(UPLOAD, server)
    assert capsys.readouterr().out == printed
    assert [request.body for request in origin.requests] == [
        b"" if early is REFUSED else CONTENT]


@pytest.mark.parametrize(("early", "content"), [(CONTINUE, b"done"), (REFUSED, b"plain")],
                         ids=["100", "417"])
def test_retry(early, content):
    with served(httpclient, early) as (connection, origin, server):
        response = run(RETRY, server)["upload"](connection, "/large.bin", io.BytesIO(CONTENT))
        assert (response.status, response.read()) == (200, content)
    assert origin.requests[-1].body == CONTENT

# SPDX-License-Identifier: MIT
"""docs/uploads.md: each example is run as it stands there."""

import io

import httpclient
import pytest

from support.examples import examples_of, run_example
from support.expecting import CONTENT, CONTINUE, REFUSED, Origin, served
from support.servers import Server

PAGE = "docs/uploads.md"
UPLOAD, RETRY = examples_of(PAGE)


@pytest.mark.parametrize(("early", "printed"), [
    (CONTINUE, "200 b'done'\n"), (REFUSED, "417 b'no'\n")], ids=["100", "417"])
def test_upload(early, printed, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "large.bin").write_bytes(CONTENT)
    origin = Origin(early)
    with Server(origin) as server:
        run_example(UPLOAD, server.port, PAGE)
    assert capsys.readouterr().out == printed
    assert [request.body for request in origin.requests] == [
        b"" if early is REFUSED else CONTENT]


@pytest.mark.parametrize(("early", "content"), [(CONTINUE, b"done"), (REFUSED, b"plain")],
                         ids=["100", "417"])
def test_retry(early, content):
    with served(httpclient, early) as (connection, origin, server):
        response = run_example(RETRY, server.port, PAGE)["upload"](
            connection, "/large.bin", io.BytesIO(CONTENT))
        assert (response.status, response.read()) == (200, content)
    assert origin.requests[-1].body == CONTENT

# SPDX-License-Identifier: MIT
"""docs/dialing.md: each example is run as it stands there."""

import re
import socket

import pytest

from support.examples import examples_of
from support.servers import ok, serving

PAGE = "docs/dialing.md"
EXAMPLES = examples_of(PAGE)


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_example(example, tmp_path, monkeypatch, capsys):
    """The address of the server is replaced by that of the test's."""
    monkeypatch.chdir(tmp_path)     # an absolute path may be too long
    unix = "unix_socket" in example
    if unix and not hasattr(socket, "AF_UNIX"):
        pytest.skip("this system has no Unix sockets")
    if "requests" in example:
        pytest.importorskip("requests")
        monkeypatch.setenv("NO_PROXY", "*")
    with serving(ok(b'{"Version": "1"}'), path="api.sock" if unix else None) as server:
        example, count = re.subn(r'"/[a-z/]+\.sock"', '"api.sock"', example)
        if not unix:
            example, count = re.subn("8080", str(server.port), example)
        assert count == 1
        exec(compile(example, PAGE, "exec"), {})
    assert capsys.readouterr().out == (
        "{'Version': '1'}\n" if "requests" in example else "b'{\"Version\": \"1\"}'\n")
    [request] = server.handle.requests
    assert request.field("Host").partition(":")[0] in ("localhost", "docker", "www.example.com")

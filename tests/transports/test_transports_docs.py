# SPDX-License-Identifier: MIT
"""docs/transports.md: each example runs as it stands there."""

import re

import pytest

from support.paths import ROOT
from support.servers import Server, ok, read_request

PAGE = ROOT / "docs" / "transports.md"
if not PAGE.is_file():
    pytest.skip("no docs beside these tests", allow_module_level=True)

EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"),
                      re.MULTILINE | re.DOTALL)


def answer(sock):
    with sock.makefile("rb") as file:
        while request := read_request(file):
            sock.sendall(ok(request.target.encode()))


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_example(example, capsys):
    for library in re.findall(r"^import (httpx|requests)$", example, re.MULTILINE):
        pytest.importorskip(library)
    with Server(answer) as server:
        code = example.replace("localhost:8080", f"127.0.0.1:{server.port}")
        names = {"__name__": "__main__"}
        exec(compile(code, str(PAGE), "exec"), names)
        if "client" in names:
            names["client"].close()
    if "print" in example:
        assert capsys.readouterr().out


def test_there_are_examples():
    assert EXAMPLES

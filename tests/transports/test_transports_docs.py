# SPDX-License-Identifier: MIT
"""docs/transports.md: each example runs as it stands there."""

import re

import pytest

from support.examples import examples_of, run_example
from support.pools import Paired
from support.servers import Server

PAGE = "docs/transports.md"
EXAMPLES = examples_of(PAGE)


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_example_runs(example, capsys):
    for library in re.findall(r"^import (httpx|requests)$", example, re.MULTILINE):
        pytest.importorskip(library)
    with Server(Paired()) as server:
        names = run_example(example, server.port, PAGE)
        if "client" in names:
            names["client"].close()
    assert bool(capsys.readouterr().out) == ("print" in example)

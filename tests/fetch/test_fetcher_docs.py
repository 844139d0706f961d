# SPDX-License-Identifier: MIT
"""docs/fetcher.md: each example runs as it stands there."""

import pytest

from support.examples import examples_of, run_example
from support.pools import Paired
from support.servers import Server

PAGE = "docs/fetcher.md"
EXAMPLES = examples_of(PAGE)


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_example_runs(example, capsys):
    if "import trio" in example:
        pytest.importorskip("trio")
    with Server(Paired()) as server:
        run_example(example, server.port, PAGE)
    printed = capsys.readouterr().out
    assert bool(printed) == ("print" in example)
    assert "Error" not in printed

# SPDX-License-Identifier: MIT
"""docs/pool.md: each example runs as it stands there."""

import pytest

from support.examples import examples_of, run_example
from support.pools import Paired
from support.servers import Server

PAGE = "docs/pool.md"
EXAMPLES = examples_of(PAGE)


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_example_runs(example, capsys):
    with Server(Paired()) as server:
        names = run_example(example, server.port, PAGE)
        if "pool" in names:
            names["pool"].close()
    assert bool(capsys.readouterr().out) == ("print" in example)

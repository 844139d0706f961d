# SPDX-License-Identifier: MIT
"""docs/many-machines.md has each example, and no other."""

import re

from support.paths import ROOT
from support.programs import EXAMPLES, needs

needs()


def test_page_names_each_example():
    page = (ROOT / "docs" / "many-machines.md").read_text(encoding="utf-8")
    assert {*re.findall(r"examples/(\w+\.py)", page)} == {path.name for path in EXAMPLES.glob("*")
                                                          if path.suffix == ".py"}

# SPDX-License-Identifier: MIT
"""The examples of README.md, which tests run as they stand there."""

import re

import pytest

from support.paths import ROOT


def run_example(word, port):
    """Run the example that has this word, against the server at this port of 127.0.0.1.

    Returns the names that it has bound.  Skips the test where there is no README.md.
    """
    readme = ROOT / "README.md"
    if not readme.is_file():
        pytest.skip("no README.md beside the tests")
    examples = re.findall(r"```python\n(.*?)```", readme.read_text("utf-8"), re.DOTALL)
    [example] = [code for code in examples if word in code]
    assert example.count('"localhost", 8080') == 1
    names = {}
    exec(compile(example.replace('"localhost", 8080', f'"127.0.0.1", {port}'),
                 "README.md", "exec"), names)
    return names

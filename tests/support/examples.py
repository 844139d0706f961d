# SPDX-License-Identifier: MIT
"""The Python examples of README.md and docs/, which tests run as they stand there."""

import re

import pytest

from support.paths import ROOT


def examples_of(page):
    """Return the examples of a page, such as "docs/pool.md"; skip the tests where there is none."""
    file = ROOT / page
    if not file.is_file():
        pytest.skip(f"no {page} beside these tests", allow_module_level=True)
    found = re.findall(r"^```python\n(.*?)^```$", file.read_text(encoding="utf-8"),
                       re.MULTILINE | re.DOTALL)
    assert found
    return found


def at(port, example):
    """Return an example with this port of 127.0.0.1 in the place of the server that it names."""
    return (example.replace("localhost:8080", f"127.0.0.1:{port}")
            .replace('"localhost", 8080', f'"127.0.0.1", {port}'))


def run_example(example, port, page):
    """Run an example of a page; return the names that it has bound."""
    names = {"__name__": "__main__"}
    exec(compile(at(port, example), page, "exec"), names)
    return names


def run_readme_example(word, port):
    """Run the example of README.md that has this word; return the names that it has bound."""
    [example] = [code for code in examples_of("README.md") if word in code]
    assert at(port, example) != example
    return run_example(example, port, "README.md")

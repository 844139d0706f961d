# SPDX-License-Identifier: MIT
"""examples/processors.py, with two workers: threads without a GIL, processes with it."""

import sys

from support.programs import needs, run, site

needs()


def test_program_counts_the_links_of_all_pages():
    with site() as url:
        [line] = run("processors", url, "--pages", 40, "--links", 10, "--workers", 2)
    kind = "processes" if getattr(sys, "_is_gil_enabled", lambda: True)() else "threads"
    # A page has four links of its own.
    assert line.startswith(f"40 pages, 560 links, 2 {kind}: ")

# SPDX-License-Identifier: MIT
"""Measure httpclient beside the standard library's http.client: `python -m bench`.

Needs the standard library and an importable httpclient only.  With rich there is a progress
bar; with httptools, pycurl and aiohttp some rows have more clients.

    __main__.py      the command line
    report/          the list of all rows, bounds on them, tables, a picture
    cases/           the answers, the server that gives them, and the clients
    demo/            a crawl of recorded responses with both: python -m bench.demo
    harness/         the clock and the figures, neighbours on the machine, child processes
    instructions.py  instruction counts of httpclient's own machine code
    profile.py       shares of CPU time by package, for libraries that use http.client
    strictness.py    invalid responses, and the clients that notice them

report/ imports cases/, and both import harness/; demo/ stands alone.

The figure is the ratio of CPU time per request (http.client / httpclient), taken round by
round in one run: a busy or slow machine disturbs both sides alike.
"""

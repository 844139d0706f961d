# SPDX-License-Identifier: MIT
"""What httpclient costs beside the standard library's client: `python -m bench`.

Needs nothing but the standard library and an importable httpclient; with rich there is a
progress bar, and with httptools, pycurl and aiohttp there is more to compare with.

The report is made by

    __main__.py   the command line, the report
    rows.py       all rows, and who measures each
    cases/        the answers, the server that gives them, and the clients that are measured
    harness/      the clock and the figures, neighbours on the machine, child processes
    table.py      results as text
    check.py      what must be reached

The figure is the ratio of CPU time per request (standard library / httpclient),
taken round by round in one run: a busy or slow machine disturbs both sides alike.
"""

# SPDX-License-Identifier: MIT
"""What httpclient costs beside the standard library's client: `python -m bench`.

Needs nothing but the standard library and an importable httpclient.

The table is made by

    __main__.py   the command line, the table, the JSON report
    cases.py      what goes over the wire, and how the client reads it
    measure.py    the contenders, the clock, the figures
    server.py     canned answers, from a process of its own

The figure is the ratio of CPU time per request (standard library / httpclient),
taken round by round in one run: a busy or slow machine disturbs both sides alike.
"""

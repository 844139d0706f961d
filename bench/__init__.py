# SPDX-License-Identifier: MIT
"""What httpclient costs beside the standard library's client: `python -m bench`.

Needs nothing but the standard library and an importable httpclient; with rich there is a
progress bar, and with httptools, pycurl and aiohttp there is more to compare with.

The report is made by

    __main__.py   the command line, the report
    rows.py       all rows, and who measures each
    cases.py      what goes over the wire, and how the client reads it
    exchanges.py  the contenders that go over a socket
    parsing.py    the contenders that parse what is in memory
    https.py      default HTTPS connections, handshakes
    threads.py    many threads
    downstream.py urllib3, requests and others, with install() and without
    floor.py      an http.client that does nothing but its system calls, for those
    footprint.py  imports, idle connections
    harness/      the clock and the figures, neighbours on the machine, child processes
    server.py     canned answers, from a process of its own
    table.py      results as text
    check.py      what must be reached

The figure is the ratio of CPU time per request (standard library / httpclient),
taken round by round in one run: a busy or slow machine disturbs both sides alike.
"""

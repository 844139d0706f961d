# SPDX-License-Identifier: MIT
"""Many connections from one client process: `python -m bench --crowd`.

    rows.py     the rows, and how they are measured
    origin.py   the server, in processes of its own
    process.py  the process in which a client lives
    loops.py    the floor: epoll loops without a client
    clients.py  httpclient's Fetcher and the other clients
"""

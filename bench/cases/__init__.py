# SPDX-License-Identifier: MIT
"""The rows of the bench: the answers, the server that gives them, and the clients.

    fixtures.py        the answers, and how a client reads each of them
    server.py          the server, in a process of its own
    exchanges.py       httpclient and http.client over a socket, and the bytes alone
    parsing.py         parsers on bytes in memory
    https.py           default HTTPS connections, TLS handshakes
    threads.py         many threads, each with a connection
    footprint.py       imports, idle connections
    peers.py           other HTTP clients
    crowd/             many connections from one process
    downstream.py      libraries that use http.client, with install() and without
    transports.py      requests and httpx, on httpclient's transports and on their own
    minimal_client.py  an http.client that makes its system calls and does nothing else
"""

# SPDX-License-Identifier: MIT
"""The main job, side by side: crawl recorded responses with http.client and httpclient.

    __main__.py     the command line: compare, time, report
    crawl.py        the two clients at work
    origin.py       the server, in a process of its own: recorded responses, byte for byte
    differences.py  the reasons for which an answer may differ
"""

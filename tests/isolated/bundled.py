# SPDX-License-Identifier: MIT
"""A program that test_frozen.py has bundled, and runs where no Python is needed.

    bundled                     exchanges by httpclient, and by urllib.request on it
    bundled main|module ARGS    what `python -m httpclient ARGS` does, in either of two ways
"""

import http.client
import http.server
import runpy
import sys
import threading
import urllib.request
from contextlib import closing, contextmanager

import httpclient
import httpclient.httplib

BODY = b"all is well"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *args):
        pass


@contextmanager
def serving():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def get(cls, port):
    with closing(cls("127.0.0.1", port, timeout=20)) as connection:
        connection.request("GET", "/")
        return connection.getresponse().read()


def exchange(port):
    assert get(httpclient.HTTPConnection, port) == BODY
    assert get(httpclient.httplib.HTTPConnection, port) == BODY
    for _ in range(2):
        with httpclient.installed() as now:
            # All of it: no step is left to http.client's own methods.
            assert len(now.replaced) > 50 and now.left == [], now
            assert http.client.HTTPConnection.request is not httpclient.HTTPConnection.request
            assert get(http.client.HTTPConnection, port) == BODY
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20) as response:
                assert response.read() == BODY
        assert not now
    print("bundled is well")


if len(sys.argv) == 1:
    with serving() as port:
        exchange(port)
else:
    how = sys.argv.pop(1)
    if how == "main":
        from httpclient.__main__ import main
        main()
    else:
        runpy.run_module("httpclient", run_name="__main__")

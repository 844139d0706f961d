# SPDX-License-Identifier: MIT
"""A real nginx on the loopback: configured, started and ended by the tests."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
import warnings

import pytest

CONFIG = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections 64; }}
http {{
    types {{ text/plain txt; text/html html; application/octet-stream bin; }}
    access_log off;
    server_tokens off;
    sendfile on;
    client_max_body_size 64m;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    scgi_temp_path {folder}/scgi;
    uwsgi_temp_path {folder}/uwsgi;
    add_header X-Requests $connection_requests always;

    server {{
        listen 127.0.0.1:{port};
        {tls}
        root {folder}/files;
        location /few/ {{ alias {folder}/files/; keepalive_requests 3; }}
        location /gzip/ {{
            alias {folder}/files/; gzip on; gzip_types text/plain; gzip_min_length 1;
        }}
        location /ssi/ {{ alias {folder}/files/; ssi on; ssi_types text/plain; }}
        location /nothing {{ return 204; }}
        location /moved {{ return 301 /small.txt; }}
        location /discard {{ return 200 "done\\n"; }}
        location /dav/ {{ {dav} }}
        location /echo/ {{ proxy_pass http://127.0.0.1:{upstream}/; }}
        location /through/ {{
            proxy_pass http://127.0.0.1:{upstream}/;
            proxy_http_version 1.1;
            proxy_request_buffering off;
            proxy_buffering off;
            proxy_set_header Connection "";
        }}
    }}
}}
"""
DAV = "alias {folder}/dav/; dav_methods PUT DELETE; create_full_put_path on;"


class NginxMissing(UserWarning):
    """The tests against a real server did not run."""


def find():
    """The path of nginx; where it is missing the tests are skipped, and a warning says so."""
    path = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if path is None:
        message = "nginx is not installed: NOTHING WAS TESTED AGAINST A REAL SERVER"
        with warnings.catch_warnings():
            warnings.simplefilter("always", NginxMissing)
            warnings.warn(message, NginxMissing, stacklevel=2)
        pytest.skip(message)
    return path


def has_dav(path):
    """Whether this nginx was built with its WebDAV module."""
    done = subprocess.run([path, "-V"], capture_output=True, text=True, check=True)
    return "http_dav_module" in done.stderr


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return sock.getsockname()[1]


def wait_until_up(process, port, log):
    """Returns when the port takes connections."""
    for _ in range(500):
        assert process.poll() is None, log.read_text() if log.exists() else "no log"
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        time.sleep(0.02)    # nginx does not report that it is ready
    raise AssertionError(f"nginx does not answer: {log.read_text()}")


@contextlib.contextmanager
def running(path, folder, upstream, certificate=None, unix=None):
    """nginx serving `folder`/files, also on the Unix socket `unix`; yields its port."""
    port = free_port()
    tls = ""
    if certificate:
        tls = "ssl_certificate {}; ssl_certificate_key {};".format(*certificate)
    dav = DAV.format(folder=folder) if has_dav(path) else "return 501;"
    text = CONFIG.format(folder=folder, port=port, upstream=upstream, tls=tls, dav=dav)
    if certificate:
        text = text.replace(f"127.0.0.1:{port};", f"127.0.0.1:{port} ssl;")
    if unix:
        text = text.replace("        root ", f"        listen unix:{unix};\n        root ")
    config = folder / "nginx.conf"
    config.write_text(text)
    log = folder / "stderr"
    with open(log, "w") as stderr:
        process = subprocess.Popen([path, "-p", str(folder), "-c", str(config)],
                                   stdin=subprocess.DEVNULL, stderr=stderr)
    try:
        wait_until_up(process, port, log)
        yield port
    finally:
        process.terminate()
        process.wait(20)

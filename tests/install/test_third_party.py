# SPDX-License-Identifier: MIT
"""Libraries imported before or after install() run on httpclient.

Each test runs a program of tests/isolated/installed.py in a process of its own; those of other
packages where these are installed (``pip install httpclient-accel[downstream]``).
"""

import importlib.util
import subprocess
import sys

import pytest

from support import isolation

# program -> the packages that it uses
PROGRAMS = {
    "urllib_request": [], "xmlrpc_client": [], "logging_handler": [], "fakes": [],
    "over_tls": ["trustme"], "pyopenssl": ["trustme", "urllib3", "OpenSSL"],
    "urllib3_pool": ["urllib3"], "requests_session": ["requests"], "requests_unix": ["requests"],
    "boto3_client": ["boto3"], "httplib2_client": ["httplib2"],
    "vcr_cassettes": ["vcr", "requests"],
    "warcio_records": ["warcio", "requests"],
    "sentry": ["sentry_sdk"],
    "opentelemetry": ["opentelemetry.instrumentation.urllib3", "opentelemetry.sdk", "urllib3"],
    "with_gevent": ["gevent"], "with_eventlet": ["eventlet"], "with_trio": ["trio"],
    "with_anyio": ["anyio"],
}


def missing(package):
    try:
        return importlib.util.find_spec(package) is None
    except ImportError:
        return True


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_library_runs_on_httpclient(name, when, tmp_path):
    for package in PROGRAMS[name]:
        if missing(package):
            pytest.skip(f"{package} is not installed")
    done = isolation.run("installed", name, when, tmp_path, dev=False)
    assert (done.returncode, done.stdout) == (0, f"{name} is well\n"), done.stdout + done.stderr


def test_import_of_httpclient_leaves_http_client_unchanged():
    program = ("import http.client, sys; c = http.client; "
               "before = [dict(vars(x)) for x in (c, c.HTTPConnection, c.HTTPResponse)]; "
               "import httpclient; "
               "assert before == [dict(vars(x)) for x in (c, c.HTTPConnection, c.HTTPResponse)]; "
               "assert not httpclient.installed()")
    subprocess.run([sys.executable, "-P", "-c", program], check=True, timeout=60)

# SPDX-License-Identifier: MIT
"""What holds for the whole run of the tests, and the fixtures that more than one folder uses."""

import contextlib
import gc
import http.client

import pytest

import httpclient


@pytest.fixture(scope="module", autouse=True)
def no_old_objects():
    """What pytest has made by now stays to the end: millions of objects.

    No collection need look at them again, nor uninstall(), which looks at all that there are.
    """
    gc.collect()
    gc.freeze()


@contextlib.contextmanager
def _module(name):
    if name == "install()":
        with httpclient.installed():
            yield http.client
    else:
        yield {"http.client": http.client, "httpclient": httpclient}[name]


@pytest.fixture(params=["http.client", "httpclient", "install()"])
def module(request):
    """The second implementation, httpclient, and http.client under install()."""
    with _module(request.param) as module:
        yield module


@pytest.fixture(params=["httpclient", "install()"])
def client(request):
    """httpclient, and http.client under install()."""
    with _module(request.param) as module:
        yield module


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """A certificate authority and what it has signed; skips the test without trustme."""
    made = pytest.importorskip("support.certificates")
    return made.Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def contexts(certificates):
    """(the server's context, the client's, the host name), for support.arrive.tls()."""
    from support.certificates import HOST
    return certificates.server(), certificates.client(), HOST

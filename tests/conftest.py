# SPDX-License-Identifier: MIT
"""What holds for the whole run of the tests, and the fixtures that more than one folder uses."""

import contextlib
import gc
import http.client
import os

import pytest

import httpclient


class _Switch:
    """Keeps httpclient installed from one test under install() to the next.

    install() and uninstall() look at all objects that there are, which takes 0.1 s in this process,
    and CPython gives a class no more than 1000 versions: each change of it takes one.
    """

    file = None
    block = None

    def turn(self, on):
        if on and self.block is None:
            self.block = contextlib.ExitStack()
            self.block.enter_context(httpclient.installed())
        elif not on and self.block is not None:
            block, self.block = self.block, None
            block.close()

    def begin(self, file):
        """Begin the tests of another file; the collector no longer looks at objects made before."""
        if file != self.file:
            self.file = file
            self.turn(False)
            gc.collect()
            gc.freeze()


_switch = _Switch()


def _is_installed(item):
    """Return True if a test is about http.client under install(): see the fixtures below."""
    given = getattr(getattr(item, "callspec", None), "params", {})
    return "install()" in (given.get("module"), given.get("client"))


def pytest_collection_modifyitems(items):
    """Run the tests under install() last in each file."""
    files = {}
    items.sort(key=lambda item: (files.setdefault(item.path, len(files)), _is_installed(item)))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    _switch.begin(item.path)
    _switch.turn(_is_installed(item))


def pytest_sessionfinish():
    _switch.turn(False)


def _module(name):
    assert name != "install()" or httpclient.installed()
    return httpclient if name == "httpclient" else http.client


@pytest.fixture(params=["http.client", "httpclient", "install()"])
def module(request):
    """The second implementation, httpclient, and http.client under install()."""
    return _module(request.param)


@pytest.fixture(params=["httpclient", "install()"])
def client(request):
    """httpclient, and http.client under install()."""
    return _module(request.param)


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


@pytest.fixture
def coding(request):
    """(name of a content coding, encoder), for support.codings.each_coding."""
    codings = pytest.importorskip("support.codings")
    format, library = request.param
    with codings.decoded_by(codings.CODING_OF[format], library):
        yield codings.FORMATS[format][:2]


@pytest.fixture
def no_descriptor_left():
    """The server is closed with the test: a descriptor that is open afterwards is the client's."""
    def opened():
        """(number, what it refers to) of each descriptor; each socket has an inode of its own."""
        found = set()
        with contextlib.suppress(FileNotFoundError):
            for number in os.listdir("/proc/self/fd"):
                with contextlib.suppress(FileNotFoundError):    # the descriptor of listdir()
                    found.add((number, os.readlink(f"/proc/self/fd/{number}")))
        return found

    before = opened()
    yield
    # What an earlier test left may have been closed meanwhile, and its numbers used again.
    assert opened() - before == set()

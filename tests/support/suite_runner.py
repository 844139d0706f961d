# SPDX-License-Identifier: MIT
"""Runs one of CPython's own test modules with another module in the place of http.client.

    python -P suite_runner.py MODULE SUITE RESULTS

MODULE is put into sys.modules["http.client"] and the `http` package before SUITE is imported (the
real one is imported first: httpclient's classes derive from its exceptions).  If it is "installed
before" or "installed after", http.client stays, and httpclient.install() is called before or after
SUITE is imported.  RESULTS becomes a JSON object: test id -> [outcome, text].  Where SUITE cannot
be imported the process ends with 3: Debian and others ship Python without its tests.
"""

import contextlib
import http
import http.client
import importlib
import json
import socket
import sys
import unittest

NOT_THERE = 3


class Recorder(unittest.TestResult):
    """Keeps one outcome for each test; a failed subtest fails its test."""

    def __init__(self):
        super().__init__()
        self.outcomes = {}

    def _keep(self, test, outcome, text=""):
        if self.outcomes.get(test.id(), ["passed"])[0] in ("passed", "skipped"):
            self.outcomes[test.id()] = [outcome, text]

    def startTest(self, test):
        super().startTest(test)
        self._keep(test, "passed")

    def addError(self, test, err):
        self._keep(test, "failed", self._exc_info_to_string(err, test))

    addFailure = addError

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self._keep(test, "failed", self._exc_info_to_string(err, subtest))

    def addSkip(self, test, reason):
        self._keep(test, "skipped", reason)

    def addExpectedFailure(self, test, err):
        self._keep(test, "passed")

    def addUnexpectedSuccess(self, test):
        self._keep(test, "failed", "unexpected success")


def substitute(name):
    """Makes `import http.client` and `from http import client` give the module `name`."""
    if name.startswith("installed"):
        return http.client
    module = importlib.import_module(name)
    sys.modules["http.client"] = http.client = module
    return module


def install():
    import httpclient
    httpclient.install()
    request = http.client.HTTPConnection.request
    assert request.__globals__["__file__"] == httpclient._request.connection.__file__, request


def end_servers(case):
    """Most tests of this class of test_xmlrpc make one request, and wait 3 s for a server to end.

    It wants two; a connection that says nothing stands for the second.
    """
    original = case.tearDown

    def tearDown(self):
        address = (sys.modules[case.__module__].ADDR, sys.modules[case.__module__].PORT)
        if address[1]:      # else it has ended
            with contextlib.suppress(OSError):
                socket.create_connection(address).close()
        original(self)

    case.tearDown = tearDown


def run(name, suite):
    """The outcomes of the suite's tests with the module `name`."""
    module = substitute(name)
    if name == "installed before":
        install()
    try:
        from test import support
        tests = importlib.import_module(suite)
    except ImportError as error:
        print(error, file=sys.stderr)
        sys.exit(NOT_THERE)
    for used in (sys.modules["http.client"], http.client, getattr(tests, "client", module)):
        assert used is module, f"{suite} uses {used}"
    if name == "installed after":
        install()
    support.use_resources = {}      # nothing that needs a network
    support.verbose = 0
    if suite == "test.test_xmlrpc":
        end_servers(tests.MultiPathServerTestCase)
    recorder = Recorder()
    unittest.defaultTestLoader.loadTestsFromModule(tests).run(recorder)
    return recorder.outcomes


def main():
    name, suite, results = sys.argv[1:]
    outcomes = run(name, suite)
    with open(results, "w", encoding="utf-8") as file:
        json.dump(outcomes, file)


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: MIT
"""CPython's own tests, as they came with this interpreter, on httpclient.

Each suite runs in processes of its own: with the real http.client, with httpclient in its place,
and with httpclient installed.  Whatever passes with the first must pass with the others.  What need
not is in EXPECTED, with the reason; an entry there that passes after all is an error too, so that
the list can only shrink.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from support import suite_runner

SUITES = [
    "test.test_httplib",
    "test.test_urllib2_localnet",
    "test.test_xmlrpc",
    "test.test_http_cookiejar",
    "test.test_httpservers",
]

# These use http.client, or things that use it, and are as they are when it is installed.
INSTALLED_SUITES = [*SUITES, "test.test_urllib", "test.test_urllib2", "test.test_docxmlrpc",
                    "test.test_robotparser"]

NAMES = ["httpclient", "installed before", "installed after"]

LIMIT = 300     # seconds for one suite; they take two to five

# test id -> (interpreters, why it cannot pass)
ALWAYS = True
EXPECTED = {
    "test.test_httplib.OfflineTest.test_all": (
        ALWAYS, "demands that __module__ of each public name is 'http.client'; tracebacks and "
                "pickles of ours have to name the module that can be imported"),
    "test.test_httpservers.BaseHTTPServerTestCase.test_send_error": (
        ALWAYS, "its server sends 102 as a final response; all interim responses but 101 are "
                "skipped (RFC 9110 15.2)"),
    "test.test_httplib.TunnelTests.test_set_tunnel_host_port_headers": (
        sys.version_info < (3, 12), "since 3.12 set_tunnel() notes the Host field"),
    "test.test_httplib.HeaderTests.test_max_response_headers": (
        sys.version_info >= (3, 15), "its response ends within a field line, which is refused"),
}


def run(module, suite, folder):
    """Starts the suite; returns the process and the file of its outcomes."""
    folder.mkdir()
    results = folder / "results.json"
    process = subprocess.Popen(
        [sys.executable, "-P", suite_runner.__file__, module, suite, results],
        cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace")
    return process, results


def outcomes(process, results):
    """Test id -> [outcome, text]; skips where Python has no tests."""
    output, _ = process.communicate(timeout=LIMIT)
    if process.returncode == suite_runner.NOT_THERE:
        pytest.skip(f"this Python was shipped without its tests: {output.strip()[-200:]}")
    assert process.returncode == 0, output[-4000:]
    return json.loads(Path(results).read_text(encoding="utf-8"))


# Of EXPECTED, what passes when httpclient is installed: the classes are http.client's own.
PASSING_INSTALLED = {"test.test_httplib.OfflineTest.test_all"}


def expected_failures(suite, name):
    """Ids of the tests of this suite that may fail on this interpreter."""
    return {test for test, (holds, _) in EXPECTED.items()
            if holds and test.startswith(suite + ".")
            and not (name.startswith("installed") and test in PASSING_INSTALLED)}


@pytest.fixture(scope="module", params=INSTALLED_SUITES)
def suite(request, tmp_path_factory):
    """A suite, and name -> its outcomes; all run at the same time, for some of them mostly wait."""
    folder = tmp_path_factory.mktemp(request.param)
    names = NAMES if request.param in SUITES else ["installed before"]
    running = {name: run(name, request.param, folder / name) for name in ["http.client", *names]}
    try:
        yield request.param, {name: outcomes(*pair) for name, pair in running.items()}
    finally:
        for process, _ in running.values():
            if process.poll() is None:
                process.kill()
                process.wait()


@pytest.mark.parametrize("name", NAMES)
def test_passes_what_http_client_passes(name, suite):
    suite, found = suite
    if name not in found:
        pytest.skip("http.client is not replaced in it, or it does not depend on when")
    theirs, ours = found["http.client"], found[name]

    passing = {test for test, (outcome, _) in theirs.items() if outcome == "passed"}
    assert passing, f"{suite}: nothing passes with http.client itself"
    lost = {test for test in passing if ours.get(test, ["not run"])[0] != "passed"}
    lost |= {test for test, (outcome, _) in ours.items()
             if outcome == "failed" and theirs.get(test, ["passed"])[0] != "failed"}
    expected = expected_failures(suite, name)
    report = [f"{test}: {': '.join(ours.get(test, ['not run']))}"
              for test in sorted(lost - expected)]
    report += [f"{test} is in EXPECTED and passes: remove it from the list"
               for test in sorted(expected - lost)]
    assert not report, "\n\n".join(report)


def test_expected_failures_name_a_suite():
    """Otherwise an entry would never be looked at."""
    for test in EXPECTED:
        assert any(test.startswith(suite + ".") for suite in SUITES), test

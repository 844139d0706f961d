# SPDX-License-Identifier: MIT
"""What `make test-downstream` makes of its runs, and how it runs a suite: tests/downstream."""

import json
import socket
import subprocess
import sys
import threading
import time

import pytest

from downstream import __main__ as downstream
from downstream import comparing, prepare, running, session
from downstream.suites import ADAPTER, AFTER, BEFORE, MODES, SUITES, UNTOUCHED, Suite

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


# ---- what differs, and what is made of it

def test_equal_outcomes_are_no_difference():
    outcomes = {"a": PASSED, "b": FAILED, "c": SKIPPED}
    assert comparing.differences(outcomes, dict(outcomes)) == {}


@pytest.mark.parametrize("outcome", [FAILED, "error", SKIPPED, "xpassed", running.CRASHED])
def test_each_other_outcome_is_a_difference(outcome):
    assert comparing.differences({"a": PASSED}, {"a": outcome}) == {"a": (PASSED, outcome)}
    assert comparing.differences({"a": outcome}, {"a": PASSED}) == {"a": (outcome, PASSED)}


def test_not_run_is_a_difference():
    assert comparing.differences({"a": PASSED}, {}) == {"a": (PASSED, comparing.NOT_RUN)}
    assert comparing.differences({}, {"a": PASSED}) == {"a": (comparing.NOT_RUN, PASSED)}


def test_race_is_not_compared():
    assert comparing.differences({"a": PASSED, "b": PASSED}, {"a": FAILED, "b": FAILED},
                                 ["a"]) == {"b": (PASSED, FAILED)}


PAIR, OTHER = (PASSED, FAILED), (PASSED, SKIPPED)


@pytest.mark.parametrize(("first", "second", "explained", "field", "expected"), [
    ({}, {}, {}, None, None),
    ({"a": PAIR}, {"a": PAIR}, {"a": "why"}, "explained", {"a": PAIR}),
    ({"a": PAIR}, {"a": PAIR}, {}, "unexplained", {"a": PAIR}),
    ({"a": PAIR}, {"a": OTHER}, {}, "unexplained", {"a": OTHER}),
    ({"a": PAIR}, {}, {}, "flaky", {"a": PAIR}),
    ({}, {}, {"a": "why"}, "stale", ["a"]),
])
def test_verdict_names_each_unexplained_difference(first, second, explained, field, expected):
    verdict = comparing.judge(first, second, explained)
    found = {name: value for name, value in vars(verdict).items() if value}
    assert found == ({} if field is None else {field: expected})


def test_explanation_without_parameters_covers_all_of_them():
    first = {"a[1]": PAIR, "a[x[y]": PAIR, "ab": PAIR}
    verdict = comparing.judge(first, first, {"a": "why"})
    assert list(verdict.explained) == ["a[1]", "a[x[y]"]
    assert list(verdict.unexplained) == ["ab"] and verdict.stale == []
    some = dict.fromkeys(["a", "a[1]", "a[2]"], "why")
    assert comparing.judge(first, first, some).stale == ["a[2]"]


def test_explanation_of_a_difference_that_is_gone_is_stale():
    verdict = comparing.judge({"a": PAIR}, {}, {"a": "why"})
    assert verdict.stale == ["a"]


# ---- the list of differences

def entry(kind="difference", **changes):
    fields = {"suite": "requests", "test": "t", "why": "so it is"} | changes
    return f"[[{kind}]]\n" + "".join(f"{name} = {json.dumps(value)}\n"
                                     for name, value in fields.items() if value is not None)


def test_list_of_explanations_is_read():
    explained, races = comparing.explanations(
        entry() + entry(test="u", modes=["after"]) + entry("race", test="v"))
    assert explained == {("requests", BEFORE): {"t": "so it is"},
                         ("requests", AFTER): {"t": "so it is", "u": "so it is"}}
    assert races == {"requests": {"v": "so it is"}}


@pytest.mark.parametrize(("python", "holds"), [
    ((3, 12, 99), False), ((3, 13, 0), True), ((3, 13, 13), True), ((3, 13, 14), False),
    ((3, 14, 4), True), ((3, 15, 0), False)])
def test_list_for_some_pythons(python, holds):
    text = entry(pythons=["3.13.0-3.13.13", "3.14.0-3.14.4"])
    explained, _ = comparing.explanations(text, python)
    assert bool(explained) == holds


@pytest.mark.parametrize("text", [
    entry(pythons=["3.13"]), entry(pythons=["3.99.0-3.99.1"], why=""), entry(suite="nobody"),
    entry(why=" "), entry(why=None), entry(test=None), entry(modes=[]),
    entry(modes=[UNTOUCHED]), entry(reason="x"), entry() + entry(modes=[AFTER]),
    entry("race", modes=[AFTER]), entry("race") + entry("race"), entry("differs")])
def test_invalid_list_is_refused(text):
    with pytest.raises(ValueError, match="differences.toml"):
        comparing.explanations(text)


def test_kept_list_names_suites_that_exist():
    explained, races = comparing.explanations()
    assert {suite for suite, _ in explained} | races.keys() <= SUITES.keys()


@pytest.mark.skipif(not (prepare.ROOT / ".github").is_dir(), reason="no .github beside the tests")
def test_each_package_has_a_version():
    names = {prepare.name_of(line) for line in prepare.pinned()}
    for suite in SUITES.values():
        assert prepare.version_of(suite.package)
        assert {prepare.name_of(name) for name in suite.requires} <= names


# ---- other hosts are out of reach

@pytest.mark.parametrize("address", [
    ("127.0.0.1", 80), ("127.1.2.3", 80), ("::1", 80, 0, 0), ("localhost", 80), ("0.0.0.0", 80),
    "/a/path"])
def test_this_host_is_reached(address):
    with socket.socket() as sock:
        assert session.stay_here("socket.connect", (sock, address)) is None


def test_other_hosts_do_not_answer():
    with socket.socket() as sock:
        sock.settimeout(0.01)
        with pytest.raises(TimeoutError):
            session.stay_here("socket.connect", (sock, ("192.0.2.1", 80)))
        sock.setblocking(False)
        with pytest.raises(OSError, match="unreachable"):
            session.stay_here("socket.connect", (sock, ("2001:db8::1", 80, 0, 0)))


@pytest.mark.parametrize("host", [None, "", b"", "localhost", b"127.0.0.1", "192.0.2.1",
                                  "fe80::1%lo"])
def test_addresses_and_localhost_are_let_through(host):
    assert session.stay_here("socket.getaddrinfo", (host, 80, 0, 0, 0)) is None


@pytest.mark.parametrize("event", ["socket.getaddrinfo", "socket.gethostbyname"])
def test_other_names_do_not_exist(event):
    for host in ("example.com", b"example.com"):
        with pytest.raises(socket.gaierror):
            session.stay_here(event, (host,))


# ---- a suite of our own, with pytest as it is here

TESTS = """
import http.client
import os
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import victim

def ours():
    return "httpclient" in http.client.HTTPConnection.putrequest.__globals__["__file__"]

AT_IMPORT = ours()

def test_request():
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    connection = http.client.HTTPConnection(*server.server_address, timeout=20)
    connection.request("GET", "/")
    assert connection.getresponse().status == 501
    connection.close()
    thread.join()
    server.server_close()

def test_when():
    assert not ours(), f"at import: {AT_IMPORT}"

def test_skipped():
    pytest.skip("as always")

@pytest.mark.xfail
def test_expected():
    assert False

def test_elsewhere():
    for host, error in [("192.0.2.1", TimeoutError), ("example.com", socket.gaierror)]:
        with pytest.raises(error) as caught:
            socket.create_connection((host, 80), timeout=0.1)
        assert caught.traceback[-1].name == "stay_here"

def test_takes_the_process_down():
    if ours():
        os._exit(7)
"""

OUTCOMES = {"test_request": PASSED, "test_when": PASSED, "test_skipped": SKIPPED,
            "test_expected": "xfailed", "test_elsewhere": PASSED,
            "test_takes_the_process_down": PASSED}
CHANGED = {"test_when": FAILED, "test_takes_the_process_down": running.CRASHED}


@pytest.fixture(scope="module")
def victim(tmp_path_factory):
    """A suite and what is Prepared for it, without an environment of its own."""
    if sys.platform == "win32":
        pytest.skip("make test-downstream wants process groups")
    folder = tmp_path_factory.mktemp("victim")
    (folder / "victim.py").write_text("import http.client\n", encoding="utf-8")
    (folder / "test_victim.py").write_text(TESTS, encoding="utf-8")
    suite = Suite(package="victim", tests=["test_victim.py"], requires=[], floor=3)
    return suite, prepare.Prepared(sys.executable, folder, {"PYTHONPYCACHEPREFIX": str(folder)})


@pytest.fixture(scope="module")
def runs(victim, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return {mode: running.run(*victim, mode, folder / mode) for mode in MODES}


def named(outcomes):
    return {test.removeprefix("test_victim.py::"): outcome for test, outcome in outcomes.items()}


@pytest.mark.parametrize("mode", MODES)
def test_run_has_the_outcome_of_each_test(mode, runs):
    expected = OUTCOMES if mode == UNTOUCHED else OUTCOMES | CHANGED
    assert named(runs[mode].outcomes) == expected
    # A process that was taken down does not tell how many requests it has sent.
    assert runs[mode].requests == 0


def test_install_comes_when_it_is_said_to(runs):
    for mode, at_import in {BEFORE: True, AFTER: False}.items():
        assert f"at import: {at_import}\n" in runs[mode].texts["test_victim.py::test_when"]


def test_run_can_be_limited_to_some_tests(victim, tmp_path):
    done = running.run(*victim, BEFORE, tmp_path / "run", ["test_victim.py::test_request"])
    assert named(done.outcomes) == {"test_request": PASSED}
    assert done.requests == 1


def test_suite_that_cannot_be_run(victim, tmp_path):
    suite, prepared = victim
    with pytest.raises(running.Broken, match="pytest ended with"):
        running.run(Suite("victim", ["nowhere.py"], [], 1), prepared, UNTOUCHED, tmp_path / "run")
    with pytest.raises(running.Broken, match="it would not have been imported"):
        running.run(Suite("nobody", suite.tests, [], 1), prepared, UNTOUCHED, tmp_path / "other")


def test_hanging_suite_is_ended_at_the_limit(victim, tmp_path, monkeypatch):
    _, prepared = victim
    (prepared.folder / "test_hangs.py").write_text(
        "import time, victim\ndef test_hang(): time.sleep(60)\n", encoding="utf-8")
    hanging = Suite("victim", ["test_hangs.py"], [], 1)
    monkeypatch.setattr(running, "SESSION_LIMIT", 2)
    with pytest.raises(running.Broken, match="did not end within 2 s"):
        running.run(hanging, prepared, UNTOUCHED, tmp_path / "session")
    monkeypatch.undo()
    monkeypatch.setattr(running, "TEST_LIMIT", 0.5)
    done = running.run(hanging, prepared, UNTOUCHED, tmp_path / "test")
    assert done.outcomes == {"test_hangs.py::test_hang": running.CRASHED}
    assert "in test_hang\n" in done.texts["test_hangs.py::test_hang"]


def test_run_without_httpclient_is_none(victim, tmp_path):
    suite, prepared = victim
    (prepared.folder / "test_undone.py").write_text(
        "import victim, sys\n"
        "def test_undo():\n"
        "    if 'httpclient' in sys.modules:\n"
        "        sys.modules['httpclient'].uninstall()\n", encoding="utf-8")
    undone = Suite("victim", ["test_undone.py"], [], 1)
    assert running.run(undone, prepared, UNTOUCHED, tmp_path / "run").outcomes
    with pytest.raises(running.Broken, match="httpclient is not in force at the end"):
        running.run(undone, prepared, BEFORE, tmp_path / "before")


@pytest.mark.parametrize("in_turn", [True, False])
def test_modes_of_a_suite_with_a_fixed_port_run_in_turn(in_turn, monkeypatch, tmp_path):
    begun, both = [], threading.Barrier(2)

    def run(suite, prepared, mode, folder):
        begun.append(mode)
        if in_turn:
            time.sleep(0.05)
            assert begun[-1:] == [mode], "another mode has begun"
        else:
            both.wait(20)       # raises BrokenBarrierError if the other mode waits for this one
        return mode

    monkeypatch.setattr(downstream, "run", run)
    monkeypatch.setitem(SUITES, "httpx", Suite("httpx", [], [], floor=0, in_turn=in_turn,
                                               modes=(UNTOUCHED, ADAPTER)))
    done = downstream.run_all(["httpx"], {"httpx": None}, tmp_path, 4)
    assert done == {"httpx": {UNTOUCHED: UNTOUCHED, ADAPTER: ADAPTER}}


def test_each_suite_with_an_adapter_has_a_transport_to_mount():
    assert {suite.package for suite in SUITES.values() if ADAPTER in suite.modes} == \
        session.TRANSPORTS.keys()


# ---- what is said of it

def test_each_kind_of_failure_is_reported(monkeypatch):
    def made(requests, **outcomes):
        return running.Run(outcomes, dict.fromkeys(outcomes, "how it failed"), requests, 1.0)

    monkeypatch.setitem(SUITES, "urllib3", Suite("urllib3", [], [], floor=2))
    runs = {UNTOUCHED: made(0, a=PASSED, b=PASSED), BEFORE: made(9, a=PASSED, b=PASSED)}
    good = {BEFORE: comparing.Verdict()}
    assert downstream.complaints("urllib3", runs, good) == []
    bad = {BEFORE: comparing.Verdict(unexplained={"b": PAIR}, stale=["c"])}
    found = "\n".join(downstream.complaints("urllib3", runs, bad))
    assert "b: passed untouched, failed installed\nhow it failed" in found
    assert "c is in differences.toml and does not differ" in found
    found = downstream.complaints("urllib3", runs | {BEFORE: made(0, a=PASSED)}, good)
    assert found == ["urllib3, before: httpclient has not sent a single request"]
    found = downstream.complaints("urllib3", runs | {UNTOUCHED: made(0, a=PASSED, b=SKIPPED)}, good)
    assert len(found) == 1 and "1 tests pass untouched, which is fewer than 2" in found[0]


def test_unknown_suite_is_a_usage_error():
    done = subprocess.run(
        [sys.executable, "-P", "-c", "import sys; sys.path.insert(0, sys.argv.pop(1)); "
         "from downstream.__main__ import main; main()", prepare.ROOT / "tests",
         "--wheel", "none", "urllib4"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "no such suite: urllib4" in done.stderr

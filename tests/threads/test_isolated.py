# SPDX-License-Identifier: MIT
"""What only a process of its own can show: memory, references, threads, forks, signals, the end.

Each test runs a program of tests/isolated, most of them in Python's development mode; what it
prints on stderr is an error too.  HTTPCLIENT_REQUESTS=1000000 has the one about memory go on to
that many requests, however long that takes.
"""

import ast
import os
import re
import signal
import sys
from collections import Counter

import pytest

from support import isolation

REQUESTS = int(os.environ.get("HTTPCLIENT_REQUESTS", "0"))
SECONDS = 3         # for as many requests as there is time for

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork()")
needs_alarm = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs setitimer()")


def check(process):
    """The process has ended well and has complained of nothing; its output."""
    assert process.returncode == 0 and not process.stderr, process.stdout + process.stderr
    return process.stdout


@isolation.needs_peak
def test_memory_stays_flat_over_many_requests():
    limits = (3600, REQUESTS) if REQUESTS else (SECONDS, 1_000_000)
    print(check(isolation.run("parsing", *limits, dev=False, limit=4000)))


def test_no_reference_is_lost():
    """In a debug build of Python all references are counted."""
    output = check(isolation.run("leaks", limit=600))
    assert ("all references" in output) == hasattr(sys, "gettotalrefcount")


@pytest.mark.parametrize("what", ["own", "connection", "forged", "response", "closing", "feeding",
                                  "patching"])
def test_threads_share_connections_and_readers_safely(what):
    """Not in development mode: two that connect at once leave one of the sockets to the gc."""
    print(check(isolation.run("threads", what, dev=False)))


def test_threads_share_pools():
    print(check(isolation.run("pooling", "threads", limit=300)))


def test_interpreter_ends_with_a_pool():
    check(isolation.run("pooling", "ending"))


@needs_alarm
def test_signals_lose_no_place_of_a_pool():
    """Not in development mode: a socket whose close() was interrupted is left to the gc."""
    print(check(isolation.run("pooling", "signals", dev=False)))


@needs_fork
def test_fork_leaves_the_connections_of_a_pool_to_the_parent():
    check(isolation.run("pooling", "fork"))


@needs_fork
def test_fork_leaves_the_connections_of_a_pool_to_the_parent_over_tls(tmp_path):
    pytest.importorskip("trustme")
    check(isolation.run("pooling", tmp_path))


@needs_fork
def test_fork_in_the_middle():
    check(isolation.run("forking"))


@needs_fork
def test_fork_in_the_middle_over_tls(tmp_path):
    pytest.importorskip("trustme")
    check(isolation.run("forking", tmp_path))


@needs_alarm
def test_signals_in_a_receive():
    check(isolation.run("signals"))


@pytest.mark.parametrize("kind", ["own", "legacy"])
def test_second_interpreter_is_refused(kind):
    """It gets an ImportError, and http.client; the first interpreter goes on as before."""
    said = ast.literal_eval(check(isolation.run("interpreters", kind, dev=False)))
    *errors, ours, host = said
    assert "httpclient" not in ours and "httpclient._core" not in ours and host == "a.example"
    assert len(errors) == 2
    for error in errors:
        assert error.startswith("ImportError: ") and "interpreter" in error


# A warning and, below it, the line of source that it is about, if there is one.
WARNING = re.compile(r"^\S+: ResourceWarning: unclosed <socket\.socket (\[closed\])?[^>]*>\n"
                     r"(?:  .*\n)?(?:ResourceWarning: Enable tracemalloc .*\n)?", re.MULTILINE)


@pytest.mark.parametrize("what", ["exit", "thread", "cycle", "dropped"])
def test_interpreter_ends_with_open_connections(what):
    """Nothing is said that http.client does not make Python say: so many sockets are unclosed.

    http.client's responses say more from Python 3.14 on, where their file was finalized before.
    """
    ours, theirs = (isolation.run("ending", module, what)
                    for module in ("httpclient", "http.client"))
    assert (ours.returncode, theirs.returncode) == (0, 0), ours.stderr
    assert WARNING.sub("", ours.stderr) == ""
    warned = [Counter(WARNING.findall(process.stderr)) for process in (ours, theirs)]
    assert warned[0] == warned[1] and warned[1]


# ---- a Fetcher

@needs_alarm
def test_signals_lose_no_request_of_a_fetcher(tmp_path):
    """Not in development mode: a socket whose close() was interrupted is left to the gc."""
    pytest.importorskip("trustme")
    print(check(isolation.run("fetching", tmp_path, "signals", dev=False)))


@pytest.mark.parametrize("what", [
    "closing", "threads", pytest.param("fork", marks=needs_fork)])
def test_fetcher_brings_each_request_back(what, tmp_path):
    pytest.importorskip("trustme")
    check(isolation.run("fetching", tmp_path, what))


@pytest.mark.parametrize("what", ["exit", "daemon", "dropped", "cycle"])
def test_fetcher_that_is_not_closed(what):
    check(isolation.run("fetching", "-", what))


def test_fetcher_leaves_nothing_behind_after_many_requests():
    check(isolation.run("fetching", "-", "memory", dev=False, limit=4000))

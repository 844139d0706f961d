# SPDX-License-Identifier: MIT
"""Runs a suite in one mode: session.py, again and again until all tests have come to something."""

import contextlib
import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from .suites import AFTER, BEFORE

SESSION = Path(__file__).with_name("session.py")
TEST_LIMIT = 60         # seconds; the longest test there is takes ten
SESSION_LIMIT = 600     # seconds
MAX_SESSIONS = 20       # each one but the last was taken down by a test
CRASHED = "crashed"     # or hung until the limit
SHOWN = 4000            # characters of the end of an output

# What a suite must not see of who called make. Proxies would take its requests elsewhere.
HIDDEN = ("PYTHON", "PYTEST_", "HTTPCLIENT_", "MAKE", "MFLAGS", "http_proxy", "https_proxy",
          "all_proxy", "no_proxy", "AWS_")


class Broken(Exception):
    """The suite could not be run: it says nothing, neither good nor bad."""


@dataclass
class Run:
    outcomes: dict      # test id -> outcome
    texts: dict         # test id -> how it failed
    requests: int       # that httpclient has sent
    seconds: float


def clean_environment(extra):
    hidden = tuple(name.lower() for name in HIDDEN)
    return {name: value for name, value in os.environ.items()
            if not name.lower().startswith(hidden)} | extra


def read_log(path):
    """Outcomes, texts, the test that was begun and not ended, the last record or None."""
    outcomes, texts, begun, end = {}, {}, None, None
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        record = json.loads(line)
        if "status" in record:
            end = record
        elif "outcome" in record:
            outcomes[record["test"]] = record["outcome"]
            texts[record["test"]] = record["text"]
            begun = None
        else:
            begun = record["test"]
    return outcomes, texts, begun, end


def session(prepared, task, folder):
    """One process; returns the end of its output."""
    (folder / "task.json").write_text(json.dumps(task), encoding="utf-8")
    output = folder / "output.txt"
    with open(output, "w", encoding="utf-8") as file:
        process = subprocess.Popen(
            [prepared.python, "-P", SESSION, folder / "task.json"], cwd=prepared.folder,
            env=clean_environment(prepared.env | {"TMPDIR": str(folder)}),
            stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT,
            start_new_session=True)
        try:
            process.wait(SESSION_LIMIT)
        except subprocess.TimeoutExpired:
            raise Broken(f"did not end within {SESSION_LIMIT} s; see {output}") from None
        finally:
            with contextlib.suppress(ProcessLookupError):   # and the processes that the tests left
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    text = output.read_text(encoding="utf-8", errors="replace")[-SHOWN:]
    return f"{text}\n(exit status {process.returncode}; {output})"


def run(suite, prepared, mode, folder, only=None):
    """The Run of the suite, or of the tests `only`; raises Broken."""
    folder.mkdir(parents=True)
    log = folder / "log.jsonl"
    task = {"mode": mode, "module": suite.module or suite.package, "tests": suite.tests,
            "log": str(log), "skip": [], "only": only, "limit": TEST_LIMIT}
    crashed, began = {}, time.monotonic()
    for _ in range(MAX_SESSIONS):
        output = session(prepared, task, folder)
        outcomes, texts, begun, end = read_log(log)
        if end is not None:
            break
        if begun is None or begun in crashed:
            raise Broken(output)
        crashed[begun] = output
        task["skip"] = [*outcomes, *crashed]
    else:
        raise Broken(f"{len(crashed)} tests took the process down:\n{', '.join(crashed)}\n{output}")
    # 0 and 1: all tests have been run, 5: there was none left to be run.
    if end["status"] not in ((0, 1, 5) if crashed else (0, 1)):
        raise Broken(f"pytest ended with {end['status']}:\n{output}")
    if end["installed"] != (mode in (BEFORE, AFTER)):
        raise Broken(f"httpclient is {'' if end['installed'] else 'not '}in force at the end")
    return Run(outcomes | dict.fromkeys(crashed, CRASHED), texts | crashed, end["requests"],
               time.monotonic() - began)

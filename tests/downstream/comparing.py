# SPDX-License-Identifier: MIT
"""What differs between two runs of a suite, and whether differences.toml accounts for it."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from .suites import BEFORE, AFTER, SUITES

FILE = Path(__file__).with_name("differences.toml")
NOT_RUN = "not run"


def differences(untouched, installed, races=()):
    """Test id -> (outcome untouched, outcome installed), where these are not the same.

    Tests among `races` are left out.
    """
    tests = sorted((untouched.keys() | installed.keys()) - set(races))
    pairs = {test: (untouched.get(test, NOT_RUN), installed.get(test, NOT_RUN)) for test in tests}
    return {test: pair for test, pair in pairs.items() if pair[0] != pair[1]}


def explanations(text=None):
    """(suite, mode) -> {test id: why}, and suite -> {test id: why} of the races.

    Out of differences.toml; ValueError if it is not well-formed.  A difference without `modes` is
    one in both.
    """
    if text is None:
        text = FILE.read_text(encoding="utf-8")
    listed, explained, races = tomllib.loads(text), {}, {}
    if not listed.keys() <= {"difference", "race"}:
        raise ValueError(f"{FILE.name}: what is this? {', '.join(listed)}")
    for entry in listed.get("difference", []):
        modes = entry.pop("modes", [BEFORE, AFTER])
        if not modes or not set(modes) <= {BEFORE, AFTER}:
            raise ValueError(f"{FILE.name}: what are these modes? {modes}")
        for mode in modes:
            _add(explained.setdefault((entry.get("suite"), mode), {}), entry)
    for entry in listed.get("race", []):
        _add(races.setdefault(entry.get("suite"), {}), entry)
    return explained, races


def _add(tests, entry):
    if (entry.keys() != {"suite", "test", "why"} or entry["suite"] not in SUITES
            or not entry["why"].strip()):
        raise ValueError(f"{FILE.name}: what is this? {entry}")
    if entry["test"] in tests:
        raise ValueError(f"{FILE.name} has this twice: {entry}")
    tests[entry["test"]] = entry["why"]


@dataclass
class Verdict:
    """About one suite in one mode; each is test id -> (outcome untouched, outcome installed)."""

    explained: dict = field(default_factory=dict)
    unexplained: dict = field(default_factory=dict)
    flaky: dict = field(default_factory=dict)       # differed the first time, and not the second
    stale: list = field(default_factory=list)       # explained, and did not differ

    @property
    def good(self):
        return not (self.unexplained or self.stale)


def judge(first, second, explained):
    """The Verdict on the differences of the first run, and of these tests when run again alone.

    What differs differently the second time differs.
    """
    verdict = Verdict(stale=sorted(explained.keys() - first.keys()))
    for test, pair in first.items():
        if test not in second:
            verdict.flaky[test] = pair
            if test in explained:
                verdict.stale.append(test)
        elif test in explained:
            verdict.explained[test] = second[test]
        else:
            verdict.unexplained[test] = second[test]
    return verdict

# SPDX-License-Identifier: MIT
"""What differs between two runs of a suite, and whether differences.toml accounts for it."""

import re
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from .suites import AFTER, BEFORE, SUITES, UNTOUCHED

FILE = Path(__file__).with_name("differences.toml")
NOT_RUN = "not run"


def differences(untouched, installed, races=()):
    """Test id -> (outcome untouched, outcome installed), where these are not the same.

    Tests among `races` are left out.
    """
    tests = sorted((untouched.keys() | installed.keys()) - set(races))
    pairs = {test: (untouched.get(test, NOT_RUN), installed.get(test, NOT_RUN)) for test in tests}
    return {test: pair for test, pair in pairs.items() if pair[0] != pair[1]}


def explanations(text=None, python=sys.version_info[:3]):
    """(suite, mode) -> {test id: why}, and suite -> {test id: why} of the races.

    Out of differences.toml; ValueError if it is not well-formed.
    """
    if text is None:
        text = FILE.read_text(encoding="utf-8")
    listed, explained, races = tomllib.loads(text), {}, {}
    if not listed.keys() <= {"difference", "race"}:
        raise ValueError(f"{FILE.name}: what is this? {', '.join(listed)}")
    for entry in listed.get("difference", []):
        modes, pythons = entry.pop("modes", [BEFORE, AFTER]), entry.pop("pythons", None)
        suite = SUITES.get(entry.get("suite"))
        if not modes or suite and not set(modes) <= {*suite.modes} - {UNTOUCHED}:
            raise ValueError(f"{FILE.name}: what are these modes? {modes}")
        if pythons is None or any(_is_among(python, some) for some in pythons):
            for mode in modes:
                _add(explained.setdefault((entry.get("suite"), mode), {}), entry)
        else:
            _add({}, entry)
    for entry in listed.get("race", []):
        _add(races.setdefault(entry.get("suite"), {}), entry)
    return explained, races


def _is_among(python, some):
    """Whether a version (three int) is within "3.13.0-3.13.13", say."""
    found = re.fullmatch(r"3\.(\d+)\.(\d+)-3\.(\d+)\.(\d+)", some)
    if not found:
        raise ValueError(f"{FILE.name}: what are these Pythons? {some!r}")
    first = [int(number) for number in found.groups()]
    return first[:2] <= list(python[1:]) <= first[2:]


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

    What differs differently the second time differs.  `explained` has tests by their ids, with
    [parameters], or without: then it is about all of them.
    """
    verdict, seen = Verdict(), set()
    for test, pair in first.items():
        known = {test, test.partition("[")[0]} & explained.keys()
        if test not in second:
            verdict.flaky[test] = pair
        elif known:
            seen |= known
            verdict.explained[test] = second[test]
        else:
            verdict.unexplained[test] = second[test]
    verdict.stale += sorted(explained.keys() - seen)
    return verdict

# SPDX-License-Identifier: MIT
"""Recorded responses, and the cases of other projects' suites: the same as http.client's.

Each response runs whole, byte by byte and, for a sample, split at every point.  Where
`support.policy` names a row for its bytes the policy's outcome is expected, else the stdlib's; a
difference without a row fails.  What other projects expect of their own clients is counted and
printed: it is theirs, and they disagree with each other.

The data of this project lies in tests/data.  Larger sets of the same form are used where there are
any: in the folder that HTTPCLIENT_SHARED names, by default `shared` beside the checkout.
"""

import base64
import collections
import functools
import json
import zlib

import pytest

import httpclient
from support import arrive, policy, reads
from support.compare import differences
from support.outcome import observe
from support.paths import DATA, SHARED

RESPONSES = {
    "own": [DATA / "responses.jsonl"],
    "shared": [SHARED / "corpus" / "heads.jsonl"],
}
CONFORMANCE = {
    "own": [DATA / "conformance.jsonl"],
    "shared": sorted((SHARED / "conformance").glob("*.jsonl")) or [SHARED / "conformance"],
}

# Records are tested by the share, so that a test is neither one response nor all of them.
SHARES = 16

# One record in so many is split at every point.
SAMPLE = 48


@functools.cache
def records(files):
    """The records of these files, or a skipped test where there is no such file."""
    found = []
    for file in files:
        if DATA not in file.parents and not file.is_file():
            pytest.skip(f"no {file}: HTTPCLIENT_SHARED names the folder that has it")
        with open(file, encoding="utf-8") as lines:
            found += map(json.loads, lines)
    assert found, files
    return found


def decoded(record, name):
    return base64.b64decode(record[name] or "")


def wire(record):
    """(bytes, method) of a record of either form."""
    data = decoded(record, "raw_b64") if "raw_b64" in record else (
        decoded(record, "head_b64") + decoded(record, "body_b64"))
    return data, record.get("method") or "GET"


def share(files, number):
    found = records(tuple(files))
    return [one for one in found if zlib.crc32(one["id"].encode()) % SHARES == number]


def chosen(record, names):
    """One of the names: always the same for a record."""
    return names[zlib.crc32(record["id"].encode()[::-1]) % len(names)]


def compare(record, *calls):
    """Lines that tell what is wrong with a record; each call is (script, way, through)."""
    data, method = wire(record)
    wrong = []
    for name, way, through in calls:
        if found := differences(httpclient, data, method, name, way, through):
            rows = ", ".join(sorted(policy.judge(data, method).rows)) or "no row"
            wrong.append(f"{record['id']} ({rows}) {name}: {found}")
            break
    return wrong


ALL = [(kind, which) for kind in ("responses", "conformance") for which in ("own", "shared")]
FILES = {("responses", which): files for which, files in RESPONSES.items()}
FILES |= {("conformance", which): files for which, files in CONFORMANCE.items()}

every_share = pytest.mark.parametrize("number", range(SHARES))
every_set = pytest.mark.parametrize("kind", ALL, ids=" ".join)

BYTEWISE = functools.partial(arrive.buffered, cuts=arrive.bytewise)
BYTEWISE_PAIR = functools.partial(arrive.pair, cuts=arrive.bytewise)
FED_BYTEWISE = functools.partial(arrive.fed, cuts=arrive.bytewise)
NAMES = [name for name in reads.LARGE if name != "fp"]


@every_share
@every_set
def test_recorded_responses_read_as_in_http_client(kind, number):
    wrong = []
    for record in share(FILES[kind], number):
        name = chosen(record, NAMES)
        wrong += compare(record, ("read", arrive.pair, "connection"),
                         ("read", arrive.memory, "response"), (name, arrive.pair, "response"),
                         ("read", arrive.fed, "response"))
    assert not wrong, "\n".join(wrong)


@every_share
@every_set
def test_recorded_responses_byte_by_byte_read_as_in_http_client(kind, number):
    wrong = []
    for record in share(FILES[kind], number):
        wrong += compare(record, ("read", BYTEWISE_PAIR, "response"),
                         ("read", FED_BYTEWISE, "response"),
                         (chosen(record, NAMES), BYTEWISE, "response"))
    assert not wrong, "\n".join(wrong)


@every_set
def test_recorded_responses_split_at_each_point_read_as_in_http_client(kind):
    files = tuple(FILES[kind])
    sample = sorted(records(files), key=lambda record: record["id"])[::SAMPLE]
    wrong = []
    for record in sample:
        data, _ = wire(record)
        for point in range(1, min(len(data), 1500)):
            cuts = arrive.split_at(point)
            for arrival in (arrive.pair, arrive.fed):
                way = functools.partial(arrival, cuts=cuts)
                wrong += compare(record, ("read", way, "response"))
            if wrong:
                break
    assert sample
    assert not wrong, "\n".join(wrong)


def agreement(record):
    """(what the source expects, what httpclient does) of one case."""
    data, method = wire(record)
    seen = observe(httpclient, arrive.pair(data), reads.read, method)
    if failed := seen.get("refused") or seen.get("error"):
        return record["expect"], failed["raised"]
    wrong = [name for name in ("status", "reason") if record.get(name) not in (None, seen[name])]
    if record.get("body_b64") is not None and record.get("complete", True):
        if decoded(record, "body_b64") != seen["content"]:
            wrong.append("content")
    return record["expect"], "other " + ", ".join(wrong) if wrong else "ok"


@pytest.mark.parametrize("which", CONFORMANCE)
def test_expectations_of_other_projects_are_counted(which):
    """Prints a table (-rP shows it); that each outcome has its reason, the tests above say."""
    table = collections.Counter()
    examples = {}
    for record in records(tuple(CONFORMANCE[which])):
        source = record["source"].split("@")[0]
        row = (source, *agreement(record))
        table[row] += 1
        examples.setdefault(row, record["id"])
    print(f"{'source':30} {'it expects':12} {'httpclient':28} cases  the first")
    for row, count in sorted(table.items()):
        print(f"{row[0]:30} {row[1]:12} {row[2]:28} {count:5}  {examples[row]}")
    assert sum(table.values()) == len(records(tuple(CONFORMANCE[which])))

# SPDX-License-Identifier: MIT
"""Libraries that use http.client, with httpclient.install() and without.

A row is a library and an answer.  Three processes use the library, one after the other in each
round: the first called httpclient.install() before it imported the library, the second has no
httpclient at all, and the third has an http.client that makes its system calls and does nothing
else (minimal_client.py).  No client can save the library more time than the third one; the
difference between the first and the third is what httpclient costs.  A single process that
switched between the clients would keep objects cached from one to the other.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import cache, partial
from importlib import metadata
from types import ModuleType
from typing import Any

from bench.cases.fixtures import BUCKET, CASES, HOST, LOOKED_UP, Case
from bench.cases.peers import (
    FIELDS, Close, Fetch, Peer, Seen, look_up, of_requests, of_urllib3, url,
)
from bench.harness.measure import (
    AnswersDiffer, Course, Timed, figures, measure, ratio, time_contender,
)
from bench.harness.processes import Worker, environment

CALLED = ["small-head", "large-head", "length-1m", "chunks-64b", "chunks-4k"]
STREAMED = CALLED[3:]
FLOOR = "bench.cases.minimal_client"
LIFE = 3                        # batches that a process does
PIECE = 64 * 1024               # bytes, of content that is read in pieces


def of_urllib_request(library: ModuleType, case: Case, port: int,
                      seen: Seen = look_up) -> tuple[Fetch, Close]:
    """A connection per request: urllib.request always asks for `Connection: close`."""
    opener = library.build_opener(library.ProxyHandler({}))

    def fetch() -> tuple[int, Any, Any]:
        request = library.Request(url(case, port), headers=FIELDS)
        with opener.open(request) as response:
            return response.status, seen(response.headers), response.read()

    return fetch, opener.close


def of_urllib3_stream(urllib3: ModuleType, case: Case, port: int,
                      seen: Seen = look_up) -> tuple[Fetch, Close]:
    """Content in pieces, as requests and pip read it: urllib3 decodes chunks itself."""
    pool = urllib3.HTTPConnectionPool(HOST, port, maxsize=1)

    def fetch() -> tuple[int, Any, Any]:
        response = pool.request(case.method, case.target, headers=FIELDS, preload_content=False)
        content = b"".join(response.stream(PIECE))
        response.release_conn()
        return response.status, seen(response.headers), content

    return fetch, pool.close


@cache
def s3_session(boto3: ModuleType) -> Any:
    """Return a session, which keeps the models of the service: they take a while to load."""
    return boto3.session.Session("nobody", "nothing", region_name="us-east-1")


def of_boto3(boto3: ModuleType, case: Case, port: int,
             seen: Seen = lambda fields: fields[LOOKED_UP.lower()]) -> tuple[Fetch, Close]:
    """An object of a bucket: the bench's server answers as S3 would, to this one request."""
    config = importlib.import_module("botocore.config").Config(
        s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, proxies={})
    client = s3_session(boto3).client("s3", config=config,
                                      endpoint_url=f"http://{HOST}:{port}")

    def fetch() -> tuple[int, Any, Any]:
        answer = client.get_object(Bucket=BUCKET, Key=case.name)
        about = answer["ResponseMetadata"]
        return about["HTTPStatusCode"], seen(about["HTTPHeaders"]), answer["Body"].read()

    return fetch, client.close


@dataclass(frozen=True)
class Library:
    """A library: the module to import, its distribution (None: it comes with Python), its rows."""

    module: str
    distribution: str | None
    of: Callable[..., tuple[Fetch, Close]]
    cases: list[str]


LIBRARIES = {
    "urllib.request": Library("urllib.request", None, of_urllib_request, CALLED),
    "urllib3": Library("urllib3", "urllib3", of_urllib3, CALLED),
    "urllib3-stream": Library("urllib3", "urllib3", of_urllib3_stream, STREAMED),
    "requests": Library("requests", "requests", of_requests, CALLED),
    "boto3": Library("boto3", "boto3", of_boto3, CALLED),
}
BY_NAME = {case.name: case for case in CASES}


@dataclass(frozen=True)
class Use:
    """A row: a library and its answer."""

    library: str
    case: Case
    extra: bool = True

    @property
    def name(self) -> str:
        return f"{self.library}-{self.case.name}"

    @property
    def summary(self) -> str:
        return f"{self.library}: {self.case.summary.removesuffix(', read()')}"


USES = [Use(name, BY_NAME[case]) for name, library in LIBRARIES.items() for case in library.cases]


def versions() -> dict[str, str]:
    """Return distribution -> version for those that are installed; boto3 uses botocore."""
    found = {}
    for name in ["urllib3", "requests", "boto3", "botocore", "httpx"]:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


# ---- the process that uses a library


def all_fields(fields: Any) -> dict[str, str]:
    """Return name in lower case -> its values in order, joined."""
    found: dict[str, list[str]] = {}
    for name, value in fields.items():
        found.setdefault(name.lower(), []).append(value)
    return {name: ", ".join(values) for name, values in found.items()}


class User:
    """The library in this process, which does batches when it is asked to."""

    def __init__(self, of: Callable[..., tuple[Fetch, Close]], module: str, case: Case, port: int,
                 *how: Any) -> None:
        self._use = partial(Peer, of, module, case, port, *how)

    def answer(self) -> tuple[int, Any, str]:
        """Return status, all fields and the hash of the content."""
        with closing(self._use(all_fields)) as contender:
            return contender.answer()

    def time(self, share: float, size: int) -> Timed:
        return time_contender(self._use, share, size)


def main(arguments: list[str] | None = None) -> None:
    """Install, print the answer, then do a batch for each line of standard input."""
    parser = argparse.ArgumentParser(prog="python -m bench.cases.downstream", description=__doc__)
    parser.add_argument("library", choices=LIBRARIES)
    parser.add_argument("case", choices=BY_NAME)
    parser.add_argument("port", type=int)
    parser.add_argument("--install", metavar="MODULE", help="call this one's install()")
    options = parser.parse_args(arguments)
    if options.install:
        importlib.import_module(options.install).install()
    library = LIBRARIES[options.library]
    serve(User(library.of, library.module, BY_NAME[options.case], options.port))


def serve(user: User) -> None:
    """Print the answer, then do a batch for each line of standard input."""
    print(json.dumps(user.answer()), flush=True)
    for line in sys.stdin:
        print(json.dumps(user.time(*json.loads(line))), flush=True)


# ---- the process that asks it


def neutral_environment() -> dict[str, str]:
    """Return an environment without the user's credentials and proxies."""
    kept = {name: value for name, value in environment().items()
            if not name.startswith("AWS_") and not name.lower().endswith("_proxy")}
    return kept | {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull,
                   "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "NO_PROXY": "*"}


class Process:
    """A handle of the process; a context manager.  Its id is in `family` while it runs.

    `name` is for errors, and `command` the module to run and its arguments.

    After some batches another process takes its place: where a process has its objects, and in
    which order its sets, is settled when it starts, and makes a difference of some per cent.
    """

    def __init__(self, name: str, case: Case, command: list[Any], family: list[int]) -> None:
        self._name, self._case, self._command, self._family = name, case, command, family
        self._start()

    def _start(self) -> None:
        self._worker, self._batches = Worker(self._name, "-m", *self._command,
                                             env=neutral_environment(), family=self._family), LIFE

    def check(self) -> None:
        """Compare the answer that the process prints when it has started."""
        if (answer := self._worker.line()) != expected(self._case):
            raise AnswersDiffer(f"{self._name}: got {answer!r:.500}")

    def time(self, share: float, size: int) -> Timed:
        """Have the process do a batch; as time_contender()."""
        if not self._batches:
            self._worker.stop()
            self._start()
            self.check()
        self._batches -= 1
        return tuple(self._worker.ask(share, size))

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._worker.stop()


def expected(case: Case) -> list[Any]:
    lines = case.wire.head.decode("ascii").split("\r\n")[1:-2]
    fields: dict[str, str] = {}
    for name, value in (line.split(": ", 1) for line in lines):
        name = name.lower()
        fields[name] = f"{fields[name]}, {value}" if name in fields else value
    return [200, fields, case.wire.digest()]


def missing(use: Use) -> str | None:
    """Return the distribution that the row lacks, or None."""
    distribution = LIBRARIES[use.library].distribution
    return None if distribution is None or distribution in versions() else distribution


def measure_processes(row: Any, module: str, port: int, options: dict[str, list[str]],
                      course: Course) -> dict[str, Any]:
    """Measure a process of `module` with each of the options; `row` is a Use or similar."""
    with ExitStack() as stack:
        processes = {}
        for name, given in options.items():
            told = f"{row.name}, {' '.join(given).removeprefix('--') or 'without httpclient'}"
            command = [module, row.library, row.case.name, port, *given]
            processes[name] = stack.enter_context(
                Process(told, row.case, command, course.neighbours.family))
        for process in processes.values():
            process.check()
        return measure(row.name, row.summary, processes, course, time_one=Process.time)


def measure_use(use: Use, module: ModuleType, port: int, course: Course) -> dict[str, Any]:
    """Measure one row and return all its figures."""
    if not hasattr(module, "install"):
        raise RuntimeError(f"{module.__name__} has no install()")
    installed = {"ours": module.__name__, "stdlib": None, "floor": FLOOR}
    result = measure_processes(use, "bench.cases.downstream", port, {
        name: ["--install", install] if install else [] for name, install in installed.items()},
        course)
    contenders = result["contenders"]
    rounds = zip(*(contenders[name]["cpu_us"]["rounds"] for name in ("ours", "floor")))
    return {**result, "of_ours_us": figures([ours - floor for ours, floor in rounds]),
            "ratio_at_most": ratio(contenders["stdlib"], contenders["floor"], "cpu_us")}


if __name__ == "__main__":
    main()

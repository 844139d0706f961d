# SPDX-License-Identifier: MIT
"""requests and httpx on httpclient's transports, on their own, and on an answer in memory.

A row is a library and an answer.  As in downstream.py, each contender is a process: the library
with httpclient's transport, the library as it is, the same after httpclient.install() if it uses
http.client, and the library with a transport that returns an answer made before.  That last one
makes no system call, so the time is what the library itself costs.
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from bench.cases import downstream
from bench.cases.downstream import BY_NAME, PIECE, User, expected, measure_processes, serve
from bench.cases.fixtures import Case
from bench.cases.peers import FIELDS, Close, Fetch, Seen, look_up, of_session, url
from bench.harness.measure import Course, ratio

CALLED = ["small-head", "length-1m", "chunks-64b"]
STREAMED = CALLED[1:]           # read piece by piece
Transport = Callable[[Case], Any]       # makes one, for an answer


# ---- requests

def of_requests(requests: ModuleType, case: Case, port: int, transport: Transport | None,
                seen: Seen = look_up) -> tuple[Fetch, Close]:
    """Megabytes are read by iter_content()."""
    session = requests.Session()
    session.trust_env = False
    if transport is not None:
        session.mount("http://", transport(case))
    if case.name not in STREAMED:
        return of_session(session, case, port, seen)

    def fetch() -> tuple[int, Any, Any]:
        with session.get(url(case, port), headers=FIELDS, stream=True) as response:
            content = b"".join(response.iter_content(PIECE))
        return response.status_code, seen(response.headers), content

    return fetch, session.close


class Raw:
    """The part of urllib3's response that requests uses; the content is in memory."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, size: int, decode_content: bool) -> Iterator[bytes]:
        for at in range(0, len(self._content), size):
            yield self._content[at:at + size]

    def close(self) -> None:
        pass

    release_conn = close


def ready_adapter(case: Case) -> Any:
    """Return an adapter for requests that has its answer ready."""
    requests: Any = importlib.import_module("requests")
    headers = requests.structures.CaseInsensitiveDict(expected(case)[1])
    content = case.wire.content

    class ReadyAdapter(requests.adapters.BaseAdapter):
        def send(self, request: Any, **_: Any) -> Any:
            response = requests.Response()
            response.status_code, response.reason = 200, "OK"
            response.headers, response.raw = headers, Raw(content)
            response.url, response.request, response.connection = request.url, request, self
            return response

        def close(self) -> None:
            pass

    return ReadyAdapter()


# ---- httpx

def of_httpx(httpx: ModuleType, case: Case, port: int, transport: Transport | None,
             seen: Seen = look_up) -> tuple[Fetch, Close]:
    """Megabytes are read by iter_bytes()."""
    client = httpx.Client(trust_env=False, transport=transport and transport(case))
    if case.name not in STREAMED:
        return of_session(client, case, port, seen)

    def fetch() -> tuple[int, Any, Any]:
        with client.stream("GET", url(case, port), headers=FIELDS) as response:
            content = b"".join(response.iter_bytes())
        return response.status_code, seen(response.headers), content

    return fetch, client.close


def ready_transport(case: Case) -> Any:
    """Return a transport for httpx that has its answer ready."""
    httpx: Any = importlib.import_module("httpx")
    fields = [(name.encode("ascii"), value.encode("ascii"))
              for name, value in expected(case)[1].items()]
    content = case.wire.content
    pieces = [content[at:at + PIECE] for at in range(0, len(content), PIECE)]

    class Pieces(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            return iter(pieces)

    class ReadyTransport(httpx.BaseTransport):
        def handle_request(self, request: Any) -> Any:
            return httpx.Response(200, headers=fields, stream=Pieces())

    return ReadyTransport()


# ---- the rows

@dataclass(frozen=True)
class Library:
    """A library and its transports; `word` is its own word for them."""

    of: Callable[..., tuple[Fetch, Close]]
    word: str
    transport: str              # httpclient's class
    ready: Transport            # the one that has its answer ready
    streaming: str
    on_http_client: bool        # whether install() has an effect


LIBRARIES = {
    "requests": Library(of_requests, "adapter", "HTTPAdapter", ready_adapter, "iter_content()",
                        True),
    "httpx": Library(of_httpx, "transport", "HTTPTransport", ready_transport, "iter_bytes()",
                     False),
}


@dataclass(frozen=True)
class Mounted:
    """A row: a library and its answer."""

    library: str
    case: Case
    extra: bool = True

    @property
    def name(self) -> str:
        return f"{self.library}-{LIBRARIES[self.library].word}-{self.case.name}"

    @property
    def summary(self) -> str:
        library = LIBRARIES[self.library]
        what = self.case.summary.removesuffix(", read()")
        if self.case.name in STREAMED:
            what += f", {library.streaming}"
        return f"{self.library} on httpclient's {library.word}: {what}"


MOUNTED = [Mounted(name, BY_NAME[case]) for name in LIBRARIES for case in CALLED]


def missing(row: Mounted) -> str | None:
    """Return the library if it is not installed, else None."""
    return None if row.library in downstream.versions() else row.library


def main(arguments: list[str] | None = None) -> None:
    """Install or mount, print the answer, then do a batch for each line of standard input."""
    parser = argparse.ArgumentParser(prog="python -m bench.cases.transports", description=__doc__)
    parser.add_argument("library", choices=LIBRARIES)
    parser.add_argument("case", choices=CALLED)
    parser.add_argument("port", type=int)
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--install", metavar="MODULE", help="call this one's install()")
    how.add_argument("--mount", metavar="MODULE", help="use this one's transport")
    how.add_argument("--ready", action="store_true", help="use the transport in memory")
    options = parser.parse_args(arguments)
    library = LIBRARIES[options.library]
    transport: Transport | None = library.ready if options.ready else None
    if options.install:
        importlib.import_module(options.install).install()
    if options.mount:
        module = importlib.import_module(f"{options.mount}.transports.{options.library}")
        transport = maker(getattr(module, library.transport))
    serve(User(library.of, options.library, BY_NAME[options.case], options.port, transport))


def maker(transport: Callable[[], Any]) -> Transport:
    return lambda case: transport()


def measure_mounted(row: Mounted, module: ModuleType, port: int, course: Course) -> dict[str, Any]:
    """Measure one row and return all its figures."""
    how = {"ours": ["--mount", module.__name__], "stdlib": [],
           "installed": ["--install", module.__name__], "ready": ["--ready"]}
    if not LIBRARIES[row.library].on_http_client:
        del how["installed"]
    result = measure_processes(row, "bench.cases.transports", port, how, course)
    contenders = result["contenders"]
    # The bounds are on "over_own": a build of the interpreter that is faster does not lower them.
    return {**result, "over_own": result["ratio"],
            "ratio_at_most": ratio(contenders["stdlib"], contenders["ready"], "cpu_us")}


if __name__ == "__main__":
    main()

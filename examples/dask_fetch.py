# SPDX-License-Identifier: MIT
"""Fetch from many machines, with Dask: python examples/dask_fetch.py [--scheduler ADDRESS] < URLS

Each task has a Fetcher of its own.  All URLs of a host are in one task, so `per_host` and `delay`
hold for the host, however many machines there are.
"""
from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from urllib.parse import urlsplit
from zlib import crc32

from distributed import Client, as_completed

import httpclient


class Page(NamedTuple):
    """What a task returns of an answer, which itself cannot be pickled."""

    url: str
    status: int | None
    error: str | None
    content: bytes


def fetch_part(urls: list[str]) -> list[Page]:
    """Fetch URLs; a worker calls this."""
    with httpclient.Fetcher(connections=200, delay=0.05, deadline=60) as fetcher:
        return [Page(answer.url, answer.status, answer.error and repr(answer.error),
                     answer.content) for answer in fetcher.fetch(urls)]


def parts_by_host(urls: Iterable[str], count: int) -> list[list[str]]:
    """Divide URLs into at most `count` lists, with all URLs of a host in the same list."""
    parts: list[list[str]] = [[] for _ in range(count)]
    for url in urls:
        parts[crc32(urlsplit(url).netloc.encode()) % count].append(url)
    return [part for part in parts if part]


def fetch(client: Client, urls: Iterable[str], parts: int) -> Iterator[Page]:
    """Yield the page of each URL, as the parts complete."""
    # Without pure=False, Dask would return an earlier result for the same URLs.
    futures = client.map(fetch_part, parts_by_host(urls, parts), pure=False)
    for _, pages in as_completed(futures, with_results=True):
        yield from pages


def main() -> None:
    parser = argparse.ArgumentParser(description="Fetch the URLs of standard input with Dask.")
    parser.add_argument("--scheduler", help="its address; the default is a cluster on this machine")
    parser.add_argument("--parts", type=int, default=64, help="the most tasks (64)")
    args = parser.parse_args()
    with Client(args.scheduler) as client:
        for page in fetch(client, sys.stdin.read().split(), args.parts):
            print(page.error or page.status, len(page.content), page.url)


if __name__ == "__main__":
    main()

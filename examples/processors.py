# SPDX-License-Identifier: MIT
"""Use all processors: python examples/processors.py URL [--pages N] [--workers N]

A Fetcher uses one.  So this program has several: each in a thread if Python has no GIL, else each
in a process.  What they do with the pages, here counting links, runs beside each other, too.
"""
from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from html.parser import HTMLParser

import httpclient


class Counter(HTMLParser):
    """Counts the links of a page."""

    links = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += tag == "a"


def count_links(urls: list[str]) -> tuple[int, int]:
    """Return the number of pages that could be fetched, and that of their links."""
    pages = links = 0
    with httpclient.Fetcher(connections=50, per_host=50, deadline=30) as fetcher:
        for answer in fetcher.fetch(urls):
            if answer.error is None:
                counter = Counter()
                counter.feed(answer.content.decode(errors="replace"))
                pages += 1
                links += counter.links
    return pages, links


def new_executor(workers: int) -> Executor:
    if getattr(sys, "_is_gil_enabled", lambda: True)():
        return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"))
    return ThreadPoolExecutor(workers)


def main() -> None:
    parser = argparse.ArgumentParser(description="Count the links of many pages.")
    parser.add_argument("url", help="of examples/site.py; the pages are URL1, URL2 and so on")
    parser.add_argument("--pages", type=int, default=2000, help="how many (2000)")
    parser.add_argument("--links", type=int, default=300, help="further links on a page (300)")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="one a processor")
    args = parser.parse_args()
    urls = [f"{args.url}{1 + 10 * number}?links={args.links}" for number in range(args.pages)]
    with new_executor(args.workers) as executor:
        list(executor.map(count_links, [[]] * args.workers))        # Start all workers.
        began = time.monotonic()
        # A list for each worker.  For many hosts, keep all URLs of a host in one list, so that
        # `per_host` and `delay` hold.
        counts = executor.map(count_links, [urls[n::args.workers] for n in range(args.workers)])
        pages, links = map(sum, zip(*counts))
        seconds = time.monotonic() - began
    kind = "threads" if isinstance(executor, ThreadPoolExecutor) else "processes"
    print(f"{pages} pages, {links} links, {args.workers} {kind}: {seconds:.2f} s")


if __name__ == "__main__":
    main()

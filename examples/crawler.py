# SPDX-License-Identifier: MIT
"""Crawl one host politely: python examples/crawler.py URL [--pages N] [--connections N]

Follows links and redirects on the host of the URL, as its robots.txt allows (RFC 9309), and prints
the status, the length of the content and the URL of each answer.
"""
from __future__ import annotations

import argparse
import contextlib
import string
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import quote, urljoin, urlsplit
from urllib.robotparser import RobotFileParser

import httpclient

AGENT = "httpclient-example-crawler"
REDIRECTS = 5                   # in a row
LARGEST = 10_000_000            # bytes of a page


class Links(HTMLParser):
    """The URLs that a page links to."""

    def __init__(self, answer: httpclient.Answer) -> None:
        super().__init__()
        self.base = answer.url
        self.urls: list[str] = []
        # Old Pythons raise AssertionError for some damaged pages.
        with contextlib.suppress(AssertionError):
            self.feed(answer.content.decode(errors="replace"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        href = dict(attrs).get("href")
        if tag == "a" and href:
            with contextlib.suppress(ValueError):       # such as http://[
                self.urls.append(normal(urljoin(self.base, href)))


def normal(url: str) -> str:
    """Return a URL with a path, without a fragment, and in ASCII."""
    parts = urlsplit(url)
    url = parts._replace(path=parts.path or "/", fragment="").geturl()
    return quote(url, safe=string.punctuation)


def get(url: str) -> httpclient.Request:
    return httpclient.Request("GET", url, headers={"User-Agent": AGENT}, context=REDIRECTS)


def next_hop(answer: httpclient.Answer) -> httpclient.Request | None:
    """Return the request that a redirect asks for, or None after too many redirects."""
    request = answer.redirect()
    if request is None or request.context == 0:
        return None
    request.context -= 1
    return request


def robots_of(start: str) -> RobotFileParser:
    """Return the robots.txt of a host."""
    robots = RobotFileParser()
    with httpclient.Fetcher(deadline=30, max_content=LARGEST, decode=True) as fetcher:
        fetcher.add(get(urljoin(start, "/robots.txt")))
        for answer in fetcher:
            if request := next_hop(answer):
                fetcher.add(request)
            elif answer.error or answer.status >= 500:
                robots.parse(["User-agent: *", "Disallow: /"])
            elif answer.status >= 300:
                robots.parse([])        # There is none, so everything is allowed.
            else:
                robots.parse(answer.content.decode(errors="replace").splitlines())
    return robots


def crawl(
    start: str, pages: int, connections: int, delay: float,
) -> Iterator[httpclient.Answer]:
    """Yield the answers of a host, at most `pages` of them."""
    host = urlsplit(start).netloc
    robots = robots_of(start)
    delay = max(delay, float(robots.crawl_delay(AGENT) or 0))
    seen: set[str] = set()

    def is_new(url: str) -> bool:
        parts = urlsplit(url)
        return (parts.netloc == host and parts.scheme in ("http", "https") and url not in seen
                and len(seen) < pages and robots.can_fetch(AGENT, url))

    with httpclient.Fetcher(connections=connections, per_host=connections, delay=delay,
                            deadline=60, max_content=LARGEST, decode=True) as fetcher:

        def visit(request: httpclient.Request) -> None:
            url = normal(request.url)
            if is_new(url):
                seen.add(url)
                fetcher.add(request)

        visit(get(normal(start)))
        for answer in fetcher:
            if request := next_hop(answer):
                visit(request)
            elif answer.getheader("Content-Type", "").startswith("text/html"):
                for url in Links(answer).urls:
                    visit(get(url))
            yield answer


def main() -> None:
    parser = argparse.ArgumentParser(description="Crawl one host politely.")
    parser.add_argument("url")
    parser.add_argument("--pages", type=int, default=100, help="the most URLs to request (100)")
    parser.add_argument("--connections", type=int, default=8, help="the most at once (8)")
    parser.add_argument("--delay", type=float, default=0.1,
                        help="seconds between two requests (0.1); robots.txt may ask for more")
    args = parser.parse_args()
    began, number, errors = time.monotonic(), 0, 0
    try:
        for answer in crawl(args.url, args.pages, args.connections, args.delay):
            number += 1
            errors += answer.error is not None
            print(answer.error or answer.status, len(answer.content), answer.url)
    except httpclient.InvalidURL as error:
        parser.error(str(error))
    print(f"{number} answers, {errors} errors, {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    main()

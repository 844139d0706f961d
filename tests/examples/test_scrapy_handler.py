# SPDX-License-Identifier: MIT
"""examples/scrapy_handler.py: a spider crawls a site by it."""

import json
import subprocess
import sys

import pytest

from support.programs import EXAMPLES, needs, site

needs("scrapy")

# Scrapy keeps the reactor of a process, so that each spider runs in one of its own.
SPIDER = """
import json, sys

import httpclient
from scrapy import Request, Spider
from scrapy.crawler import CrawlerProcess

url, overrides = sys.argv[1], json.loads(sys.argv[2])
fetch_one, fetched, found = httpclient.Fetcher.fetch_one, [], []

async def counted(self, request):
    fetched.append(request.url)
    return await fetch_one(self, request)

httpclient.Fetcher.fetch_one = counted

class Site(Spider):
    name = "site"

    async def start(self):
        yield Request(url, errback=self.failed)

    def parse(self, response):
        found.append([response.url, response.status, len(response.body), response.protocol])
        yield from response.follow_all(response.css("a"), errback=self.failed)

    def failed(self, failure):
        found.append([failure.request.url, failure.type.__name__])

process = CrawlerProcess({
    "DOWNLOAD_HANDLERS": dict.fromkeys(
        ["http", "https"], "scrapy_handler.FetcherDownloadHandler"),
    "TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor",
    "ROBOTSTXT_OBEY": True, "CLOSESPIDER_PAGECOUNT": 30, "DOWNLOAD_DELAY": 0,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 8, "RETRY_ENABLED": False, "TELNETCONSOLE_ENABLED": False,
    "LOG_LEVEL": "ERROR"} | overrides)
process.crawl(Site)
process.start()
print(json.dumps([found, fetched]))
"""


def crawl(url, **overrides):
    """Return what the spider found, and the URLs that a Fetcher was given."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", f"import sys; sys.path.append({str(EXAMPLES)!r})\n" + SPIDER,
         url, json.dumps(overrides)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_spider_crawls_a_site():
    with site() as url:
        found, fetched = crawl(url)
    assert f"{url}robots.txt" in fetched and f"{url}10" in fetched
    assert not any("/private/" in page for page in fetched)
    pages = {row[0]: row[1:] for row in found}
    assert len(pages) >= 30
    refused = pages.pop("http://localhost:1/")
    assert refused == ["DownloadConnectionRefusedError"]
    assert {tuple(row[::2]) for row in pages.values() if len(row) == 3} == {(200, "HTTP/1.1")}


@pytest.mark.parametrize(("path", "overrides", "expected"), [
    ("2?wait=10", {"DOWNLOAD_TIMEOUT": 0.2}, "DownloadTimeoutError"),
    ("2", {"DOWNLOAD_MAXSIZE": 20}, "DownloadCancelledError"),
], ids=["timeout", "maxsize"])
def test_limits_of_scrapy_hold(path, overrides, expected):
    with site() as url:
        found, fetched = crawl(url + path, ROBOTSTXT_OBEY=False, **overrides)
    assert fetched == [url + path] and found == [[url + path, expected]]

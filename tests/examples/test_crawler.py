# SPDX-License-Identifier: MIT
"""examples/crawler.py: what it requests, and what it leaves alone."""

import re
import shlex

import pytest

from support.paths import ROOT
from support.programs import imported, needs, pages, run, site
from support.servers import ok

needs()
HTML = "Content-Type: text/html"


def crawled(server, **options):
    """Crawl a server; return the (path, outcome) of each answer."""
    settings = {"pages": 50, "connections": 4, "delay": 0} | options
    answers = imported("crawler").crawl(server.url, **settings)
    return sorted((answer.url.removeprefix(server.url), answer.error or answer.status)
                  for answer in answers)


def test_command_of_the_readme_crawls_2000_pages():
    command = re.search(r"^\$ python examples/crawler\.py (.*)$",
                        (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)[1]
    assert "--pages 2000 --connections 100" in command
    with site() as url:
        *lines, last = run("crawler", *shlex.split(command.replace("http://localhost:8080/", url)))
    assert last.startswith("2000 answers, 0 errors, ")
    answers = [line.split() for line in lines]
    assert len({page for _, _, page in answers}) == 2000
    assert {status for status, _, _ in answers} == {"200", "301"}
    assert all(page.startswith(url) and "/private/" not in page for _, _, page in answers)


def test_links_of_damaged_pages_are_followed():
    page = (b"<a href=''>x<a name=y><a href='http://['><a href='mailto:a@b'>\xff"
            b"<a href='/\xc3\xa9 1#top'><a href='?q=1&amp;r=2'><a href=//elsewhere.example/>")
    with pages({"/": ok(page, HTML), "/%C3%A9%201": ok(b"<![bogus[ x ]]>", HTML),
                "/?q=1&r=2": ok(b"<a href='/text'>", "Content-Type: text/plain")}) as server:
        assert crawled(server) == [("/", 200), ("/%C3%A9%201", 200), ("/?q=1&r=2", 200)]
    assert len(server.seen) == 4


def test_redirects_are_counted_and_stay_on_the_host():
    answers = {f"/{n}": ok(b"", f"Location: /{n + 1}", status="302 Found") for n in range(20)}
    away = ok(b"", "Location: http://elsewhere.example/", status="302 Found")
    page = ok(b"<a href=/0><a href=/away>", HTML)
    with pages(answers | {"/": page, "/away": away}) as server:
        found = crawled(server)
    assert found == [("/", 200), *((f"/{n}", 302) for n in range(6)), ("/away", 302)]


@pytest.mark.parametrize(("robots", "expected"), [
    (ok(b"User-agent: *\nDisallow: /a"), ["/", "/b"]),
    (ok(b"", status="404 Not Found"), ["/", "/a", "/b"]),
    (ok(b"", status="503 Service Unavailable"), []),
    (ok(b"", "Location: /elsewhere", status="301 Moved Permanently"), ["/", "/b"]),
    (b"nonsense\r\n\r\n", []),
], ids=["rules", "none", "unavailable", "moved", "nonsense"])
def test_robots_txt_is_obeyed(robots, expected):
    answers = {"/robots.txt": robots, "/": ok(b"<a href=/a><a href=/b>", HTML), "/a": ok(),
               "/b": ok(), "/elsewhere": ok(b"User-agent: *\nDisallow: /a")}
    with pages(answers) as server:
        assert [path for path, _ in crawled(server)] == expected


def test_crawl_delay_of_robots_txt_is_kept():
    module, used = imported("crawler"), []
    fetcher = module.httpclient.Fetcher
    with pages({"/robots.txt": ok(b"User-agent: *\nCrawl-delay: 2")}) as server, \
            pytest.MonkeyPatch.context() as patch:
        patch.setattr(module.httpclient, "Fetcher",
                      lambda **options: used.append(options) or fetcher(**options))
        list(module.crawl(server.url, pages=1, connections=1, delay=0.5))
    assert [options.get("delay") for options in used] == [None, 2.0]


def test_url_without_a_scheme_is_a_usage_error():
    with pytest.raises(AssertionError, match="error: "):
        run("crawler", "localhost:8080")

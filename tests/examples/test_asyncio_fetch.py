# SPDX-License-Identifier: MIT
"""examples/asyncio_fetch.py, against the site among the examples."""

import asyncio

import httpclient

from support.programs import imported, needs, run, site

needs()


def test_program_runs():
    with site() as url:
        first, second, order, within = run("asyncio_fetch", f"{url}2?wait=0.3", f"{url}3")
    assert first.startswith("200 ") and first.endswith(f" {url}2?wait=0.3")
    assert second.startswith("200 ") and second.endswith(f" {url}3")
    assert order == f"in the order of completion: {url}3 {url}2?wait=0.3"
    assert within == "within 50 ms: None"


def test_timeout_ends_one_request_and_leaves_the_others():
    example = imported("asyncio_fetch")

    async def main(url):
        with httpclient.Fetcher() as fetcher:
            slow = asyncio.create_task(fetcher.fetch_one(f"{url}2?wait=0.5"))
            assert await example.within(0.05, fetcher, f"{url}3?wait=10") is None
            assert (await example.within(10, fetcher, f"{url}4")).status == 200
            assert (await slow).status == 200
            assert fetcher.outstanding == 0

    with site() as url:
        asyncio.run(main(url))

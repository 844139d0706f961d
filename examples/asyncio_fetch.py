# SPDX-License-Identifier: MIT
"""Many requests in asyncio: python examples/asyncio_fetch.py URL [URL ...]"""
from __future__ import annotations

import asyncio
import sys

import httpclient


async def together(fetcher: httpclient.Fetcher, urls: list[str]) -> list[httpclient.Answer]:
    """Fetch all URLs at once, and return the answers in the order of the URLs."""
    return await asyncio.gather(*map(fetcher.fetch_one, urls))


async def as_they_complete(fetcher: httpclient.Fetcher, urls: list[str]) -> list[str]:
    """Fetch all URLs at once, and return them in the order in which their answers completed."""
    for url in urls:
        fetcher.add(url)
    return [answer.url async for answer in fetcher]


async def within(
    seconds: float, fetcher: httpclient.Fetcher, url: str,
) -> httpclient.Answer | None:
    """Fetch a URL, or return None if it takes longer; then the request ends."""
    try:
        async with asyncio.timeout(seconds):
            return await fetcher.fetch_one(url)
    except TimeoutError:
        return None


async def main(urls: list[str]) -> None:
    with httpclient.Fetcher(connections=100, deadline=30) as fetcher:
        for answer in await together(fetcher, urls):
            print(answer.error or answer.status, len(answer.content), answer.url)
        print("in the order of completion:", *await as_they_complete(fetcher, urls))
        in_time = await within(0.05, fetcher, urls[0])
        print("within 50 ms:", in_time and (in_time.error or in_time.status))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))

# SPDX-License-Identifier: MIT
"""Serve a site without end, for the other examples: python examples/site.py [--port 8080]

Page N links to pages 2N and 2N + 1, to one that robots.txt forbids, and to another host.  Each
tenth page has moved.  ?wait=SECONDS delays an answer, and ?links=N makes a page longer.
"""
from __future__ import annotations

import argparse
import asyncio
from urllib.parse import parse_qsl, urlsplit

ROBOTS = b"User-agent: *\nDisallow: /private/\n"


def page(number: int, more: int) -> bytes:
    more_links = "".join(f"<li><a href='/more/{n}'>more</a></li>\n" for n in range(more))
    return (f"<title>Page {number}</title>\n"
            f"<a href='/{2 * number}'>left</a> <a href='{2 * number + 1}#top'>right</a>\n"
            f"<a href='/private/{number}'>private</a> <a href='http://localhost:1/'>elsewhere</a>\n"
            f"{more_links}").encode()


def answer(path: str, more: int) -> tuple[str, bytes]:
    """Return the status line and headers of an answer, and its content."""
    name = path.strip("/") or "1"
    if name == "robots.txt":
        return "200 OK\r\nContent-Type: text/plain", ROBOTS
    if name.isdecimal() and int(name) % 10 == 0:
        return f"301 Moved Permanently\r\nLocation: /moved/{name}", b""
    number = name.removeprefix("moved/")
    if not number.isdecimal():
        return "404 Not Found", b""
    return "200 OK\r\nContent-Type: text/html; charset=utf-8", page(int(number), more)


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer the requests of a connection."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            url = urlsplit(head.split(b" ", 2)[1].decode("ascii"))
            query = dict(parse_qsl(url.query))
            await asyncio.sleep(float(query.get("wait", 0)))
            start, content = answer(url.path, int(query.get("links", 0)))
            length = f"\r\nContent-Length: {len(content)}\r\n\r\n"
            writer.write(f"HTTP/1.1 {start}{length}".encode() + content)
            await writer.drain()
    except (OSError, EOFError, asyncio.LimitOverrunError):
        pass        # The client has gone, or its request is too long.
    finally:
        writer.close()


async def main(port: int) -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", port, backlog=1000)
    print(f"http://localhost:{server.sockets[0].getsockname()[1]}/", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Serve a site for the other examples.")
    parser.add_argument("--port", type=int, default=8080, help="0: any that is free (8080)")
    try:
        asyncio.run(main(parser.parse_args().port))
    except KeyboardInterrupt:
        pass

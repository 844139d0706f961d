# SPDX-License-Identifier: MIT
"""A download handler for Scrapy, on a Fetcher.

Put this file beside your spiders, and in the settings:

    DOWNLOAD_HANDLERS = {
        "http": "scrapy_handler.FetcherDownloadHandler",
        "https": "scrapy_handler.FetcherDownloadHandler",
    }
    TWISTED_REACTOR = "twisted.internet.asyncioreactor.AsyncioSelectorReactor"

Scrapy goes on to decide which request is next: delays, slots and retries are its own.
"""
from __future__ import annotations

import base64
import logging
import socket
import ssl
from functools import partial
from typing import Any
from urllib.parse import quote, urlsplit

from scrapy import Request, signals
from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.crawler import Crawler
from scrapy.exceptions import (
    CannotResolveHostError, DownloadCancelledError, DownloadConnectionRefusedError,
    DownloadFailedError, DownloadTimeoutError, ResponseDataLossError, StopDownload,
    UnsupportedURLSchemeError,
)
from scrapy.http import Headers, Response
from scrapy.responsetypes import responsetypes
from twisted.python.failure import Failure

import httpclient

logger = logging.getLogger(__name__)

# The first class that an error is an instance of tells the exception that Scrapy knows.
EXCEPTIONS: list[tuple[type[Exception], type[Exception]]] = [
    (DownloadCancelledError, DownloadCancelledError),
    (httpclient.IncompleteRead, ResponseDataLossError),
    (TimeoutError, DownloadTimeoutError),
    (ConnectionRefusedError, DownloadConnectionRefusedError),
    (socket.gaierror, CannotResolveHostError),
    (Exception, DownloadFailedError),
]


class Content:
    """The sink of a request: the content, until it is too long or Scrapy wants no more of it."""

    def __init__(self, crawler: Crawler, request: Request) -> None:
        self.content = bytearray()
        self._limit: int = request.meta.get(
            "download_maxsize", crawler.settings.getint("DOWNLOAD_MAXSIZE"))
        self._request = request
        self._received = partial(send, crawler, signals.bytes_received, request)

    def write(self, data: bytes) -> None:
        self.content += data
        self._received(data=data)
        if 0 < self._limit < len(self.content):
            message = (f"Received {len(self.content)} bytes which is larger than download max size "
                       f"({self._limit}) in request {self._request}.")
            logger.warning(message)
            raise DownloadCancelledError(message)


def send(crawler: Crawler, signal: object, request: Request, **arguments: Any) -> None:
    """Send a signal; raise StopDownload if a receiver does."""
    for _, result in crawler.signals.send_catch_log(
            signal, request=request, spider=crawler.spider, **arguments):
        if isinstance(result, Failure) and isinstance(result.value, StopDownload):
            raise result.value


class FetcherDownloadHandler(BaseDownloadHandler):
    """Downloads by HTTP/1.1 with a Fetcher, one for each proxy."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        settings = crawler.settings
        context = ssl.create_default_context()
        if not settings.getbool("DOWNLOAD_VERIFY_CERTIFICATES"):
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        # Scrapy has limits of its own for hosts, and a timeout for the whole of a download.
        most = settings.getint("CONCURRENT_REQUESTS") or 1000
        address = settings.get("DOWNLOAD_BIND_ADDRESS")
        self._new_fetcher = partial(
            httpclient.Fetcher, connections=most, per_host=most, timeout=None, ssl_context=context,
            source_address=(address, 0) if isinstance(address, str) else address)
        self._fetchers: dict[str | None, httpclient.Fetcher] = {}

    async def download_request(self, request: Request) -> Response:
        proxy, headers = proxy_and_headers(request)
        if proxy not in self._fetchers:
            self._fetchers[proxy] = self._new_fetcher(proxy=proxy)
        sink = Content(self.crawler, request)
        seconds = request.meta.get(
            "download_timeout", self.crawler.settings.getfloat("DOWNLOAD_TIMEOUT"))
        try:
            answer = await self._fetchers[proxy].fetch_one(httpclient.Request(
                request.method, request.url, headers=headers, body=request.body or None,
                deadline=seconds, sink=sink))
        except httpclient.InvalidURL as error:
            raise UnsupportedURLSchemeError(str(error)) from error
        request.meta["download_latency"] = answer.timings.first_byte
        return self._response(request, answer, bytes(sink.content))

    def _response(self, request: Request, answer: httpclient.Answer, content: bytes) -> Response:
        """Return a response, or raise what Scrapy expects."""
        error, flags = answer.error, []
        if isinstance(error, httpclient.IncompleteRead) and not request.meta.get(
                "download_fail_on_dataloss",
                self.crawler.settings.getbool("DOWNLOAD_FAIL_ON_DATALOSS")):
            error, flags = None, ["dataloss"]
        if error is not None and not isinstance(error, StopDownload):
            kind = next(kind for known, kind in EXCEPTIONS if isinstance(error, known))
            raise kind(f"{request.url}: {error}") from error
        headers = Headers([(name.encode("latin-1"), value.encode("latin-1"))
                           for name, value in answer.getheaders()])
        length = headers.get("Content-Length")
        try:
            send(self.crawler, signals.headers_received, request, headers=headers,
                 body_length=None if length is None else int(length))
        except StopDownload as stop:
            error, content = stop, b""
        if error is not None:
            flags.append("download_stopped")
        kind = responsetypes.from_args(headers=headers, url=request.url, body=content)
        response = kind(request.url, status=answer.status, headers=headers, body=content,
                        flags=flags, protocol=f"HTTP/{answer.version / 10}")
        if error is not None and error.fail:
            error.response = response
            raise error
        return response

    async def close(self) -> None:
        for fetcher in self._fetchers.values():
            fetcher.close()


def proxy_and_headers(request: Request) -> tuple[str | None, httpclient.HTTPMessage]:
    """Return the URL of the proxy, and the headers, without those that are for the proxy."""
    headers, credentials = httpclient.HTTPMessage(), ""
    for name, values in request.headers.items():
        for value in values:
            if name == b"Proxy-Authorization":
                user, _, password = base64.b64decode(value.split()[-1]).partition(b":")
                credentials = f"{quote(user, safe='')}:{quote(password, safe='')}@"
            else:
                headers[name.decode("latin-1")] = value
    proxy = request.meta.get("proxy")
    if not proxy:
        return None, headers
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    return parts._replace(netloc=credentials + parts.netloc).geturl(), headers

# SPDX-License-Identifier: MIT
"""Every request comes back exactly once, whatever a thousand hosts do."""

import gc
import os
import random
import ssl
import sys
import time

import pytest

from httpclient import Fetcher
from support import bad_hosts, inject
from support.bad_hosts import LONG, Requests

trustme = pytest.importorskip("trustme")

COUNT = 2000        # requests


@pytest.fixture
def hosts(certificates):
    """The hosts; after the test, no descriptor is left."""
    before = os.listdir("/proc/self/fd") if sys.platform == "linux" else None
    with bad_hosts.Hosts(certificates.server("*.tls.example"), self_signed()) as found:
        yield found
    if before is not None:
        gc.collect()
        assert not inject.descriptors_beyond(before)


def self_signed():
    """A server's context that no client trusts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("*.tls.example").configure_cert(context)
    return context


def fetcher(hosts, certificates, **options):
    return Fetcher(**{"resolver": hosts.resolve, "ssl_context": certificates.client(),
                      "connections": 200, "per_host": 4, "max_content": 100_000, **options})


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("lazily", [False, True], ids=["add", "fetch"])
def test_every_request_comes_back_once(hosts, certificates, seed, lazily):
    requests = Requests(hosts, seed)
    chance = random.Random(seed).choice
    begin = time.monotonic()
    with Fetcher(resolver=hosts.resolve, ssl_context=certificates.client(), max_content=100_000,
                 connections=chance([50, 200, 500]), per_host=chance([1, 2, 8]),
                 idle=chance([0, 0.2, 15]), timeout=chance([0.5, 30]), retries=chance([0, 1]),
                 happy_eyeballs_delay=chance([None, 0.05])) as fetcher:
        if lazily:
            fetcher.fetch(requests.all(COUNT))
        else:
            for request in requests.all(COUNT):
                fetcher.add(request)
            assert fetcher.outstanding == COUNT
        for answer in fetcher:
            requests.judge(answer)
        assert fetcher.outstanding == fetcher.queued == 0
    assert fetcher.open == 0
    requests.all_came_back(COUNT)
    # Only requests to hosts that answer have the long deadline.
    assert time.monotonic() - begin < LONG

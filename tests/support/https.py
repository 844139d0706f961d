# SPDX-License-Identifier: MIT
"""Exchanges over HTTPS connections, each with what is to be known of its TLS."""

import contextlib
import ssl
from types import SimpleNamespace

from support.servers import PATIENCE

VERSIONS = ["TLSv1_2", "TLSv1_3"]


def connection(module, port, host="localhost", **options):
    """An HTTPSConnection that `with` closes."""
    options.setdefault("timeout", PATIENCE)
    return contextlib.closing(module.HTTPSConnection(host, port, **options))


def exchange(module, port, host="localhost", tunnel=None, **options):
    """What is to be known of one exchange over a connection of its own."""
    with connection(module, port, host, **options) as used:
        if tunnel:
            used.set_tunnel(*tunnel)
        used.request("GET", "/")
        body = used.getresponse().read()
        sock = used.sock
        return SimpleNamespace(
            body=body, resumed=sock.session_reused, context=sock.context, version=sock.version(),
            alpn=sock.selected_alpn_protocol(), cipher=sock.cipher()[0],
            peer=sock.getpeercert(), peer_der=sock.getpeercert(True))


def resumptions(module, port, count, **options):
    """Of so many exchanges, whether each resumed a session."""
    return [exchange(module, port, **options).resumed for _ in range(count)]


def of_version(context, name):
    """A context that speaks one version of TLS alone."""
    context.minimum_version = context.maximum_version = ssl.TLSVersion[name]
    return context

# SPDX-License-Identifier: MIT
"""A faster http.client, with its hot paths in C.

``import httpclient`` replaces ``import http.client``: names and behaviour are the same.
COMPATIBILITY.md lists the differences.
"""
import collections
import email
import errno
import http
import io
import re
import socket
import sys
import types
from urllib.parse import urlsplit

from ._common import exceptions, limits, rebinding, status
from ._common.classes import HTTPMessage
from ._common.exceptions import *  # noqa: F403
from ._common.limits import _MAXINTERIMRESPONSES
from ._common.status import responses
from ._common.version import __version__
from ._request import connection, output, tunnel, validation
from ._request.connection import HTTP_PORT, HTTPS_PORT, HTTPConnection
from ._request.recovery import _CS_IDLE, _CS_REQ_SENT, _CS_REQ_STARTED
from ._request.validation import (
    _METHODS_EXPECTING_BODY, _contains_disallowed_method_pchar_re,
    _contains_disallowed_url_pchar_re, _encode, _is_illegal_header_value, _is_legal_header_name,
    _strip_ipv6_iface,
)
from ._response import chunked, content, framing, head, message, parser, policy, response
from ._response.chunked import _MIN_READ_BUF_SIZE
from ._response.message import _parse_header_lines, _read_headers, parse_headers
from ._response.parser import ResponseParser
from ._response.response import _UNKNOWN, HTTPResponse

globals().update(status.constants)
__all__ = ["HTTPResponse", "HTTPConnection"]
__all__ += exceptions.__all__
__all__ += ["responses", "ResponseParser"]
_LATER = ("install", "installed", "uninstall")
_bound = [
    chunked, connection, content, head, limits, message, output, parser, policy, response, tunnel,
    validation,
]

try:
    import ssl
except ImportError:
    pass
else:
    from ._request import https
    from ._request.https import HTTPSConnection, _create_https_context

    __all__.append("HTTPSConnection")
    _bound.append(https)


class _Module(types.ModuleType):
    """The class of this module, which forwards rebound names to the modules that use them."""

    # Not in __dict__, where they would hide the values in http.client.
    _MAXLINE = property(lambda self: limits.DEFAULT.max_line)
    _MAXHEADERS = property(lambda self: limits.DEFAULT.max_fields)

    def __setattr__(self, name, value):
        if name in limits.SHARED:
            limits.rebind(name, value)
            return
        super().__setattr__(name, value)
        rebinding.bind(_bound, name, value)

    def __delattr__(self, name):
        if name in limits.SHARED:
            limits.unbind(name)
            return
        super().__delattr__(name)
        rebinding.unbind(_bound, name)

    def __getattr__(self, name):
        # Import install() and its relatives on demand, because few programs need them.
        if name in _LATER:
            from ._install import install
            return getattr(install, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__(self):
        own = {*__all__, *_LATER, "__version__"}
        return sorted(own | self.__dict__.keys() & vars(http.client).keys() | {*limits.SHARED})


# Tracebacks, pickles and help() show the public module.
for _name in [*__all__, "HTTPMessage", "parse_headers"]:
    if isinstance(globals()[_name], (type, types.FunctionType)):
        globals()[_name].__module__ = __name__
del _name

sys.modules[__name__].__class__ = _Module

# SPDX-License-Identifier: MIT
"""http.client anew, with its hot paths in C.

``import httpclient`` in place of ``import http.client``: the same names, the
same behaviour; COMPATIBILITY.md lists the differences.
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

from . import (
    checks, chunks, connection, exceptions, framing, heads, limits, message, parser, response,
    rooms, sending, status, tunnel,
)
from .chunks import _MIN_READ_BUF_SIZE
from .checks import (
    _METHODS_EXPECTING_BODY, _contains_disallowed_method_pchar_re,
    _contains_disallowed_url_pchar_re, _encode, _is_illegal_header_value,
    _is_legal_header_name, _strip_ipv6_iface,
)
from .connection import HTTP_PORT, HTTPS_PORT, HTTPConnection
from .exceptions import *  # noqa: F403
from .limits import _MAXINTERIMRESPONSES
from .message import _parse_header_lines, _read_headers, parse_headers
from .mime import HTTPMessage
from .parser import ResponseParser
from .recovery import _CS_IDLE, _CS_REQ_SENT, _CS_REQ_STARTED
from .response import _UNKNOWN, HTTPResponse
from .status import responses

globals().update(status.constants)
__version__ = "0.1.0"
__all__ = ["HTTPResponse", "HTTPConnection"]
__all__ += exceptions.__all__
__all__ += ["responses", "ResponseParser"]
_LATER = ("install", "installed", "uninstall")
_rooms = [limits, checks, chunks, connection, heads, message, parser, response, sending, tunnel]

try:
    import ssl
except ImportError:
    pass
else:
    from . import https
    from .https import HTTPSConnection, _create_https_context

    __all__.append("HTTPSConnection")
    _rooms.append(https)


class _Module(types.ModuleType):
    """Programs rebind names of http.client; what they bind here reaches where it is used."""

    # Not in __dict__, which would hide what is bound in http.client.
    _MAXLINE = property(lambda self: limits.DEFAULT.max_line)
    _MAXHEADERS = property(lambda self: limits.DEFAULT.max_fields)

    def __setattr__(self, name, value):
        if name in limits.SHARED:
            limits.rebind(name, value)
            return
        super().__setattr__(name, value)
        rooms.bind(_rooms, name, value)

    def __delattr__(self, name):
        if name in limits.SHARED:
            limits.unbind(name)
            return
        super().__delattr__(name)
        rooms.unbind(_rooms, name)

    def __getattr__(self, name):
        # Few programs need them: they are imported then.
        if name in _LATER:
            from . import installing
            return getattr(installing, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__(self):
        return sorted({*self.__dict__, *limits.SHARED, *_LATER})


# What tracebacks, pickles and help() show is the public name.
for _name in [*__all__, "HTTPMessage", "parse_headers"]:
    if isinstance(globals()[_name], (type, types.FunctionType)):
        globals()[_name].__module__ = __name__
del _name

sys.modules[__name__].__class__ = _Module

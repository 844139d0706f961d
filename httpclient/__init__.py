# SPDX-License-Identifier: MIT
"""A faster http.client, with its hot paths in C.

``import httpclient`` replaces ``import http.client``: names and behaviour are the same.
COMPATIBILITY.md lists the differences.
"""
import collections
import email
import errno
import http
import importlib
import io
import re
import socket
import sys
import types
from urllib.parse import urlsplit

from ._common import limits, rebinding, status
from ._common.classes import HTTPMessage as HTTPMessage
from ._common.exceptions import (
    BadHeaderLine, BadStatusLine, CannotSendHeader, CannotSendRequest, HTTPException,
    ImproperConnectionState, IncompleteRead, InvalidURL, LineTooLong, NotConnected,
    RemoteDisconnected, ResponseNotReady, UnimplementedFileMode, UnknownProtocol,
    UnknownTransferEncoding, error,
)
from ._common.limits import _MAXINTERIMRESPONSES as _MAXINTERIMRESPONSES
from ._common.status import responses
from ._common.version import __version__ as __version__
from ._request import connection, output, tunnel, validation
from ._request.connection import (
    HTTP_PORT as HTTP_PORT, HTTPS_PORT as HTTPS_PORT, HTTPConnection,
)
from ._request.recovery import (
    _CS_IDLE as _CS_IDLE, _CS_REQ_SENT as _CS_REQ_SENT, _CS_REQ_STARTED as _CS_REQ_STARTED,
)
from ._request.validation import (
    _METHODS_EXPECTING_BODY as _METHODS_EXPECTING_BODY,
    _contains_disallowed_method_pchar_re as _contains_disallowed_method_pchar_re,
    _contains_disallowed_url_pchar_re as _contains_disallowed_url_pchar_re, _encode as _encode,
    _is_illegal_header_value as _is_illegal_header_value,
    _is_legal_header_name as _is_legal_header_name, _strip_ipv6_iface as _strip_ipv6_iface,
)
from ._response import chunked, content, framing, head, message, parser, policy, response
from ._response.chunked import _MIN_READ_BUF_SIZE as _MIN_READ_BUF_SIZE
from ._response.message import (
    _parse_header_lines as _parse_header_lines, _read_headers as _read_headers,
    parse_headers as parse_headers,
)
from ._response.parser import ResponseParser
from ._response.response import _UNKNOWN as _UNKNOWN, HTTPResponse

globals().update(status.constants)
# Literally, because mypy does not see names that are added from another list.
__all__ = [
    "HTTPResponse", "HTTPConnection", "HTTPException", "NotConnected", "UnknownProtocol",
    "UnknownTransferEncoding", "UnimplementedFileMode", "IncompleteRead", "InvalidURL",
    "ImproperConnectionState", "CannotSendRequest", "CannotSendHeader", "ResponseNotReady",
    "BadStatusLine", "BadHeaderLine", "LineTooLong", "RemoteDisconnected", "error", "responses",
    "ResponseParser",
]
# Names that are imported on demand, because few programs need them, and their modules.
_LAZY = {
    "install": "_install.install", "installed": "_install.install",
    "uninstall": "_install.install", "Pool": "pool", "decoding": "decoding",
    "Fetcher": "fetcher", "Request": "fetcher", "Answer": "fetcher",
}
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
    from ._request.https import (
        HTTPSConnection, _create_https_context as _create_https_context,
    )

    __all__.append("HTTPSConnection")
    _bound.append(https)


def _imported_on_demand():
    """Import the modules of _LAZY.  Never called: PyInstaller and its like find them here."""
    from . import decoding, fetcher, pool
    from ._install import install


class _Module(types.ModuleType):
    """The class of this module, which forwards rebound names to the modules that use them."""

    # Not in __dict__, where they would hide the values in http.client.
    _MAXLINE = property(lambda self: limits.DEFAULT.max_line)
    _MAXHEADERS = property(lambda self: limits.DEFAULT.max_fields)

    __reduce__ = rebinding.by_name

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
        if name in _LAZY:
            module = importlib.import_module(f".{_LAZY[name]}", __name__)
            return module if name == _LAZY[name] else getattr(module, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__(self):
        own = {*__all__, *_LAZY, "__version__"}
        return sorted(own | self.__dict__.keys() & vars(http.client).keys() | {*limits.SHARED})


# Tracebacks, pickles and help() show the public module.
for _name in [*__all__, "HTTPMessage", "parse_headers"]:
    if isinstance(globals()[_name], (type, types.FunctionType)):
        globals()[_name].__module__ = __name__
del _name

sys.modules[__name__].__class__ = _Module

TYPE_CHECKING = False
if TYPE_CHECKING:
    # For type checkers, which do not see the names that _Module and globals() provide.
    from http import HTTPStatus
    from typing import Final

    from . import decoding as decoding
    from ._install.install import (
        install as install, installed as installed, uninstall as uninstall,
    )
    from .fetcher import Answer as Answer, Fetcher as Fetcher, Request as Request
    from .pool import Pool as Pool

    _MAXLINE: int
    _MAXHEADERS: int

    CONTINUE: Final = HTTPStatus.CONTINUE
    SWITCHING_PROTOCOLS: Final = HTTPStatus.SWITCHING_PROTOCOLS
    PROCESSING: Final = HTTPStatus.PROCESSING
    EARLY_HINTS: Final = HTTPStatus.EARLY_HINTS
    OK: Final = HTTPStatus.OK
    CREATED: Final = HTTPStatus.CREATED
    ACCEPTED: Final = HTTPStatus.ACCEPTED
    NON_AUTHORITATIVE_INFORMATION: Final = HTTPStatus.NON_AUTHORITATIVE_INFORMATION
    NO_CONTENT: Final = HTTPStatus.NO_CONTENT
    RESET_CONTENT: Final = HTTPStatus.RESET_CONTENT
    PARTIAL_CONTENT: Final = HTTPStatus.PARTIAL_CONTENT
    MULTI_STATUS: Final = HTTPStatus.MULTI_STATUS
    ALREADY_REPORTED: Final = HTTPStatus.ALREADY_REPORTED
    IM_USED: Final = HTTPStatus.IM_USED
    MULTIPLE_CHOICES: Final = HTTPStatus.MULTIPLE_CHOICES
    MOVED_PERMANENTLY: Final = HTTPStatus.MOVED_PERMANENTLY
    FOUND: Final = HTTPStatus.FOUND
    SEE_OTHER: Final = HTTPStatus.SEE_OTHER
    NOT_MODIFIED: Final = HTTPStatus.NOT_MODIFIED
    USE_PROXY: Final = HTTPStatus.USE_PROXY
    TEMPORARY_REDIRECT: Final = HTTPStatus.TEMPORARY_REDIRECT
    PERMANENT_REDIRECT: Final = HTTPStatus.PERMANENT_REDIRECT
    BAD_REQUEST: Final = HTTPStatus.BAD_REQUEST
    UNAUTHORIZED: Final = HTTPStatus.UNAUTHORIZED
    PAYMENT_REQUIRED: Final = HTTPStatus.PAYMENT_REQUIRED
    FORBIDDEN: Final = HTTPStatus.FORBIDDEN
    NOT_FOUND: Final = HTTPStatus.NOT_FOUND
    METHOD_NOT_ALLOWED: Final = HTTPStatus.METHOD_NOT_ALLOWED
    NOT_ACCEPTABLE: Final = HTTPStatus.NOT_ACCEPTABLE
    PROXY_AUTHENTICATION_REQUIRED: Final = HTTPStatus.PROXY_AUTHENTICATION_REQUIRED
    REQUEST_TIMEOUT: Final = HTTPStatus.REQUEST_TIMEOUT
    CONFLICT: Final = HTTPStatus.CONFLICT
    GONE: Final = HTTPStatus.GONE
    LENGTH_REQUIRED: Final = HTTPStatus.LENGTH_REQUIRED
    PRECONDITION_FAILED: Final = HTTPStatus.PRECONDITION_FAILED
    CONTENT_TOO_LARGE: Final = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    REQUEST_ENTITY_TOO_LARGE: Final = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    URI_TOO_LONG: Final = HTTPStatus.REQUEST_URI_TOO_LONG
    REQUEST_URI_TOO_LONG: Final = HTTPStatus.REQUEST_URI_TOO_LONG
    UNSUPPORTED_MEDIA_TYPE: Final = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    RANGE_NOT_SATISFIABLE: Final = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
    REQUESTED_RANGE_NOT_SATISFIABLE: Final = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
    EXPECTATION_FAILED: Final = HTTPStatus.EXPECTATION_FAILED
    IM_A_TEAPOT: Final = HTTPStatus.IM_A_TEAPOT
    MISDIRECTED_REQUEST: Final = HTTPStatus.MISDIRECTED_REQUEST
    UNPROCESSABLE_CONTENT: Final = HTTPStatus.UNPROCESSABLE_ENTITY
    UNPROCESSABLE_ENTITY: Final = HTTPStatus.UNPROCESSABLE_ENTITY
    LOCKED: Final = HTTPStatus.LOCKED
    FAILED_DEPENDENCY: Final = HTTPStatus.FAILED_DEPENDENCY
    TOO_EARLY: Final = HTTPStatus.TOO_EARLY
    UPGRADE_REQUIRED: Final = HTTPStatus.UPGRADE_REQUIRED
    PRECONDITION_REQUIRED: Final = HTTPStatus.PRECONDITION_REQUIRED
    TOO_MANY_REQUESTS: Final = HTTPStatus.TOO_MANY_REQUESTS
    REQUEST_HEADER_FIELDS_TOO_LARGE: Final = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    UNAVAILABLE_FOR_LEGAL_REASONS: Final = HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS
    INTERNAL_SERVER_ERROR: Final = HTTPStatus.INTERNAL_SERVER_ERROR
    NOT_IMPLEMENTED: Final = HTTPStatus.NOT_IMPLEMENTED
    BAD_GATEWAY: Final = HTTPStatus.BAD_GATEWAY
    SERVICE_UNAVAILABLE: Final = HTTPStatus.SERVICE_UNAVAILABLE
    GATEWAY_TIMEOUT: Final = HTTPStatus.GATEWAY_TIMEOUT
    HTTP_VERSION_NOT_SUPPORTED: Final = HTTPStatus.HTTP_VERSION_NOT_SUPPORTED
    VARIANT_ALSO_NEGOTIATES: Final = HTTPStatus.VARIANT_ALSO_NEGOTIATES
    INSUFFICIENT_STORAGE: Final = HTTPStatus.INSUFFICIENT_STORAGE
    LOOP_DETECTED: Final = HTTPStatus.LOOP_DETECTED
    NOT_EXTENDED: Final = HTTPStatus.NOT_EXTENDED
    NETWORK_AUTHENTICATION_REQUIRED: Final = HTTPStatus.NETWORK_AUTHENTICATION_REQUIRED
del TYPE_CHECKING

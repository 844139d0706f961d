# SPDX-License-Identifier: MIT
"""Stands for exceptions.py, classes.py and settings.py in the twin: http.client's own classes.

Exceptions and messages are then instances of http.client's classes, because programs check the
type, print it, and pickle it for processes without httpclient.  These classes are not changed, so
the extra text of httpclient's exceptions becomes a note.
"""
import http.client
from http.client import (  # noqa: F401
    BadStatusLine, HTTPException, HTTPMessage, LineTooLong, UnknownProtocol,
)

from .._common import exceptions
from .._common.classes import InterimResponse  # noqa: F401
from .._common.exceptions import Aborted, BadHeaderLine, ReadAborted  # noqa: F401
from .._common.limits import SHOWN
from .._core.connection_state import connection_state as connection_settings  # noqa: F401
from .._core.response_state import response_state as response_settings  # noqa: F401

# Programs may use the names of the settings for attributes of another meaning, so on http.client's
# classes only keyword arguments set them.
REQUEST_SETTINGS = RESPONSE_SETTINGS = SECURE_SETTINGS = ()
ConnectionSettings = SecureSettings = ResponseSettings = object
lazy = True     # uninstall() sets it to False, and install() to True.

# The twin's modules import from here the names that httpclient's import from exceptions.py.
_CLASSES = {name: getattr(http.client, name)
            for name in exceptions.__all__ if hasattr(http.client, name)}
globals().update(_CLASSES)

# httpclient's exceptions -> http.client's
_RENAMED = {getattr(exceptions, name): cls for name, cls in _CLASSES.items()}


def strict_of(response):
    return response_settings(response).strict


def bad_status_line(line, why):
    error = BadStatusLine(line)
    error.add_note(why)
    return error


def unknown_protocol(version, why):
    error = UnknownProtocol(version)
    error.add_note(why)
    return error


def line_too_long(line_type, limit, line):
    error = LineTooLong(line_type)
    error.args = (f"got more than {limit} bytes when reading {line_type}",)
    error.add_note(f"it begins with {bytes(line[:SHOWN])!r}")
    return error


def renamed(error):
    """Change the class of an exception that _core has raised to http.client's of the same name."""
    if type(error) in _RENAMED:
        for name in "line", "_given":       # of httpclient.LineTooLong
            if name in error.__dict__ and isinstance(error, LineTooLong):
                del error.__dict__[name]
        error.__class__ = _RENAMED[type(error)]

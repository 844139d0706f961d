# SPDX-License-Identifier: MIT
"""In place of exceptions.py, mime.py and options.py where http.client's own classes are served.

What they raise and make are then instances of http.client's classes themselves: programs look
at the type, print and pickle it, and may do so in a process that has no httpclient.  The
classes stay as they are; what httpclient's say in str() is a note here.
"""
import http.client
import sys
from http.client import (  # noqa: F401
    BadStatusLine, HTTPException, HTTPMessage, LineTooLong, UnknownProtocol,
)

from .._common import exceptions
from .._common.classes import InterimResponse  # noqa: F401
from .._common.exceptions import Aborted, BadHeaderLine, ReadAborted  # noqa: F401
from .._common.limits import SHOWN

# A subclass of http.client's may have attributes called as options.py says that mean something
# else: there only keyword arguments count.
STRICT = "_hc_strict"
DEADLINE = "_hc_deadline"
MAX_RESPONSE_HEADERS = ("max_response_headers" if sys.version_info >= (3, 15)
                        else "_hc_max_response_headers")
RESUME_SESSIONS = "_hc_resume_sessions"

# The other modules import from here what they import from exceptions.py elsewhere.
_CLASSES = {name: getattr(http.client, name)
            for name in exceptions.__all__ if hasattr(http.client, name)}
globals().update(_CLASSES)

# httpclient's exceptions -> http.client's
_RENAMED = {getattr(exceptions, name): cls for name, cls in _CLASSES.items()}


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
    """Give an exception that _core has raised the class that its caller knows."""
    if type(error) in _RENAMED:
        for name in "line", "_given":       # of httpclient.LineTooLong
            if name in error.__dict__ and isinstance(error, LineTooLong):
                del error.__dict__[name]
        error.__class__ = _RENAMED[type(error)]

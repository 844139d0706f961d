# SPDX-License-Identifier: MIT
"""`strict`, `deadline` and `resume_sessions`, as attributes of httpclient's classes.

The values are in the ConnectionState and the ResponseState, where C reads them.  A subclass may
set one of these attributes on the class instead, so Python code reads the attribute of the object
that connection_settings() or response_settings() returns.

http.client's own classes have no such attributes, and programs may use these names for something
else there.  So the twin reads the states themselves: see _install/stdlib_classes.py.
"""
from __future__ import annotations

from operator import attrgetter

from .._core.connection_state import connection_state
from .._core.guards import Setting
from .._core.response_state import response_state

# The fast lane for requests, and that for responses, are not taken if a class has another
# attribute of one of these names.
REQUEST_SETTINGS: tuple = ("deadline",)
RESPONSE_SETTINGS: tuple = ("strict",)
SECURE_SETTINGS: tuple = ("resume_sessions",)     # of HTTPSConnection alone

# Whether the classes have the descriptors that create `headers`, `msg` and `_context` on access.
lazy = True


def connection_settings(connection):
    """Return the object that has the settings of a connection as attributes."""
    return connection


def response_settings(response):
    """Return the object that has the settings of a response as attributes."""
    return response


# Returns `strict` of a response.
strict_of = attrgetter("strict")


class ConnectionSettings:
    """The settings of HTTPConnection."""

    max_response_headers: int | None = None     # a plain attribute, as in http.client since 3.15
    strict: bool | None = Setting(connection_state, "strict")
    deadline: float | None = Setting(connection_state, "deadline")


class SecureSettings:
    """The settings that only HTTPSConnection has."""

    resume_sessions: bool | None = Setting(connection_state, "resume_sessions")


class ResponseSettings:
    """The settings of HTTPResponse."""

    strict: bool | None = Setting(response_state, "strict")

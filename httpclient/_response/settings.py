# SPDX-License-Identifier: MIT
"""`strict`, `deadline` and `resume_sessions`, as attributes of httpclient's classes.

The values are in the ConnectionState and the ResponseState, where C reads them.  A subclass may
set one of these attributes on the class instead, so Python code reads the attribute, of what
connection_settings() or response_settings() returns.

http.client's own classes have no such attributes, and programs may use these names for something
else there.  So the twin reads the states themselves: see _install/stdlib_classes.py.
"""
from __future__ import annotations

from .._core.connection_state import connection_state
from .._core.response_state import response_state

# The fast lane for requests, and that for responses, are not taken if a class has another
# attribute of one of these names.
REQUEST_SETTINGS: tuple = ("deadline",)
RESPONSE_SETTINGS: tuple = ("strict",)

# Whether the classes have the descriptors that create `headers`, `msg` and `_context` on access.
lazy = True


def connection_settings(connection):
    """Return the object that has the settings of a connection as attributes."""
    return connection


def response_settings(response):
    """Return the object that has the settings of a response as attributes."""
    return response


class ConnectionSettings:
    """The settings of HTTPConnection."""

    max_response_headers: int | None = None     # a plain attribute, as in http.client since 3.15

    @property
    def strict(self) -> bool | None:
        """How to judge odd heads and chunks: None, True or False, see HTTPResponse."""
        return connection_state(self).strict

    @strict.setter
    def strict(self, value: bool | None) -> None:
        connection_state(self).strict = value

    @property
    def deadline(self) -> float | None:
        """Seconds for each request with its response (float), or None for no deadline."""
        return connection_state(self).deadline

    @deadline.setter
    def deadline(self, value: float | None) -> None:
        connection_state(self).deadline = value


class SecureSettings:
    """The settings that only HTTPSConnection has."""

    @property
    def resume_sessions(self) -> bool | None:
        """Whether to resume TLS sessions: None, True or False, see HTTPSConnection."""
        return connection_state(self).resume_sessions

    @resume_sessions.setter
    def resume_sessions(self, value: bool | None) -> None:
        connection_state(self).resume_sessions = value


class ResponseSettings:
    """The settings of HTTPResponse."""

    @property
    def strict(self) -> bool | None:
        """How to judge odd heads and chunks: None, True or False."""
        return response_state(self).strict

    @strict.setter
    def strict(self, value: bool | None) -> None:
        response_state(self).strict = value

# SPDX-License-Identifier: MIT
"""HTTPMessage and InterimResponse, which holds one."""
import http.client as _standard
from collections import namedtuple


class HTTPMessage(_standard.HTTPMessage):
    """The fields of a response: an email.message.Message, as in http.client."""


class InterimResponse(namedtuple("InterimResponse", "status reason headers")):
    """An interim response (1xx, RFC 9110 15.2), received before the final one."""

    __slots__ = ()
    status: int
    reason: str
    headers: HTTPMessage

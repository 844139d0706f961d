# SPDX-License-Identifier: MIT
"""HTTPMessage, which like the exceptions is a class of http.client's as well."""
import http.client as _standard


class HTTPMessage(_standard.HTTPMessage):
    """The fields of a response: an email.message.Message, as in http.client."""

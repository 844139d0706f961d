# SPDX-License-Identifier: MIT
"""Status codes: every constant of http.client, and `responses` (dict: code -> reason phrase).

The members are those of http.HTTPStatus.  Python 3.13 renamed some after RFC 9110 and kept the old
names as aliases; httpclient has both names on every Python.
"""
from __future__ import annotations

from http import HTTPStatus

_SAME = {
    "CONTENT_TOO_LARGE": "REQUEST_ENTITY_TOO_LARGE",
    "URI_TOO_LONG": "REQUEST_URI_TOO_LONG",
    "RANGE_NOT_SATISFIABLE": "REQUESTED_RANGE_NOT_SATISFIABLE",
    "UNPROCESSABLE_CONTENT": "UNPROCESSABLE_ENTITY",
}

constants = dict(HTTPStatus.__members__)
for _new, _old in _SAME.items():
    _member = constants.get(_new) or constants[_old]
    constants[_new] = constants[_old] = _member

responses: dict[int, str] = {status: status.phrase for status in HTTPStatus.__members__.values()}

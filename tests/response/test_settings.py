# SPDX-License-Identifier: MIT
"""The attributes `strict`, `deadline` and `resume_sessions`."""

from unittest import mock

import httpclient
from support.capture import FakeSocket

LF = b"HTTP/1.1 200 OK\nContent-Length: 0\n\n"


def test_a_deleted_setting_has_its_default_again():
    """mock.patch.object() deletes what it did not find in the object's own attributes."""
    connection = httpclient.HTTPConnection("a")
    with mock.patch.object(connection, "deadline", 3.0):
        assert connection.deadline == 3.0
    assert connection.deadline is None
    response = httpclient.HTTPResponse(FakeSocket(LF))
    response.strict = True
    del response.strict
    assert response.strict is None

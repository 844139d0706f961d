# SPDX-License-Identifier: MIT
"""Fixtures for the tests of install()."""

import pytest

from support.installing import restored


@pytest.fixture
def nothing_stays():
    """http.client is afterwards what it was before."""
    with restored():
        yield

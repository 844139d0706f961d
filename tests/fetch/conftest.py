# SPDX-License-Identifier: MIT
"""Fixtures: event loops."""

import warnings

import pytest

from support.tasks import LOOPS, runner_of


@pytest.fixture(params=LOOPS)
def run(request, monkeypatch):
    """A function like asyncio.run(); in its debug mode, a warning is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield runner_of(request.param, monkeypatch)

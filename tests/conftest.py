# SPDX-License-Identifier: MIT
"""What holds for the whole run of the tests."""

import gc

import pytest


@pytest.fixture(scope="module", autouse=True)
def no_old_objects():
    """What pytest has made by now stays to the end: millions of objects.

    No collection need look at them again, nor uninstall(), which looks at all that there are.
    """
    gc.collect()
    gc.freeze()

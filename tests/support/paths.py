# SPDX-License-Identifier: MIT
"""The folders that tests read files from."""

import os
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
DATA = TESTS / "data"
ROOT = TESTS.parent     # the source tree; tests of a wheel on its own have less of it
SHARED = Path(os.environ.get("HTTPCLIENT_SHARED") or ROOT.parent / "shared")

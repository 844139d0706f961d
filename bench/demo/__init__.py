# SPDX-License-Identifier: MIT
"""The main job, side by side: crawl recorded responses with http.client and httpclient.

    __main__.py  the command line: compare, time, report
    crawl.py     the two clients at work
    origin.py    the server, in a process of its own: recorded responses, byte for byte

The records lie in tests/data, and the policy for hostile bytes, which judges an answer that
differs, in tests/support: the demo needs the folder tests beside bench.
"""

import sys
from pathlib import Path

# Last, so that nothing there is found in place of an installed module.
sys.path.append(str(Path(__file__).resolve().parents[2] / "tests"))

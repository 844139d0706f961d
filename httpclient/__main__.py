# SPDX-License-Identifier: MIT
"""``python -m httpclient``: see running.py."""
from .running import main

main()

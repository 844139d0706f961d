# SPDX-License-Identifier: MIT
"""``python -m httpclient``: see running.py."""
from .running import main

if __name__ == "__main__":
    main()

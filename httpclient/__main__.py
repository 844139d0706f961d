# SPDX-License-Identifier: MIT
"""``python -m httpclient``: see _install/command.py."""
from ._install.command import main

if __name__ == "__main__":
    main()

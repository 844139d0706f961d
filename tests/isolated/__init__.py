# SPDX-License-Identifier: MIT
"""Programs that tests run in processes of their own: `python -m isolated.NAME`."""

# SPDX-License-Identifier: MIT
"""http.client on httpclient: install(), uninstall() and ``python -m httpclient``."""

# SPDX-License-Identifier: MIT
"""install(), uninstall() and ``python -m httpclient``, which run http.client on httpclient."""

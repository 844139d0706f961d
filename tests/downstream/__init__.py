# SPDX-License-Identifier: MIT
"""Other projects' own tests, on http.client and with httpclient.install(): `make test-downstream`.

Each suite comes from its project's source distribution and runs three times: untouched, with
install() before its package is imported, and with install() after that and all of its tests are
imported.  Those of requests and httpx also run on httpclient's transports.  What a test comes to
has to be the same each time, or stands in differences.toml with the reason.
"""

# SPDX-License-Identifier: MIT
"""The Fetcher's requests, answers, addresses and poller."""

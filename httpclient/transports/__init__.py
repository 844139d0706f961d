# SPDX-License-Identifier: MIT
"""Transports that let other HTTP clients send their requests by httpclient."""

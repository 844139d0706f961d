# SPDX-License-Identifier: MIT
"""The request: connecting, TLS, tunnels, head and body, and recovery from errors."""

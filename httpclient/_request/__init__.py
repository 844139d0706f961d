# SPDX-License-Identifier: MIT
"""A request on its way out: connecting, TLS, tunnels, the request head, the body."""

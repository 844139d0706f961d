# SPDX-License-Identifier: MIT
"""The response: its head, the policy for odd bytes, framing and content."""

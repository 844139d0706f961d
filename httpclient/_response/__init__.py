# SPDX-License-Identifier: MIT
"""A response on its way in: the head, the policy for odd bytes, framing, content."""

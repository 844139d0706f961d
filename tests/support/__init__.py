# SPDX-License-Identifier: MIT
"""What several tests share: servers, certificates, wires and ways of reading them."""

# SPDX-License-Identifier: MIT
"""Floor 2: owns memory, turns offsets into objects and codes into exceptions."""

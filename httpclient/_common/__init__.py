# SPDX-License-Identifier: MIT
"""What all wings share: exceptions, limits, deadlines, small classes. It imports no other wing."""

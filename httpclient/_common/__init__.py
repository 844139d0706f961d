# SPDX-License-Identifier: MIT
"""Exceptions, limits, deadlines and small classes for all wings. It imports no other wing."""

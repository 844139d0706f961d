# SPDX-License-Identifier: MIT
"""The version, which the package, its command and the build read here."""
__version__ = "0.1.0"

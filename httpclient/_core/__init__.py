# SPDX-License-Identifier: MIT
"""Floor 2: owns memory, turns offsets into objects and codes into exceptions.

Every compiled module is imported here by name. PyInstaller, Nuitka and the like find the modules
of a program by reading its Python code, and compiled modules import each other out of their sight.
``import httpclient`` needs all of them, so this costs nothing.
"""
from . import (  # noqa: F401
    buffers, chunked, connection_state, deadline, exchange, feed, head, idle, originals, pieces,
    reader, request, response_state, result, sockets, steps, store, tally, text,
)

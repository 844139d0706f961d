# SPDX-License-Identifier: MIT
"""The compiled core: owns memory, turns offsets into objects and codes into exceptions.

Every compiled module is imported here by name, because PyInstaller, Nuitka and similar tools find
the modules of a program by reading its Python code: they cannot see the imports of compiled
modules.  ``import httpclient`` needs all of them, so this costs nothing.  Only ``lease`` is left to
pool.py, and the modules of a Fetcher to fetcher.py, which are imported on first use.
"""
from . import (  # noqa: F401
    buffers, bytes_builder, chunked, connection_state, counters, deadline, exchange, feed_reader,
    guards, head, pieces, poll, reader, request, response_feed, response_state, reuse,
    socket_reader, steps, store, string_cache,
)

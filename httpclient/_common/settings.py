# SPDX-License-Identifier: MIT
"""The names of the attributes that hold a caller's settings on connections and responses.

http.client's own classes use other names, see _install/stdlib_classes.py.  Therefore class bodies
set the defaults by ``vars()[STRICT] = None``.
"""
STRICT = "strict"
DEADLINE = "deadline"
MAX_RESPONSE_HEADERS = "max_response_headers"
RESUME_SESSIONS = "resume_sessions"

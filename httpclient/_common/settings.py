# SPDX-License-Identifier: MIT
"""The attributes of connections and responses that say what their caller has asked for.

http.client's own classes have others, see standard.py; therefore class bodies set the defaults
by ``vars()[STRICT] = None``.
"""
STRICT = "strict"
DEADLINE = "deadline"
MAX_RESPONSE_HEADERS = "max_response_headers"
RESUME_SESSIONS = "resume_sessions"

# SPDX-License-Identifier: MIT
"""Sessions of requests."""


def mounted(adapter):
    """Return a session with this adapter, which takes nothing from the environment."""
    import requests     # Most tests do without it.
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session

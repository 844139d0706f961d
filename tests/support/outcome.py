# SPDX-License-Identifier: MIT
"""What a client makes of a response: everything that two implementations are compared by.

An outcome is a plain dict, so that a failing comparison shows what differs.  Exceptions are told by
the name of the class that http.client has of them, and by what they carry.
"""

import http.client

from support.fed import FedResponse

# Bodies are compared in full and shown in part.
MISSING = "no such attribute"


def kind(exc):
    """The name of its class; where http.client knows the name, it must catch the exception too."""
    name = type(exc).__name__
    assert isinstance(exc, getattr(http.client, name, BaseException)), f"not http.client's {name}"
    return name


def describe(exc):
    """An exception as plain data."""
    facts = {"raised": kind(exc)}
    for name in ("line", "partial", "expected"):
        if hasattr(exc, name) and (name, facts["raised"]) != ("line", "LineTooLong"):
            facts[name] = getattr(exc, name)
    if not isinstance(exc, AttributeError):     # who has no attribute is not compared
        facts["args"] = exc.args
    return facts


def open_response(module, arrival, method, through, options):
    """A response whose head has been read: built on the socket, or through a connection."""
    if through == "connection":
        conn = module.HTTPConnection("localhost", **options)
        conn.sock = arrival.sock
        conn.request(method, "/")
        arrival.deliver()
        return conn.getresponse(), conn
    arrival.deliver()
    response = arrival.response(module, method, **options)
    try:
        response.begin()
    except BaseException:
        response.close()
        raise
    return response, None


def head_facts(response):
    """What is known when the head has been read."""
    message = response.msg
    return {
        "status": response.status,
        "code": response.code,
        "version": response.version,
        "reason": response.reason,
        "raw head": getattr(response, "raw_head", MISSING),
        "fields": message.items(),
        "getheaders": response.getheaders(),
        "defects": [type(defect).__name__ for defect in message.defects],
        "payload": str(message.get_payload()) if not message.is_multipart() else MISSING,
        "chunked": response.chunked,
        "length": response.length,
        "will_close": response.will_close,
        "closed": response.isclosed(),
    }


def state(response):
    """What changes as the content is read."""
    return (response.isclosed(), response.length, response.chunk_left, response.closed)


def observe(module, arrival, script, method="GET", through="response", **options):
    """Runs one script over one response; the dict of all that was seen.

    `steps` are what the single calls gave and the state after each, `content` is their sum.
    """
    seen = {}
    with arrival:
        try:
            response, conn = open_response(module, arrival, method, through, options)
        except Exception as exc:
            return {"refused": describe(exc)}
        with response:
            seen.update(head_facts(response))
            if conn is not None:
                seen["connection kept"] = conn.sock is not None
            read_all(response, script, seen)
        if conn is not None:
            conn.close()
        seen["left"] = arrival.left()
        if isinstance(response, FedResponse):
            seen["fed ahead"] = response.failed or bool(response.surplus)
    return seen


def read_all(response, script, seen):
    """The steps of the script, or what ended them."""
    steps = []
    try:
        for got in script(response):
            steps.append((got, *state(response)))
    except AssertionError:
        raise
    except Exception as exc:
        seen["error"] = describe(exc)
        seen["cause"] = type(exc.__cause__).__name__
    seen["steps"] = steps
    seen["content"] = b"".join(step[0] for step in steps)
    seen["last"] = state(response)


def without(seen, *names):
    """An outcome less what is not to be compared."""
    return {name: value for name, value in seen.items() if name not in names}

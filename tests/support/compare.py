# SPDX-License-Identifier: MIT
"""Compares what two implementations make of the same bytes.

`differences()` is the whole of it: it runs one script on the module under test, finds out what must
come of it, and says what is not so.  The expectation comes from the stdlib: on the same bytes
where no row of the policy applies, on the plain response that `policy.judge()` gives where one
does.  Only a broken chunked body has its expectation from the policy alone, since http.client
forgets what it had decoded.
"""

import functools

from support import arrive, newest, reads
from support.outcome import observe, without
from support.policy import judge

judged = functools.lru_cache(4096)(judge)

# Scripts whose calls give all content that they have taken, also where they fail.
COMPLETE = {name for name in reads.SCRIPTS if name.startswith(("read(", "readinto(", "read1"))}
COMPLETE |= {"read", "growing reads", "_safe_read", "_get_chunk_left"}


@functools.lru_cache(4096)
def usual(data, method, name, through):
    """The stdlib's outcome where the way of arrival makes no difference."""
    return observe(newest, arrive.buffered(data), reads.SCRIPTS[name], method, through)


def stdlib(data, method, name, through, way):
    """The stdlib's outcome; `way` is how the bytes arrive."""
    if way in (arrive.memory, arrive.minimal) or name in reads.LOOSE and is_fake(way):
        return observe(newest, way(data), reads.SCRIPTS[name], method, through)
    return usual(data, method, name, through)


def is_fake(way):
    """Whether this way of arrival shows a file and no socket."""
    return getattr(way, "func", way) in (arrive.memory, arrive.minimal, arrive.buffered)


def differences(module, data, method, name, way, through="response"):
    """{what: (httpclient's, expected)} for everything that is not as it must be."""
    ours = observe(module, way(data), reads.SCRIPTS[name], method, through)
    fed_ahead = ours.pop("fed ahead", False)
    verdict = judged(data, method)
    if verdict.refused and verdict.rows:
        return refusal_differences(ours, verdict, data)
    source = verdict.plain if verdict.rows else data
    theirs = stdlib(source, method, name, through, way)
    if theirs.get("error", {}).get("raised") == "AttributeError":
        return {}   # the file lacks a method, and http.client needs it
    ignored = set()
    if verdict.rows:
        theirs = {**theirs, "fields": verdict.fields, "getheaders": verdict.fields}
        ignored = {"defects", "payload"}
        if verdict.framing == "none":
            ignored |= {"chunked"}
            ours, theirs = forget_chunks(ours), forget_chunks(theirs)
    if "refused" in ours.keys() ^ theirs.keys():
        return {"refused": (ours.get("refused", "accepted"), theirs.get("refused", "accepted"))}
    ignored |= {"cause", "raw head"}
    wrong = {}
    if verdict.broken:
        wrong = broken_differences(ours, verdict, name)
        ignored |= {"steps", "content", "error", "left", "last"}
    if "refused" not in ours and ours["raw head"] != verdict.head:
        wrong["raw head"] = (ours["raw head"], verdict.head)
    if not is_fake(way):
        ignored |= {"left"}
    if fed_ahead:
        ignored |= {"will_close"}   # With the head, a parser knows of the bytes after it.
    if name in reads.LOOSE and not (is_fake(way) and source is data):
        ours, theirs = summed_up(ours), summed_up(theirs)
        if name == "under TextIOWrapper" and "error" in theirs:
            ignored |= {"content"}      # what it had taken goes with it
    if name in reads.UNSTEADY and ours.get("chunked"):
        ignored |= {"steps"}
    ours, theirs = without(ours, *ignored), without(theirs, *ignored)
    for what in sorted(ours.keys() | theirs.keys()):
        if ours.get(what) != theirs.get(what):
            wrong[what] = (ours.get(what), theirs.get(what))
    return wrong


def forget_chunks(seen):
    """An outcome without chunk_left, which means nothing where there is no body."""
    def state(facts):
        return (*facts[:-2], *facts[-1:])
    if "last" not in seen:
        return seen
    return {**seen, "steps": [state(step) for step in seen["steps"]], "last": state(seen["last"])}


def summed_up(seen):
    """An outcome without what single calls gave: all content, the exception's too, and the end."""
    seen = without(seen, "steps")
    error = seen.get("error")
    if error and "partial" in error:
        seen |= {"content": seen["content"] + error["partial"], "error": error["raised"],
                 "last": seen["last"][0]}
    return seen


def refusal_differences(ours, verdict, data):
    """A refusal by the policy: its class, and the line it names."""
    refused = ours.get("refused")
    if not refused or refused["raised"] not in verdict.refused:
        return {"refused": (refused or "accepted", verdict.refused)}
    if refused["raised"] == "BadHeaderLine":
        line = refused["line"]
        # Where several lines contradict each other it may be one line made of them.
        if not (isinstance(line, bytes) and line.lower().split(b":")[0] in data.lower()):
            return {"line": (line, data)}
    return {}


def broken_differences(ours, verdict, name):
    """Chunk framing that is bad or cut: all content comes out, and then IncompleteRead."""
    if name == "fp":
        return {}       # the script's own parsing
    error = ours.get("error")
    if not error or error["raised"] != "IncompleteRead":
        return {"error": (error or ours.get("steps"), "IncompleteRead")}
    got = ours["content"] + error["partial"]
    if got != verdict.content if name in COMPLETE else not verdict.content.startswith(got):
        return {"content and partial": (ours["content"], error["partial"], verdict.content)}
    return {}

# SPDX-License-Identifier: MIT
"""What makes an answer differ from http.client's on purpose, told from the bytes alone.

COMPATIBILITY.md is the list; this is its short form for the demo.  Each reason finds
itself in the recorded bytes, never in what a client made of them, and names the parts
of the answer that it may change.  A difference in any other part is a fault.

The bytes are looked at with patterns of its own, slow and simple: a reason that came
out of the parser under test could excuse that parser's mistakes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# The parts of an answer, in the order in which they are compared.
PARTS = ("error", "version", "status", "reason", "fields", "body", "kept")

ALL = frozenset(PARTS)          # refused by one side and taken by the other
FIELDS = frozenset({"fields"})
FRAMING = frozenset({"body", "kept"})
KEPT = frozenset({"kept"})

TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z\x80-\xff]+")
STATUS_LINE = re.compile(rb"HTTP/\d\.\d[ \t]+[1-9]\d\d(?:[ \t].*)?", re.DOTALL)
CONTINUE = re.compile(rb"HTTP/\d\.\d 100[^\n]*\n(?:[^\r\n][^\n]*\n)*\r?\n")
INTERIM = re.compile(rb"HTTP/\d\.\d 1\d\d")
SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\r\n]*)?\r\n")
FRAMING_NAMES = (b"content-length", b"transfer-encoding")


@dataclass
class Head:
    """A head cut into lines at LF; `values` by lower-case name, unfolded and stripped."""

    status_line: bytes
    lines: list[bytes]
    values: dict[bytes, list[bytes]]

    @classmethod
    def from_bytes(cls, head: bytes) -> Head:
        lines = [line.removesuffix(b"\r") for line in head.split(b"\n")]
        while lines and not lines[-1]:
            lines.pop()
        values: dict[bytes, list[bytes]] = {}
        last: list[bytes] = []
        for line in lines[1:]:
            name, colon, value = line.partition(b":")
            if line.startswith((b" ", b"\t")):
                if last:
                    last[-1] = (last[-1] + b" " + line.strip(b" \t")).strip(b" ")
            elif colon:
                last = values.setdefault(name.strip().lower(), [])
                last.append(value.strip(b" \t"))
        return cls(lines[0] if lines else b"", lines[1:], values)

    def words(self, name: bytes) -> list[bytes]:
        """The members of a list field, in lower case."""
        joined = b",".join(self.values.get(name, ())).lower()
        return [word.strip(b" \t") for word in joined.split(b",") if word.strip(b" \t")]


def line_reasons(head: Head, raw: bytes) -> dict[str, frozenset[str]]:
    """Reasons that lie in the form of single lines."""
    found: dict[str, frozenset[str]] = {}
    if re.search(rb"\r(?!\n)", raw):
        found["bare CR"] = ALL
    if b"\0" in raw:
        found["NUL"] = ALL
    if not STATUS_LINE.fullmatch(head.status_line):
        found["status line"] = ALL
    if not re.search(rb"\n\r?\n\Z", raw):
        found["end of stream in the head"] = ALL
    last = b""                  # the name of the field that a fold would belong to
    for number, line in enumerate(head.lines):
        name, colon, _ = line.partition(b":")
        if line.startswith((b" ", b"\t")):
            reason = "obs-fold" if number else "blank before the first field"
            decides = last == b"connection" or last in FRAMING_NAMES
            may_change = FIELDS | FRAMING | {"error"} if decides else FIELDS
            found[reason] = found.get(reason, FIELDS) | may_change
            continue
        last = name.strip().lower()
        if colon and name != name.rstrip(b" \t") and NAME.fullmatch(name.rstrip(b" \t")):
            unsafe = name.strip().lower() in FRAMING_NAMES
            found["blank before the colon"] = ALL if unsafe else FIELDS | FRAMING
        elif not colon or not NAME.fullmatch(name):
            found["line that is no field"] = FIELDS | FRAMING
    return found


def length_reasons(head: Head) -> dict[str, frozenset[str]]:
    """Reasons that lie in Content-Length."""
    values = head.values.get(b"content-length", [])
    words = head.words(b"content-length")
    if len(set(words)) > 1:
        return {"several Content-Length": ALL}
    if len(values) > 1 or len(words) > 1:
        return {"Content-Length repeated": FRAMING | {"error"}}
    if values and not re.fullmatch(rb"\d+", values[0]):
        return {"Content-Length is no number": FRAMING | {"error"}}
    if values and int(values[0]) >= 1 << 63:
        return {"Content-Length over 63 bits": ALL}
    return {}


def coding_reasons(head: Head) -> dict[str, frozenset[str]]:
    """Reasons that lie in Transfer-Encoding, and in what it is combined with."""
    values = head.values.get(b"transfer-encoding", [])
    if not values:
        return {}
    found: dict[str, frozenset[str]] = {}
    words = head.words(b"transfer-encoding")
    if b"content-length" in head.values and set(words) != {b"identity"}:
        found["Transfer-Encoding and Content-Length"] = KEPT
    if head.status_line.startswith(b"HTTP/1.0"):
        found["Transfer-Encoding from HTTP/1.0"] = KEPT
    # Where neither side sees chunks, the field changes nothing for http.client.
    chunks = words[-1:] == [b"chunked"] or values[0].lower() == b"chunked"
    if chunks and [value.lower() for value in values] != [b"chunked"]:
        refused = words.count(b"chunked") > 1
        found["Transfer-Encoding not just chunked"] = ALL if refused else FRAMING | {"error"}
    return found


def chunks_are_plain(body: bytes) -> bool:
    """Is this a chunked body as RFC 9112 has it, up to the end of its last chunk?"""
    at = 0
    while True:
        line = SIZE_LINE.match(body, at)
        if line is None:
            return False
        size = int(line[1], 16)
        at = line.end() + size
        if size == 0:
            return True
        if body[at:at + 2] != b"\r\n":
            return False
        at += 2


def documented(head: bytes, body: bytes, chunked: bool) -> dict[str, frozenset[str]]:
    """Reason → parts of the answer that it may change, for a head and the body behind it."""
    while interim := CONTINUE.match(head):      # both sides skip these
        head = head[interim.end():]
    if not head:
        return {}
    if INTERIM.match(head):
        return {"interim response": ALL}
    parsed = Head.from_bytes(head)
    found = line_reasons(parsed, head)
    found |= length_reasons(parsed)
    found |= coding_reasons(parsed)
    if (chunked or found) and b"transfer-encoding" in parsed.values:
        if not chunks_are_plain(body):
            found["chunk framing"] = FRAMING | {"error"}
    if re.match(rb"HTTP/\d\.\d +204", head) and parsed.values.keys() & set(FRAMING_NAMES):
        found["framing of a 204"] = FRAMING
    words = parsed.words(b"connection")
    if b"close" in b" ".join(words) and b"close" not in words:
        found["Connection: close in part of a word"] = KEPT
    return found

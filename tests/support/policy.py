# SPDX-License-Identifier: MIT
"""What the policy for hostile bytes makes of a response: plain Python that looks at the bytes.

`judge()` knows nothing of the implementation under test.  It names the rows of the policy that
apply to a response and says what must come of it: a refusal, or the head's fields and a *plain*
response, free of all oddities, of which today's http.client must make the same.  No rows: nothing
may differ from http.client on the very bytes.  Limits are not judged here: no recorded response
comes near them.
"""

import re
from dataclasses import dataclass, field

NO_BODY = (204, 304)
LARGEST_CHUNK = 2 ** 63 - 1


class Refused(Exception):
    """A refusal on the way; its arguments are the classes that may be raised."""


@dataclass
class Judgement:
    """What must come of a response."""

    rows: set = field(default_factory=set)
    refused: tuple = ()             # names of the classes that may be raised for the head
    status: int = 0
    version: int = 0
    reason: str = ""
    fields: list = field(default_factory=list)
    framing: object = "close"       # "none", "length", "chunked" or "close"
    length: int | None = None
    closes: bool = False
    body: bytes = b""               # what follows the head; of a broken one what is in order
    content: bytes | None = None    # of a chunked body: what it holds, whole or not
    broken: bool = False            # the chunked body ends in IncompleteRead
    plain: bytes = b""
    head: bytes = b""               # what begins with the last head

    def note(self, row, applies=True):
        if applies:
            self.rows.add(row)


def judge(data, method="GET"):
    """The Judgement on these bytes, sent as the answer to a request of this method."""
    result = Judgement()
    try:
        rest = status_lines(data, result)
        rest = field_section(rest, result)
        framing(result, method)
    except Refused as refusal:
        result.refused = refusal.args
        if {"BadHeaderLine", "UnknownProtocol"} & {*refusal.args} and not ends(result.head):
            result.note("end of stream in the head")
            result.refused += ("IncompleteRead",)   # two reasons: either will do
        return result
    result.body = rest
    if result.framing == "chunked":
        chunked_body(result)
    result.plain = plain_head(result) + result.body
    return result


def ends(data):
    """Whether there is an empty line at all."""
    return any(line in (b"", b"\r") for line in data.split(b"\n")[:-1])


def take_line(data):
    """(line without its end, whether it had one, the rest)."""
    line, end, rest = data.partition(b"\n")
    if end and line.endswith(b"\r"):
        line = line[:-1]
    return line, bool(end), rest


# --- status line ---------------------------------------------------------------------------------

def status_lines(data, result):
    """Reads status lines up to that of the final response, skipping interim ones."""
    while True:
        result.head = data
        line, ended, data = take_line(data)
        if not ended and not line:
            raise Refused("RemoteDisconnected")
        status_line(line.removesuffix(b"\r") if not ended else line, result)
        if not 100 <= result.status < 200 or result.status == 101:
            return data
        result.note("interim responses", result.status != 100)
        data = interim_section(data, result)


def interim_section(data, result):
    """Reads the field section of an interim response, for which the refusals hold, too."""
    interim = Judgement()
    try:
        return field_section(data, interim)
    except Refused:
        result.rows |= interim.rows
        raise


def status_line(line, result):
    """Today's rules for the parts, less those that the policy takes away."""
    if b"\r" in line:
        result.note("bare CR")
        raise Refused("BadStatusLine")
    text = line.decode("latin-1")
    result.note("blank before HTTP/", text[:5] != "HTTP/" == text.lstrip()[:5])
    parts = text.split(None, 2) if text[:5] == "HTTP/" else []
    if len(parts) < 2 or not parts[0].startswith("HTTP/"):
        raise Refused("BadStatusLine")
    version, status = parts[:2]
    try:
        known = 100 <= int(status) <= 999
    except ValueError:
        known = False
    if not known:
        raise Refused("BadStatusLine")
    if not re.fullmatch("[0-9]{3}", status):
        result.note("status code")
        raise Refused("BadStatusLine")
    interim = status[0] == "1" and status != "101"      # whose version nobody looks at today
    if not re.fullmatch(r"HTTP/[0-9]\.[0-9]", version):
        result.note("status code", version.startswith("HTTP/1.") or interim)
        raise Refused("UnknownProtocol", "BadStatusLine")
    if version not in ("HTTP/0.9",) and not version.startswith("HTTP/1."):
        result.note("status code", interim)
        raise Refused("UnknownProtocol")
    result.version = 10 if version in ("HTTP/1.0", "HTTP/0.9") else 11
    result.status = int(status)
    result.reason = parts[2].strip() if len(parts) == 3 else ""


# --- field section -------------------------------------------------------------------------------

def field_section(data, result):
    """Reads field lines up to the empty line; returns what is behind it."""
    lines = []
    last = None     # the value that a continuation belongs to; False: to a line that was skipped
    result.fields = []
    while True:
        if not data:
            result.note("end of stream in the head")
            result.closes = True
            break
        line, ended, data = take_line(data)
        if not ended:
            result.note("end of stream in the head")
            raise Refused("IncompleteRead")
        if not line:
            break
        check_bytes(line, result)
        if line[:1] in (b" ", b"\t"):
            result.note("obs-fold" if last else "blank before the first field")
            if last:
                last[1] = unfolded(last[1], line)
            continue
        last = field_line(line, result)
        if last:
            lines.append(last)
    result.fields = [(name.decode("latin-1"), value.lstrip(b" \t").decode("latin-1"))
                     for name, value in lines]
    return data


def unfolded(value, line):
    """obs-fold: the line end and the blanks around it are one SP."""
    parts = value.rstrip(b" \t"), line.strip(b" \t")
    return b" ".join(part for part in parts if part)


def check_bytes(line, result):
    """The two octets that no field line may hold."""
    for octet, row in ((b"\r", "bare CR"), (b"\0", "NUL in field value")):
        if octet in line:
            result.note(row)
            raise Refused("BadHeaderLine")


def field_line(line, result):
    """[name, value], or None where the line is to be skipped."""
    name, colon, value = line.partition(b":")
    stripped = name.rstrip(b" \t")
    if not colon or not stripped or re.search(rb"[\0-\x20\x7f]", stripped):
        result.note("no field line")
        return None
    if stripped != name:
        result.note("blank before the colon")
        if stripped.lower() in (b"content-length", b"transfer-encoding"):
            raise Refused("BadHeaderLine")
    result.note("non-ASCII field name", re.search(rb"[\x80-\xff]", stripped))
    return [stripped, value]


# --- message framing -----------------------------------------------------------------------------

def values(result, name):
    """The values of all field lines of this name."""
    return [value.strip(" \t") for key, value in result.fields if key.lower() == name]


def elements(result, name):
    """The list elements of all field lines of this name, in lower case, without empty ones."""
    listed = ",".join(values(result, name)).lower().split(",")
    return [one.strip(" \t") for one in listed if one.strip(" \t")]


def framing(result, method):
    """How the end of the body is told, and whether the connection ends with it."""
    codings = values(result, "transfer-encoding")
    said = set(lengths(result))
    result.note("Content-Length that is no number", len(said) == 1 and not is_number(*said))
    if method == "HEAD" or result.status in NO_BODY or result.status == 101:
        result.note("framing fields without a body",
                    codings and (method != "HEAD" or not one_chunked(result)))
        result.framing = "none"
        persistence(result)
        return
    length = content_length(result)
    if codings:
        transfer_encoding(result, codings)
        if values(result, "content-length") and not only_identity(result):
            result.note("Transfer-Encoding and Content-Length")
            result.closes = True
        if result.version == 10:
            result.note("Transfer-Encoding from HTTP/1.0")
            result.closes = True
    if result.framing != "chunked" and length is not None:
        result.framing, result.length = "length", length
    persistence(result)
    if result.framing == "close":
        result.closes = True


def one_chunked(result):
    """Whether Transfer-Encoding is what today's http.client understands."""
    raw = [value for key, value in result.fields if key.lower() == "transfer-encoding"]
    return [value.lower() for value in raw] == ["chunked"]


def lengths(result):
    """All that Content-Length says, in lists and on lines."""
    return [one.strip(" \t") for value in values(result, "content-length")
            for one in value.split(",")]


def only_identity(result):
    """Whether Transfer-Encoding names the coding of RFC 2616 that is none, and no other."""
    return set(elements(result, "transfer-encoding")) == {"identity"}


def content_length(result):
    """The announced length, or None."""
    numbers = lengths(result)
    if len(numbers) > 1:
        result.note("several Content-Length")
        if len(set(numbers)) > 1:
            raise Refused("BadHeaderLine")
    if not numbers:
        return None
    return int(numbers[0]) if is_number(numbers[0]) else None


def is_number(text):
    """Of ASCII digits, and nothing else."""
    return re.fullmatch("[0-9]+", text)


def transfer_encoding(result, codings):
    """chunked, or not: then Content-Length counts, or the end of the stream."""
    names = elements(result, "transfer-encoding")
    if names.count("chunked") > 1:
        result.note("chunked twice")
        raise Refused("UnknownTransferEncoding")
    result.framing = "chunked" if names[-1:] == ["chunked"] else "close"
    if result.framing == "close":
        result.note("Transfer-Encoding not ending in chunked")
    elif not one_chunked(result):
        result.note("Transfer-Encoding lines are combined")


def persistence(result):
    """Connection and its forerunners: http.client's rules, with options instead of substrings."""
    options = elements(result, "connection")
    first = next(iter(values(result, "connection")), "").lower()
    if result.version == 11:
        closes, today = "close" in options, "close" in first
    else:
        kept = any(values(result, "keep-alive"))
        proxy = next(iter(values(result, "proxy-connection")), "").lower()
        today = not (kept or "keep-alive" in first or "keep-alive" in proxy)
        closes = "close" in options or not (
            kept or "keep-alive" in options + elements(result, "proxy-connection"))
    result.note("Connection options", closes != today)
    result.closes |= closes


# --- chunked body --------------------------------------------------------------------------------

def chunked_body(result):
    """Decodes; sets `content` and, where the framing is bad or cut, `broken`."""
    data, at, content = result.body, 0, []
    while True:
        match = re.compile(rb"([0-9a-fA-F]{1,16})([ \t]*)((?:;[^\r\n]*)?)\r\n").match(data, at)
        if not match or int(match[1], 16) > LARGEST_CHUNK or leaves_quote_open(match[3]):
            result.broken = True
            break
        size, at = int(match[1], 16), match.end()
        if size == 0:
            result.broken = not trailer_section_ends(data[at:])
            break
        content.append(data[at:at + size])
        at += size
        if data[at:at + 2] != b"\r\n":
            result.broken = True
            break
        at += 2
    result.content = b"".join(content)
    result.note("chunk framing", result.broken)
    if result.broken:
        result.body = data[:at]


def leaves_quote_open(extensions):
    """Whether a quoted string of a chunk extension has no end."""
    return b'"' in re.sub(rb'"(?:[^"\\]|\\.)*"', b"", extensions)


def trailer_section_ends(data):
    """Whether the empty line comes; nothing at all is taken for it too."""
    return not data or ends(data)


# --- the plain response --------------------------------------------------------------------------

def plain_head(result):
    """A head that says the same as the judged one, about framing and connection."""
    minor = result.version - 10
    lines = [f"HTTP/1.{minor} {result.status} {result.reason}".encode("latin-1")]
    if result.framing == "length":
        lines.append(b"Content-Length: %d" % result.length)
    elif result.framing == "chunked":
        lines.append(b"Transfer-Encoding: chunked")
    lines.append(b"Connection: " + (b"close" if result.closes else b"keep-alive"))
    return b"\r\n".join(lines) + b"\r\n\r\n"

# SPDX-License-Identifier: MIT
"""The policy for hostile bytes in plain Python: the one oracle of the tests and of the demo.

`judge()` looks at the bytes alone and shares no code with httpclient: a verdict by the parser under
test could excuse that parser's mistakes.  It names the rows of the policy that apply to a response,
and gives the outcome that they demand: a refusal, or the head's fields and a *plain* response, free
of all oddities, that today's http.client reads in the same way.  Without rows, nothing may differ
from http.client on the bytes themselves.  Limits are not judged: no recorded response comes near
them.
"""

import re
from dataclasses import dataclass, field

NO_BODY = (204, 304)
LARGEST_CHUNK = 2 ** 63 - 1


class Refused(Exception):
    """A refusal; its arguments are the names of the classes that may be raised."""


@dataclass
class Judgement:
    """The outcome that the policy demands for a response."""

    rows: set = field(default_factory=set)
    refused: tuple = ()             # names of the classes that may be raised for the head
    status: int = 0
    version: int = 0
    reason: str = ""
    fields: list = field(default_factory=list)
    framing: object = "close"       # "none", "length", "chunked" or "close"
    length: int | None = None
    closes: bool = False
    body: bytes = b""               # the bytes after the head; of broken framing, the good part
    content: bytes | None = None    # the decoded content of a chunked body, whole or not
    broken: bool = False            # the chunked body ends in IncompleteRead
    plain: bytes = b""
    head: bytes = b""               # the final head; if refused, the bytes from the last one on

    def note(self, row, applies=True):
        if applies:
            self.rows.add(row)


def judge(data, method="GET"):
    """Return the Judgement on these bytes as the answer to a request of this method."""
    result = Judgement()
    try:
        rest = status_lines(data, result)
        rest = field_section(rest, result)
        framing(result, method)
    except Refused as refusal:
        result.refused = refusal.args
        if {"BadHeaderLine", "UnknownProtocol"} & {*refusal.args} and not ends(result.head):
            result.note("end of stream in the head")
            result.refused += ("IncompleteRead",)   # two reasons, and either may be raised
        return result
    result.head = result.head[:len(result.head) - len(rest)]
    result.body = rest
    if result.framing == "chunked":
        chunked_body(result)
    result.plain = plain_head(result) + result.body
    return result


def ends(data):
    """Return True if the data has an empty line."""
    return any(line in (b"", b"\r") for line in data.split(b"\n")[:-1])


def take_line(data):
    """Return (the line without its end, True if it had one, the rest)."""
    line, end, rest = data.partition(b"\n")
    if end and line.endswith(b"\r"):
        line = line[:-1]
    return line, bool(end), rest


# --- status line ---------------------------------------------------------------------------------

def status_lines(data, result):
    """Read status lines up to that of the final response; return the data after it."""
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
    """Read the field section of an interim response, which can be refused too."""
    interim = Judgement()
    try:
        return field_section(data, interim)
    except Refused:
        result.rows |= interim.rows
        raise


def status_line(line, result):
    """Read a status line by http.client's rules, less those that the policy takes away."""
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
    interim = status[0] == "1" and status != "101"      # whose version http.client ignores
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
    """Read field lines up to the empty line; return the data after it."""
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
    """Return the value with an obs-fold: the line end and the blanks around it are one SP."""
    parts = value.rstrip(b" \t"), line.strip(b" \t")
    return b" ".join(part for part in parts if part)


def check_bytes(line, result):
    """Refuse a field line with one of the two bytes that none may hold."""
    for byte, row in ((b"\r", "bare CR"), (b"\0", "NUL in field value")):
        if byte in line:
            result.note(row)
            raise Refused("BadHeaderLine")


def field_line(line, result):
    """Return [name, value], or None if the line is skipped."""
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
    """Return the values of all field lines of this name."""
    return [value.strip(" \t") for key, value in result.fields if key.lower() == name]


def elements(result, name):
    """Return the elements of all lists of this name, in lower case, without empty ones."""
    listed = ",".join(values(result, name)).lower().split(",")
    return [one.strip(" \t") for one in listed if one.strip(" \t")]


def framing(result, method):
    """Set how the body ends, and whether the connection ends with it."""
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
    """Return True if today's http.client understands Transfer-Encoding."""
    raw = [value for key, value in result.fields if key.lower() == "transfer-encoding"]
    return [value.lower() for value in raw] == ["chunked"]


def lengths(result):
    """Return the elements of all Content-Length lines, empty ones included."""
    return [one.strip(" \t") for value in values(result, "content-length")
            for one in value.split(",")]


def only_identity(result):
    """Return True if `identity`, RFC 2616's name for no coding, is the only coding."""
    return set(elements(result, "transfer-encoding")) == {"identity"}


def content_length(result):
    """Return the announced length, or None if there is none or it is no number."""
    numbers = lengths(result)
    if len(numbers) > 1:
        result.note("several Content-Length")
        if len(set(numbers)) > 1:
            raise Refused("BadHeaderLine")
    if not numbers:
        return None
    return int(numbers[0]) if is_number(numbers[0]) else None


def is_number(text):
    """Return True if the text consists of ASCII digits."""
    return re.fullmatch("[0-9]+", text) is not None


def transfer_encoding(result, codings):
    """Set the framing to "chunked" or "close"; with the latter a Content-Length counts."""
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
    """Set `closes` by http.client's rules, with whole options instead of substrings."""
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
    """Decode the body: set `content` and, if the framing is bad or cut, `broken`."""
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
    """Return True if a quoted string of a chunk extension has no end."""
    return b'"' in re.sub(rb'"(?:[^"\\]|\\.)*"', b"", extensions)


def trailer_section_ends(data):
    """Return True if the trailer section ends; no data at all counts as its end, too."""
    return not data or ends(data)


# --- the plain response --------------------------------------------------------------------------

def plain_head(result):
    """Return a head without oddities that has the same framing and persistence."""
    minor = result.version - 10
    lines = [f"HTTP/1.{minor} {result.status} {result.reason}".encode("latin-1")]
    if result.framing == "length":
        lines.append(b"Content-Length: %d" % result.length)
    elif result.framing == "chunked":
        lines.append(b"Transfer-Encoding: chunked")
    lines.append(b"Connection: " + (b"close" if result.closes else b"keep-alive"))
    return b"\r\n".join(lines) + b"\r\n\r\n"

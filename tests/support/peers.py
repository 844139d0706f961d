# SPDX-License-Identifier: MIT
"""What other parsers make of a response: h11, and llhttp through httptools.

Each takes the octets of a response up to the end of the stream, and gives the Message that it
reads out of them, or None where it refuses them.  `ours()` gives the same of httpclient.
"""

from dataclasses import dataclass

import h11
import httptools

from support import arrive


@dataclass(frozen=True)
class Message:
    """What a parser says of a response; `used` is where the message ends, in octets."""

    status: int
    fields: tuple       # of (name in lower case, value without blanks around it), as bytes
    content: bytes
    trailers: tuple
    used: int


def pair(name, value):
    return bytes(name).lower(), bytes(value).strip(b" \t")


# --- httpclient ----------------------------------------------------------------------------------

def ours(module, data, method, strict):
    """The Message of httpclient; what it raises is raised here."""
    arrival = arrive.memory(data)
    response = module.HTTPResponse(arrival, method=method, strict=strict)
    with response:
        response.begin()
        content = response.read()
        return Message(response.status, latin1(response.msg.items()), content,
                       latin1(response.trailers.items()), len(data) - len(arrival.left()))


def latin1(pairs):
    return tuple(pair(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs)


# --- h11 -----------------------------------------------------------------------------------------

def by_h11(data, method):
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
    connection.send(h11.Request(method=method, target="/", headers=[("Host", "localhost")]))
    connection.send(h11.EndOfMessage())
    head, content = None, []
    try:
        for piece in (data, b""):
            connection.receive_data(piece)
            while True:
                event = connection.next_event()
                if isinstance(event, h11.Response):
                    head = event
                elif isinstance(event, h11.Data):
                    content.append(bytes(event.data))
                elif isinstance(event, h11.EndOfMessage):
                    return Message(head.status_code, tuple(pair(*one) for one in head.headers),
                                   b"".join(content), tuple(pair(*one) for one in event.headers),
                                   len(data) - len(connection.trailing_data[0]))
                elif event in (h11.NEED_DATA, h11.PAUSED, h11.ConnectionClosed()):
                    break
    except h11.RemoteProtocolError:
        pass
    return None


# --- llhttp --------------------------------------------------------------------------------------

class Protocol:
    """The callbacks of httptools; interim responses are forgotten when they end."""

    def __init__(self):
        self.parser = httptools.HttpResponseParser(self)
        self.begin()

    def begin(self):
        self.content, self.fields, self.trailers = [], [], []
        self.in_head, self.ended = True, False

    def on_header(self, name, value):
        (self.fields if self.in_head else self.trailers).append(pair(name, value))

    def on_headers_complete(self):
        self.in_head = False

    def on_body(self, octets):
        self.content.append(octets)

    def on_message_complete(self):
        self.ended = True

    def until_close(self):
        """Whether the message has no end but that of the stream."""
        names = dict(self.fields)
        if b"transfer-encoding" in names:
            return not self.in_head and not names[b"transfer-encoding"].lower().endswith(b"chunked")
        return not self.in_head and b"content-length" not in names


def by_llhttp(data, method):
    """Octet by octet, for llhttp does not say where in its input a message ended."""
    if method == "HEAD":
        return None     # httptools has no way to tell llhttp
    protocol = Protocol()
    used = 0
    try:
        while used < len(data):
            protocol.parser.feed_data(data[used:used + 1])
            used += 1
            if protocol.ended:
                if protocol.parser.get_status_code() >= 200:
                    break
                protocol.begin()
    except (httptools.HttpParserError, httptools.HttpParserUpgrade):
        return None
    # llhttp_finish() is not in reach either.
    if not protocol.ended and not protocol.until_close():
        return None
    return Message(protocol.parser.get_status_code(), tuple(protocol.fields),
                   b"".join(protocol.content), tuple(protocol.trailers), used)


PEERS = {"h11": by_h11, "llhttp": by_llhttp}

# SPDX-License-Identifier: MIT
"""Notes on exceptions after a caller's mistake, which say what was wrong and what to do.

Class, arguments and text of such an exception stay http.client's, because programs compare them.
Some texts are Python's own ("'tuple' object has no attribute 'lower'") and do not name the wrong
argument.  A note (PEP 678) does, and a traceback shows it.

Each function wrong_…() returns the text of a note, or None if it finds no mistake.  Nothing here
runs before an exception has been raised.
"""
import socket
from collections.abc import Mapping, Sized
from urllib.parse import urlsplit

from . import limits

# Headers (in lower case) whose values must not be shown.
_SECRET = {"authorization", "proxy-authorization", "cookie"}


def note(error, find, *given):
    """Add the text that find(*given) returns, unless it is None, to an exception.

    It raises nothing, because the caller has to raise `error`: `given` may be objects of any kind.
    """
    try:
        text = find(*given)
        if text and text not in getattr(error, "__notes__", ()):
            error.add_note(text)
    except Exception:
        pass


def noted(error, find, *given):
    """Return an exception with a note, to raise it."""
    note(error, find, *given)
    return error


# ---- parts of the texts

def shown(value):
    """Return the repr() of a value, cut to 100 characters."""
    if isinstance(value, (str, bytes, bytearray)):
        value = value[:limits.SHOWN]
    elif isinstance(value, Sized) and len(value) > limits.SHOWN:
        return f"{_kind(value)} of {len(value)} items"
    text = repr(value)
    return text if len(text) <= limits.SHOWN else text[:limits.SHOWN - 3] + "..."


def _kind(value):
    """Return the type with its article, "an int" for 5; "None" for None."""
    if value is None:
        return "None"
    name = type(value).__name__
    if name == "bytes":
        return name
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def _described(value):
    return "None" if value is None else f"{_kind(value)} ({shown(value)})"


def _should_be_str(what, value):
    if isinstance(value, str):
        return None
    text = f"{what} should be a str, got {_described(value)}"
    if isinstance(value, (bytes, bytearray)):
        text += "; decode it with .decode('ascii')"
    elif hasattr(value, "geturl"):
        text += "; use its geturl()"
    return text


def _is_bytes_like(value):
    try:
        memoryview(value).release()
    except TypeError:
        return False
    return True


def _is_number(value):
    return hasattr(value, "__index__") or hasattr(value, "__float__")


# ---- the request line

def wrong_method(method, found=None):
    """Explain a wrong method; `found` is the match of a character that it may not have."""
    if found is None:
        return _should_be_str("the method", method)
    return f"the method has {found.group()!r} at position {found.start()}; remove it"


def wrong_url(url, found=None):
    """Explain a wrong URL; `found` is the match of a character that it may not have."""
    if found is None:
        return _should_be_str("the URL", url)
    advice = "percent-encode it with urllib.parse.quote()"
    if not found.re.search(url.strip()):
        advice = "remove it with url.strip()"
    return f"the URL has {found.group()!r} at position {found.start()}; {advice}"


def not_ascii(line, at):
    """Explain a request line with a character at position `at` that is not ASCII."""
    method, _, rest = line.partition(" ")
    if at < len(method):
        return (f"the method {shown(method)} has the character {line[at]!r}; "
                "use a method that is ASCII, such as 'GET'")
    url = rest.rpartition(" ")[0]
    return (f"the URL {shown(url)} has the character {line[at]!r} at position "
            f"{at - len(method) - 1}, which is not ASCII; percent-encode it with "
            "urllib.parse.quote()")


# ---- headers

def wrong_headers(headers):
    """Explain an argument `headers` that is no mapping, or has a name that is no str."""
    if not hasattr(headers, "items"):
        return f"headers should be a mapping, got {_kind_of_headers(headers)}"
    for name in headers:
        if not hasattr(name, "lower"):
            return f"a header's name should be a str, got {_described(name)}"
    return None


def _kind_of_headers(headers):
    if headers is None:
        return "None; leave the argument out, or give {}"
    if not isinstance(headers, (list, tuple)):
        return f"{_kind(headers)}; give {{name: value}}"
    if all(isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in headers):
        return f"{_kind(headers)} of pairs; use dict(pairs)"
    return f"{_kind(headers)}; give {{name: value}}"


def wrong_field(name, values, error):
    """Explain the `error` that was raised for one header."""
    if isinstance(error, UnicodeEncodeError):
        text, character = error.object, error.object[error.start]
        if text == name:
            return (f"the header's name {shown(name)} has the character {character!r}, which is "
                    "not ASCII; use letters, digits and '-'")
        return (f"header {shown(name)}: the value has the character {character!r}, which is not "
                "Latin-1; encode the value, as with .encode('utf-8')")
    if isinstance(error, ValueError):
        if str(error).startswith("Invalid header name"):
            return f"the header's name {shown(name)} {_odd_in_name(name)}; give the name alone"
        for value in values:
            if text := _odd_in_value(value):
                return f"header {shown(name)}: {text}"
        return None
    if not isinstance(name, str) and (not _is_bytes_like(name)
                                      or isinstance(error, AttributeError)):
        return f"a header's name should be a str, got {_described(name)}"
    for value in values:
        if value is None:
            return (f"header {shown(name)}: the value is None; leave the header out, or give a "
                    "str, bytes or int")
        if not isinstance(value, (str, int)) and not _is_bytes_like(value):
            told = _kind(value) if name.lower() in _SECRET else _described(value)
            return f"header {shown(name)}: the value is {told}; give a str, bytes or int"
    return None


def _odd_in_name(name):
    if not isinstance(name, str):
        name = bytes(name).decode("latin-1")
    if not name:
        return "is empty"
    if name[0].isspace():
        return "begins with a blank or line end"
    return "has a colon" if ":" in name else "has a line end or NUL"


def _odd_in_value(value):
    if isinstance(value, int):
        value = str(value)
    elif not isinstance(value, str):
        value = bytes(value).decode("latin-1")
    if value.endswith(("\r", "\n")):
        return ("the value ends with a line end; remove it with .strip(), or use "
                "base64.b64encode() in place of base64.encodebytes()")
    if any(character in value for character in "\r\n\0"):
        return "the value has a line end or NUL; remove it, or make it a header of its own"
    return None


# ---- the body

def wrong_piece(body, at, piece):
    """Explain a wrong piece of a body; `at` is its number, from 1."""
    if _is_bytes_like(piece):
        return None
    if isinstance(body, Mapping):
        return (f"the body is {_kind(body)}; give urllib.parse.urlencode(body).encode() for a "
                "form, or json.dumps(body).encode() for JSON. Headers are another argument, "
                "headers=")
    if hasattr(body, "read"):
        advice = "; open the file in binary mode" if isinstance(piece, str) else ""
        return f"read() of the body should return bytes, got {_described(piece)}{advice}"
    advice = "encode it, or give bytes" if isinstance(piece, str) else "give bytes"
    return f"body piece {at} is {_described(piece)}; {advice}"


def wrong_text(body, error):
    """Explain a UnicodeEncodeError for the text of a file."""
    if not hasattr(body, "read") or error.encoding not in ("latin-1", "iso-8859-1"):
        return None
    return (f"the body is a text file with the character {error.object[error.start]!r}, which is "
            "not Latin-1; open the file in binary mode")


# ---- the server's address

def wrong_host(host):
    """Explain a wrong host of a connection or tunnel."""
    if not isinstance(host, str):
        return _should_be_str("the host", host)
    if "/" in host or "@" in host:
        # A user's password must not be shown.
        name = urlsplit(host if "://" in host else "//" + host).netloc.rpartition("@")[2]
        alone = f"give the host alone, {shown(name)}" if name else "give the host alone"
        if "@" in host:
            return f"the host has a user name; {alone}, and send the header Authorization"
        kind = "is a URL" if "://" in host else "has a path"
        return f"the host {shown(host)} {kind}; {alone}, and the path to request()"
    if not host:
        return "the host is empty; give a name or an address"
    if any(character <= " " or character == "\x7f" for character in host):
        return (f"the host {shown(host)} has a blank or control character; remove it, as with "
                ".strip()")
    colons = host.count(":")
    if host.endswith(":") or colons > 1 and "[" not in host:
        return f"the host is {shown(host)}; write an IPv6 address in brackets, as in '[::1]:80'"
    if colons:
        return f"the host is {shown(host)}; give a number as the port, as in 'a.example:80'"
    return None


def wrong_port(port):
    """Explain a wrong port."""
    if not isinstance(port, int):
        return f"the port should be an int, got {_described(port)}"
    if not 0 <= port <= 65535:
        return f"the port should be from 0 to 65535, got {shown(port)}"
    return None


def wrong_address(connection, error):
    """Explain wrong arguments of a connection that could not be opened."""
    timeout, source = connection.timeout, connection.source_address
    if isinstance(error, (socket.gaierror, UnicodeError)):
        if text := wrong_host(connection.host):
            return text
    elif isinstance(error, (TypeError, ValueError)):
        if timeout not in (None, socket._GLOBAL_DEFAULT_TIMEOUT):
            if not _is_number(timeout):
                return f"timeout should be a number of seconds or None, got {_described(timeout)}"
            if timeout < 0:
                return f"timeout should not be negative, got {shown(timeout)}; None is no timeout"
        if source is not None and not (isinstance(source, tuple) and len(source) > 1
                                       and isinstance(source[1], int)):
            return ("source_address should be a tuple of a host (str) and a port (int), got "
                    f"{_described(source)}")
    port = connection.port
    if isinstance(port, (str, bytes)) and getattr(error, "errno", None) != socket.EAI_SERVICE:
        return None     # It is a number, or a service name that the system knows.
    return wrong_port(port)


def wrong_handshake(connection, error):
    """Explain a failed TLS handshake: a wrong context, or a server that does not speak TLS."""
    context = vars(connection).get("_context")      # Reading the attribute could create a context.
    if context is not None and not hasattr(context, "wrap_socket"):
        return f"context should be an ssl.SSLContext, got {_described(context)}"
    if getattr(error, "reason", None) not in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST",
                                              "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL"):
        return None
    port = connection._tunnel_port if connection._tunnel_host else connection.port
    return (f"the server does not speak TLS on port {port}; use HTTPConnection, or the port for "
            "HTTPS, which is usually 443")


def refused_tunnel(host, status):
    """Explain the refusal of a tunnel to `host` by a proxy, with this status (int)."""
    if status == 407:
        return ("the proxy requires authentication; give set_tunnel() the headers= "
                "{'Proxy-Authorization': ...}")
    return wrong_host(host)


# ---- the order of calls

_NEXT = {
    "Idle": "no request is under way; call request() first, once for each response",
    "Request-started": "a request was begun by putrequest(); call endheaders() to send it, or "
                       "close() to give it up",
    "Request-sent": "a request was sent; call getresponse() for its response, or close() to give "
                    "it up",
    "Response-awaited": "another thread is in getresponse(); use a connection for each thread",
}


def out_of_order(state, response=None):
    """Say what to call in a state; `response` is the previous one if it has unread content."""
    if response and state == "Request-sent":
        return "the previous response has not been read to its end; call its read() first"
    return _NEXT.get(state)


def misplaced_header(state):
    """Say what to call in a state that does not allow putheader()."""
    if state == "Idle":
        return "no request is under way; call putrequest() first"
    return "the request was sent, with all its headers; call getresponse() for its response"


def not_connected():
    return "auto_open is off; call connect() first"


def not_begun():
    return "the head has not been read; call begin() first"


def late_tunnel():
    return "the connection is open; call set_tunnel() before connect(), or close() first"

# SPDX-License-Identifier: MIT
"""http.client's rules for methods, URLs, hosts and headers of a request, with its error texts.

C (``_core.request``) accepts what is plainly legal.  These rules decide about the rest.  Programs
patch them to send more.
"""
import re

from .._common.exceptions import InvalidURL
from .._common.mistakes import (
    not_ascii, note, noted, wrong_field, wrong_host, wrong_method, wrong_url,
)

# As in http.client, these rules allow more than the grammar of RFC 9110 (5.1, 5.5).
_is_legal_header_name = re.compile(rb"[^:\s\0][^:\r\n\0]*").fullmatch
_is_illegal_header_value = re.compile(rb"\n(?![ \t])|\r(?![ \t\n])|\0").search

# By control characters, data in a URL could add header lines (CVE-2019-9740, CVE-2019-18348).
_contains_disallowed_url_pchar_re = re.compile("[\x00-\x20\x7f]")
_contains_disallowed_method_pchar_re = re.compile("[\x00-\x1f]")

# Requests with these methods have Content-Length: 0 if there is no body, because some servers
# require the field (status 411).
_METHODS_EXPECTING_BODY = {"PATCH", "POST", "PUT"}


def _encode(data: str, name: str = "data") -> bytes:
    """Return `data` (str) as Latin-1, or raise a UnicodeEncodeError that says what to do."""
    try:
        return data.encode("latin-1")
    except UnicodeEncodeError as error:
        raise UnicodeEncodeError(
            error.encoding, error.object, error.start, error.end,
            f"{name.title()} ({data[error.start:error.end]!r:.20}) is not valid Latin-1. "
            f"Use {name}.encode('utf-8') if you want to send it encoded in UTF-8.",
        ) from None


def _strip_ipv6_iface(enc_name: bytes) -> bytes:
    """Remove the zone, such as ``%eth0``, from an IPv6 address: it is local to this machine."""
    enc_name, percent, _ = enc_name.partition(b"%")
    if percent:
        assert enc_name.startswith(b"["), enc_name
        enc_name += b"]"
    return enc_name


def in_brackets(ip):
    """Return an IPv6 address (bytes) in brackets, or any other host unchanged."""
    return b"[" + ip + b"]" if b":" in ip and ip[0] != b"["[0] else ip


def wrap_ipv6(connection, host):
    """Do in_brackets() by `_wrap_ipv6`, which http.client's own connections have since 3.13."""
    return getattr(connection, "_wrap_ipv6", in_brackets)(host)


def encode_host(host):
    """Return a host name (str) as bytes: ASCII, or else IDNA."""
    try:
        return host.encode("ascii")
    except UnicodeEncodeError:
        return host.encode("idna")


def checked_field_line(header, values):
    """Return a field line (bytes without CRLF), or raise http.client's TypeError or ValueError."""
    try:
        return _field_line(header, values)
    except (TypeError, ValueError) as error:
        note(error, wrong_field, header, values, error)
        raise


def _field_line(header, values):
    if hasattr(header, "encode"):
        header = header.encode("ascii")
    if not _is_legal_header_name(header):
        raise ValueError(f"Invalid header name {header!r}")
    encoded = []
    for value in values:
        if hasattr(value, "encode"):
            value = value.encode("latin-1")
        elif isinstance(value, int):
            value = str(value).encode("ascii")
        if _is_illegal_header_value(value):
            raise ValueError(f"Invalid header value {value!r}")
        encoded.append(value)
    return header + b": " + b"\r\n\t".join(encoded)


class RequestChecks:
    """The part of HTTPConnection that checks arguments.  Subclasses override its methods."""

    def _get_hostport(self, host, port):
        """Return (host, port) from `host` and `port` as given to the constructor."""
        if port is None:
            try:
                colon = host.rfind(":")
            except (AttributeError, TypeError) as error:
                note(error, wrong_host, host)
                raise
            # An IPv6 address has colons within its brackets.
            if colon > host.rfind("]"):
                try:
                    port = int(host[colon + 1:])
                except ValueError:
                    if host[colon + 1:]:
                        raise noted(InvalidURL(f"nonnumeric port: '{host[colon + 1:]}'"),
                                    wrong_host, host) from None
                    # An empty port means the default one (RFC 9110 4.2.1).
                    port = self.default_port
                host = host[:colon]
            else:
                port = self.default_port
        if host and host[0] == "[" and host[-1] == "]":
            host = host[1:-1]
        return (host, port)

    def _encode_request(self, request):
        """Return the request line as bytes."""
        # ASCII alone is part of the remedy for CVE-2019-9740.
        try:
            return request.encode("ascii")
        except UnicodeEncodeError as error:
            note(error, not_ascii, request, error.start)
            raise

    def _validate_method(self, method):
        """Raise ValueError if the method has control characters."""
        try:
            match = _contains_disallowed_method_pchar_re.search(method)
        except TypeError as error:
            note(error, wrong_method, method)
            raise
        if match:
            raise noted(ValueError(f"method can't contain control characters. {method!r} "
                                   f"(found at least {match.group()!r})"),
                        wrong_method, method, match)

    def _validate_path(self, url):
        """Raise InvalidURL if the URL has blanks or control characters."""
        try:
            match = _contains_disallowed_url_pchar_re.search(url)
        except TypeError as error:
            note(error, wrong_url, url)
            raise
        if match:
            raise noted(InvalidURL(f"URL can't contain control characters. {url!r} "
                                   f"(found at least {match.group()!r})"),
                        wrong_url, url, match)

    def _validate_host(self, host):
        """Raise InvalidURL if the host has blanks or control characters."""
        try:
            match = _contains_disallowed_url_pchar_re.search(host)
        except TypeError as error:
            note(error, wrong_host, host)
            raise
        if match:
            raise noted(InvalidURL(f"URL can't contain control characters. {host!r} "
                                   f"(found at least {match.group()!r})"), wrong_host, host)

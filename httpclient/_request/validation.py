# SPDX-License-Identifier: MIT
"""What a request may consist of: http.client's own rules, and its words for what is refused.

The accept path is C (``_core.request``).  These decide what C does not call
legal beyond doubt, and they are what programs patch to send something else.
"""
import re

from .._common.exceptions import InvalidURL
from .._common.mistakes import (
    not_ascii, note, noted, wrong_field, wrong_host, wrong_method, wrong_url,
)

# The name and value of a field are looser than RFC 9110's grammar, as in http.client.
_is_legal_header_name = re.compile(rb"[^:\s\0][^:\r\n\0]*").fullmatch
_is_illegal_header_value = re.compile(rb"\n(?![ \t])|\r(?![ \t\n])|\0").search

# Control characters let a caller's data become field lines (CVE-2019-9740, CVE-2019-18348).
_contains_disallowed_url_pchar_re = re.compile("[\x00-\x20\x7f]")
_contains_disallowed_method_pchar_re = re.compile("[\x00-\x1f]")

# An empty body of these is announced: some servers answer 411 otherwise.
_METHODS_EXPECTING_BODY = {"PATCH", "POST", "PUT"}


def _encode(data, name="data"):
    """`data` (str) as Latin-1; UnicodeEncodeError says what to do instead."""
    try:
        return data.encode("latin-1")
    except UnicodeEncodeError as error:
        raise UnicodeEncodeError(
            error.encoding, error.object, error.start, error.end,
            f"{name.title()} ({data[error.start:error.end]!r:.20}) is not valid Latin-1. "
            f"Use {name}.encode('utf-8') if you want to send it encoded in UTF-8.",
        ) from None


def _strip_ipv6_iface(enc_name: bytes) -> bytes:
    """An IPv6 address without its zone (``%eth0``), which means nothing to the peer."""
    enc_name, percent, _ = enc_name.partition(b"%")
    if percent:
        assert enc_name.startswith(b"["), enc_name
        enc_name += b"]"
    return enc_name


def encode_host(host):
    """A host name as ASCII or, where it is not, as IDNA."""
    try:
        return host.encode("ascii")
    except UnicodeEncodeError:
        return host.encode("idna")


def checked_field_line(header, values):
    """A field line by http.client's own rules, or its exception."""
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
    """The part of HTTPConnection that looks at what callers give; subclasses override it."""

    def _get_hostport(self, host, port):
        if port is None:
            try:
                colon = host.rfind(":")
            except (AttributeError, TypeError) as error:
                note(error, wrong_host, host)
                raise
            if colon > host.rfind("]"):  # an IPv6 address has colons inside of its brackets
                try:
                    port = int(host[colon + 1:])
                except ValueError:
                    if host[colon + 1:]:
                        raise noted(InvalidURL(f"nonnumeric port: '{host[colon + 1:]}'"),
                                    wrong_host, host) from None
                    port = self.default_port  # http://foo.com:/ is http://foo.com/
                host = host[:colon]
            else:
                port = self.default_port
        if host and host[0] == "[" and host[-1] == "]":
            host = host[1:-1]
        return (host, port)

    def _encode_request(self, request):
        # ASCII alone, which is part of the cure of CVE-2019-9740.
        try:
            return request.encode("ascii")
        except UnicodeEncodeError as error:
            note(error, not_ascii, request, error.start)
            raise

    def _validate_method(self, method):
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
        try:
            match = _contains_disallowed_url_pchar_re.search(host)
        except TypeError as error:
            note(error, wrong_host, host)
            raise
        if match:
            raise noted(InvalidURL(f"URL can't contain control characters. {host!r} "
                                   f"(found at least {match.group()!r})"), wrong_host, host)

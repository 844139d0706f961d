# SPDX-License-Identifier: MIT
"""HTTPConnection: its states, connecting, and the steps of a request.

The states are http.client's.  The methods call each other as in http.client, because subclasses,
tracers and tests override or replace any of them.

    state               response    allowed next
    Idle                none        putrequest()
    Request-started     none        putheader(), endheaders()
    Request-sent        none        getresponse()
    Response-awaited    none        nothing: a thread is in getresponse()
    Idle                unread      reading the response, putrequest()
    Request-started     unread      reading the response, putheader(), endheaders()
    Request-sent        unread      reading the response

getresponse() needs the previous response to be read to its end.

An exception leaves the connection idle with an empty buffer, or closed: see recovery.py.

Another thread may call close(), which ends calls that send or receive meanwhile.  The last
thread that uses the descriptor closes it: see _core/socket_reader.pyx.
"""
from __future__ import annotations

import errno
import io
import socket
import sys
from types import SimpleNamespace

from .._common import limits as _limits
from .._common.deadline import checked_deadline
from .._common.exceptions import Aborted, CannotSendHeader, CannotSendRequest, ResponseNotReady
from .._common.mistakes import misplaced_header, note, noted, wrong_address, wrong_headers
from .._common.signatures import by_name
from .._core.connection_state import connection_state
from .._core.exchange import (
    CONNECTION_DATA, RESPONSE_CONNECTION_DATA, Requests, Responses,
)
from .._core.guards import NOT_MINE, Bindings, Originals
from .._core.socket_reader import interrupt
from .._core.steps import STEPS_DATA, Steps
from .._response import head, stand_ins
from .._response.framing import message_framing
from .._response.response import HTTPResponse
from .._response.settings import (
    REQUEST_SETTINGS, RESPONSE_SETTINGS, ConnectionSettings, connection_settings,
)
from .._response.stand_ins import as_connection, changed
from . import body as _body, dialing, validation
from .expect import expectation_of
from .output import Sending, note_host_line, put_framing, put_host, send_pieces
from .recovery import (
    _CS_IDLE, _CS_REQ_STARTED, beginning_failed, closed_meanwhile, drop, drop_lines, give_up,
    is_idle, reset, sending_failed,
)
from .steps import (
    answers, leave_to, next_response, put_first_lines, request_by_steps, reuse, send_lines,
)
from .tunnel import Tunnelling
from .validation import _METHODS_EXPECTING_BODY, RequestChecks, _encode, checked_field_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final, Self, Unpack, overload

    from _typeshed import MaybeNone

    from .._common.hints import Address, Data, FieldValue, Options

HTTP_PORT: Final = 80
HTTPS_PORT: Final = 443

_our_response_class = HTTPResponse


def _shown_signature(
        self, host, port=None, timeout=socket._GLOBAL_DEFAULT_TIMEOUT, source_address=None,
        blocksize=8192, *, max_response_headers=None, strict=None, deadline=None,
        max_response_line=None, max_response_head=None, max_interim_responses=None,
        max_chunk_line=None, max_chunk_overhead=None, unix_socket=None, happy_eyeballs_delay=None,
        resolver=None):
    """The signature that inspect shows of the constructor, which accepts older orders as well."""


class HTTPConnection(RequestChecks, Sending, Tunnelling, ConnectionSettings):
    """A connection to an HTTP server.  It connects with the first request.

    Parameters of http.client:

    :param host: the server's name or address (str); "host:port" and "[IPv6 address]" are accepted.
    :param port: the server's port (int); None means the one in `host`, else 80.
    :param timeout: seconds for each blocking operation (float), or None for no timeout; the
        default is socket.getdefaulttimeout().
    :param source_address: the (host, port) to connect from, default None.
    :param blocksize: bytes to read at once from a file that is sent (int), default 8192.

    A bool in the third place is `strict`: the order of Python 2 and 3.0 was (host, port, strict,
    timeout, source_address).

    Parameters of httpclient, by keyword:

    :param strict: None, True or False, see HTTPResponse; default None.
    :param deadline: seconds for each request (float), from its beginning to the end of the
        response's content, after which TimeoutError is raised; None means no deadline.
    :param max_response_headers: the most field lines of a response (int), default
        ``_MAXHEADERS`` (100).
    :param max_response_line: the most bytes in a line of a head (int), default ``_MAXLINE``
        (65536).
    :param max_response_head: the most bytes in a head (int), default 1 MiB.
    :param max_interim_responses: the most interim responses (int), default 100.
    :param max_chunk_line: the most bytes in a chunk-size line (int), default 4096.
        `max_response_line` holds for it, too.
    :param max_chunk_overhead: the most bytes of chunk framing beyond ten times the content (int),
        default 1 MiB.
    :param unix_socket: the path of a Unix socket to connect to (str, bytes or os.PathLike) in
        place of `host` and `port`, which the requests name as before; default None.
    :param happy_eyeballs_delay: seconds after which the next address of the host is tried beside
        those that have not answered (float, at least 0.01; RFC 8305); `timeout` then limits
        connecting as a whole.  None, the default, tries one address after the other.
    :param resolver: a function of host and port that returns the addresses of the host, as
        socket.getaddrinfo() does; default None.

    Raises InvalidURL for a bad host or port, TypeError, ValueError.  The connection is a context
    manager that closes itself.
    """

    response_class: type[HTTPResponse]
    default_port: int
    auto_open: int
    debuglevel: int
    host: str
    port: int
    timeout: float | None
    source_address: Address | None
    blocksize: int
    # MaybeNone (Any) where None, without a connection, would have to be ruled out at each use.
    sock: socket.socket | MaybeNone

    _http_vsn = 11
    _http_vsn_str = "HTTP/1.1"

    response_class = HTTPResponse
    default_port = HTTP_PORT
    auto_open = 1
    debuglevel = 0

    # Subclasses may set http.client's attributes without calling the constructor.
    _raw_proxy_headers = None
    __state = _CS_IDLE
    __response = None

    @staticmethod
    def _is_textIO(stream):
        """Return True if a file returns str."""
        return isinstance(stream, io.TextIOBase)

    @staticmethod
    def _get_content_length(body, method):
        """Return the length of `body` in bytes, or None if it is unknown or there is no body.

        For methods that expect a body, no body has length 0 (RFC 9110 8.6).  Source: http.client.
        """
        return _body.content_length(
            body, body is None and method.upper() in _METHODS_EXPECTING_BODY)

    if TYPE_CHECKING:
        @overload
        def __init__(
            self, host: str, port: int | None = None, timeout: float | None = ...,
            source_address: Address | None = None, blocksize: int = 8192, *,
            strict: bool | None = None, **options: Unpack[Options],
        ) -> None: ...
        # Python 2 and 3.0.  Type checkers take a bool for a float, so the arguments after it
        # tell the two orders apart.
        @overload
        def __init__(
            self, host: str, port: int | None, strict: bool, /, timeout: float | None = ...,
            source_address: Address | None = None, *, blocksize: int = 8192,
            **options: Unpack[Options],
        ) -> None: ...

    def __init__(self, host, port=None, *args, max_response_headers=None, **keywords):
        cls, self = type(self), as_connection(self)
        names = ("timeout", "source_address", "blocksize")
        if args and isinstance(args[0], bool):
            names = ("strict", *names[:2])
        if args:
            keywords = by_name(cls.__name__, names, args, keywords)
        self.timeout = keywords.pop("timeout", socket._GLOBAL_DEFAULT_TIMEOUT)
        self.source_address = keywords.pop("source_address", None)
        self.blocksize = keywords.pop("blocksize", 8192)
        if (strict := keywords.pop("strict", None)) is not None:
            connection_settings(self).strict = bool(strict)
        if (deadline := keywords.pop("deadline", None)) is not None:
            connection_settings(self).deadline = checked_deadline(deadline)
        limits = _limits.taken_from(keywords)
        dialed = dialing.taken_from(keywords, self.source_address) if keywords else None
        if keywords:
            raise TypeError(f"{cls.__name__}() got an unexpected keyword argument "
                            f"{next(iter(keywords))!r}")
        if limits is not _limits.DEFAULT:
            connection_state(self).limits = limits
        if dialed is not None:
            connection_state(self).dialing = dialed
        self.sock = None
        self._buffer = []
        self.__response = None
        self.__state = _CS_IDLE
        self._method = None
        self._tunnel_host = None
        self._tunnel_port = None
        self._tunnel_headers = {}
        self._raw_proxy_headers = None
        self.max_response_headers = max_response_headers

        (self.host, self.port) = self._get_hostport(host, port)
        self._validate_host(self.host)

        # gevent patches the function before this lookup, and tests replace the attribute.
        self._create_connection = socket.create_connection

    __init__.__wrapped__ = _shown_signature

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object) -> None:
        self.close()

    # ---- the connection

    def set_debuglevel(self, level: int) -> None:
        """Print requests and response heads if `level` (int) is above 0.  Source: http.client."""
        self.debuglevel = level

    def connect(self) -> None:
        """Connect to the server, or to the proxy and through it by set_tunnel().

        A request calls this if there is no connection.  Raises TimeoutError, OSError (for a
        refused tunnel, too), and ConnectionAbortedError if another thread calls close().
        """
        sys.audit("http.client.connect", self, self.host, self.port)
        self = as_connection(self)
        state = connection_state(self)
        closes = state.closes
        try:
            sock = dialing.opened(self, state, closes)
        except (OSError, OverflowError, TypeError, ValueError) as error:
            note(error, wrong_address, self, error)
            raise
        if not state.publish(self, closes, sock):
            if sock is not None:
                sock.close()
            raise Aborted()
        try:
            try:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError as error:
                # Some systems, and all Unix sockets, have no such option.
                if error.errno not in (errno.ENOPROTOOPT, errno.EOPNOTSUPP):
                    raise
            if self._tunnel_host:
                self._tunnel()
        except BaseException:
            if self.sock is sock:
                # Otherwise the next request would go to the proxy itself.
                drop(self)
            raise

    def close(self) -> None:
        """Close the connection, and the response unless it has been read to its end.

        If another thread is connecting, sending or waiting for a response, its call raises
        OSError.  If it is reading the response, that read raises ConnectionAbortedError.
        The next request connects again.
        """
        self = as_connection(self)
        in_use, sock, response = changed(self, connection_state(self).close)
        try:
            if in_use:
                interrupt(sock)
                interrupt(connection_state(self).waker)
            if sock:
                sock.close()
        finally:
            drop_lines(self)
            if response:
                response.close()

    # ---- a request, step by step

    def putrequest(self, method: str, url: str, skip_host: bool = False,
                   skip_accept_encoding: bool = False) -> None:
        """Begin a request with its request line, Host and Accept-Encoding.

        :param method: the method (str), such as "GET".
        :param url: the request target (str), ASCII without blanks or control characters; ""
            means "/".
        :param skip_host: do not add Host (bool), default False.
        :param skip_accept_encoding: do not add "Accept-Encoding: identity" (bool), default False.

        Raises CannotSendRequest if another request has begun.  Raises ValueError for a bad
        method and InvalidURL for a bad `url`; these leave the connection unchanged.
        """
        idle = self.__state == _CS_IDLE or is_idle(as_connection(self))
        try:
            if not _steps.putrequest(self, method, url, skip_host, skip_accept_encoding):
                self = as_connection(self)
                put_first_lines(self, method, url, skip_host, skip_accept_encoding)
        except (CannotSendRequest, Aborted):
            raise
        except BaseException:
            if idle:
                give_up(as_connection(self))
            raise

    def putheader(self, header: str | bytes, *values: FieldValue) -> None:
        """Add a header to the request.

        :param header: the name, str (ASCII) or bytes.
        :param values: the value, str (Latin-1), bytes or int.  Several values are sent on
            continuation lines (obs-fold, RFC 9112 5.2), as in http.client.

        Raises CannotSendHeader before putrequest() and after endheaders(), and ValueError for a
        name or value that is not allowed.
        """
        if _steps.putheader(self, header, values):
            return
        if self.__state != _CS_REQ_STARTED:
            raise noted(CannotSendHeader(), misplaced_header, self.__state)
        # In this order, a bad field is refused even if the object has no _output().
        line = checked_field_line(header, values)
        self._output(line)

    def endheaders(self, message_body: Data | None = None, *,
                   encode_chunked: bool = False) -> None:
        """End the headers, and send the request.

        :param message_body: the body, as in request(), but no header is added for it; default None.
        :param encode_chunked: send the body in chunks (bool), default False.

        Raises CannotSendHeader before putrequest(), NotConnected if there is no connection and
        ``auto_open`` is 0, TypeError for a body of another type, TimeoutError, OSError.
        """
        started = self.__state == _CS_REQ_STARTED
        try:
            if message_body is not None or not _steps.endheaders(self):
                self = as_connection(self)
                send_lines(self, message_body, encode_chunked)
        except (CannotSendHeader, Aborted):
            raise
        except BaseException:
            if started:
                give_up(as_connection(self))
            raise

    def request(self, method: str, url: str, body: Data | str | None = None,
                headers: Mapping[str, FieldValue] = {}, *, encode_chunked: bool = False,
                deadline: float | None = None, expect_continue: float | None = None) -> None:
        """Send a complete request.

        :param method: the method (str), such as "GET".
        :param url: the request target (str), ASCII without blanks or control characters; ""
            means "/".
        :param body: None, bytes-like, str (Latin-1), a file (sent from its current position), or
            an iterable of bytes-like objects.  Content-Length is added if the length is known,
            else Transfer-Encoding: chunked, unless `headers` has one of the two.
        :param headers: a mapping of names to values, as for putheader(), default {}.
        :param encode_chunked: send the body in chunks if `headers` has Transfer-Encoding (bool),
            default False, which leaves the encoding to you.
        :param deadline: seconds for this request and its response (float); None means the
            connection's own.
        :param expect_continue: ask the server by "Expect: 100-continue" whether it wants the body,
            and wait so many seconds (float) for its answer (RFC 9110 10.1.1); None, the default,
            sends the body at once.  If the server refuses the body, or closes the connection,
            nothing is taken from `body`, and getresponse() returns or raises what was received.

        Raises the errors of putrequest(), putheader() and endheaders().
        """
        # A call of as_connection() would take longer.
        if HTTPConnection not in type(self).__mro__:
            self = as_connection(self)
        idle = self.__state == _CS_IDLE
        try:
            if encode_chunked or expect_continue is not None or not _requests.send(
                    self, method, url, body, headers, deadline):
                request_by_steps(self, method, url, body, headers, encode_chunked, deadline,
                                 None if expect_continue is None
                                 else expectation_of(expect_continue))
        except (CannotSendRequest, Aborted):
            raise
        except BaseException:
            if idle:
                give_up(self)
            raise

    def _send_request(self, method, url, body, headers, encode_chunked):
        """Do request() by putrequest(), putheader() and endheaders().  Source: http.client."""
        self = as_connection(self)
        try:
            names = frozenset(name.lower() for name in headers)
        except (AttributeError, TypeError) as error:
            note(error, wrong_headers, headers)
            raise
        skips = {}
        if "host" in names:
            skips["skip_host"] = 1
        if "accept-encoding" in names:
            skips["skip_accept_encoding"] = 1
        self.putrequest(method, url, **skips)
        try:
            encode_chunked = put_framing(self, method, body, names, encode_chunked)
            for name, value in headers.items():
                self.putheader(name, value)
            if (expectation := connection_state(self).expectation) is not None:
                expectation.put_field(self, body, headers)
            if isinstance(body, str):
                body = _encode(body, "body")
        except BaseException as error:
            if isinstance(error, AttributeError):
                note(error, wrong_headers, headers)
            reset(self)
            raise
        self.endheaders(body, encode_chunked=encode_chunked)

    # ---- the response

    def getresponse(self) -> HTTPResponse:
        """Wait for the response to the request, read its head, and return it.

        :return: an HTTPResponse, or an instance of ``response_class``.

        If the connection ends with the response, it is closed, and the next request opens a new
        one.  You can still read the response.

        Raises ResponseNotReady if no request has been sent or the previous response has not been
        read to its end, the errors of HTTPResponse.begin(), and ConnectionAbortedError if another
        thread calls close().
        """
        before = self.__response
        try:
            response = _responses.take(self)
            return next_response(as_connection(self)) if response is NOT_MINE else response
        except ResponseNotReady:
            raise
        except BaseException:
            if self.__response is not None and self.__response is not before:
                # The caller did not get this response, so nothing can read it to its end.
                self.close()
            raise


stand_ins.HTTPConnection = HTTPConnection
stand_ins.changed.plain = Originals(HTTPConnection, data=CONNECTION_DATA)
# The functions that C calls in rare cases.
_cold = SimpleNamespace(
    beginning_failed=beginning_failed, closed_meanwhile=closed_meanwhile, complete=head.complete,
    leave_to=leave_to, note_host_line=note_host_line, put_host=put_host, reset=reset,
    send_pieces=send_pieces, sending_failed=sending_failed)
_line = ("_validate_method", "_validate_path", "_encode_request", "_http_vsn", "_http_vsn_str")
_rules = Bindings(validation.__dict__, "_is_legal_header_name", "_is_illegal_header_value",
                  "_contains_disallowed_method_pchar_re", "_contains_disallowed_url_pchar_re")
_requests = Requests(
    Originals(HTTPConnection, *_line, "putrequest", "putheader", "endheaders", "_output",
              "_send_output", "_send_request", "_get_content_length", "send",
              data=(*CONNECTION_DATA, *REQUEST_SETTINGS, "_wrap_ipv6")),
    reuse, _rules, globals(), _cold)
_steps = Steps(
    Originals(HTTPConnection, *_line, data=("_wrap_ipv6",)),
    Originals(HTTPConnection, "_output", data=(*STEPS_DATA, *REQUEST_SETTINGS)),
    Originals(HTTPConnection, "putheader"), Originals(HTTPConnection, "_send_output", "send"),
    reuse, _rules, _cold)
_responses = Responses(
    Originals(HTTPConnection, data=(*RESPONSE_CONNECTION_DATA, *RESPONSE_SETTINGS)),
    answers, Bindings(head.__dict__, "parse_headers", "_read_headers"), head.begin_with,
    message_framing, _cold)

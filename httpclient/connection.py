# SPDX-License-Identifier: MIT
"""HTTPConnection: its states, connecting, and the order in which a request is sent.

The states are http.client's, and so is which method calls which: subclasses,
tracers and tests override or replace any of them.

    state               response    what may come next
    Idle                none        putrequest()
    Request-started     none        putheader(), endheaders()
    Request-sent        none        getresponse()
    Response-awaited    none        nothing: a thread is in getresponse()
    Idle                unread      reading it; putrequest()
    Request-started     unread      reading it; putheader(), endheaders()
    Request-sent        unread      reading it

The response before must have been read to its end before getresponse().

Exceptions leave the connection idle with an empty buffer, or closed: see recovery.py.

close() may be called by another thread.  What is sent or received meanwhile ends then;
the descriptor is closed by the last thread that uses it, see _core/sockets.pyx.
"""
import errno
import io
import socket
import sys

from . import body as _body
from . import checks, heads, stand_ins
from . import limits as _limits
from ._core.exchange import (
    CONNECTION_DATA, RESPONSE_CONNECTION_DATA, RESPONSE_DATA, Requests, Responses,
)
from ._core.deadline import Deadline
from ._core.originals import Bindings, Originals
from ._core.progress import progress_of
from ._core.sockets import interrupt
from ._core.steps import STEPS_DATA, Steps
from ._core.tally import tally
from .chunks import READERS
from .checks import _METHODS_EXPECTING_BODY, RequestChecks, _encode, checked_field_line
from .deadline import checked_deadline, connect_in_time, seconds_of
from .exceptions import (
    Aborted, CannotSendHeader, CannotSendRequest, RemoteDisconnected, ResponseNotReady,
)
from .framing import message_framing
from .idle import has_news
from .mistakes import (
    misplaced_header, note, noted, out_of_order, wrong_address, wrong_headers,
)
from .options import DEADLINE, MAX_RESPONSE_HEADERS, STRICT
from .recovery import _CS_AWAITED, _CS_IDLE, _CS_REQ_SENT, _CS_REQ_STARTED, Recovering
from .response import _UNKNOWN, HTTPResponse
from .sending import Sending
from .signatures import by_name, shown_signature
from .stand_ins import as_connection
from .tunnel import Tunnelling

HTTP_PORT = 80
HTTPS_PORT = 443



_KEYWORDS = dict.fromkeys(("max_response_headers", "strict", "deadline", *_limits.KEYWORDS))

_our_response_class = HTTPResponse


class HTTPConnection(RequestChecks, Sending, Tunnelling, Recovering):
    """A connection to an HTTP server; see http.client for what is not said here.

    `timeout` is in seconds for each blocking operation, `blocksize` in bytes.
    The order of Python 2 and 3.0, (host, port, strict, timeout, source_address),
    is told apart by its type: a bool in third place is `strict`.

    `strict`: None, True or False; see HTTPResponse.  `deadline`: seconds for each
    request, from its beginning to the end of the content; TimeoutError after that.

    Limits on a response (None is the default): `max_response_headers` field lines
    (``_MAXHEADERS``), `max_response_line` bytes in each line (``_MAXLINE``),
    `max_response_head` bytes in a head (1 MiB), `max_interim_responses` (100),
    `max_chunk_line` bytes in a chunk-size line (4096; never more than in a line),
    `max_chunk_overhead` bytes of chunk framing beyond ten times the content (1 MiB).
    """

    _http_vsn = 11
    _http_vsn_str = "HTTP/1.1"

    response_class = HTTPResponse
    default_port = HTTP_PORT
    auto_open = 1
    debuglevel = 0
    vars()[STRICT] = None

    # For subclasses that set http.client's attributes by themselves.  Names that http.client
    # does not have begin with _hc_: subclasses have private names of their own.
    vars()[DEADLINE] = vars()[MAX_RESPONSE_HEADERS] = None
    _hc_limits = _limits.DEFAULT
    _hc_due = None             # the Deadline of the request under way
    _raw_proxy_headers = None
    _hc_host_line = (None, None, None, b"")    # host, port, default port, and their field line
    __state = _CS_IDLE      # these two for instances whose constructor was not called
    __response = None
    __answered = None       # the socket that the last response came from
    __spoiled = None        # a socket of which nobody knows what its next bytes are

    @staticmethod
    def _is_textIO(stream):
        """Whether a file gives str."""
        return isinstance(stream, io.TextIOBase)

    @staticmethod
    def _get_content_length(body, method):
        """The octets of `body`, or None where only sending it tells, or there is none.

        No body counts as 0 octets for methods that expect one (RFC 9110 8.6).
        """
        return _body.content_length(
            body, body is None and method.upper() in _METHODS_EXPECTING_BODY)

    @shown_signature(("host",), ("port", None), ("timeout", socket._GLOBAL_DEFAULT_TIMEOUT),
                ("source_address", None), ("blocksize", 8192), **_KEYWORDS)
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
            setattr(self, STRICT, bool(strict))
        setattr(self, DEADLINE, checked_deadline(keywords.pop("deadline", None)))
        if (limits := _limits.taken_from(keywords)) is not _limits.DEFAULT:
            self._hc_limits = limits
        if keywords:
            raise TypeError(f"{cls.__name__}() got an unexpected keyword argument "
                            f"{next(iter(keywords))!r}")
        self.sock = None
        self._buffer = []
        self.__response = None
        self.__state = _CS_IDLE
        self._method = None
        self._tunnel_host = None
        self._tunnel_port = None
        self._tunnel_headers = {}
        self._raw_proxy_headers = None
        setattr(self, MAX_RESPONSE_HEADERS, max_response_headers)

        (self.host, self.port) = self._get_hostport(host, port)
        self._validate_host(self.host)

        # Looked up now (gevent patches it), and kept on the instance for tests to replace.
        self._create_connection = socket.create_connection

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.close()

    # ---- the connection

    def set_debuglevel(self, level):
        """Print what is sent and received if `level` is above 0."""
        self.debuglevel = level

    def connect(self):
        """Connect to the host and port given to the constructor, and through the tunnel."""
        sys.audit("http.client.connect", self, self.host, self.port)
        self = as_connection(self)
        progress = progress_of(self)
        closes = progress.closes
        connect = self._create_connection if self._hc_due is None else self._hc_connect_in_time
        try:
            sock = connect((self.host, self.port), self.timeout, self.source_address)
        except (OSError, OverflowError, TypeError, ValueError) as error:
            note(error, wrong_address, self, error)
            raise
        if not progress.publish(self, closes, sock):
            sock.close()
            raise Aborted()
        try:
            try:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError as error:
                # Not every system, and no Unix socket, has it.
                if error.errno not in (errno.ENOPROTOOPT, errno.EOPNOTSUPP):
                    raise
            if self._tunnel_host:
                self._tunnel()
        except BaseException:
            if self.sock is sock:
                self._hc_drop()     # or the next request would go to the proxy itself
            raise

    def _hc_connect_in_time(self, address, timeout, source_address):
        if timeout is socket._GLOBAL_DEFAULT_TIMEOUT:
            timeout = socket.getdefaulttimeout()
        sock = connect_in_time(self._hc_due, self._create_connection, address, timeout,
                               source_address)
        sock.settimeout(timeout)
        return sock

    def close(self):
        """Close the connection, and the response if it is not read to its end.

        What another thread connects, sends or waits for on it ends with an OSError; a read of
        the response, with a ConnectionAbortedError.
        """
        self = as_connection(self)
        plain = _plain.in_class(type(self))
        in_use, sock, response = progress_of(self).close(self.__dict__ if plain else None)
        if not plain:
            # At once: what is half closed must not be taken for idle.
            sock, self.sock, self.__state = self.sock, None, _CS_IDLE
            response, self.__response = self.__response, None
        try:
            if in_use:
                interrupt(sock)
            if sock:
                sock.close()
        finally:
            if not plain:
                self._hc_drop_lines()
                self.__spoiled = self.__answered = self._hc_due = None
                progress_of(self).unsent = None
            if response:
                response.close()

    # ---- a request, step by step

    def putrequest(self, method, url, skip_host=False, skip_accept_encoding=False):
        """Begin a request with its request line.

        `skip_host` and `skip_accept_encoding`: leave out the fields that are added
        by themselves.  Raises CannotSendRequest, ValueError, InvalidURL; the last
        two leave the connection as it was.
        """
        idle = self.__state == _CS_IDLE or as_connection(self)._hc_is_idle()
        try:
            if not _steps.putrequest(self, method, url, skip_host, skip_accept_encoding):
                self = as_connection(self)
                self._hc_put_first_lines(method, url, skip_host, skip_accept_encoding)
        except (CannotSendRequest, Aborted):
            raise
        except BaseException:
            if idle:
                as_connection(self)._hc_give_up()
            raise

    def _hc_put_first_lines(self, method, url, skip_host, skip_accept_encoding):
        self._hc_start()
        url = url or "/"
        self._validate_method(method)
        self._validate_path(url)
        line = self._encode_request(f"{method} {url} {self._http_vsn_str}")
        self._method = method  # the response needs it
        self._output(line)
        if self._http_vsn == 11:
            if not skip_host:
                self._hc_put_host(url)
            if not skip_accept_encoding:
                # Content codings are for the caller to ask for, and to decode.
                self.putheader("Accept-Encoding", "identity")

    def _hc_start(self):
        """From Idle to Request-started, on a connection that nothing waits on."""
        if not self._hc_moved(_CS_IDLE, _CS_REQ_STARTED):
            state = self.__state
            raise noted(CannotSendRequest(state), out_of_order, state)
        if progress_of(self).end_cut():
            self._hc_drop_lines()
        self._hc_forget_response()
        self._hc_drop_spoiled()
        if self.__answered and self.__answered is self.sock and not self.__response:
            if has_news(self.sock):
                self._hc_drop()
        progress_of(self).abandoned = False
        if self._hc_due is None and (seconds := getattr(self, DEADLINE)) is not None:
            self._hc_due = Deadline(seconds_of(seconds))

    def putheader(self, header, *values):
        """Add a field line; further values go into continuation lines (obs-fold).

        The name is str (ASCII) or bytes, a value str (Latin-1), bytes or int.
        Raises CannotSendHeader, ValueError.
        """
        if _steps.putheader(self, header, values):
            return
        if self.__state != _CS_REQ_STARTED:
            raise noted(CannotSendHeader(), misplaced_header, self.__state)
        line = checked_field_line(header, values)   # its refusal comes first
        self._output(line)

    def endheaders(self, message_body=None, *, encode_chunked=False):
        """End the field section, and send the request with `message_body`.

        Raises CannotSendHeader, NotConnected, OSError.
        """
        started = self.__state == _CS_REQ_STARTED
        try:
            if message_body is not None or not _steps.endheaders(self):
                self = as_connection(self)
                self._hc_send_lines(message_body, encode_chunked)
        except (CannotSendHeader, Aborted):
            raise
        except BaseException:
            if started:
                as_connection(self)._hc_give_up()
            raise

    def _hc_send_lines(self, body, encode_chunked):
        progress, request = progress_of(self), object()
        try:
            if not self._hc_may_send(request):
                raise noted(CannotSendHeader(), misplaced_header, self.__state)
            self._send_output(body, encode_chunked=encode_chunked)
            if not progress.all_sent(request):
                self._hc_closed_meanwhile()
        except BaseException as error:
            self._hc_sending_failed(error, request)
            raise
        tally.requests += 1

    def request(self, method, url, body=None, headers={}, *, encode_chunked=False,
                deadline=None):
        """Send a complete request.

        `body`: bytes-like, str (Latin-1), a file from its current position, or an
        iterable of bytes-like.  Content-Length is added where it is known, else the
        body is sent in chunks, unless `headers` has one of the two fields.
        `deadline`: seconds for this request; None: that of the connection.
        """
        if HTTPConnection not in type(self).__mro__:    # not by a call, which takes longer
            self = as_connection(self)
        idle = self.__state == _CS_IDLE
        try:
            if encode_chunked or not _requests.send(
                    self, method, url, body, headers, deadline):
                self._hc_request_by_steps(method, url, body, headers, encode_chunked, deadline)
        except (CannotSendRequest, Aborted):
            raise
        except BaseException:
            if idle:
                self._hc_give_up()
            raise

    def _hc_request_by_steps(self, method, url, body, headers, encode_chunked, deadline):
        idle, due = self._hc_is_idle(), self._hc_due
        try:
            if deadline is not None:
                self._hc_due = Deadline(seconds_of(deadline))
            self._send_request(method, url, body, headers, encode_chunked)
        except BaseException as error:
            if not idle:
                self._hc_due = due      # of the request that is under way
            elif not isinstance(error, (CannotSendRequest, Aborted)):
                self._hc_give_up()
                if self.__state == _CS_IDLE:
                    self._hc_due = None
            raise

    def _send_request(self, method, url, body, headers, encode_chunked):
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
            encode_chunked = self._hc_put_framing(method, body, names, encode_chunked)
            for name, value in headers.items():
                self.putheader(name, value)
            if isinstance(body, str):
                body = _encode(body, "body")
        except BaseException as error:
            if isinstance(error, AttributeError):
                note(error, wrong_headers, headers)
            self._hc_reset()
            raise
        self.endheaders(body, encode_chunked=encode_chunked)

    # ---- the response

    def getresponse(self):
        """The response to the request that was sent: a `response_class`, begun.

        If the connection ends with the response it is closed here, and the next
        request opens a new one.  Raises ResponseNotReady, what
        HTTPResponse.begin() raises, OSError.
        """
        before = self.__response
        try:
            response = _responses.take(self)
            return as_connection(self)._hc_next_response() if response is None else response
        except ResponseNotReady:
            raise
        except BaseException:
            if self.__response is not None and self.__response is not before:
                self.close()    # a response that the caller has not got cannot be read
            raise

    def _hc_next_response(self):
        if self.__response:
            self._hc_forget_response()
        sock, response, progress = getattr(self, "sock", None), None, progress_of(self)
        try:
            if self.__response or not self._hc_moved(_CS_REQ_SENT, _CS_AWAITED):
                state = self.__state
                raise noted(ResponseNotReady(state), out_of_order, state, self.__response)
            if self.__response or self.__dict__.get("sock", sock) is not sock:
                # Since it was looked, another thread has closed it, or taken the response.
                self._hc_moved(_CS_AWAITED, _CS_REQ_SENT)
                raise ResponseNotReady(_CS_IDLE)
            if self.__spoiled and self.__spoiled is sock:
                # The request went out before the response ahead of it was read, and that
                # one has turned out to end the connection, or to have taken this one's bytes.
                raise RemoteDisconnected("The connection ended with the response before")
            response = self._hc_new_response(sock)
            if type(fp := getattr(response, "fp", None)) in READERS:
                progress.reads_by(fp)
            most = getattr(self, MAX_RESPONSE_HEADERS)
            if most is None:
                response.begin()
            else:
                response.begin(_max_headers=most)
            assert response.will_close != _UNKNOWN
            if self.sock is sock:   # else closed meanwhile: the socket is the response's alone
                self._hc_begun(response, sock)
        except ResponseNotReady:
            raise
        except BaseException as error:
            self._hc_beginning_failed(response, sock, error)
            raise
        finally:
            progress.reads_by(None)
        tally.responses += 1
        return response

    def _hc_begun(self, response, sock):
        """Be idle again, or leave the socket to a response that ends the connection."""
        self._hc_due = None
        if progress_of(self).unsent is not None:    # what it answers has gone out in part
            response.will_close = True
        left = response.will_close
        if self._hc_answered(sock, None if left else response) and left:
            self._hc_leave_to(response)

    def _hc_new_response(self, sock):
        if self.debuglevel > 0:
            response = self.response_class(sock, self.debuglevel, method=self._method)
        else:
            response = self.response_class(sock, method=self._method)
        strict = getattr(self, STRICT)
        if strict is not None:
            setattr(response, STRICT, strict)
        if isinstance(response, _our_response_class):
            response._hc_belongs_to(self._hc_limits, self._hc_due, self.__answered is sock)
        return response

    def _hc_leave_to(self, response):
        """Close the connection; the socket is the response's alone from now on."""
        progress = progress_of(self)
        progress.leaving = True
        try:
            self.close()
        except BaseException:
            response.close()
            raise
        finally:
            progress.leaving = False
            if progress.is_own():       # else another thread has begun a request since
                self._hc_moved(_CS_AWAITED, _CS_IDLE)


stand_ins.HTTPConnection = HTTPConnection
_answers = Originals(HTTPResponse, "__new__", "__init__", "begin", "_hc_begin_anew",
                     "_hc_belongs_to", "isclosed", "_read_status", "_check_close", "_close_conn",
                     data=(*RESPONSE_DATA, STRICT))
_plain = Originals(HTTPConnection, data=(*CONNECTION_DATA, DEADLINE))
_line = ("_validate_method", "_validate_path", "_encode_request", "_http_vsn", "_http_vsn_str")
_rules = Bindings(checks.__dict__, "_is_legal_header_name", "_is_illegal_header_value",
                  "_contains_disallowed_method_pchar_re", "_contains_disallowed_url_pchar_re")
_requests = Requests(
    Originals(HTTPConnection, *_line, "putrequest", "putheader", "endheaders", "_output",
              "_send_output", "_send_request", "_get_content_length", "send",
              data=(*CONNECTION_DATA, DEADLINE)),
    _answers, _rules, globals(), has_news, DEADLINE)
_steps = Steps(
    Originals(HTTPConnection, *_line),
    Originals(HTTPConnection, "_output", data=(*STEPS_DATA, DEADLINE)),
    Originals(HTTPConnection, "putheader"), Originals(HTTPConnection, "_send_output", "send"),
    _answers, _rules, has_news, DEADLINE)
_responses = Responses(
    Originals(HTTPConnection, data=(*RESPONSE_CONNECTION_DATA, STRICT, MAX_RESPONSE_HEADERS)),
    _answers, Bindings(heads.__dict__, "parse_headers", "_read_headers"), message_framing,
    STRICT, MAX_RESPONSE_HEADERS)

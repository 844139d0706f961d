# SPDX-License-Identifier: MIT
"""Request: what a Fetcher is asked to send."""
from __future__ import annotations

from collections.abc import Mapping

from .._common.deadline import seconds_of
from .._common.exceptions import InvalidURL
from .._request.url import parts, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from _typeshed import SupportsWrite

    from .._common.hints import Data, FieldValue

    Sink: TypeAlias = Callable[[bytes], object] | SupportsWrite[bytes]


class Request:
    """A request for a Fetcher.

    :param method: the method (str), such as "GET".  CONNECT is not allowed.
    :param url: the URL (str), with http or https and without a user name, as for Pool.request().
        A fragment is not sent.
    :param headers: a mapping of names to values, as for HTTPConnection.request(), default None.
        It is copied.
    :param body: None, bytes-like, str (Latin-1), a file, or an iterable of bytes-like objects, as
        for HTTPConnection.request().  A file is sent from its position at the time of add().  Do
        not change a body before the answer is there.
    :param deadline: seconds from add() to the end of the response's content (float); None, the
        default, means the Fetcher's own.
    :param sink: receives the content piece by piece in place of ``Answer.content``: a function of
        one argument (bytes), or a file with write(); default None.
    :param context: any object, for your own use.

    The attributes have the names of the parameters.  Fetcher.add() checks method, URL, headers and
    body, and makes the bytes to send.  To change a request, make a new one.

    Raises TypeError or ValueError for a bad `deadline` or `sink`.
    """

    __slots__ = ("method", "url", "headers", "body", "deadline", "sink", "context", "_rewind")

    method: str
    url: str
    headers: Mapping[str, FieldValue]
    body: Data | str | None
    deadline: float | None
    sink: Sink | None
    context: Any

    def __init__(
        self, method: str, url: str, *, headers: Mapping[str, FieldValue] | None = None,
        body: Data | str | None = None, deadline: float | None = None, sink: Sink | None = None,
        context: Any = None,
    ) -> None:
        self.method = method
        self.url = url
        self.headers = {} if headers is None else _copied(headers)
        self.body = body
        self.deadline = None if deadline is None else seconds_of(deadline)
        if sink is not None and not (callable(sink) or hasattr(sink, "write")):
            raise TypeError("sink should be a function of one argument or a binary file, "
                            f"got {sink!r:.100}")
        self.sink = sink
        self.context = context
        # A function that makes a file ready to be sent again, once add() has seen its position.
        self._rewind: Callable[[], object] | None = None

    def __repr__(self) -> str:
        return (f"<{type(self).__module__}.{type(self).__qualname__}: {self.method} "
                f"{_url_shown(self.url)}>")


Request.__module__ = "httpclient"


class Fields(Mapping):
    """The headers of a request, if a dict cannot hold them because a name is repeated."""

    __slots__ = ("_items",)

    def __init__(self, items):
        self._items = tuple(items)

    def __iter__(self):
        return iter([name for name, _ in self._items])

    def __len__(self):
        return len(self._items)

    def __getitem__(self, name):
        for own, value in self._items:
            if own == name:
                return value
        raise KeyError(name)

    def __repr__(self):
        return f"Fields({list(self)!r})"

    def items(self):
        return self._items


def _url_shown(url):
    """Return a URL as text, without a password: one that add() accepts has none."""
    try:
        parts(url)
    except TypeError:
        return repr(url)
    except InvalidURL:
        return shown(url)
    return repr(url)


def _copied(headers):
    """Return a copy of a mapping.  Anything else stays as it is, and add() refuses it."""
    if type(headers) is dict:
        return headers.copy()
    try:
        items = [(name, value) for name, value in headers.items()]
        copy = dict(items)
    except (AttributeError, TypeError, ValueError):
        return headers
    return copy if len(copy) == len(items) else Fields(items)

# SPDX-License-Identifier: MIT
"""The types that several modules name in annotations.  Only type checkers read this module.

Importing typing takes longer than importing all of httpclient.  Therefore an annotated module sets
``TYPE_CHECKING = False``, which type checkers take for True, and imports the types within
``if TYPE_CHECKING``.  Annotations are never evaluated.
"""
TYPE_CHECKING = False
if TYPE_CHECKING:
    import io
    import ssl
    from collections.abc import Callable, Iterable
    from typing import IO, Any, Literal, Protocol, TypeAlias, TypedDict

    from _typeshed import ReadableBuffer, StrOrBytesPath, SupportsRead

    Address: TypeAlias = tuple[str, int]
    # A function of host and port that returns tuples like socket.getaddrinfo()'s.
    Resolver: TypeAlias = Callable[
        [str, int], Iterable[tuple[int, int, int, str, tuple[Any, ...]]]]
    FieldValue: TypeAlias = str | ReadableBuffer | int
    Data: TypeAlias = (
        SupportsRead[bytes] | io.TextIOBase | Iterable[ReadableBuffer] | ReadableBuffer)

    class MakesFile(Protocol):
        def makefile(self, mode: Literal["rb"], /) -> IO[bytes]: ...

    class Limiting(TypedDict, total=False):
        """The limits on a response that connections and ResponseParser take by keyword."""

        max_response_line: int | None
        max_response_head: int | None
        max_interim_responses: int | None
        max_chunk_line: int | None
        max_chunk_overhead: int | None

    class Options(Limiting, total=False):
        """The keyword arguments of a connection that are in no positional order."""

        max_response_headers: int | None
        deadline: float | None
        unix_socket: StrOrBytesPath | None
        happy_eyeballs_delay: float | None
        resolver: Resolver | None

    class SecureOptions(Options, total=False):
        """The same of an HTTPSConnection."""

        context: ssl.SSLContext | None
        resume_sessions: bool | None

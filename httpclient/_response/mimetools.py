# SPDX-License-Identifier: MIT
"""httplib's HTTPMessage: an HTTPMessage with the methods of Python 2's mimetools.Message."""

from __future__ import annotations

from email.utils import getaddresses, parsedate_tz, unquote

from . import message as _message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.errors import MessageDefect
    from email.message import Message
    from typing import Any, Self, TypeAlias, TypeVar, overload

    from _typeshed import SupportsReadline

    _T = TypeVar("_T")
    _Lines: TypeAlias = SupportsReadline[bytes] | SupportsReadline[str]
    _Joined: TypeAlias = dict[str, str]     # In HTTPMessage, dict is its property.


class HTTPMessage(_message.HTTPMessage):
    """The fields of a response, with the methods of a mimetools.Message.

    It is also an email.message.Message.  Methods that both classes have follow mimetools: names are
    lower-case and unique, the values of a repeated name are joined by ", ", `msg[name]` raises
    KeyError for a missing name, and an assignment replaces the field.  `dict`, `headers` and
    `plist` are new objects on each access, so changing them does not change the message.
    """

    fp: _Lines | None
    unixfrom: str
    seekable: int
    startofheaders: int | None
    startofbody: int | None
    defects: list[MessageDefect]

    unixfrom = ""
    seekable = 0
    startofheaders = startofbody = None

    def __init__(self, fp: _Lines | None = None, seekable: int = 0, **policy: Any) -> None:
        super().__init__(**policy)
        self.fp = fp
        if fp is not None:
            self._take(_message.parse_headers(_OctetLines(fp)))

    @classmethod
    def of(cls, message: Message[Any, Any]) -> Self:
        """Return a new message with the fields of another one."""
        made = cls()
        made._take(message)
        return made

    def _take(self, message):
        for name, value in message.raw_items():
            self.set_raw(name, value)
        self.set_payload(message.get_payload())
        self.defects = list(message.defects)

    @property
    def dict(self) -> _Joined:
        """A new dict of lower-case names and their values (str)."""
        values = {}
        for name, value in self.raw_items():
            values.setdefault(name.lower(), []).append(value.strip())
        return {name: ", ".join(found) for name, found in values.items()}

    @property
    def headers(self) -> list[str]:
        """A new list of the field lines (str), each with its line end."""
        return [f"{name}: {value}\r\n" for name, value in self.raw_items()]

    @property
    def status(self) -> str:
        """A text (str) that says that the field section has a bad line, or ""."""
        return "Non-header line where header expected" if self.defects else ""

    # The methods of a mapping, with lower-case names.

    def __getitem__(self, name: str) -> str:
        return self.dict[name.lower()]

    def __setitem__(self, name: str, value: object) -> None:
        del self[name]
        self.set_raw(name, str(value))

    def __len__(self) -> int:
        return len(self.dict)

    def __iter__(self) -> Iterator[str]:
        return iter(self.dict)

    def __str__(self) -> str:
        return "".join(self.headers)

    def keys(self) -> list[str]:
        return list(self.dict)

    def values(self) -> list[str]:
        return list(self.dict.values())

    def items(self) -> list[tuple[str, str]]:
        return list(self.dict.items())

    if TYPE_CHECKING:
        @overload
        def get(self, name: str, default: None = None) -> str | None: ...
        @overload
        def get(self, name: str, default: _T) -> str | _T: ...

    def get(self, name, default=None):
        return self.dict.get(name.lower(), default)

    def has_key(self, name: str) -> bool:
        return name in self

    def setdefault(self, name: str, default: str = "") -> str:
        if name not in self:
            self[name] = default
        return self[name]

    def addheader(self, key: str, value: str) -> None:
        """Add a field line, and keep other lines of the same name."""
        self.set_raw(key, value)

    # Methods that look up one field.

    if TYPE_CHECKING:
        @overload
        def getheader(self, name: str, default: None = None) -> str | None: ...
        @overload
        def getheader(self, name: str, default: _T) -> str | _T: ...

    def getheader(self, name, default=None):
        """Return the value of a field (str), joined by ", " if it is repeated, or `default`."""
        return self.get(name, default)

    def getheaders(self, name: str) -> list[str]:
        """Return a list of the values (str) of all field lines of this name."""
        return [value.strip() for each, value in self.raw_items() if each.lower() == name.lower()]

    def getallmatchingheaders(self, name: str) -> list[str]:
        return [line for line in self.headers if line.lower().startswith(name.lower() + ":")]

    def getfirstmatchingheader(self, name: str) -> list[str]:
        return self.getallmatchingheaders(name)[:1]

    def getrawheader(self, name: str) -> str | None:
        """Return the text after the colon, with the line end; None if there is no such field."""
        for line in self.getfirstmatchingheader(name):
            return line[len(name) + 1:]
        return None

    def getdate(self, name: str) -> tuple[int, ...] | None:
        """Return a date as the 9-tuple that time.mktime() takes; None if it is not a date."""
        date = self.getdate_tz(name)
        return date and date[:9]

    def getdate_tz(self, name: str) -> tuple[int | None, ...] | None:
        """Return a date as getdate() does, with the offset from UTC in seconds as a tenth item."""
        date = parsedate_tz(self.get(name))
        # The item for daylight saving time is 0 (no) in Python 2, and -1 (unknown) in Python 3.
        return date and (*date[:8], 0, date[9])

    def getaddrlist(self, name: str) -> list[tuple[str, str]]:
        return getaddresses(self.getheaders(name))

    def getaddr(self, name: str) -> tuple[str, str] | tuple[None, None]:
        return (self.getaddrlist(name) or [(None, None)])[0]

    # The parts of the content type, parsed as in mimetools.

    @property
    def encodingheader(self) -> str | None:
        return self.get("content-transfer-encoding")

    @property
    def typeheader(self) -> str | None:
        return self.get("content-type")

    @property
    def type(self) -> str:
        parts = (self.typeheader or "text/plain").partition(";")[0].split("/")
        return "/".join([part.strip().lower() for part in parts])

    @property
    def maintype(self) -> str:
        return self.type.partition("/")[0]

    @property
    def subtype(self) -> str:
        return self.type.partition("/")[2]

    @property
    def plisttext(self) -> str:
        _, semicolon, parameters = (self.typeheader or "").partition(";")
        return semicolon + parameters

    @property
    def plist(self) -> list[str]:
        made = []
        for parameter in self.plisttext.split(";")[1:]:
            name, equals, value = parameter.partition("=")
            made.append(f"{name.strip().lower()}={value.strip()}" if equals else name.strip())
        return made

    def gettype(self) -> str:
        return self.type

    def getmaintype(self) -> str:
        return self.maintype

    def getsubtype(self) -> str:
        return self.subtype

    def getencoding(self) -> str:
        return (self.encodingheader or "7bit").lower()

    def getplist(self) -> list[str]:
        return self.plist

    def getparam(self, name: str) -> str | None:
        """Return a parameter of Content-Type without its quotes (str); None if it is missing."""
        for parameter in self.plist:
            each, equals, value = parameter.partition("=")
            if equals and each == name.lower():
                return unquote(value)
        return None

    def getparamnames(self) -> list[str]:
        return [parameter.partition("=")[0] for parameter in self.plist if "=" in parameter]


class _OctetLines:
    """A file for parse_headers(), over an old program's file, whose lines may be str."""

    def __init__(self, fp):
        self._fp = fp

    def readline(self, limit=-1):
        line = self._fp.readline(limit)
        return line.encode("latin-1") if isinstance(line, str) else line

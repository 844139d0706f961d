# SPDX-License-Identifier: MIT
"""Objects that http.client's methods are called with, and what becomes of the call.

`Row` says what an object has and what the method takes.  `WAYS` are the ways of having attributes.
`call()` makes the object and calls the method; `used()` finds out what http.client's method uses.
"""
import contextlib
import copy
import http.client
import inspect
import io
import re
import socket
import sys
import types
from unittest import mock

# ---- what an object has: each of these makes a fresh one for each run

def file(content):
    """A file with this content, or what a response reads a socket through."""
    def make(run, name):
        made = io.BufferedReader(io.BytesIO(content))
        if run.over == "socket":
            near, far = socket.socketpair()
            run.cleanup.enter_context(near)
            far.sendall(content)
            far.close()
            response = run.module.HTTPResponse(near)
            made, response.fp = response.fp, None
            run.cleanup.callback(made.close)
        run.files.append(made)
        return made
    return make


def method(result=None, *more, do=None):
    """A method with these results, one after the other; exceptions are raised.

    `do` is called with the object before that.
    """
    def make(run, name):
        results = [result, *more]

        def called(*args, **keywords):
            run.log.append((name, shown(args), keywords))
            if do is not None:
                do(run.given)
            now = results.pop(0) if len(results) > 1 else results[0]
            now = made(now, run, name)
            if isinstance(now, BaseException):
                raise copy.copy(now)
            return now
        return called
    return make


def thing(**attributes):
    """An object with these attributes: a socket, a response."""
    def make(run, name):
        return types.SimpleNamespace(
            **{key: made(value, run, f"{name}.{key}") for key, value in attributes.items()})
    return make


def of_module(name, *args):
    """An exception of the module whose method is called."""
    return lambda run, _: getattr(run.module, name)(*args)


def made(value, run, name):
    return value(run, name) if isinstance(value, types.FunctionType) else value


def sock(**attributes):
    return thing(**{"sendall": method(), "close": method(), "setsockopt": method()} | attributes)


def message(*pairs):
    def make(run, name):
        message = http.client.HTTPMessage()
        for pair in pairs:
            message.add_header(*pair)
        return message
    return make


# ---- ways of having attributes

def plain(cls, names):
    return type("Bare", (), {})()


def slots(cls, names):
    return type("Slots", (), {"__slots__": [*names]})()


def properties(cls, names):
    values = {}

    def one(name):
        def get(self):
            if name not in values:
                raise AttributeError(name)
            return values[name]
        return property(get, lambda self, value: values.update({name: value}))
    return type("Properties", (), {"__slots__": (), **{name: one(name) for name in names}})()


def namespace(cls, names):
    return types.SimpleNamespace()


def any_mock(cls, names):
    return mock.Mock()


def mock_of_class(cls, names):
    return mock.Mock(spec=cls)


def class_itself(cls, names):
    return type("Namespace", (), {})


def not_constructed(cls, names):
    return cls.__new__(cls)


def proxy(cls, names):
    class Proxy:
        __slots__ = ("wrapped",)
        __class__ = property(lambda self: cls)

        def __getattr__(self, name):
            return getattr(self.wrapped, name)

        def __setattr__(self, name, value):
            setattr(self.wrapped, name, value)

    given = Proxy()
    Proxy.wrapped.__set__(given, cls.__new__(cls))
    return given


WAYS = [plain, slots, properties, namespace, any_mock, mock_of_class, class_itself,
        not_constructed, proxy]


class Observed:
    """Has attributes, and notes which of them are used: True if it is read before it is set."""

    def __init__(self, attributes):
        object.__setattr__(self, "attributes", attributes)
        object.__setattr__(self, "used", {})
        object.__setattr__(self, "lacked", [])

    def __getattribute__(self, name):
        if name in ("attributes", "used", "lacked", "__class__", "__dict__"):
            return object.__getattribute__(self, name)
        self.used.setdefault(name, True)
        if name not in self.attributes:
            self.lacked.append(name)
            raise AttributeError(name)
        return self.attributes[name]

    def __setattr__(self, name, value):
        self.used.setdefault(name, False)
        self.attributes[name] = value


class Row:
    """`has`: the attributes; `takes`: the arguments; `whole`: whether all the attributes are
    given, used or not; `since`: the Python whose http.client does what COMPATIBILITY.md says.
    """

    def __init__(self, *takes, since=(3, 11), whole=False, keywords=None, **has):
        self.takes = takes
        self.keywords = keywords or {}
        self.has = has
        self.alike = sys.version_info >= since
        self.whole = whole or not self.alike

    @property
    def has_file(self):
        return any("file." in getattr(value, "__qualname__", "") for value in self.has.values())


# ---- calling

class Run:
    """A method of one of the classes of a module, `over` a file or a socket; one call of it."""

    def __init__(self, module, cls, name, over):
        self.module = module
        self.cls = getattr(module, cls.__name__)
        self.step = getattr(self.cls, name)
        self.static = isinstance(inspect.getattr_static(cls, name), staticmethod)
        self.over = over
        self.log = []           # which of the object's methods were called
        self.files = []
        self.cleanup = contextlib.ExitStack()

    def made(self, values):
        return {key: made(copy.deepcopy(value), self, key) for key, value in values.items()}

    def call(self, row, given):
        """The facts about a call with this object, whose attributes are `has`."""
        self.given = given
        takes = self.made(dict(enumerate(row.takes))).values()
        keywords = self.made(row.keywords)
        facts = {}
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            try:
                result = self.step(*[given][self.static:], *takes, **keywords)
                if isinstance(result, types.GeneratorType):
                    result = list(result)
                facts["result"] = "itself" if result is given else shown(result)
            except Exception as error:
                facts["raised"] = shown(error)
        text = re.sub("0x[0-9a-f]+", "address", printed.getvalue())
        return facts | {"printed": text, "log": [*self.log], "takes": shown([*takes]),
                        "files": [rest(file) for file in self.files]}


def call(module, cls, name, row, way, over, names):
    """What became of calling a method with an object that has these attributes, of the row's.

    `names` are as used() gives them.
    """
    run = Run(module, cls, name, over)
    with run.cleanup:
        given = way(run.cls, names)
        run.cleanup.callback(forget_file, given)
        for key, value in run.made(row.has).items():
            if names.get(key):
                setattr(given, key, value)
        facts = run.call(row, given)
        return facts | {"left": {key: attribute(given, key) for key in names}}


def forget_file(given):
    """Have no response that was not constructed say something when it goes."""
    for response in given, getattr(given, "wrapped", None):
        if io.IOBase in type(response).__mro__:
            response.fp = None


def used(cls, name, row, over):
    """The names of attributes that http.client's own method uses, and whether it needs them."""
    run = Run(http.client, cls, name, over)
    with run.cleanup:
        given = Observed(run.made(row.has))
        run.call(row, given)
        assert not given.lacked, f"the row has no {', '.join(given.lacked)}"
        return given.used | dict.fromkeys(row.has, True) if row.whole else given.used


def attribute(given, name):
    if isinstance(given, mock.Mock) and name not in vars(given):
        return "missing"
    return shown(getattr(given, name, "missing"))


def rest(file):
    """What is left to read of a file."""
    if file.closed:
        return "closed"
    try:
        return file.read()
    except OSError:
        return b""


def shown(value):
    """A value as something that can be compared."""
    if isinstance(value, (list, tuple)):
        return [shown(item) for item in value]
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, http.client.HTTPMessage):
        return value.items()
    if isinstance(value, http.client.IncompleteRead):
        return type(value).__name__, value.partial
    if isinstance(value, BaseException):
        named = isinstance(value, (http.client.HTTPException, OSError))
        return type(value).__name__, value.args if named else ()
    if isinstance(value, dict):
        return {name: shown(item) for name, item in value.items()}
    if isinstance(value, types.SimpleNamespace):
        return shown(vars(value))
    if value is None or isinstance(value, (str, bytes, int)):
        return value
    return "a file" if hasattr(value, "readline") else "something"

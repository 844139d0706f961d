# SPDX-License-Identifier: MIT
"""A second instance of httpclient's modules, made to serve http.client's own classes.

Functions find what they raise, make and compare with in the module that they were defined in.
So that those which are put on http.client's classes raise its exceptions, make its responses
and obey what is bound in it, and httpclient itself goes on as it was, the code of the modules
is run once more: with ``standard`` in the place of ``exceptions``, ``mime`` and ``options``, and
with http.client's classes wherever the classes are meant that the code defines.
"""
import builtins
import sys
from functools import cache
from importlib.machinery import ModuleSpec
from types import FunctionType, ModuleType

from . import standard
from .chunks import ChunkedContent

# In the order in which they import each other.
ROOMS = ("body", "checks", "framing", "message", "stand_ins", "chunks", "heads", "response",
         "sending", "tunnel", "recovery", "connection", "https")
CLASSES = {"HTTPResponse": "response", "HTTPConnection": "connection", "HTTPSConnection": "https"}
FUNCTIONS = FunctionType, type(ChunkedContent._safe_read)     # Cython has a type of its own
_PACKAGE = __package__ + ".second-"

# What a class has because it is one; other names with two underscores are those of methods.
_MACHINERY = ("_abc_impl", "__annotate__", "__annotate_func__")


def second_rooms(classes):
    """The rooms (dict: name -> module), the attributes for each class of http.client (dict:
    class -> dict: name -> value), and the classes that those are from.

    `classes` are http.client's own (dict: name -> class).
    """
    rooms = _run_again()
    templates = {getattr(rooms[room], name): classes[name]
                 for name, room in CLASSES.items() if room in rooms}
    for room in rooms.values():
        for name, value in list(vars(room).items()):
            if isinstance(value, type) and value in templates:
                setattr(room, name, templates[value])
            elif isinstance(value, FunctionType) and value.__module__ == room.__name__:
                value.__module__ = "http.client"
    return (rooms, {cls: _attributes(template, templates) for template, cls in templates.items()},
            list(templates))


@cache
def code_of(module):
    """The code that a module ran when it was imported; None where nothing has it."""
    spec, name = module.__spec__, module.__name__
    # ``import six.moves.http_client`` gives http.client a spec that knows nothing of it; None
    # is set by some who run a module themselves.
    known = getattr(spec, "name", None) == name
    loader = spec.loader if known else getattr(module, "__loader__", None)
    if hasattr(loader, "get_code"):
        return loader.get_code(name)
    package, _, room = name.rpartition(".")
    if package != __package__:
        return None
    # Nuitka has compiled the program: its loader has machine code alone.
    from .sources import SOURCES
    return compile(SOURCES[room], module.__file__, "exec", dont_inherit=True)


def _run_again():
    """The modules ROOMS, run once more."""
    aliases = {_PACKAGE: ModuleType(_PACKAGE)}
    aliases[_PACKAGE].__path__ = []
    for name, module in list(sys.modules.items()):
        if name.startswith(__package__ + "."):      # what is no room is the same
            aliases[_PACKAGE + name.removeprefix(__package__)] = module
    for name in ROOMS:
        aliases.pop(f"{_PACKAGE}.{name}", None)
    for name in "exceptions", "mime", "options":
        aliases[f"{_PACKAGE}.{name}"] = standard
    for name, module in aliases.items():
        if name.count(".") == _PACKAGE.count(".") + 1:
            setattr(aliases[_PACKAGE], name.rpartition(".")[2], module)
    sys.modules.update(aliases)
    rooms = {}
    try:
        for name in ROOMS:
            original = sys.modules.get(f"{__package__}.{name}")
            if original is None:
                continue    # https, where Python has no ssl
            code = code_of(original)
            alias = f"{_PACKAGE}.{name}"
            room = rooms[name] = aliases[alias] = sys.modules[alias] = ModuleType(alias)
            room.__spec__ = ModuleSpec(alias, None)
            room.__package__ = _PACKAGE
            room.__file__ = original.__file__
            room.__builtins__ = builtins
            exec(code, room.__dict__)
            setattr(aliases[_PACKAGE], name, room)
    finally:
        for name in aliases:
            sys.modules.pop(name, None)
    return rooms


def _attributes(template, templates):
    """What stands in a template and in those of its bases that are not another template's."""
    others = {base for other in templates if other is not template and issubclass(template, other)
              for base in other.__mro__}
    found = {}
    for cls in reversed(template.__mro__):
        if cls.__module__.startswith(_PACKAGE) and cls not in others:
            found.update(vars(cls))
    found = {name: value for name, value in found.items() if name not in _MACHINERY
             and (not name.startswith("__") or isinstance(value, FunctionType))}
    standard_class = templates[template]
    for name, value in found.items():
        if isinstance(value, type) and value in templates:
            found[name] = templates[value]
        _belong_to(standard_class, name, getattr(value, "__func__", value))
    return found


def _belong_to(cls, name, function):
    """Make a function one of a class: for super(), for pickles, and in what is shown of it."""
    if not isinstance(function, FUNCTIONS):
        return
    function.__module__ = cls.__module__
    function.__qualname__ = f"{cls.__qualname__}.{name}"
    for variable, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
        if variable == "__class__":
            cell.cell_contents = cls

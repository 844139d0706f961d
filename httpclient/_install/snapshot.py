# SPDX-License-Identifier: MIT
"""A copy of http.client as it is in this process, for programs that have no code to run again.

Nuitka compiles such programs.  Then a function is http.client's own if its namespace and name say
so, a class if its module does, and any other value if it equals httpclient's.
"""
import http.client
import re
import sys
from types import CellType, FunctionType, ModuleType

from .pristine import is_shipped

REPLACED = object()     # stands for an attribute that a program has replaced

# The values in http.client of 3.11 to 3.15 from which httpclient's differ: it refuses more.
_OTHER = {"_is_legal_header_name": re.compile(rb"[^:\s][^:\r\n]*").fullmatch,
          "_is_illegal_header_value": re.compile(rb"\n(?![ \t])|\r(?![ \t\n])").search}
_MACHINERY = ("__dict__", "__weakref__", "_abc_impl")


def snapshot(classes):
    """Return a module like http.client, with copies of its classes of these names.

    Raises RuntimeError if a constructor has been replaced, because the original cannot be found.
    """
    module = ModuleType("http.client")
    copies = {}
    for name, value in vars(http.client).items():
        if name.startswith("__"):
            continue
        if not _is_own(name, value):
            value = REPLACED
        elif name in classes:
            value = copies[value] = _copy(value, copies)
        setattr(module, name, value)
    return module


def _is_own(name, value):
    if isinstance(value, type):
        return value.__module__ == "http.client"
    known = _OTHER.get(name) or getattr(sys.modules[__package__.partition(".")[0]], name, REPLACED)
    return _is_defined_as(name, value) or is_shipped(value, known)


def _is_defined_as(qualname, function):
    """Return True if it is a function that http.client has defined under this name."""
    return (type(function) is FunctionType and function.__globals__ is vars(http.client)
            and function.__code__.co_qualname == qualname)


def _copy(cls, copies):
    """Return a copy of a class that is no subclass of http.client's classes."""
    cell = CellType()       # __class__, which super() uses
    attributes = {name: _own_attribute(cls, name, value, cell)
                  for name, value in vars(cls).items() if name not in _MACHINERY}
    if attributes["__init__"] is REPLACED:
        raise RuntimeError(f"http.client.{cls.__name__}.__init__ has been replaced, or compiled, "
                           "and this program has no code to compare it with; call install() "
                           "before it is replaced")
    bases = [copies.get(base, base) for base in cls.__bases__]
    cell.cell_contents = type(cls)(cls.__name__, tuple(bases), attributes)
    return cell.cell_contents


def _own_attribute(cls, name, value, cell):
    function = getattr(value, "__func__", value)
    if isinstance(value, type) or not callable(function):
        return value
    if not _is_defined_as(f"{cls.__qualname__}.{name}", function):
        return REPLACED
    if function.__closure__ is None:
        return value
    copy = FunctionType(function.__code__, function.__globals__, function.__name__,
                        function.__defaults__, (cell,))
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy

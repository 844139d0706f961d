# SPDX-License-Identifier: MIT
"""Compare http.client with its own file, for install()."""
import http.client
import sys
from types import BuiltinMethodType, FunctionType, ModuleType

from .stdlib_classes import HTTPException
from .twin import CLASSES, code_of


def loaded_anew():
    """Return True if http.client was reloaded: httpclient's exceptions derive from the old one."""
    return http.client.HTTPException is not HTTPException


def as_shipped():
    """Return a private second http.client, run from its file, to compare with.

    Raises RuntimeError if ``sys.modules`` has another module, or the file cannot be run.
    """
    if sys.modules.get("http.client") is not http.client:
        raise RuntimeError(f"another module is imported as http.client: "
                           f"{sys.modules.get('http.client')!r}")
    code = code_of(http.client)
    if code is None:
        from .snapshot import snapshot
        return snapshot(CLASSES)
    module = ModuleType("http.client")
    try:
        exec(code, module.__dict__)
    except Exception as error:
        raise RuntimeError("http.client's own file cannot be run again, to find what was replaced "
                           "in the module") from error
    return module


def is_shipped(value, shipped):
    """Return True if an attribute is the one that http.client's own file defines, `shipped`."""
    if isinstance(value, (staticmethod, classmethod)):
        if type(value) is not type(shipped):
            return False
        value, shipped = value.__func__, shipped.__func__
    if value is shipped:
        return True
    if type(value) is not type(shipped):
        return False
    if isinstance(value, FunctionType):
        return (value.__code__ == shipped.__code__
                and value.__globals__ is http.client.__dict__)
    if isinstance(value, BuiltinMethodType):
        return value.__name__ == shipped.__name__ and value.__self__ == shipped.__self__
    if isinstance(value, type):
        return (value.__module__, value.__qualname__) == (shipped.__module__, shipped.__qualname__)
    return not isinstance(value, ModuleType) and value == shipped


def with_subclasses(cls):
    """Return a list of a class and all classes that derive from it."""
    found = [cls]
    for subclass in type.__subclasses__(cls):
        found += with_subclasses(subclass)
    return found


def own_classes(shipped):
    """Return http.client's own classes (dict: name -> class), also if subclasses replace them.

    Some tools replace them for good: warcio does so when it is imported.  Raises RuntimeError if a
    replacement does not derive from http.client's class.
    """
    if loaded_anew():
        raise RuntimeError("http.client has been loaded anew since httpclient was imported; "
                           "reload it before the first import of httpclient")
    found = {}
    for name in CLASSES:
        original, cls = getattr(shipped, name, None), getattr(http.client, name, None)
        if original is not None:    # There is no HTTPSConnection in a Python without ssl.
            found[name] = _own_class(name, cls, original)
    return found


def _own_class(name, cls, original):
    bases = cls.__mro__ if issubclass(type(cls), type) else ()      # A mock pretends to be a class.
    for base in reversed(bases):
        if is_shipped(base, original) and len(base.__mro__) == len(original.__mro__):
            return base
    if bases and is_shipped(cls, original):
        raise RuntimeError(f"the base classes of http.client.{name} have been replaced: "
                           f"{cls.__bases__!r}; httpclient can be installed when they are back")
    who = f"{cls.__module__}.{cls.__qualname__}" if bases else repr(cls)
    raise RuntimeError(f"http.client.{name} has been replaced by {who}, which does not derive "
                       "from it; httpclient can be installed when it is back")


def check_names(shipped, attributes):
    """Raise RuntimeError if a class has unknown methods, or attributes that httpclient adds."""
    for cls, ours in attributes.items():
        original = getattr(shipped, cls.__name__)
        unknown = [name for name, value in vars(original).items()
                   if isinstance(value, FunctionType) and name not in ours]
        if unknown:
            raise RuntimeError(f"this version of http.client is not known: {cls.__name__} has "
                               f"{', '.join(sorted(unknown))}; update httpclient")
        foreign = [name for name in ours if name in vars(cls) and name not in vars(original)
                   and vars(cls)[name] is not ours[name]]
        if foreign:
            raise RuntimeError(f"http.client.{cls.__name__} has been given attributes that "
                               f"httpclient needs itself: {', '.join(sorted(foreign))}; remove "
                               "them before install()")

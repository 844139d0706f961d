# SPDX-License-Identifier: MIT
"""What http.client is by its own file, and whether it is still that: what install() goes by."""
import http.client
import sys
from types import BuiltinMethodType, FunctionType, ModuleType

from .stdlib_classes import HTTPException
from .twin import CLASSES, code_of

# Names that some http.client or its instances have: in a subclass they mean the same.
_COMMON = {"_context", "_wrap_ipv6", "_raw_proxy_headers"}


def loaded_anew():
    """Whether somebody has reloaded http.client: httpclient's exceptions are of the old one."""
    return http.client.HTTPException is not HTTPException


def as_shipped():
    """http.client anew from its file, to compare with; nobody else gets to see it."""
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
        raise RuntimeError("http.client cannot be read anew, to see who has changed it") from error
    return module


def is_shipped(value, shipped):
    """Whether an attribute is what http.client's own file says."""
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
    """A list of a class and those that derive from it."""
    found = [cls]
    for subclass in type.__subclasses__(cls):
        found += with_subclasses(subclass)
    return found


def own_classes(shipped):
    """http.client's own classes (dict: name -> class), also where others stand in their place.

    Some tools put subclasses there for good: warcio does so when it is imported.  What they
    inherit is served.  RuntimeError where a class does not derive from http.client's.
    """
    if loaded_anew():
        raise RuntimeError("http.client has been loaded anew since httpclient was imported")
    found = {}
    for name in CLASSES:
        original, cls = getattr(shipped, name, None), getattr(http.client, name, None)
        if original is not None:    # else Python has no ssl
            found[name] = _own_class(name, cls, original)
    return found


def _own_class(name, cls, original):
    bases = cls.__mro__ if issubclass(type(cls), type) else ()      # a mock says it were a class
    for base in reversed(bases):
        if is_shipped(base, original) and len(base.__mro__) == len(original.__mro__):
            return base
    if bases and is_shipped(cls, original):
        raise RuntimeError(f"the base classes of http.client.{name} are not its own: "
                           f"{cls.__bases__!r}; httpclient can be installed when they are back")
    who = f"{cls.__module__}.{cls.__qualname__}" if bases else repr(cls)
    raise RuntimeError(f"http.client.{name} has been replaced by {who}, which does not derive "
                       "from it; httpclient can be installed when it is back")


def check_names(shipped, attributes):
    """RuntimeError where a class has methods that are not known, or names that are ours."""
    for cls, ours in attributes.items():
        original = getattr(shipped, cls.__name__)
        unknown = [name for name, value in vars(original).items()
                   if isinstance(value, FunctionType) and name not in ours]
        if unknown:
            raise RuntimeError(f"an http.client that is not known: its {cls.__name__} has "
                               f"{', '.join(sorted(unknown))}")
        foreign = [name for name in ours if name in vars(cls) and name not in vars(original)
                   and vars(cls)[name] is not ours[name]]
        if foreign:
            raise RuntimeError(f"somebody has given http.client.{cls.__name__} attributes that "
                               f"httpclient needs itself: {', '.join(sorted(foreign))}")


def check_subclasses(shipped, attributes, *examples):
    """RuntimeError where a subclass has private names of its own that are ours as well.

    What only its instances have, and subclasses that are made later, nobody can see here.
    """
    for cls, ours in attributes.items():
        known = vars(getattr(shipped, cls.__name__)).keys() | _COMMON.union(*examples)
        private = {name for name in ours if name.startswith("_") and not name.startswith("__")}
        for subclass in with_subclasses(cls):
            taken = (private - known) & vars(subclass).keys()
            if taken and subclass not in attributes:
                raise RuntimeError(f"{subclass.__module__}.{subclass.__qualname__} has attributes "
                                   "that httpclient needs itself in a subclass of http.client."
                                   f"{cls.__name__}: {', '.join(sorted(taken))}")

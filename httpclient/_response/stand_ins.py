# SPDX-License-Identifier: MIT
"""StandIn: an object of any class as the response or connection that a method is called with.

Programs call http.client's methods on objects that are no instances of its classes:
``HTTPResponse._read_status(bare)``, where `bare` has ``fp``, ``debuglevel`` and
``_close_conn``, because http.client's own method uses nothing else.  Ours use private
attributes and methods as well.  A method that does so begins with ``self = as_response(self)``
or ``self = as_connection(self)``, after its fast lane, which declines such objects.
"""
import sys

from .._common import settings
from .._core.guards import Originals

# response.py and connection.py set them.
HTTPResponse: type = object
HTTPConnection: type = object
plain: Originals = None     # type: ignore[assignment]  # classes that make no property of data

_STATE = "_HTTPConnection__state"
_CHANGED = (_STATE, "_HTTPConnection__response", "sock", "_buffer")

# Attributes that http.client does not have: a stand-in need not have them, and a Mock has
# something else by these names.
_OURS = {settings.STRICT, settings.DEADLINE, settings.RESUME_SESSIONS, "_HTTPSConnection__shared"}
if sys.version_info < (3, 15):
    _OURS |= {settings.MAX_RESPONSE_HEADERS, "_max_headers"}
if sys.version_info < (3, 13):
    _OURS.add("_wrap_ipv6")

# Attributes that some of our methods set and http.client's do not: a stand-in may refuse them.
_SPARE = {"will_close", "_raw_proxy_headers", _STATE}


def as_response(obj):
    """Return `obj` if it is an HTTPResponse, else a StandIn for it."""
    return obj if HTTPResponse in type(obj).__mro__ else _stand_in(obj, HTTPResponse)


def as_connection(obj):
    """Return `obj` if it is an HTTPConnection, else a StandIn for it."""
    return obj if HTTPConnection in type(obj).__mro__ else _stand_in(obj, HTTPConnection)


def _stand_in(obj, cls):
    if type(obj) is StandIn:
        return obj
    said = obj.__class__    # by a proxy or a Mock: the class of the object that it stands for
    return StandIn(obj, said if cls in getattr(said, "__mro__", ()) else cls)


def real(obj):
    """Return the object that a method was called with."""
    return obj._hc_real if type(obj) is StandIn else obj


def changed(connection, change, *args):
    """Call a change of a ConnectionState, and have its effect on the connection's attributes.

    It is one step if the class of the connection makes no property of them.
    """
    if plain.in_class(type(connection)):
        return change(connection.__dict__, *args)
    has = real(connection)
    before = {name: getattr(has, name) for name in _CHANGED if hasattr(has, name)}
    own = dict(before)
    result = change(own, *args)
    for name, value in own.items():
        if name not in before or before[name] is not value:
            setattr(connection, name, value)
    return result


class StandIn:
    """An object, and for what it does not have, the attributes and methods of a class.

    Private attributes of ours are kept in the object's ``__dict__``.  If it has none, they
    last as long as the StandIn.
    """

    __slots__ = "_hc_real", "_hc_class", "_hc_defaults", "__dict__"

    vars()["__class__"] = property(lambda self: self._hc_class)     # for super()

    def __init__(self, real, cls):
        own = getattr(real, "__dict__", None)
        # What the constructor of a connection gives, and some of our methods look at.
        defaults = {"sock": None, "_buffer": []}
        for name, value in (("_hc_real", real), ("_hc_class", cls), ("_hc_defaults", defaults),
                            ("__dict__", own if type(own) is dict else {})):
            object.__setattr__(self, name, value)

    def __getattribute__(self, name):
        if name in StandIn.__dict__:
            return object.__getattribute__(self, name)
        own, real, cls = self.__dict__, self._hc_real, self._hc_class
        if name.startswith("_hc_") or name in _OURS:
            if name in own:
                return own[name]
        else:
            try:
                return getattr(real, name)
            except AttributeError:
                if name in self._hc_defaults:
                    return self._hc_defaults[name]
        for base in cls.__mro__:
            if name in base.__dict__:
                value = base.__dict__[name]
                bind = getattr(type(value), "__get__", None)
                return value if bind is None else bind(value, self, cls)
        return getattr(real, name)      # the AttributeError that it raises

    def __setattr__(self, name, value):
        if name.startswith("_hc_") or name in _OURS:
            self.__dict__[name] = value
            return
        try:
            setattr(self._hc_real, name, value)
        except AttributeError:
            if name not in _SPARE:
                raise

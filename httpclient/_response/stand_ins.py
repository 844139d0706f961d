# SPDX-License-Identifier: MIT
"""StandIn: a response or connection made from an object of any class.

Programs call http.client's methods on objects that are not instances of its classes, such as
``HTTPResponse._read_status(bare)`` with ``fp``, ``debuglevel`` and ``_close_conn`` in `bare`:
http.client's own method needs no other attribute.  httpclient's methods use private attributes
and methods as well.  Such a method begins with ``self = as_response(self)`` or
``self = as_connection(self)``, after its fast lane, which declines such objects.
"""
import sys

from .._core.connection_state import Change
from .._core.guards import Converter
from . import settings

# response.py and connection.py set them.
HTTPResponse: type = object
HTTPConnection: type = object

_STATE = "_HTTPConnection__state"
_CHANGED = (_STATE, "_HTTPConnection__response", "sock", "_buffer")

# Attributes that http.client does not have.  The object of a StandIn may lack them, and a Mock
# makes up a value for each.
_OURS = {*settings.REQUEST_SETTINGS, *settings.RESPONSE_SETTINGS, *settings.SECURE_SETTINGS}
if sys.version_info < (3, 15):
    _OURS.add("max_response_headers")
if sys.version_info < (3, 13):
    _OURS.add("_wrap_ipv6")

# Attributes that a method of httpclient sets and the same method of http.client does not: the
# object of a StandIn may refuse them.
_SPARE = {"will_close", "_raw_proxy_headers", _STATE}


def _stand_in(obj, cls):
    """Return a StandIn for `obj`, of its own class if that derives from `cls`."""
    if type(obj) is StandIn:
        return obj
    # A proxy or a Mock gives the class of the object that it represents.
    shown = obj.__class__
    return StandIn(obj, shown if cls in getattr(shown, "__mro__", ()) else cls)


# as_response(obj) returns `obj` if it is an HTTPResponse, else a StandIn for it, and
# as_connection(obj) does the same for an HTTPConnection.
as_response = Converter(globals(), "HTTPResponse", _stand_in)
as_connection = Converter(globals(), "HTTPConnection", _stand_in)


def real(obj):
    """Return the object of a StandIn, or any other object itself."""
    return obj._hc_real if type(obj) is StandIn else obj


def _changed_one_by_one(connection, change, *args):
    """Do changed() for a connection whose attributes are properties, or that is a StandIn."""
    has = real(connection)
    before = {name: getattr(has, name) for name in _CHANGED if hasattr(has, name)}
    own = dict(before)
    result = change(own, *args)
    for name, value in own.items():
        if name not in before or before[name] is not value:
            setattr(connection, name, value)
    return result


# changed(connection, change, *args) calls a method of a ConnectionState that changes the
# connection's attributes, and returns its result.  connection.py sets the guard `plain`.
changed = Change(_changed_one_by_one)


class StandIn:
    """An object, with the attributes and methods of a class where it lacks them.

    Private attributes of httpclient are kept in the object's ``__dict__``.  If it has none, they
    last as long as the StandIn.
    """

    __slots__ = "_hc_real", "_hc_class", "__dict__"

    # super() needs it.
    vars()["__class__"] = property(lambda self: self._hc_class)

    def __init__(self, real, cls):
        own = getattr(real, "__dict__", None)
        for name, value in (("_hc_real", real), ("_hc_class", cls),
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
                pass
        for base in cls.__mro__:
            if name in base.__dict__:
                value = base.__dict__[name]
                bind = getattr(type(value), "__get__", None)
                return value if bind is None else bind(value, self, cls)
        if name in _OURS:
            raise AttributeError(name)
        # This raises the object's own AttributeError.
        return getattr(real, name)

    def __setattr__(self, name, value):
        if name.startswith("_hc_") or name in _OURS:
            self.__dict__[name] = value
            return
        try:
            setattr(self._hc_real, name, value)
        except AttributeError:
            if name not in _SPARE:
                raise

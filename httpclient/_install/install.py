# SPDX-License-Identifier: MIT
"""install(), uninstall() and installed(): run unchanged programs on httpclient.

**How it works.**  install() exchanges the functions in the classes HTTPConnection,
HTTPSConnection and HTTPResponse of http.client, and the functions of the module, for those of
httpclient.  The classes themselves stay.  So all references to them, their subclasses and their
instances have httpclient's methods from then on, no matter when they were imported, with the same
attributes and states.  ``isinstance``, ``except`` and pickles see no difference.  uninstall() puts
the functions back.

**Rejected designs.**

Binding httpclient's classes in the module http.client serves only programs that look them up there
at each use.  urllib3, botocore and most other libraries have already subclassed http.client's.

Giving those subclasses a new base (``__bases__``) works for urllib3's class and fails for
http.client's own: CPython does not change a base to or from ``object`` ("deallocator differs").
Names imported by ``from http.client import HTTPConnection`` keep the old class, existing instances
do not change, ``isinstance(connection, http.client.HTTPConnection)`` is false for new ones, and
each subclass has to be found.

Exchanging ``__code__`` also keeps the identity of the functions, so even a wrapper that holds one
would call httpclient.  But a function cannot get another module's globals, and a trampoline costs
an extra call for each call.

The functions of httpclient's own classes would raise httpclient's exceptions, whose type differs,
as does their module in tracebacks and pickles; and names rebound in http.client would have to take
effect in httpclient as well.  Wrappers that rename exceptions slow down each call and show in each
traceback.  So the functions come from a second instance of httpclient's modules, which uses
http.client's names (``twin.py``).  It costs some 5 ms and 1 MB, once.

**Wrapped methods.**  Each attribute is compared with the one that http.client's own file defines.
If a program has replaced it (OpenTelemetry, Sentry and ddtrace wrap methods), the replacement
stays and is called.  The method that it wraps is http.client's, which works together with
httpclient's methods, because both use the same attributes and states.  A program that wraps a
method after install() wraps httpclient's.  If that wrapper is still there at uninstall(), it
stays, and a RuntimeWarning names it.

A subclass in the place of a class of the module (warcio puts some there when it is imported) stays
as well: httpclient serves its base class.

**Calls under way.**  uninstall() does not wait for calls in other threads, nor for programs that
hold one of httpclient's functions, such as ``partial(response.read, 4)``.  These functions find the
functions that they call in their own modules, keep their data in one entry of the instance
(``_core/connection_state.pyx``, ``_core/response_state.pyx``), and otherwise use only attributes
that http.client's instances have.

**Instances.**  A connection or response that exists at install() continues with httpclient's
methods, which take over the state of http.client's, and read an ``fp`` of another class by its own
methods.  While httpclient is installed, an instance may lack attributes that http.client's
constructors set, because the class has them: as defaults, and as descriptors that create a message
or a TLS context on access.  uninstall() puts the functions back, then completes the instances that
exist, and then removes the additions to the classes.  A call under way that creates a response or a
connection checks at its end whether the functions have been put back, and completes it itself.  In
this order, none is missed.  If instances cannot be found (gc.freeze()), the additions stay.
"""
from __future__ import annotations

import copy
import gc
import http.client
import re
import threading
import warnings
from types import BuiltinMethodType, FunctionType

from .._common import limits
from .._common.rebinding import bind, by_name, unbind
from .._core.connection_state import ConnectionState
from . import stdlib_classes
from .pristine import (
    as_shipped, check_names, is_shipped, loaded_anew, own_classes, with_subclasses,
)
from .twin import FUNCTIONS, make_twin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

_MISSING = object()
_lock = threading.RLock()


def install() -> None:
    """Run http.client's classes on httpclient, in the whole process, until uninstall().

    Returns None.  Does nothing if httpclient is installed.  For a part of a program, use
    ``with installed():``.

    Raises RuntimeError, and changes nothing, if a class of http.client has been replaced by one
    that does not derive from it, a class has attributes whose names httpclient needs, or this
    version of http.client is not known.
    """
    with _lock:
        _state.wanted = True
        try:
            _state.apply()
        except BaseException:
            _state.wanted = False
            raise


def uninstall() -> None:
    """Undo install(), or, within ``with installed():`` blocks, at the end of the last block.

    Returns None.  Does nothing if httpclient is not installed.  Emits a RuntimeWarning, which
    names them, if functions were replaced after install(): they stay.
    """
    with _lock:
        _state.wanted = False
        _state.apply()


class installed:
    """Install httpclient for a ``with`` block; ``if installed():`` is true while it is installed.

    Blocks may be nested, and may overlap in threads, with one object or several.  httpclient is
    uninstalled at the end of the last block, unless install() was called.

    Raises RuntimeError, and changes nothing, if install() does, or if a block ends that has not
    begun.
    """

    _entered = 0        # the number of blocks of this object that have not ended

    def __enter__(self) -> Self:
        with _lock:
            _state.blocks += 1
            try:
                _state.apply()
            except BaseException:
                _state.blocks -= 1
                raise
            self._entered += 1
        return self

    def __exit__(self, *args: object) -> None:
        with _lock:
            if not self._entered:
                raise RuntimeError("httpclient.installed(): the block ends, but has not begun")
            self._entered -= 1
            _state.blocks -= 1
            _state.apply()

    def __bool__(self) -> bool:
        return _state.active and not loaded_anew()

    @property
    def replaced(self) -> list[str]:
        """The exchanged attributes, such as "HTTPConnection.send" (sorted list of str)."""
        made = _state.made
        return sorted({*made.replaced()} - {*made.left}) if made and self else []

    @property
    def left(self) -> list[str]:
        """The attributes that a program had replaced, and that stay (sorted list of str)."""
        made = _state.made
        return sorted(made.left) if made and self else []

    def __repr__(self) -> str:
        if not self:
            stays = "; attributes stay on http.client's classes" if _state.made else ""
            return f"<httpclient is not installed{stays}>"
        left = f"; left in place: {', '.join(self.left)}" if self.left else ""
        return f"<httpclient is installed: {len(self.replaced)} attributes of http.client{left}>"


class _State:
    """The requested state and the actual one, and the change from one to the other."""

    wanted = False      # True after install()
    blocks = 0          # the number of ``with installed():`` blocks
    active = False      # True if httpclient is installed
    made = None         # the Installation, also one whose undo() left something; or None
    _busy = False       # True during apply()

    def apply(self):
        """Install or uninstall; after an error, or a signal, another call continues."""
        if self._busy:
            # A finalizer or a signal handler has called; the loop of the outer call applies it.
            return
        self._busy = True
        try:
            self._change()
            while self.active != (self.wanted or self.blocks > 0):
                self._change()
        finally:
            self._busy = False

    def _change(self):
        wanted = self.wanted or self.blocks > 0
        if self.made is not None and loaded_anew():
            self.active = False
            self.made.undo()
            self.made = None
        if wanted and not self.active:
            if self.made is None:
                self.made = Installation()
            try:
                self.made.exchange()
            except BaseException:
                self._undo()
                raise
            self.active = True
        elif not wanted and self.made is not None:
            self.active = False
            replaced = self._undo()
            if replaced:
                warnings.warn("replaced after install(), so left in place with httpclient's "
                              f"attributes: {', '.join(sorted(replaced))}; remove the wrapper and "
                              "call uninstall() again", RuntimeWarning, stacklevel=3)

    def _undo(self):
        made = self.made
        if made.undo():
            self.made = None
        return made.replaced()


_state = _State()
for _function in install, uninstall, installed:
    _function.__module__ = __package__.partition(".")[0]    # the public module, for help()


class Installation:
    """The twin's functions, and their exchange for http.client's."""

    left = ()       # names of attributes that a program had replaced

    def __init__(self):
        self._shipped = as_shipped()
        classes = own_classes(self._shipped)
        self._rooms, self._attributes = make_twin(classes)
        self._module_rooms = [limits, *self._rooms.values()]
        self._bound = [dict(vars(room)) for room in self._module_rooms]
        self._class = type(http.client)
        self._changes = {}      # (class, name) -> the former value
        self._names = {}        # name in the module -> (the former value, the twin's value)
        self._frozen = gc.get_freeze_count()

    def replaced(self):
        """Return the names of exchanged attributes; after undo(), of those replaced since."""
        return [*(f"{cls.__name__}.{name}" for cls, name in self._changes), *self._names]

    def exchange(self):
        """Exchange http.client's own functions for the twin's; it may be called again."""
        own_classes(self._shipped)
        check_names(self._shipped, self._attributes)
        self.left = []
        stdlib_classes.lazy = True
        for cls, ours in self._attributes.items():
            self._change_class(cls, ours, vars(getattr(self._shipped, cls.__name__)))
        self._change_module(vars(self._shipped))

    def _change_class(self, cls, ours, shipped):
        present = vars(cls)
        # First set the attributes that the exchanged functions need.
        for name, value in ours.items():
            if name not in shipped:
                setattr(cls, name, value)
        for name, value in ours.items():
            if name not in shipped:
                continue
            before = present.get(name, _MISSING)
            if before is value:
                continue
            if before is _MISSING or not is_shipped(before, shipped[name]):
                self.left.append(f"{cls.__name__}.{name}")
            elif isinstance(value, (*FUNCTIONS, staticmethod)) or before == value:
                self._changes[cls, name] = before
                if hasattr(value, "__wrapped__") and hasattr(before, "__code__"):
                    value.__wrapped__ = before      # inspect shows its signature and source.
                setattr(cls, name, value)

    def _change_module(self, shipped):
        present = vars(http.client)
        ours = {}
        for room in reversed(self._module_rooms):
            ours |= vars(room)
        for name in ours.keys() & shipped.keys():
            before, value = present.get(name, _MISSING), ours[name]
            if name.startswith("__") or before is _MISSING:
                continue
            if not is_shipped(before, shipped[name]):
                self.left.append(name)
                bind(self._module_rooms, name, before)
            elif isinstance(before, set):
                bind(self._module_rooms, name, before)      # Share it: programs add to the set.
            elif (isinstance(value, (FunctionType, BuiltinMethodType, re.Pattern))
                  and before is not value):
                self._names[name] = before, value
                setattr(http.client, name, value)
        if "print" in present:
            bind(self._module_rooms, "print", present["print"])
        own = {name: ours[name] for name in ours.keys() & shipped.keys()}
        http.client.__class__ = _forwarding(self._class, self._module_rooms, own, shipped)

    # ---- undo()

    def undo(self):
        """Put everything back that can be put back now; return True if nothing is left."""
        if isinstance(http.client, self._class) and type(http.client) is not self._class:
            http.client.__class__ = self._class
        for name, (before, ours) in list(self._names.items()):
            if vars(http.client).get(name) is ours:
                setattr(http.client, name, before)
            if vars(http.client).get(name) is before:
                del self._names[name]
        for room, bound in zip(self._module_rooms, self._bound):
            vars(room).update(bound)        # Forget rebindings before the next exchange().
        unbind(self._module_rooms, "print")
        for (cls, name), before in list(self._changes.items()):
            present = vars(cls).get(name)
            if present is self._attributes[cls][name]:
                setattr(cls, name, before)
                present = before
            if present is before:
                del self._changes[cls, name]
        # From now on, calls under way complete the instances that they create.
        stdlib_classes.lazy = False
        if not self._complete_instances():
            return False
        for cls, ours in self._attributes.items():
            for name in ours.keys() - vars(getattr(self._shipped, cls.__name__)).keys():
                if vars(cls).get(name, _MISSING) is ours[name]:
                    delattr(cls, name)
        return not (self._changes or self._names)

    def _complete_instances(self):
        """Set the attributes that http.client expects in existing responses and connections.

        Returns True if all instances are complete.
        """
        kinds = {}      # Keys are id()s: a metaclass may make classes unhashable.
        for cls in self._attributes:
            kinds |= dict.fromkeys(map(id, with_subclasses(cls)), cls.__name__)
        complete = gc.get_freeze_count() <= self._frozen    # Frozen instances cannot be found.
        for instance in gc.get_objects():
            kind = kinds.get(id(type(instance)))
            if kind is None:
                continue
            try:
                own = object.__getattribute__(instance, "__dict__")
                if kind != "HTTPResponse":
                    _complete_connection(own)
                elif "fp" in own:       # Otherwise, __init__() was not called.
                    self._rooms["head"].complete(own)
                if kind == "HTTPSConnection" and "cert_file" in own and "_context" not in own:
                    # It shares the default context.
                    own["_context"] = self._rooms["https"]._create_https_context(
                        instance._http_vsn)
            except Exception:
                complete = False    # A method of a subclass has raised.
        return complete


def _complete_connection(own):
    """Add what http.client expects to the attributes of a connection; keep only its settings."""
    if "_buffer" in own:    # Otherwise, __init__() was not called.
        own.setdefault("_HTTPConnection__state", http.client._CS_IDLE)
        own.setdefault("_HTTPConnection__response", None)
    state = own.get("_hc_state")
    if type(state) is not ConnectionState:
        return
    if state.early is not None and own.get("sock") is not None:
        own["sock"].close()     # A part of the response has been received: http.client lacks it.
    own["_hc_state"] = copy.copy(state)
    if state.spoiled is not None and own.get("sock") is state.spoiled:
        own["sock"] = None      # http.client would use it for the next request.
        state.spoiled.close()


def _forwarding(kind, rooms, own, shipped):
    """Return a class for the module http.client that forwards rebound names to `rooms`.

    If a program puts back http.client's own function, the twin's function in `own` is bound.
    """

    class Module(kind):
        __reduce__ = by_name

        def __setattr__(self, name, value):
            super().__setattr__(name, value)
            if (isinstance(own.get(name), (FunctionType, BuiltinMethodType, re.Pattern))
                    and is_shipped(value, shipped[name])):
                value = own[name]
            bind(rooms, name, value)

        def __delattr__(self, name):
            super().__delattr__(name)
            unbind(rooms, name)

    Module.__name__ = Module.__qualname__ = kind.__name__
    Module.__module__ = kind.__module__
    return Module

# SPDX-License-Identifier: MIT
"""install(), uninstall() and installed(): programs that know nothing of httpclient run on it.

**What it does.**  The functions that stand in http.client's HTTPConnection, HTTPSConnection and
HTTPResponse are exchanged for ours, in the classes themselves; so are the functions of the
module.  The classes stay what they are.  Therefore it does not matter who has imported what
before: whoever holds one of the classes, a subclass or an instance of it has our methods from
then on, with the same attributes and states, and ``isinstance``, ``except`` and pickles see no
difference.  uninstall() puts the functions back.

**What was tried, and lost.**

Binding httpclient's classes in the module http.client serves who looks them up there at each use.
urllib3, botocore and most others have subclassed http.client's before, and keep them.

Giving those subclasses our class as their base (``__bases__``) works for urllib3's class and
fails for http.client's own: CPython changes no base to or from ``object`` ("deallocator
differs").  What was imported by value, ``from http.client import HTTPConnection``, keeps the
old class, instances do not change at all, ``isinstance(connection, http.client.HTTPConnection)``
is false for new ones, and each subclass has to be found.

Exchanging ``__code__`` keeps the identity of the functions too, so even a wrapper that holds one
would call ours; but a function cannot be given another module's globals, and a trampoline costs
a call for each call.

Putting the functions of httpclient's classes as they are on http.client's has them raise
httpclient's exceptions (their type, their module in a traceback and in a pickle are others), and
what is bound in http.client would have to take effect in httpclient as well.  Wrappers that
rename exceptions cost each call something, and show in each traceback.  So the functions are
those of a second instance of our modules, which knows http.client's names alone (``twin.py``):
some 5 ms and 1 MB, once.

**Others who change the classes.**  What an attribute is by http.client's own file is compared
with what it is: where somebody has put another (OpenTelemetry, Sentry, ddtrace and others wrap
methods) it stays, and is called; what it wraps is http.client's method, which understands
itself with our others, since they share attributes and states.  Who wraps after install() wraps
ours.  If such a wrapper is still there at uninstall(), it stays, which a RuntimeWarning says.

A subclass that somebody has put into the module (warcio does when it is imported) stays there as
well: the class that it derives from is served.

**Others who hold our functions.**  What those call is found in their own modules, and what they
keep is one entry of the instance (``_core/connection_state.pyx``, ``_core/response_state.pyx``).
A few defaults and descriptors, which http.client's classes do not have, stay on the classes while
uninstall() finds one of our functions held: by a wrapper, a stack that is within it, a bound
method, a subclass that has it under another name, a traceback.  The counts of references tell, and
the stacks of all threads.  Without a GIL the stacks of other threads cannot be looked at; the
defaults stay while there are any.  The next install() or uninstall() looks again.

**Instances.**  A connection or response that exists at install() goes on with our methods: those
take what http.client's have left, and a foreign ``fp`` is read by its own methods.  At uninstall()
responses whose fields nobody has asked for yet get them, and what else is missing in an instance
because it is a default of our class.  Where they cannot be found (gc.freeze()), our defaults stay.
"""
import copy
import gc
import http.client
import io
import re
import sys
import threading
import warnings
from types import BuiltinMethodType, FunctionType

from .._common import limits
from .._common.rebinding import bind, unbind
from .._core.connection_state import ConnectionState
from .._response.message import message_of
from .pristine import (
    as_shipped, check_names, check_subclasses, is_shipped, loaded_anew, own_classes,
    with_subclasses,
)
from .stdlib_classes import HTTPMessage
from .twin import FUNCTIONS, make_twin

_MISSING = object()
_lock = threading.RLock()


def install():
    """Have http.client's classes run on httpclient, in the whole process; see installed() for part.

    Returns nothing; does nothing if that is so already.  Raises RuntimeError, and changes nothing,
    where it cannot be done: something that does not derive from one of http.client's classes has
    been put in its place, or this is no http.client that is known.
    """
    with _lock:
        _state.wanted = True
        try:
            _state.apply()
        except BaseException:
            _state.wanted = False
            raise


def uninstall():
    """Undo install().  Within ``with installed():`` blocks, that happens at the end of the last.

    Emits a RuntimeWarning where something had to stay.
    """
    with _lock:
        _state.wanted = False
        _state.apply()


class installed:
    """``with installed():`` is install() for a block; ``if installed():`` tells whether it is so.

    Blocks may be nested, and overlap in threads, with one object or several: it ends with the last
    of them, unless install() was called.  Raises RuntimeError, and changes nothing, where install()
    does, and for an end without a beginning.  `replaced` are the attributes that are exchanged, and
    `left` those that belong to somebody else (lists of str), now.
    """

    _entered = 0        # how often this object has been, and not been left

    def __enter__(self):
        with _lock:
            _state.blocks += 1
            try:
                _state.apply()
            except BaseException:
                _state.blocks -= 1
                raise
            self._entered += 1
        return self

    def __exit__(self, *args):
        with _lock:
            if not self._entered:
                raise RuntimeError("httpclient.installed(): the block ends, but has not begun")
            self._entered -= 1
            _state.blocks -= 1
            _state.apply()

    def __bool__(self):
        return _state.active and not loaded_anew()

    @property
    def replaced(self):
        made = _state.made
        return sorted({*made.replaced()} - {*made.left}) if made and self else []

    @property
    def left(self):
        made = _state.made
        return sorted(made.left) if made and self else []

    def __repr__(self):
        if not self:
            stays = "; private attributes stay on http.client's classes" if _state.made else ""
            return f"<httpclient is not installed{stays}>"
        left = f"; left to others: {', '.join(self.left)}" if self.left else ""
        return f"<httpclient is installed: {len(self.replaced)} attributes of http.client{left}>"


class _State:
    """Who wants it, and whether it is so."""

    wanted = False      # install()
    blocks = 0          # with installed()
    active = False
    made = None         # the Installation, also one that could not undo everything
    _busy = False       # whether apply() is under way

    def apply(self):
        """Make it so; after an error, also one of a signal, another call goes on with it."""
        if self._busy:
            return      # this call is a finalizer's, or a signal handler's: see the loop
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
                warnings.warn(f"somebody has replaced {', '.join(sorted(replaced))} since "
                              "install(), which stays; attributes of httpclient stay on "
                              "http.client's classes", RuntimeWarning, stacklevel=3)

    def _undo(self):
        made = self.made
        if made.undo():
            self.made = None
        return made.replaced()


_state = _State()
for _function in install, uninstall, installed:
    _function.__module__ = __package__.partition(".")[0]    # what is shown is the public name


class Installation:
    """The functions, which are exchanged from exchange() until undo()."""

    left = ()       # names of attributes that somebody else has replaced

    def __init__(self):
        self._shipped = as_shipped()
        classes = own_classes(self._shipped)
        # The classes are kept, so that they give up none of their functions: see _held().
        self._rooms, self._attributes, self._templates = make_twin(classes)
        self._module_rooms = [limits, *self._rooms.values()]
        self._bound = [dict(vars(room)) for room in self._module_rooms]
        self._examples = {
            cls: dict(vars(example)) for cls, example in (
                (classes["HTTPResponse"], self._shipped.HTTPResponse(_Nothing())),
                (classes["HTTPConnection"], self._shipped.HTTPConnection("localhost")))}
        self._class = type(http.client)
        self._changes = {}      # (class, name) -> what was there
        self._names = {}        # the same of the module
        self._counts = self._count()
        self._frozen = gc.get_freeze_count()

    def replaced(self):
        """Names of what is exchanged; after undo(), of what others have replaced since."""
        return [*(f"{cls.__name__}.{name}" for cls, name in self._changes), *self._names]

    def exchange(self):
        """Put ours in the place of what http.client's file says; may be done again."""
        own_classes(self._shipped)
        check_names(self._shipped, self._attributes)
        check_subclasses(self._shipped, self._attributes, *self._examples.values())
        self.left = []
        for cls, ours in self._attributes.items():
            self._change_class(cls, ours, vars(getattr(self._shipped, cls.__name__)))
        self._change_module(vars(self._shipped))

    def _change_class(self, cls, ours, shipped):
        present = vars(cls)
        # First what the others call.
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
                    value.__wrapped__ = before      # whose signature and source inspect shows
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
                bind(self._module_rooms, name, before)      # programs add to it
            elif (isinstance(value, (FunctionType, BuiltinMethodType, re.Pattern))
                  and before is not value):
                self._names[name] = before, value
                setattr(http.client, name, value)
        if "print" in present:
            bind(self._module_rooms, "print", present["print"])
        own = {name: ours[name] for name in ours.keys() & shipped.keys()}
        http.client.__class__ = _forwarding(self._class, self._module_rooms, own, shipped)

    # ---- and back

    def undo(self):
        """Put everything back, as far as that can be done now; returns whether it is all."""
        if isinstance(http.client, self._class) and type(http.client) is not self._class:
            http.client.__class__ = self._class
        for name, (before, ours) in list(self._names.items()):
            if vars(http.client).get(name) is ours:
                setattr(http.client, name, before)
            if vars(http.client).get(name) is before:
                del self._names[name]
        for room, bound in zip(self._module_rooms, self._bound):
            vars(room).update(bound)        # what others have bound is theirs, and not ours
        unbind(self._module_rooms, "print")
        self._complete_instances(True, False)
        for (cls, name), before in list(self._changes.items()):
            present = vars(cls).get(name)
            if present is self._attributes[cls][name]:
                setattr(cls, name, before)
                present = before
            if present is before:
                del self._changes[cls, name]
        # From now on nobody gets hold of one of ours.
        stays = bool(self._changes or self._names)
        if not stays and self._held():
            gc.collect()    # perhaps it is garbage that has one
            stays = self._held()
        if not self._complete_instances(stays, not self._on_a_stack()) or stays:
            return False
        for cls, ours in self._attributes.items():
            for name in ours.keys() - vars(getattr(self._shipped, cls.__name__)).keys():
                if vars(cls).get(name, _MISSING) is ours[name]:
                    delattr(cls, name)
        return True

    def _count(self):
        """The references to each of our functions but that of its class."""
        counts = []
        for cls, ours in self._attributes.items():
            for name, value in ours.items():
                function = getattr(value, "__func__", value)
                if isinstance(function, FUNCTIONS):
                    counts.append(sys.getrefcount(function) - (vars(cls).get(name) is function))
        return counts

    def _held(self):
        """Whether somebody has one of our functions, or may have, on a stack or anywhere else."""
        # Without a GIL a stack's are no references that count.
        return self._on_a_stack() or _others_run_freely() or self._count() != self._counts

    def _on_a_stack(self):
        ours = {id(vars(room)) for room in self._rooms.values()}
        unseen = _others_run_freely()
        for thread, frame in sys._current_frames().items():
            if unseen and thread != threading.get_ident():
                continue
            while frame is not None:
                if id(frame.f_globals) in ours:
                    return True
                frame = frame.f_back
        return False

    def _complete_instances(self, in_use, over):
        """Give the responses and connections that there are what http.client expects in them.

        `in_use`: whether our functions may still be called; `over`: whether nothing is under way.
        Returns whether all have it.
        """
        examples, secure = {}, set()    # by id(): a metaclass may have made classes unhashable
        for cls, example in self._examples.items():
            defaults = {name: value for name, value in example.items()
                        if name in self._attributes[cls]}
            examples |= dict.fromkeys(map(id, with_subclasses(cls)), defaults)
        for cls in self._attributes:
            if cls.__name__ == "HTTPSConnection":
                secure.update(map(id, with_subclasses(cls)))
        complete = gc.get_freeze_count() <= self._frozen    # else some may be hidden
        unseen = _others_run_freely()
        for instance in gc.get_objects():
            kind = id(type(instance))
            if kind in examples:
                try:
                    own = object.__getattribute__(instance, "__dict__")
                    _complete(own, examples[kind], in_use)
                    if over and (not unseen or _at_rest(own)):
                        _end(own)
                    if kind in secure and "cert_file" in own and "_context" not in own:
                        # It shares the default context.
                        own["_context"] = self._rooms["https"]._create_https_context(
                            instance._http_vsn)
                except Exception:
                    complete = False    # what a subclass does is its affair
        return complete


def _others_run_freely():
    """Return True if there are other threads whose stacks change while they are looked at."""
    return not getattr(sys, "_is_gil_enabled", lambda: True)() and len(sys._current_frames()) > 1


class _Nothing:
    """As much of a socket as a response needs that is never read."""

    def makefile(self, mode):
        return io.BytesIO()


def _complete(own, defaults, in_use):
    """Add to the attributes of an instance what is missing."""
    if "fp" not in own and "_buffer" not in own:
        return      # __init__() was not called
    state = own.get("_hc_state")
    head = getattr(state, "head", None)     # of a response
    if head is not None and None in (own.get("headers"), own.get("msg")):
        message = state.message or message_of(head, HTTPMessage)
        for name in "headers", "msg":
            if own.get(name) is None:
                own[name] = message
    for name, value in defaults.items():
        # Whether somebody is about to read the head nobody knows.
        if name not in own and not (in_use and name in ("headers", "msg")):
            own[name] = copy.copy(value)


def _at_rest(own):
    """Return True if no other thread sends a request of a connection, or takes the response."""
    state = own.get("_hc_state")
    return state is None or state.is_own() or (
        state.unsent is None
        and own.get("_HTTPConnection__state") in (http.client._CS_IDLE, http.client._CS_REQ_SENT))


def _end(own):
    """Take from the attributes of a connection what is of one request or socket alone."""
    state = own.get("_hc_state")
    if type(state) is not ConnectionState:
        return      # a response's
    spoiled = state.spoiled
    del own["_hc_state"]
    if spoiled is not None and own.get("sock") is spoiled:
        own["sock"] = None      # http.client would go on with it
        spoiled.close()


def _forwarding(kind, rooms, own, shipped):
    """A class for the module http.client: what is bound in it reaches where it is used.

    Who puts back what http.client itself had there means ours, `own`.
    """

    class Module(kind):
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

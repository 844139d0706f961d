# SPDX-License-Identifier: MIT
"""The twin: a second instance of httpclient's modules, for http.client's own classes.

A function looks up exceptions, classes, and names that programs rebind in the module that defines
it.  Functions on http.client's classes must find http.client's names there, while httpclient's own
functions still find httpclient's.  So install() imports the modules a second time, as submodules
of another package.  When these import each other, they get

- the stand-in ``stdlib_classes`` for ``exceptions``, ``classes`` and ``settings``;
- httpclient's own module if it is compiled (``_core``): it cannot be loaded twice;
- httpclient's own module if it is a leaf, which imports none of httpclient's other Python modules:
  its names would be the same, and its data, such as TLS sessions, must exist only once in the
  process.  A leaf must not use names that programs rebind, not even ``print``;
- otherwise a second instance, which runs the same code.

The second instances have the name http.client, and so have their functions and classes.
"""
import sys
from functools import cache
from importlib import import_module
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import FunctionType, ModuleType

from .._response.chunked import ChunkSteps
from . import stdlib_classes

CLASSES = "HTTPResponse", "HTTPConnection", "HTTPSConnection"     # each after its base class
FUNCTIONS = FunctionType, type(ChunkSteps._safe_read)     # Cython has a type of its own
_PACKAGE = __package__.rpartition(".")[0]
_CORE = _PACKAGE + "._core"
_TWIN = _PACKAGE + ".twin-"         # no import statement can name this package
_EXCHANGED = "_common.exceptions", "_common.classes", "_response.settings"


def make_twin(classes):
    """Import the twin that serves http.client's classes (dict: name -> class).

    Returns its modules (dict: name -> module), and the attributes for each class of http.client
    (dict: class -> dict: name -> value).
    """
    secure = f"{_PACKAGE}._request.https" in sys.modules    # False in a Python without ssl
    modules = _import_again("_request.https" if secure else "_request.connection")
    names = {name: value for module in modules.values() for name, value in vars(module).items()}
    templates = {names[name]: cls for name, cls in classes.items() if name in names}
    for module in modules.values():
        vars(module).update(_exchanged(vars(module), templates))
    return modules, _attributes(templates)


@cache
def code_of(module):
    """Return the code that a module ran when it was imported, or None if there is none."""
    spec, name = module.__spec__, module.__name__
    # ``import six.moves.http_client`` gives http.client a spec of another name, and programs
    # that run a module themselves may give it None.
    known = getattr(spec, "name", None) == name
    loader = spec.loader if known else getattr(module, "__loader__", None)
    if hasattr(loader, "get_code"):
        return loader.get_code(name)
    package, _, name = name.partition(".")
    if package != _PACKAGE:
        return None
    # Nuitka has compiled the program, and its loader has only machine code.
    from .sources import SOURCES
    return compile(SOURCES[name], module.__file__, "exec", dont_inherit=True)


class _Importer(SourceFileLoader):
    """Finds and loads the modules of the twin, with the code of httpclient's modules."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name.startswith(_TWIN + "."):
            original = import_module(name.replace(_TWIN, _PACKAGE, 1))
            return ModuleSpec(name, cls(original.__name__, original.__file__))

    def create_module(self, spec):
        module = ModuleType("http.client")      # becomes __module__ of its functions
        module.__file__ = self.path
        return module

    def get_code(self, fullname):
        return code_of(sys.modules[self.name])


def _import_again(last):
    """Import a module into the twin; return all second instances (dict: name -> module)."""
    names = [name for name in sys.modules if f"{name}.".startswith(_PACKAGE + ".")]
    known = {name.replace(_PACKAGE, _TWIN, 1): known for name in names
             if (known := _known(sys.modules[name])) is not None}
    known |= {f"{_TWIN}.{name}": stdlib_classes for name in _EXCHANGED}
    sys.modules.update(known)
    sys.meta_path.insert(0, _Importer)
    try:
        import_module(f"{_TWIN}.{last}")
    finally:
        sys.meta_path.remove(_Importer)
        imported = {name: sys.modules.pop(name) for name in list(sys.modules)
                    if name.startswith(_TWIN)}
    return {name.rpartition(".")[2]: module for name, module in imported.items()
            if name not in known}


def _known(module):
    """Return the module that the twin uses for a module of httpclient, or None to import it again.

    Modules of _core and leaves are shared; for another package, it is an empty one.
    """
    if module.__name__.startswith(_CORE) or not hasattr(module, "__path__") and all(
            origin == module.__name__ or origin.startswith(_CORE)
            or origin.partition(".")[0] != _PACKAGE
            for origin in map(_origin, vars(module).values())):
        return module
    if hasattr(module, "__path__"):
        package = ModuleType(module.__name__.replace(_PACKAGE, _TWIN, 1))
        package.__path__ = []
        return package
    return None


def _origin(value):
    """Return the name of a module, or of the module that defines a function or class."""
    return str(value.__name__ if isinstance(value, ModuleType)
               else getattr(value, "__module__", None))


def _exchanged(attributes, templates):
    """Return the attributes that are classes of the twin, as the classes of http.client."""
    return {name: templates[value] for name, value in attributes.items()
            if isinstance(value, type) and value in templates}


def _attributes(templates):
    """Return the attributes for each class, from its template and the template's base classes."""
    found, taken = {}, set()
    for template, cls in templates.items():
        own = found[cls] = {}
        for base in reversed(template.__mro__):
            if base.__module__ == "http.client" and base not in taken:
                taken.add(base)
                own.update(vars(base))
        for name, value in list(own.items()):
            if (name == "_abc_impl" or name.startswith("__annot")
                    or name.startswith("__") and type(value) is not FunctionType):
                del own[name]       # Python sets this for each class.
        own.update(_exchanged(own, templates))
        for name, value in own.items():
            _belong_to(cls, name, getattr(value, "__func__", value))
    return found


def _belong_to(cls, name, function):
    """Make a function one of a class: for super(), pickles, inspect, its name in tracebacks."""
    if isinstance(function, FUNCTIONS):
        function.__annotations__ = {}       # http.client's functions have none.
        function.__qualname__ = f"{cls.__qualname__}.{name}"
        for variable, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
            if variable == "__class__":
                cell.cell_contents = cls

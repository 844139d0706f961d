# SPDX-License-Identifier: MIT
"""``python -m httpclient``: runs a program as Python would, with httpclient installed.

The program gets its own ``__main__`` module, ``sys.argv`` and ``sys.path``, and ends with its usual
exit status.  Tracebacks of uncaught exceptions do not show httpclient's frames.  Modules that only
some programs need are imported on demand, because each import costs milliseconds.
"""
import io
import os
import runpy
import sys
from importlib.machinery import BuiltinImporter, SourceFileLoader, SourcelessFileLoader
from importlib.util import MAGIC_NUMBER
from types import ModuleType

from .._common.version import __version__
from .install import install

USAGE = """\
usage: python -m httpclient [--stats] -m module | -c code | script | - [argument ...]

Runs a Python program with httpclient {version} in place of http.client, also below urllib.request,
urllib3, requests, boto3 and so on.  Python's own options belong before -m.

  -m module   a module, as python -m does
  -c code     code (str), as python -c does
  script      a file, or a folder or zip file with a __main__.py
  -           read the program from standard input
  --stats     at the end, print counts and the estimated CPU time saved to standard error
"""


def main():
    """Run the program that sys.argv names."""
    run, argv = _parsed(sys.argv[1:])
    sys.argv[:] = argv
    try:
        install()
    except RuntimeError as error:
        sys.exit(f"httpclient: {error}")
    _run(run)


def _parsed(args):
    """Return a function without arguments that runs the program, and the program's sys.argv."""
    counting = args[:1] == ["--stats"]
    if counting:
        del args[0]
        if not args:
            _refuse("--stats requires a program")
    option, rest = (args[0], args[1:]) if args else ("--help", [])
    if option in ("-h", "--help"):
        print(USAGE.format(version=__version__), end="", file=sys.stdout if args else sys.stderr)
        sys.exit(0 if args else 2)
    if option in ("-V", "--version"):
        print(f"httpclient {__version__}")
        sys.exit()
    for name, function in ("-m", _module), ("-c", _code):
        if option.startswith(name):
            given = [option[2:], *rest] if option != name else rest
            if not given:
                _refuse(f"{name} requires an argument")
            run, argv = function, [name, *given[1:]]
            break
    else:
        if option.startswith("-") and option != "-":
            _refuse(f"unknown option {option}")
        run, given, argv = (_standard_input if option == "-" else _script), [option], args
    if counting:
        from . import stats
        stats.begin()
    return lambda: run(given[0]), argv


def _refuse(why):
    print(f"httpclient: {why}\n{USAGE.format(version=__version__)}", end="", file=sys.stderr)
    sys.exit(2)


def _run(run):
    try:
        run()
    except SystemExit:
        raise
    except BaseException:
        # Re-raise it: the interpreter chooses the exit status or signal.
        previous = getattr(sys, "excepthook", sys.__excepthook__)

        def hook(kind, error, traceback):
            sys.excepthook = previous
            _show(previous, kind, error, _without_httpclient(traceback))

        sys.excepthook = hook
        raise


def _show(hook, kind, error, traceback):
    """Call the program's hook as the interpreter does, but hide httpclient's frames if it fails."""
    try:
        hook(kind, error.with_traceback(traceback), traceback)
    except SystemExit:
        raise
    except BaseException as problem:
        frames = problem.__traceback__.tb_next
        print("Error in sys.excepthook:", file=sys.stderr)
        sys.__excepthook__(type(problem), problem.with_traceback(frames), frames)
        print("\nOriginal exception was:", file=sys.stderr)
        sys.__excepthook__(kind, error, traceback)


def _without_httpclient(traceback):
    """Return the part of a traceback after this module's frames."""
    own = globals()
    while traceback is not None and traceback.tb_frame.f_globals is not own:
        traceback = traceback.tb_next
    while traceback is not None and traceback.tb_frame.f_globals is own:
        traceback = traceback.tb_next
    return traceback


def _fresh_main(file=None, loader=BuiltinImporter):
    """Return the namespace of a new ``__main__`` module, as Python creates it at start-up."""
    _fresh_main.before = sys.modules["__main__"]    # Keep the running module alive.
    module = sys.modules["__main__"] = ModuleType("__main__")
    module.__loader__ = loader
    module.__builtins__ = sys.modules["builtins"]
    if sys.version_info < (3, 14):
        module.__annotations__ = {}
    if file is not None:
        module.__file__ = file
        if sys.version_info < (3, 15):
            module.__cached__ = None
    return vars(module)


def _set_path(first):
    """Set sys.path[0], which ``-m`` has set to the working folder; with ``-P`` there is none."""
    if not sys.flags.safe_path:
        sys.path[0] = first


def _module(name):
    _fresh_main()
    runpy._run_module_as_main(name)     # the function that the interpreter itself calls


def _code(source):
    _set_path("")
    if sys.version_info >= (3, 14):
        import textwrap
        source = textwrap.dedent(source)
    namespace = _fresh_main()
    code = compile(source, "<string>", "exec", dont_inherit=True)
    if sys.version_info >= (3, 13):     # Tracebacks show the lines of the code.
        import linecache
        linecache._register_code(code, source, "<string>")
        if sys.version_info < (3, 14):
            linecache._register_code("<string>", source, "<string>")
    exec(code, namespace)


def _standard_input(name):
    _set_path("")
    source = sys.stdin.buffer.read()
    namespace = _fresh_main("<stdin>")
    exec(compile(source, "<stdin>", "exec", dont_inherit=True), namespace)


def _absolute(path):
    """Return an absolute path as the interpreter does: it keeps ".." because of symbolic links."""
    if os.name == "nt" or path == ".":
        return os.path.abspath(path)
    return os.path.join(os.getcwd(), path)


def _holds_modules(path):
    """Return True if modules can be imported from a path, such as a folder or a zip file."""
    for hook in sys.path_hooks:
        try:
            return hook(path) is not None
        except ImportError:
            continue
    return False


def _script(path):
    full = _absolute(path)
    if _holds_modules(full):
        if sys.flags.safe_path:
            sys.path.insert(0, full)
        _set_path(full)
        _fresh_main()
        return runpy._run_module_as_main("__main__", False)
    try:
        with io.open_code(full) as file:
            code = file.read()
    except OSError as error:
        print(f"{sys.executable}: can't open file {full!r}: [Errno {error.errno}] "
              f"{error.strerror}", file=sys.stderr)
        sys.exit(2)
    compiled = path.endswith(".pyc") or code[:2] == MAGIC_NUMBER[:2]
    if compiled:
        import pkgutil
        code = pkgutil.read_code(io.BytesIO(code))
        if code is None:
            raise RuntimeError("Bad magic number in .pyc file")
    _set_path(os.path.dirname(os.path.realpath(full)))
    loader = SourcelessFileLoader if compiled else SourceFileLoader
    namespace = _fresh_main(full, loader("__main__", full))
    if isinstance(code, bytes):
        code = compile(code, full, "exec", dont_inherit=True)
    exec(code, namespace)

# SPDX-License-Identifier: MIT
"""Forward a name that a program rebinds in the public module to the modules that use it (rooms).

http.client is one module, httpclient is many.  A program that sets ``_is_legal_header_name`` or
``print`` in the public module expects httpclient to call it.
"""
import importlib


def bind(rooms, name, value):
    """Bind a name in each room that has it; `print` in all of them, as none defines it."""
    for room in () if name.startswith("__") else rooms:
        if name in room.__dict__ or name == "print":
            setattr(room, name, value)


def unbind(rooms, name):
    """Undo the binding of `print`, the only name that rooms do not define themselves."""
    for room in rooms:
        if name == "print" and name in room.__dict__:
            delattr(room, name)


def by_name(module):
    """Pickle a module by its name: __reduce__() of the classes of modules that forward names.

    cloudpickle, with which Dask, Spark and Ray send functions to other processes, does this itself
    only for modules whose class is ModuleType.
    """
    return importlib.import_module, (module.__name__,)

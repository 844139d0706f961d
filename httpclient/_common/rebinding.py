# SPDX-License-Identifier: MIT
"""What programs bind in a module reaches the modules (rooms) where the name is used.

http.client is one module, httpclient is many: who sets ``_is_legal_header_name`` or ``print``
in the one that he sees expects that it is called.
"""


def bind(rooms, name, value):
    """Bind a name anew wherever it is used; `print` everywhere, as nobody binds it before."""
    for room in () if name.startswith("__") else rooms:
        if name in room.__dict__ or name == "print":
            setattr(room, name, value)


def unbind(rooms, name):
    """Undo the binding of a name that no room has of its own."""
    for room in rooms:
        if name == "print" and name in room.__dict__:
            delattr(room, name)

# SPDX-License-Identifier: MIT
"""Signatures for methods that take their arguments in more than one order."""


def shown_signature(*names, **keywords):
    """Return a decorator that sets the signature of a method with ``*args``, as inspect shows it.

    inspect uses the signature of ``__wrapped__``.  An inspect.Signature would need an import that
    takes longer than importing all of httpclient.
    """
    defaults = {name: default[0] for name, *default in names if default} | keywords
    words = ["self", *(name for name, *_ in names), "*" if keywords else "", *keywords]
    shown = ", ".join(f"{word}={word}" if word in defaults else word for word in words if word)

    def decorate(function):
        function.__wrapped__ = eval(f"lambda {shown}: None", defaults)
        return function
    return decorate


def by_name(function, names, args, keywords):
    """Return `keywords` with the positional `args` added under their names.

    Raises TypeError if there are too many of them, or one is given twice.
    """
    given = dict(zip(names, args))
    if len(args) > len(names):
        raise TypeError(f"{function}() takes at most {len(names)} of these arguments by position, "
                        f"got {len(args)}: {args!r}")
    for name in given.keys() & keywords.keys():
        raise TypeError(f"{function}() got multiple values for argument {name!r}")
    return keywords | given

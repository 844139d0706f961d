# SPDX-License-Identifier: MIT
"""Signatures for methods that take their arguments in more than one order."""


def shown_signature(*names, **keywords):
    """Sets what inspect shows of a method whose ``*args`` serve older orders.

    inspect takes the signature of what a function says that it wraps.  It is not
    imported for it: that would take longer than importing all of our modules.
    """
    defaults = {name: default[0] for name, *default in names if default} | keywords
    words = ["self", *(name for name, *_ in names), "*" if keywords else "", *keywords]
    shown = ", ".join(f"{word}={word}" if word in defaults else word for word in words if word)

    def decorate(function):
        function.__wrapped__ = eval(f"lambda {shown}: None", defaults)
        return function
    return decorate


def by_name(function, names, args, keywords):
    """`keywords` with the positional `args` among them, or the TypeError for contradictions."""
    given = dict(zip(names, args))
    if len(args) > len(names):
        raise TypeError(f"{function}() takes at most {len(names)} arguments like these: {args!r}")
    for name in given.keys() & keywords.keys():
        raise TypeError(f"{function}() got multiple values for argument {name!r}")
    return keywords | given

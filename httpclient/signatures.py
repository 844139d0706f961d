# SPDX-License-Identifier: MIT
"""Signatures for methods that take their arguments in more than one order."""
import inspect


def shown_signature(*names, **keywords):
    """Sets what inspect shows of a method whose ``*args`` serve older orders."""
    kinds = inspect.Parameter
    parameters = [kinds("self", kinds.POSITIONAL_OR_KEYWORD)]
    for name, *default in names:
        parameters.append(kinds(name, kinds.POSITIONAL_OR_KEYWORD,
                                default=default[0] if default else kinds.empty))
    for name, default in keywords.items():
        parameters.append(kinds(name, kinds.KEYWORD_ONLY, default=default))

    def decorate(function):
        function.__signature__ = inspect.Signature(parameters)
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

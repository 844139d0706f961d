# SPDX-License-Identifier: MIT
"""Arguments of constructors that take them in more than one order."""


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

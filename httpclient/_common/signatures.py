# SPDX-License-Identifier: MIT
"""Signatures: arguments in more than one order, and deprecated functions."""
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import deprecated
else:
    def deprecated(message):
        """Return a decorator that tells type checkers alone that a function is deprecated."""
        return lambda function: function


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

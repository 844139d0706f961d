# SPDX-License-Identifier: MIT
"""Run a check several times within one test, and name the times that it fails.

That is for the ways in which the same bytes arrive or are read.  What the bytes are, and what is
expected of them, are parameters of pytest.
"""

import functools
import inspect

import pytest

FAILURES = (Exception, pytest.fail.Exception, pytest.skip.Exception)


def try_each(ways, check):
    """Call check(way) for each of `ways` ({name: way}).

    If some calls fail, raise an ExceptionGroup whose text names their ways.  Skipping a single way
    is a failure, because it would look as if the whole test had been skipped.
    """
    failed = {}
    for name, way in ways.items():
        try:
            check(way)
        except FAILURES as error:
            error.add_note(f"the way that fails: {name}")
            failed[name] = error
    if len(failed) == len(ways) and {*map(type, failed.values())} == {pytest.skip.Exception}:
        raise next(iter(failed.values()))
    if failed:
        raise BaseExceptionGroup(
            f"{len(failed)} of {len(ways)} ways fail: {'; '.join(failed)}", [*failed.values()])


def in_each_way(names, ways):
    """Like pytest.mark.parametrize(names, ways), but all ways are one test.

    `names` are the test's arguments for one way, separated by commas.  `ways` is {name of the way:
    its argument, or a tuple of several arguments}.
    """
    keys = names.replace(",", " ").split()

    def decorate(test):
        @functools.wraps(test)
        def run(**given):
            try_each(ways, lambda way: test(
                **given, **dict(zip(keys, way if len(keys) > 1 else [way]))))

        signature = inspect.signature(test)
        run.__signature__ = signature.replace(parameters=[
            parameter for name, parameter in signature.parameters.items() if name not in keys])
        return run

    return decorate

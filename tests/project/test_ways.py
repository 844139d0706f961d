# SPDX-License-Identifier: MIT
"""support.ways, on which thousands of comparisons rely: no way is left out, each failure named."""

import inspect

import pytest

from support.ways import in_each_way

tried = []


@in_each_way("first, second", {"small": (1, 2), "large": (100, 200)})
def add(total, first, second):
    tried.append((first, second))
    assert first + second == total


def test_each_way_is_tried_and_the_failing_one_is_named():
    tried.clear()
    with pytest.raises(ExceptionGroup, match="^1 of 2 ways fail: large") as caught:
        add(total=3)
    assert tried == [(1, 2), (100, 200)]
    assert type(caught.value.exceptions[0]) is AssertionError
    assert caught.value.exceptions[0].__notes__ == ["the way that fails: large"]


def test_failures_and_skips_of_pytest_are_named():
    @in_each_way("call", {"fail": pytest.fail, "skip": pytest.skip, "str": str})
    def use(call):
        call("no")

    with pytest.raises(BaseExceptionGroup, match="2 of 3 ways fail: fail; skip"):
        use()


def test_skip_in_every_way_skips_the_test():
    with pytest.raises(pytest.skip.Exception, match="not here"):
        in_each_way("reason", {"1": "not here", "2": "nor here"})(pytest.skip)()


def test_pytest_sees_the_other_arguments_alone():
    assert [*inspect.signature(add).parameters] == ["total"]


@in_each_way("one", {"1": 1, "2": 2})
@pytest.mark.parametrize("other", [3, 4])
def test_other_parameters_stay_tests_of_their_own(one, other, request):
    assert (one, other) in [(1, 3), (2, 3), (1, 4), (2, 4)]
    assert request.node.name.endswith(f"[{other}]")

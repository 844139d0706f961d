# SPDX-License-Identifier: MIT
from collections.abc import Sequence
from typing import Any

from typing_extensions import disjoint_base

from .hosts import Timed

@disjoint_base
class Link(Timed):
    def resolved(self, found: Sequence[Any] | BaseException) -> None: ...
    def watch_connecting(self, fd: int) -> None: ...
    def unwatch_connecting(self, fd: int) -> None: ...

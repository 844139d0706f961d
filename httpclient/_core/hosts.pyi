# SPDX-License-Identifier: MIT
from typing_extensions import disjoint_base

@disjoint_base
class Timed: ...

@disjoint_base
class Host(Timed):
    @property
    def key(self) -> tuple[str, str, int]: ...

@disjoint_base
class Schedule:
    def __init__(self) -> None: ...
    @property
    def open(self) -> int: ...
    @property
    def queued(self) -> int: ...
    @property
    def outstanding(self) -> int: ...

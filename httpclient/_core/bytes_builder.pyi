# SPDX-License-Identifier: MIT
import sys
from typing import final

from typing_extensions import Self

@final
class Result:
    def __new__(cls, size: int) -> Self: ...
    if sys.version_info >= (3, 12):
        def __buffer__(self, flags: int, /) -> memoryview: ...

@final
class Gathering: ...

# SPDX-License-Identifier: MIT
from typing import Any, final

from .guards import Bindings, Originals
from .reuse import Reuse

STEPS_DATA: tuple[str, ...]

@final
class Steps:
    def __init__(
        self, line: Originals, output: Originals, field: Originals, sending: Originals,
        reuse: Reuse, rules: Bindings, cold: Any,
    ) -> None: ...
    def putrequest(
        self, connection: Any, method: object, target: object, skip_host: object,
        skip_accept_encoding: object,
    ) -> bool: ...
    def putheader(self, connection: Any, name: object, values: tuple[object, ...]) -> bool: ...
    def endheaders(self, connection: Any) -> bool: ...

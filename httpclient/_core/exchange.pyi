# SPDX-License-Identifier: MIT
from collections.abc import Callable
from typing import Any, final

from .guards import Bindings, Originals
from .reuse import Reuse

JOINED: int
CONNECTION_DATA: tuple[str, ...]
RESPONSE_CONNECTION_DATA: tuple[str, ...]
RESPONSE_DATA: tuple[str, ...]

def alone(response: Any, function: Callable[[Any, Any], Any], argument: Any) -> Any: ...

@final
class Requests:
    def __init__(
        self, methods: Originals, reuse: Reuse, rules: Bindings,
        namespace: dict[str, Any], cold: Any,
    ) -> None: ...
    def send(
        self, connection: Any, method: object, target: object, body: object, headers: object,
        deadline: object,
    ) -> bool: ...

@final
class Responses:
    def __init__(
        self, connection: Originals, methods: Originals, rules: Bindings,
        begin_with: Callable[[Any, Any, Any], None], message_framing: Callable[..., Any], cold: Any,
    ) -> None: ...
    def take(self, connection: Any) -> Any: ...

@final
class Fields:
    def __init__(self, fields: Originals) -> None: ...
    def value_of(self, response: Any, name: object) -> Any: ...

# SPDX-License-Identifier: MIT
from collections.abc import Callable, Iterable
from typing import Any, final

@final
class Originals:
    def __init__(self, cls: type, *names: str, data: Iterable[str] = ()) -> None: ...
    def in_class(self, cls: type) -> bool: ...
    def in_object(self, obj: object) -> bool: ...

@final
class Bindings:
    def __init__(self, namespace: dict[str, Any], *names: str) -> None: ...

NOT_MINE: object

@final
class Converter:
    def __init__(
        self, namespace: dict[str, Any], name: str, otherwise: Callable[[Any, type], Any],
    ) -> None: ...
    def __call__(self, obj: Any) -> Any: ...

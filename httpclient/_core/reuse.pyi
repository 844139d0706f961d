# SPDX-License-Identifier: MIT
from collections.abc import Callable
from typing import Any, final

from .connection_state import ConnectionState
from .guards import Originals

@final
class Reuse:
    def __init__(
        self, answers: Originals, forget_exchange: Callable[[Any], None],
        drop: Callable[[Any], None], has_unread_input: Callable[[Any], bool],
    ) -> None: ...
    def usable_socket(
        self, own: dict[str, Any], connection: Any, state: ConnectionState,
    ) -> Any: ...

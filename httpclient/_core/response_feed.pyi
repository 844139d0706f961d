# SPDX-License-Identifier: MIT
from typing import Any

from _typeshed import MaybeNone, ReadableBuffer
from typing_extensions import disjoint_base

from .._common.limits import Limits
from .response_state import ResponseState

@disjoint_base
class ResponseFeed:
    strict: bool | None
    # MaybeNone (Any) where None, before the head, would have to be ruled out at each use.
    status: int | MaybeNone
    reason: str | MaybeNone
    version: int | MaybeNone
    chunked: bool | MaybeNone
    length: int | None
    will_close: bool | MaybeNone
    complete: bool
    failed: bool
    surplus: bytes
    @property
    def _state(self) -> ResponseState: ...
    def __init__(
        self, method: object, reused: bool, strict: bool | None, limits: Limits, cold: Any,
    ) -> None: ...
    def feed(self, data: ReadableBuffer) -> bytes: ...
    def end(self) -> bytes: ...

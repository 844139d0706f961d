# SPDX-License-Identifier: MIT
from typing import Any, final

from .._common.limits import Limits
from .chunked import ChunkedBody

@final
class ResponseState:
    limits: Limits
    strict: Any
    head: Any
    message: Any
    interim: Any
    interim_bytes: int
    status_line: bytes
    raw_head: bytes | None
    reused: bool
    simple: bool
    body: ChunkedBody | None
    framing_excess: int
    trailer_section: bytes
    broken: bool
    unsaid: BaseException | None
    def begin_turn(self) -> bool: ...
    def end_turn(self) -> None: ...

def response_state(response: Any) -> ResponseState: ...
def restored_state(
    limits: Limits, head: Any, message: Any, interim: Any, trailer_section: bytes, broken: bool,
    raw_head: bytes | None, strict: Any = None,
) -> ResponseState: ...

# SPDX-License-Identifier: MIT
from _typeshed import ReadableBuffer
from typing import final

from .reader import Reader

@final
class FeedReader(Reader):
    def feed(self, data: ReadableBuffer) -> None: ...
    def end(self) -> None: ...
    def close(self) -> None: ...

# SPDX-License-Identifier: MIT
from typing import final

from _typeshed import ReadableBuffer

from .reader import Reader

@final
class FeedReader(Reader):
    def feed(self, data: ReadableBuffer) -> None: ...
    def end(self) -> None: ...

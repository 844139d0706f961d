# SPDX-License-Identifier: MIT
from typing import final

from .reader import Reader

@final
class FeedReader(Reader): ...

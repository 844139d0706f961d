# SPDX-License-Identifier: MIT
from typing_extensions import disjoint_base

from .sender import Sender

@disjoint_base
class Transfer(Sender): ...

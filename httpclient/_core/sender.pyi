# SPDX-License-Identifier: MIT
from typing_extensions import disjoint_base

from .link import Link

@disjoint_base
class Sender(Link): ...

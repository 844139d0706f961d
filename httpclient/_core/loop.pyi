# SPDX-License-Identifier: MIT
from typing_extensions import disjoint_base

from .hosts import Schedule

@disjoint_base
class Loop(Schedule): ...

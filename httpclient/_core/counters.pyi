# SPDX-License-Identifier: MIT
from typing import final

@final
class Tally:
    requests: int
    responses: int
    octets: int

tally: Tally

# SPDX-License-Identifier: MIT
class Tally:
    requests: int
    responses: int
    octets: int

tally: Tally

# SPDX-License-Identifier: MIT
"""The clock of the bench and the machine around it; nothing here knows HTTP.

    measure.py     rounds and batches, the clock, the figures
    neighbours.py  other programs on the machine, and precedence over them
    processes.py   the processes that the bench starts
"""

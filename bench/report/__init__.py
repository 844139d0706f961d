# SPDX-License-Identifier: MIT
"""The report of the bench: which rows it has, and how their figures are shown and judged.

    rows.py      all rows, and the functions that measure them
    bounds.py    the bounds that figures must keep: --check
    tables.py    figures as tables, for a terminal or as Markdown
    plot.py      figures as pictures
    progress.py  the rows that are done, on standard error
"""

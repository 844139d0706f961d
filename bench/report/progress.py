# SPDX-License-Identifier: MIT
"""The progress of the bench: a bar on a terminal where `rich` is installed, else lines."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any


def shown(rows: list[Any]) -> Iterator[Any]:
    """Yield the rows; announce each by its `name` on standard error."""
    try:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
    except ImportError:
        yield from announced(rows)
        return
    console = Console(stderr=True)
    if not console.is_terminal:
        yield from announced(rows)
        return
    # Drawn between rows alone: a thread that redraws would disturb the measurement.
    with Progress(TextColumn("{task.description:24}"), BarColumn(), TextColumn("{task.completed}"
                  "/{task.total}"), TimeElapsedColumn(), console=console,
                  auto_refresh=False) as progress:
        task = progress.add_task("", total=len(rows))
        for row in rows:
            progress.update(task, description=row.name, refresh=True)
            yield row
            progress.update(task, advance=1, refresh=True)


def announced(rows: Iterable[Any]) -> Iterator[Any]:
    for row in rows:
        print(f"{row.name} …", file=sys.stderr, flush=True)
        yield row

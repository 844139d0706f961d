# SPDX-License-Identifier: MIT
"""How far the bench has come: a bar where `rich` is installed and somebody looks, else lines."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any


def shown(rows: list[Any]) -> Iterator[Any]:
    """The rows, one by one; each is announced by its `name` on standard error."""
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
    # Drawn between rows alone: a thread that redraws would be part of what is measured.
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

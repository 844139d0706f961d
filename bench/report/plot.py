# SPDX-License-Identifier: MIT
"""Pictures: the CPU time of each client per request, and its growth.

Left, on a logarithmic scale: every client that was measured, for a small answer.  Right,
measured for the picture alone: the growth of the two modules' time with the number of field
lines and of chunks.

With crowds it is another picture: every client's time over the number of connections.
"""

from __future__ import annotations

import importlib.util
import re
import textwrap
from typing import Any

from bench.cases.crowd.clients import CLIENTS
from bench.cases.crowd.rows import THOUSAND
from bench.cases.fixtures import CHUNK_COUNTS, FIELD_COUNTS

SHOWN = "small-head"

OURS, STDLIB, PEER, RAW = "#d1495b", "#30638e", "#9aa5b1", "#2e4057"
CROWD_COLOURS = ["#2e4057", "#7a8794", "#e08a94", "#f0b7a4", "#8b3a4a", "#30638e", "#2a9d8f",
                 "#6a994e", "#e9a03b", "#9467bd"]
DELAYED = re.compile(r"crowd-\d+-50ms")
LABELS = {"ours": "httpclient", "stdlib": "http.client"}


def possible() -> bool:
    return importlib.util.find_spec("matplotlib") is not None


def costs(result: dict[str, Any]) -> dict[str, float]:
    """Return client -> µs, the slowest first, since bars are drawn from below."""
    found = {LABELS.get(name, name): one["cpu_us"]["median"]
             for name, one in [*result["contenders"].items(), *result.get("peers", {}).items()]}
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def colour(name: str) -> str:
    return {"httpclient": OURS, "http.client": STDLIB, "raw": RAW}.get(name, PEER)


def start() -> Any:
    """Return matplotlib's pyplot, set up so that the same figures give the same file."""
    import matplotlib
    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "httpclient"
    from matplotlib import pyplot
    return pyplot


def draw(results: list[dict[str, Any]], note: str, file: str) -> None:
    """Write the picture; rows that were not measured leave their part of it empty."""
    pyplot, by_name = start(), {result["name"]: result for result in results}
    figure, (bars, fields, chunks) = pyplot.subplots(
        1, 3, figsize=(13, 4.6), gridspec_kw={"width_ratios": [1.5, 1, 1]}, layout="constrained")
    if SHOWN in by_name:
        draw_bars(bars, costs(by_name[SHOWN]))
    bars.set(title="A small answer, 12 fields, keep-alive", xlabel="CPU µs per request")
    draw_growth(fields, by_name, "fields", FIELD_COUNTS)
    fields.set(title="More fields", xlabel="fields in the head", ylabel="CPU µs per request")
    draw_growth(chunks, by_name, "chunks", CHUNK_COUNTS)
    chunks.set(title="More chunks", xlabel="chunks in 1 MiB", ylabel="CPU µs per request")
    save(figure, note, 190, file)
    pyplot.close(figure)


def save(figure: Any, note: str, width: int, file: str) -> None:
    figure.supxlabel("\n".join(textwrap.wrap(note, width)), fontsize=7, color="#555555")
    metadata = {"Date": None} if file.endswith(".svg") else None
    figure.savefig(file, dpi=150, bbox_inches="tight", metadata=metadata)


def draw_crowds(results: list[dict[str, Any]], note: str, file: str) -> None:
    """Write the picture of crowds: small answers over plain connections, after a delay."""
    pyplot = start()
    lines: dict[str, list[tuple[int, float]]] = {}
    for result in results:
        if DELAYED.fullmatch(result["name"]):
            for name, one in result["contenders"].items():
                if name != THOUSAND:
                    lines.setdefault(name, []).append(
                        (result["connections"], one["cpu_us"]["median"]))
    figure, axes = pyplot.subplots(figsize=(9, 5.2), layout="constrained")
    styles = iter(CROWD_COLOURS)
    for name, points in lines.items():
        points.sort()
        axes.plot(*zip(*points), marker="o", markersize=4, label=CLIENTS[name].label,
                  color=OURS if name == "ours" else next(styles),
                  linewidth=2.5 if name == "ours" else 1.2)
    axes.set(title="Many connections, small answers 50 ms away", xlabel="connections",
             ylabel="CPU µs per request", xscale="log", yscale="log")
    plain_numbers(axes.yaxis)
    if lines:
        counts = sorted({count for points in lines.values() for count, _ in points})
        axes.set_xticks(counts, [f"{count:,}" for count in counts])
        axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    axes.spines[["top", "right"]].set_visible(False)
    save(figure, note, 140, file)
    pyplot.close(figure)


def draw_bars(axes: Any, values: dict[str, float]) -> None:
    drawn = axes.barh(list(values), list(values.values()), color=[colour(name) for name in values])
    axes.bar_label(drawn, fmt=" {:.0f}", fontsize=9)
    axes.set_xscale("log")
    plain_numbers(axes.xaxis)
    axes.set_xlim(left=min(values.values()) / 1.6, right=max(values.values()) * 1.8)
    axes.spines[["top", "right"]].set_visible(False)


def plain_numbers(axis: Any) -> None:
    """Label an axis with 10, 20, 50, 100 in place of powers of ten."""
    from matplotlib import ticker
    axis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(ticker.StrMethodFormatter("{x:.0f}"))
    axis.set_minor_locator(ticker.NullLocator())


def draw_growth(axes: Any, by_name: dict[str, Any], kind: str, counts: list[int]) -> None:
    found = [(count, by_name[f"{kind}-{count}"]) for count in counts
             if f"{kind}-{count}" in by_name]
    lines: dict[str, list[tuple[int, float]]] = {}
    for count, result in found:
        for name, one in result["contenders"].items():
            lines.setdefault(LABELS.get(name, name), []).append((count, one["cpu_us"]["median"]))
    for name, points in lines.items():
        xs, ys = zip(*points)
        axes.plot(xs, ys, marker="o", markersize=4, color=colour(name), label=name)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(counts, [str(count) for count in counts])
    plain_numbers(axes.yaxis)
    if lines:
        axes.legend(frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)

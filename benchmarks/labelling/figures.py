"""The figure of docs/rules-growth.svg; the same result gives the same bytes."""

from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from benchmarks.night_plot import save
from benchmarks.size_plot import COLOURS, FAINT, INK, MARKS, STYLE


def draw(growth: list[dict[str, Any]], path: Path) -> None:
    """Writes seconds to label and to compile against the number of rules; dashed, what is linear up to the most."""
    rules = [size["rules"] for size in growth]
    label = [size["seconds"]["median"] for size in growth]
    compiling = [size["compile_seconds"] for size in growth]
    names = (
        f"label {growth[0]['messages']:,} messages, one core",
        "compile, once for as long as rules stay",
    )
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(8, 4.6), facecolor="white", layout="constrained")
        axes = figure.subplots()
        for name, seconds, colour, mark in zip(
            names, (label, compiling), COLOURS, MARKS, strict=True
        ):
            axes.plot(rules, seconds, color=colour, marker=mark, label=name)
            guide = [seconds[-1] * number / rules[-1] for number in rules]
            axes.plot(rules, guide, color=colour, linewidth=1, linestyle=(0, (5, 4)))
        axes.plot([], [], color=INK, linewidth=1, linestyle=(0, (5, 4)), label="linear")
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xticks(rules, [f"{number:,}" for number in rules])
        axes.minorticks_off()
        axes.set_xlabel("rules")
        axes.set_ylabel("seconds")
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.grid(color=FAINT, linewidth=0.8)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
        save(figure, path)

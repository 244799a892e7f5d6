"""The figure of docs/size-and-flips.svg; the same result gives the same bytes."""

from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

COLOURS = (
    "#0b5cad",
    "#b3470b",
)  # told apart by everyone, on white; the shape of the marks says it too
MARKS = ("o", "s")
INK, FAINT = "#222222", "#d9d9d9"
PER = 100_000
STYLE = {
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "nightsieve",
    "font.family": "sans-serif",
    "font.size": 11,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


def draw(result: dict[str, Any], path: Path) -> None:
    """Writes the figure of a result of `benchmarks.size`: KB to the right, flips upwards, zero on its own axis."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(9, 5.6), facecolor="white", layout="constrained")
        some, none = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
        for model, colour, mark in zip(result["models"], COLOURS, MARKS, strict=True):
            _points(some, none, model, colour, mark)
        for axes in (some, none):
            axes.axvline(
                result["bar"] / 1000, color=INK, linewidth=1, linestyle=(0, (5, 4))
            )
        _dress(some, none, result)
        # Without a date and the version of the library the bytes depend on the result alone.
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})


def _points(
    some: Axes, none: Axes, model: dict[str, Any], colour: str, mark: str
) -> None:
    rows = model["rows"]
    sizes = [row["gzipped"] / 1000 for row in rows]
    rates = [row["flips"] / model["messages"] * PER for row in rows]
    flipped = [(size, rate) for size, rate in zip(sizes, rates, strict=True) if rate]
    unflipped = [size for size, rate in zip(sizes, rates, strict=True) if not rate]
    style = {"color": colour, "marker": mark, "markersize": 6}
    label = (
        model["candidate"]
        .partition(",")[0]
        .replace("_nb", " naive Bayes")
        .replace("_", " ")
    )
    some.plot(*zip(*flipped, strict=True), label=label, linewidth=1.2, **style)
    none.plot(unflipped, [_lane(mark)] * len(unflipped), linestyle="none", **style)
    for row, size, rate in zip(rows, sizes, rates, strict=True):
        axes, height = (some, rate) if rate else (none, _lane(mark))
        chosen = row["bits"] == model["chosen_bits"]
        if chosen:
            axes.plot(
                size,
                height,
                marker="o",
                markersize=14,
                markerfacecolor="none",
                markeredgecolor=colour,
            )
        axes.annotate(
            f"{row['bits']}",
            (size, height),
            # Beside a line that falls to the right, above a point on the axis of zero.
            (8, 3) if rate else (0, 9 if chosen else 7),
            textcoords="offset points",
            ha="left" if rate else "center",
            color=colour,
            fontsize=9,
            fontweight="bold" if chosen else "normal",
        )


def _lane(mark: str) -> int:
    """The height at which a model's points without a flip stand: they are all 0, and must not hide each other."""
    return len(MARKS) - MARKS.index(mark)


def _dress(some: Axes, none: Axes, result: dict[str, Any]) -> None:
    first = result["models"][0]
    some.set_yscale("log")
    some.margins(y=0.08)
    some.yaxis.set_major_formatter(
        lambda value, _: f"{value:,.0f}" if value >= 1 else f"{value:g}"
    )
    some.set_ylabel(f"labels flipped, per {PER:,} messages")
    some.grid(axis="y", color=FAINT, linewidth=0.8)
    some.set_title(
        f"File size against flipped labels: {first['terms']:,} terms, {first['labels']} labels, "
        f"{first['messages']:,} messages",
        fontsize=12,
        loc="left",
    )
    some.legend(frameon=False, loc="upper center", title="model", alignment="left")
    some.annotate(
        f"{result['bar'] // 1000} KB,\nthe most allowed",
        (result["bar"] / 1000, 1),
        (6, -26),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        fontsize=9,
    )
    some.tick_params(axis="x", length=0)
    none.set_ylim(0.3, len(MARKS) + 1)
    none.set_yticks([(1 + len(MARKS)) / 2], ["0"])
    none.tick_params(axis="y", length=0)
    none.set_xlabel(
        "gzipped file, KB. The numbers are bits of a weight; a ring marks what the export chooses."
    )
    for axes in (some, none):
        axes.spines[["top", "right"]].set_visible(False)
    some.spines["bottom"].set_visible(False)

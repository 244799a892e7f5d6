"""The figure of docs/size-and-flips.svg."""

from pathlib import Path
from typing import TypedDict

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.harness.figures import (
    COLOURS,
    DASHED,
    FAINT,
    INK,
    MARKS,
    STYLE,
    hide_spines,
    save,
)
from benchmarks.harness.results import values
from benchmarks.parity.records import SizedModel, SizeResult, SizeRow

KILO = 1000
PER = 100_000  # messages


class MarkerStyle(TypedDict):
    """How the points of a model look."""

    color: str
    marker: str
    markersize: float


def draw_size(result: SizeResult, path: Path) -> None:
    """Draw flips against KB, with axes of their own for zero flips."""
    target = result.max_gzipped / KILO
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(9, 5.6), facecolor="white", layout="constrained")
        flip_axes, zero_axes = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
        for model, colour, mark in zip(result.models, COLOURS, MARKS, strict=True):
            _draw_model(flip_axes, zero_axes, model, colour, mark)
        for axes in (flip_axes, zero_axes):
            axes.axvline(target, color=INK, linewidth=1, linestyle=DASHED)
        _label_flip_axes(flip_axes, result)
        _label_zero_axes(zero_axes)
        save(figure, path)


def _draw_model(
    flip_axes: Axes, zero_axes: Axes, model: SizedModel, colour: str, mark: str
) -> None:
    with_flips = [row for row in model.rows if row.flips]
    without_flips = [row for row in model.rows if not row.flips]
    style = MarkerStyle(color=colour, marker=mark, markersize=6)
    sizes = values(with_flips, "gzipped_kb")
    rates = [_flip_rate(row, model) for row in with_flips]
    flip_axes.plot(sizes, rates, label=_model_name(model), linewidth=1.2, **style)
    zero_sizes = values(without_flips, "gzipped_kb")
    heights = [_zero_height(mark)] * len(zero_sizes)
    zero_axes.plot(zero_sizes, heights, linestyle="none", **style)
    for row in model.rows:
        chosen = row.bits == model.chosen_bits
        size = row.gzipped_kb
        if row.flips:
            axes = flip_axes
            height = _flip_rate(row, model)
            offset = (8, 3)  # beside a line that falls to the right
            alignment = "left"
        else:
            axes = zero_axes
            height = _zero_height(mark)
            offset = (0, 9 if chosen else 7)  # above the point
            alignment = "center"
        if chosen:
            _draw_ring(axes, size, height, colour)
        axes.annotate(
            str(row.bits),
            (size, height),
            offset,
            textcoords="offset points",
            ha=alignment,
            color=colour,
            fontsize=9,
            fontweight="bold" if chosen else "normal",
        )


def _flip_rate(row: SizeRow, model: SizedModel) -> float:
    return row.flips / model.messages * PER


def _model_name(model: SizedModel) -> str:
    name = model.candidate.partition(",")[0]
    return name.replace("_nb", " naive Bayes").replace("_", " ")


def _zero_height(mark: str) -> int:
    """Return where a model's points without flips are drawn.

    They are all 0; on one height those of one model would hide those of the other.
    """
    return len(MARKS) - MARKS.index(mark)


def _draw_ring(axes: Axes, size: float, height: float, colour: str) -> None:
    axes.plot(
        size,
        height,
        marker="o",
        markersize=14,
        markerfacecolor="none",
        markeredgecolor=colour,
    )


def _label_flip_axes(axes: Axes, result: SizeResult) -> None:
    model = result.models[0]
    axes.set_yscale("log")
    axes.margins(y=0.08)
    axes.yaxis.set_major_formatter(_format_rate)
    axes.set_ylabel(f"labels flipped, per {PER:,} messages")
    axes.grid(axis="y", color=FAINT, linewidth=0.8)
    axes.set_title(
        f"File size against flipped labels: {model.terms:,} terms, "
        f"{model.labels} labels, {model.messages:,} messages",
        fontsize=12,
        loc="left",
    )
    axes.legend(frameon=False, loc="upper center", title="model", alignment="left")
    axes.annotate(
        f"{result.max_gzipped // KILO} KB,\nthe maximum",
        (result.max_gzipped / KILO, 1),
        (6, -26),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        fontsize=9,
    )
    axes.tick_params(axis="x", length=0)
    hide_spines(axes, "top", "right", "bottom")


def _label_zero_axes(axes: Axes) -> None:
    axes.set_ylim(0.3, len(MARKS) + 1)
    axes.set_yticks([(1 + len(MARKS)) / 2], ["0"])
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(
        "gzipped file, KB. The numbers are bits of a weight; a ring marks what the "
        "export chooses."
    )
    hide_spines(axes, "top", "right")


def _format_rate(value: float, _: object) -> str:
    if value >= 1:
        return f"{value:,.0f}"
    return f"{value:g}"

"""The figures of docs/night-stages.svg and docs/night-growth.svg."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from benchmarks.harness.figures import (
    DASHED,
    FAINT,
    INK,
    STYLE,
    hide_spines,
    save,
)
from benchmarks.harness.nights import STAGES
from benchmarks.harness.results import values
from benchmarks.night.records import GrowthResult, WholeNightResult

# A colour and a mark for each stage. Everyone can tell the colours apart on white; the
# marks and the order differ as well.
COLOURS = (
    "#0b5cad",
    "#7a7a7a",
    "#b3470b",
    "#e0a526",
    "#4f9d69",
    "#8c5aa8",
    "#222222",
    "#9cc3e6",
)
MARKS = ("o", "x", "s", "D", "^", "v", "P", "*")
NO_STAGE = "#e9e9e9"
MILLION = 1e6


class LineStyle(TypedDict):
    """How the line of a stage looks."""

    color: str
    marker: str
    linewidth: float
    label: str


def draw_stages(result: WholeNightResult, path: Path) -> None:
    """Draw the stages of the script and of a night as stacked bars.

    The night is drawn twice: on the scale of the script, and as long as the script.
    """
    script = {stage: spread.median for stage, spread in result.script.stages.items()}
    night = {stage: use.share.median for stage, use in result.next_night.stages.items()}
    script_seconds = result.script.seconds.median
    night_seconds = result.next_night.seconds.median
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(9, 4.2), facecolor="white", layout="constrained")
        same_scale, closer = figure.subplots(2, 1, height_ratios=(2, 1.3))
        _draw_bar(same_scale, "plain script", script, script_seconds)
        _draw_bar(same_scale, "night", night, night_seconds)
        _draw_bar(closer, "night, closer", night, night_seconds)
        same_scale.invert_yaxis()
        same_scale.set_title(
            f"A night of {result.rows:,} rows, {result.sampled:,} sampled, beside the "
            "plain script",
            fontsize=12,
            loc="left",
        )
        closer.set_xlabel(
            "seconds; where tasks of several stages ran at once, each has its part of "
            "the time"
        )
        for axes in (same_scale, closer):
            hide_spines(axes, "top", "right", "left")
            axes.tick_params(axis="y", length=0)
            axes.margins(x=0.02)
        figure.legend(
            [Patch(color=colour) for colour in (*COLOURS, NO_STAGE)],
            [*STAGES, "none of these"],
            loc="outside lower center",
            ncols=5,
            frameon=False,
        )
        save(figure, path)


def _draw_bar(
    axes: Axes, name: str, seconds: Mapping[str, float], whole: float
) -> None:
    """Draw the stages' seconds, and the seconds that are of no stage."""
    of_stages = [seconds.get(stage, 0.0) for stage in STAGES]
    of_no_stage = max(0.0, whole - sum(seconds.values()))
    lengths = [*of_stages, of_no_stage]
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    axes.barh(
        [name] * len(lengths),
        lengths,
        left=starts,
        color=(*COLOURS, NO_STAGE),
        height=0.6,
    )
    axes.annotate(
        f"{whole:,.1f} s",
        (sum(lengths), name),
        (4, 0),
        textcoords="offset points",
        va="center",
    )


def draw_growth(result: GrowthResult, path: Path) -> None:
    """Draw seconds and peak memory of each stage against the rows of the table."""
    sizes = result.sizes
    rows = values(sizes, "rows")
    nights = [size.night for size in sizes]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(11, 5.2), facecolor="white", layout="constrained")
        time_axes, memory_axes = figure.subplots(1, 2, width_ratios=(3, 2))
        whole = values(nights, "seconds.median")
        time_axes.plot(rows, whole, color=INK, linewidth=2.4, label="whole night")
        peaks = values(nights, "peak_mib")
        memory_axes.plot(rows, peaks, color=INK, linewidth=2.4)
        # Through the largest size: linear growth runs along this line, and faster
        # growth crosses it from below.
        linear = [whole[-1] * count / rows[-1] for count in rows]
        time_axes.plot(
            rows, linear, color=INK, linewidth=1, linestyle=DASHED, label="linear"
        )
        for stage, colour, mark in zip(STAGES, COLOURS, MARKS, strict=True):
            if all(stage in night.stages for night in nights):
                uses = [night.stages[stage] for night in nights]
                style = LineStyle(color=colour, marker=mark, linewidth=1.2, label=stage)
                time_axes.plot(rows, values(uses, "seconds.median"), **style)
                memory_axes.plot(rows, values(uses, "peak_mib"), **style)
        time_axes.set_yscale("log")
        time_axes.set_ylabel("seconds from a stage's first start to its last end")
        memory_axes.set_ylim(bottom=0)
        memory_axes.set_ylabel("MiB of a stage's largest process")
        for axes in (time_axes, memory_axes):
            _label_rows(axes, rows)
        handles, names = time_axes.get_legend_handles_labels()
        figure.legend(
            handles, names, loc="outside lower center", ncols=5, frameon=False
        )
        figure.suptitle(
            f"How a night grows: {result.rules} rules, {result.candidates} candidates",
            fontsize=12,
        )
        save(figure, path)


def _label_rows(axes: Axes, rows: list[float]) -> None:
    axes.set_xscale("log")
    axes.set_xticks(rows, [f"{count / MILLION:g} M" for count in rows])
    axes.minorticks_off()
    axes.set_xlabel("rows of the table; one in ten is sampled")
    axes.grid(color=FAINT, linewidth=0.8)
    hide_spines(axes, "top", "right")
    axes.yaxis.set_major_formatter(_format_value)


def _format_value(value: float, _: object) -> str:
    return f"{value:,g}"

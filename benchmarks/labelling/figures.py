"""The figure of docs/rules-growth.svg."""

from pathlib import Path

import matplotlib
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
from benchmarks.labelling.records import RuleSpeedResult


def draw_rules_growth(result: RuleSpeedResult, path: Path) -> None:
    """Draw seconds to label and to compile against the number of rules.

    A dashed line through the largest number shows what linear growth would be.
    """
    growth = result.growth
    rules = values(growth, "rules")
    lines = {
        f"label {growth[0].messages:,} messages, one core": values(
            growth, "seconds.median"
        ),
        "compile, once until the rules change": values(growth, "compile_seconds"),
    }
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(8, 4.6), facecolor="white", layout="constrained")
        axes = figure.subplots()
        for (name, seconds), colour, mark in zip(
            lines.items(), COLOURS, MARKS, strict=True
        ):
            axes.plot(rules, seconds, color=colour, marker=mark, label=name)
            linear = [seconds[-1] * count / rules[-1] for count in rules]
            axes.plot(rules, linear, color=colour, linewidth=1, linestyle=DASHED)
        axes.plot([], [], color=INK, linewidth=1, linestyle=DASHED, label="linear")
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xticks(rules, [f"{count:,.0f}" for count in rules])
        axes.minorticks_off()
        axes.set_xlabel("rules")
        axes.set_ylabel("seconds")
        axes.yaxis.set_major_formatter(_format_seconds)
        axes.grid(color=FAINT, linewidth=0.8)
        hide_spines(axes, "top", "right")
        axes.legend(frameon=False)
        save(figure, path)


def _format_seconds(value: float, _: object) -> str:
    return f"{value:g}"

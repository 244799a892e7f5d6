"""The figures of a report, as SVG: the same values give the same bytes.

Each is drawn once, in light colours; its dark twin has other colours in the same places. What a figure shows stands in
a table beside it, too.
"""

import datetime
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.report.outcome import OLDER, REFUSED

PAPER, INK, FAINT, FIRST, SECOND = "#ffffff", "#1c1b19", "#dcd8d0", "#1d5c9e", "#94500a"
DARK = {
    PAPER: "#1d1f22",
    INK: "#e8e6e1",
    FAINT: "#3d4045",
    FIRST: "#86b7f5",
    SECOND: "#e9a45f",
}
STYLE = {
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "nightsieve",
    "font.family": "sans-serif",
    "font.size": 10,
    "figure.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid.axis": "y",
    "grid.color": FAINT,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
}
WIDTH, HEIGHT = (
    4.4,
    2.4,
)  # inches: as wide as a phone's page, so that its words are no smaller there
LABELS = 12
TICKS = 4


@dataclass(frozen=True)
class Drawing:
    """A figure: the name of its files, its title, what it shows in words, and its two SVGs."""

    name: str
    title: str
    alt: str
    light: str

    @property
    def dark(self) -> str:
        return re.sub(
            "#[0-9a-f]{6}", lambda colour: DARK.get(colour[0], colour[0]), self.light
        )

    @property
    def files(self) -> dict[str, bytes]:
        return {
            f"{self.name}.svg": self.light.encode(),
            f"{self.name}-dark.svg": self.dark.encode(),
        }


def f1_trend(name: str, label: str, nights: Sequence[dict[str, Any]]) -> Drawing | None:
    """F1 of a label over the nights: in cross-validation with its interval, and on reviews, dashed.

    A night whose model was not published is hollow. None where there are no two nights to compare.
    """
    found = [
        (night, f1)
        for night in nights
        if (f1 := night["f1"].get(label)) and f1["value"] is not None
    ]
    if len(found) < 2:
        return None
    dates = [_day(night) for night, _ in found]
    values, low, high = (
        [f1[bound] for _, f1 in found] for bound in ("value", "low", "high")
    )
    reviewed = [
        (_day(night), f1["value"])
        for night in nights
        if (f1 := (night["reviews"] or {}).get(label)) and f1["value"] is not None
    ]
    with _drawing(WIDTH, HEIGHT) as (axes, svg):
        axes.fill_between(dates, low, high, color=FIRST, alpha=0.2, linewidth=0)
        axes.plot(dates, values, color=FIRST, marker="o", markersize=4)
        hollow = [
            (day, f1["value"])
            for day, (night, f1) in zip(dates, found, strict=True)
            if _unpublished(night)
        ]
        if hollow:
            marks = {"marker": "o", "markersize": 6, "markerfacecolor": PAPER}
            axes.plot(
                *zip(*hollow, strict=True), color=FIRST, linestyle="none", **marks
            )
        if reviewed:
            axes.plot(
                *zip(*reviewed, strict=True),
                color=SECOND,
                marker="s",
                markersize=3.5,
                linestyle="--",
            )
        _dates(axes, dates)
        axes.grid(True)
        axes.set_axisbelow(True)
        axes.set_ylim(top=min(axes.get_ylim()[1], 1.005))
    alt = f"{label}: F1 over {len(found)} nights, from {values[0]:.3f} to {values[-1]:.3f}"
    alt += f"; lowest {min(values):.3f}, highest {max(values):.3f}"
    alt += f"; on reviews {reviewed[-1][1]:.3f} in the last of them" if reviewed else ""
    return Drawing(name, label, alt, svg.getvalue())


def confusion(name: str, metrics: dict[str, Any]) -> Drawing:
    """The confusion matrix of the first labels, each row shaded by its shares."""
    labels, matrix = metrics["labels"][:LABELS], metrics["confusion"][:LABELS]
    size = len(labels)
    with _drawing(max(WIDTH, 1.2 + 0.6 * size), 1 + 0.4 * size) as (axes, svg):
        for row, counts in enumerate(matrix):
            total = max(sum(counts), 1)
            for column, count in enumerate(counts[:LABELS]):
                # Never so dark that the number on it could not be read.
                axes.fill_between(
                    [column, column + 1],
                    row,
                    row + 1,
                    color=FIRST,
                    alpha=0.45 * count / total,
                    linewidth=0,
                )
                axes.text(
                    column + 0.5, row + 0.5, f"{count:,}", ha="center", va="center"
                )
        places = [place + 0.5 for place in range(size)]
        turned = {"rotation": 30, "ha": "right"} if size > 4 else {}
        axes.set_xticks(places, [_cut(label) for label in labels], **turned)
        axes.set_yticks(places, [_cut(label) for label in labels])
        axes.set(
            xlim=(0, size), ylim=(size, 0), xlabel="predicted", ylabel="by the rules"
        )
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
    right = sum(row[place] for place, row in enumerate(metrics["confusion"]))
    alt = (
        f"Confusion matrix: {right:,} of {metrics['n']:,} messages are on the diagonal"
    )
    return Drawing(name, "Confusion matrix", alt, svg.getvalue())


def precision_recall(
    name: str,
    label: str,
    points: Sequence[Sequence[float]],
    chosen: tuple[float, float] | None,
) -> Drawing:
    """A label's precision over recall: ``points`` of recall, precision, threshold; ``chosen``, recall and precision."""
    recall, precision = ([point[place] for point in points] for place in (0, 1))
    with _drawing(WIDTH, HEIGHT) as (axes, svg):
        axes.plot(recall, precision, color=FIRST)
        if chosen:
            axes.plot(*chosen, marker="D", markersize=6, color=SECOND)
        axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1.01))
        axes.set_ylim(top=1.01)
        axes.grid(True)
        axes.set_axisbelow(True)
    furthest, there = max(zip(recall, precision, strict=True))
    alt = f"{label}: precision over recall, precision {there:.3f} at recall {furthest:.3f}"
    alt += (
        f"; the threshold gives precision {chosen[1]:.3f} at recall {chosen[0]:.3f}"
        if chosen
        else ""
    )
    return Drawing(name, label, alt, svg.getvalue())


def shares(
    name: str, now: dict[str, float], before: dict[str, float] | None
) -> Drawing:
    """The labels' shares of the labelled messages, tonight and in the last published night."""
    labels = list(now)[:LABELS]
    series = [("tonight", FIRST, now)] + (
        [("last published night", SECOND, before)] if before else []
    )
    with _drawing(WIDTH, 0.9 + 0.45 * len(labels)) as (axes, svg):
        thick = 0.8 / len(series)
        for number, (title, colour, values) in enumerate(series):
            places = [
                place - 0.4 + thick * (number + 0.5) for place in range(len(labels))
            ]
            found = [100 * values.get(label, 0) for label in labels]
            hatch = (
                {"facecolor": PAPER, "hatch": "////", "edgecolor": colour}
                if number
                else {"color": colour}
            )
            bars = axes.barh(places, found, height=thick * 0.9, label=title, **hatch)
            axes.bar_label(bars, fmt="%.1f", padding=3, fontsize=9)
        axes.set_yticks(range(len(labels)), [_cut(label) for label in labels])
        axes.invert_yaxis()
        axes.margins(x=0.12)
        axes.set_xlabel("% of the labelled messages")
        if len(series) > 1:
            axes.legend(loc="lower center", bbox_to_anchor=(0.45, 1), ncols=2)
    alt = "Label shares: " + ", ".join(
        f"{label} {100 * now[label]:.1f} %" for label in labels
    )
    return Drawing(name, "Label shares", alt, svg.getvalue())


@contextmanager
def _drawing(width: float, height: float) -> Iterator[tuple[Axes, io.StringIO]]:
    """Axes to draw on, of so many inches, and where their SVG is found afterwards."""
    svg = io.StringIO()
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure.subplots(), svg
        # Without a date and the version of the library the bytes depend on the values alone.
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})


def _day(night: dict[str, Any]) -> datetime.date:
    return datetime.date.fromisoformat(night["date"])


def _unpublished(night: dict[str, Any]) -> bool:
    return night["outcome"] in (REFUSED, OLDER)


def _dates(axes: Axes, dates: Sequence[datetime.date]) -> None:
    """A few of the dates along the axis, the first and the last among them."""
    steps = min(TICKS, len(dates)) - 1
    chosen = [
        dates[round(step * (len(dates) - 1) / steps)] for step in range(steps + 1)
    ]
    axes.set_xticks(chosen, [f"{day.day} {day:%b}" for day in chosen])


def _cut(label: str) -> str:
    return label if len(label) <= 14 else f"{label[:13]}\u2026"

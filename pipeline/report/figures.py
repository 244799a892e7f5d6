"""The figures of a report, as SVG: the same values give the same bytes.

A figure is drawn once, in light colours; its dark twin differs only in the colours. The
page has a table of the same values beside each figure.
"""

import datetime
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.container import BarContainer
from matplotlib.dates import date2num
from matplotlib.figure import Figure as Drawing

from pipeline.records.release import OutcomeKind
from pipeline.records.run import KeyFigures
from pipeline.records.training import CurvePoint
from pipeline.records.words import plural
from pipeline.report.content import Figure
from pipeline.statistics.interval import UNDEFINED, Interval
from pipeline.statistics.metrics import Metrics

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

PAPER = "#ffffff"
INK = "#1c1b19"
FAINT = "#dcd8d0"
FIRST = "#1d5c9e"
SECOND = "#94500a"
DARK = {
    PAPER: "#1d1f22",
    INK: "#e8e6e1",
    FAINT: "#3d4045",
    FIRST: "#86b7f5",
    SECOND: "#e9a45f",
}
STYLE: "dict[RcKeyType, Any]" = {
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
# In inches: as wide as a phone's page, so that text has its own size there.
WIDTH = 4.4
HEIGHT = 2.4
MAX_LABELS = 12
MAX_TICKS = 4
MAX_LABEL_LENGTH = 14  # characters
MAX_LEVEL_LABELS = 4  # of a confusion matrix; more are written at an angle
MIN_NIGHTS = 2  # of a trend


@dataclass(frozen=True)
class DatedScore:
    """F1 of one night with its interval, and whether the model was published."""

    date: datetime.date
    value: float
    low: float
    high: float
    published: bool


@dataclass(frozen=True)
class OperatingPoint:
    """What a threshold reaches."""

    recall: float
    precision: float


def f1_trend(name: str, label: str, nights: Sequence[KeyFigures]) -> Figure | None:
    """Draw F1 of a label over the nights: in cross-validation, and on reviews, dashed.

    A night whose model was not published is hollow. None where there are no two nights
    to compare.
    """
    scores = _scores(label, nights)
    if len(scores) < MIN_NIGHTS:
        return None
    reviewed = _scores_on_reviews(label, nights)
    hollow = [score for score in scores if not score.published]
    values = _values(scores)
    with _axes(WIDTH, HEIGHT) as (axes, svg):
        _draw_intervals(axes, scores)
        _draw_trend(axes, scores)
        _draw_hollow(axes, hollow)
        _draw_reviewed(axes, reviewed)
        _label_dates(axes, [score.date for score in scores])
        _draw_grid(axes)
        axes.set_ylim(top=min(axes.get_ylim()[1], 1.005))
    alt = (
        f"{label}: F1 over {len(scores)} nights, from {values[0]:.3f} to "
        f"{values[-1]:.3f}; lowest {min(values):.3f}, highest {max(values):.3f}"
    )
    if reviewed:
        alt += f"; on reviews {reviewed[-1].value:.3f} on the latest of them"
    return _figure(name, label, alt, svg)


def confusion(name: str, metrics: Metrics) -> Figure:
    """Draw the confusion matrix of the first labels, each row shaded by its shares."""
    labels = metrics.labels[:MAX_LABELS]
    size = len(labels)
    with _axes(max(WIDTH, 1.2 + 0.6 * size), 1 + 0.4 * size) as (axes, svg):
        for row, counts in enumerate(metrics.confusion[:MAX_LABELS]):
            total = max(sum(counts), 1)
            for column, count in enumerate(counts[:MAX_LABELS]):
                _shade(axes, row, column, count / total)
                middle = (column + 0.5, row + 0.5)
                axes.text(*middle, f"{count:,}", ha="center", va="center")
        middles = np.arange(size) + 0.5
        names = list(map(_shortened, labels))
        if size > MAX_LEVEL_LABELS:
            axes.set_xticks(middles, names, rotation=30, ha="right")
        else:
            axes.set_xticks(middles, names)
        axes.set_yticks(middles, names)
        axes.set(xlim=(0, size), ylim=(size, 0))
        axes.set(xlabel="predicted", ylabel="by the rules")
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
    correct = sum(counts[index] for index, counts in enumerate(metrics.confusion))
    messages = plural(metrics.n, "message")
    alt = f"Confusion matrix: {correct:,} of {messages} on the diagonal"
    return _figure(name, "Confusion matrix", alt, svg)


def precision_recall(
    name: str,
    label: str,
    points: Sequence[CurvePoint],
    chosen: OperatingPoint | None,
) -> Figure:
    """Draw a label's precision over recall, and what its threshold reaches."""
    recall = [point.recall for point in points]
    precision = [point.precision for point in points]
    with _axes(WIDTH, HEIGHT) as (axes, svg):
        axes.plot(recall, precision, color=FIRST)
        if chosen is not None:
            point = (chosen.recall, chosen.precision)
            axes.plot(*point, marker="D", markersize=6, color=SECOND)
        axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1.01))
        axes.set_ylim(top=1.01)
        _draw_grid(axes)
    max_recall, precision_there = max(zip(recall, precision, strict=True))
    alt = (
        f"{label}: precision over recall, precision {precision_there:.3f} at recall "
        f"{max_recall:.3f}"
    )
    if chosen is not None:
        alt += (
            f"; the threshold gives precision {chosen.precision:.3f} at recall "
            f"{chosen.recall:.3f}"
        )
    return _figure(name, label, alt, svg)


def shares(
    name: str, tonight: Mapping[str, float], before: Mapping[str, float] | None
) -> Figure:
    """Draw the labels' shares of the labelled messages, and those of an earlier night.

    Parameters
    ----------
    before
        The shares on the published model's night; None without one.
    """
    labels = list(tonight)[:MAX_LABELS]
    height = 0.8 if before is None else 0.4
    with _axes(WIDTH, 0.9 + 0.45 * len(labels)) as (axes, svg):
        positions = np.arange(len(labels)) - 0.4 + height / 2
        percents = [100 * tonight[label] for label in labels]
        thickness = height * 0.9
        bars = axes.barh(
            positions, percents, height=thickness, label="tonight", color=FIRST
        )
        _write_values(axes, bars)
        if before is not None:
            percents_before = [100 * before.get(label, 0) for label in labels]
            striped = axes.barh(
                positions + height,
                percents_before,
                height=thickness,
                label="published model",
                facecolor=PAPER,
                hatch="////",
                edgecolor=SECOND,
            )
            _write_values(axes, striped)
            axes.legend(loc="lower center", bbox_to_anchor=(0.45, 1), ncols=2)
        axes.set_yticks(range(len(labels)), list(map(_shortened, labels)))
        axes.invert_yaxis()
        axes.margins(x=0.12)
        axes.set_xlabel("% of the labelled messages")
    shown = ", ".join(f"{label} {100 * tonight[label]:.1f} %" for label in labels)
    return _figure(name, "Label shares", f"Label shares: {shown}", svg)


@contextmanager
def _axes(width: float, height: float) -> Iterator[tuple[Axes, io.StringIO]]:
    """Yield axes of this size in inches, and the file that their SVG is written to."""
    svg = io.StringIO()
    with matplotlib.rc_context(STYLE):
        drawing = Drawing(figsize=(width, height), layout="constrained")
        yield drawing.subplots(), svg
        # Without a date and a version the bytes depend on the values alone.
        drawing.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})


def _figure(name: str, title: str, alt: str, svg: io.StringIO) -> Figure:
    light = svg.getvalue()
    return Figure(name, title, alt, light, re.sub("#[0-9a-f]{6}", _dark, light))


def _dark(colour: re.Match[str]) -> str:
    return DARK.get(colour[0], colour[0])


def _scores(label: str, nights: Sequence[KeyFigures]) -> list[DatedScore]:
    scores = []
    for night in nights:
        is_unpublished = night.outcome in (OutcomeKind.REFUSED, OutcomeKind.OLDER)
        f1 = night.f1.get(label, UNDEFINED)
        scores += _dated(night.date, f1, not is_unpublished)
    return scores


def _scores_on_reviews(label: str, nights: Sequence[KeyFigures]) -> list[DatedScore]:
    scores = []
    for night in nights:
        if night.reviews is not None:
            f1 = night.reviews.get(label, UNDEFINED)
            scores += _dated(night.date, f1, True)
    return scores


def _dated(date: datetime.date, f1: Interval, published: bool) -> list[DatedScore]:
    """Return the score of a night, or no score where F1 is undefined."""
    if f1.value is None or f1.low is None or f1.high is None:
        return []
    return [DatedScore(date, f1.value, f1.low, f1.high, published)]


def _days(scores: Sequence[DatedScore]) -> list[float]:
    """Return the dates as matplotlib counts days."""
    return [_day(score.date) for score in scores]


def _day(date: datetime.date) -> float:
    return float(date2num(date))


def _values(scores: Sequence[DatedScore]) -> list[float]:
    return [score.value for score in scores]


def _draw_intervals(axes: Axes, scores: Sequence[DatedScore]) -> None:
    low = [score.low for score in scores]
    high = [score.high for score in scores]
    axes.fill_between(_days(scores), low, high, color=FIRST, alpha=0.2, linewidth=0)


def _draw_trend(axes: Axes, scores: Sequence[DatedScore]) -> None:
    axes.plot(_days(scores), _values(scores), color=FIRST, marker="o", markersize=4)


def _draw_hollow(axes: Axes, scores: Sequence[DatedScore]) -> None:
    if not scores:
        return
    axes.plot(
        _days(scores),
        _values(scores),
        color=FIRST,
        linestyle="none",
        marker="o",
        markersize=6,
        markerfacecolor=PAPER,
    )


def _draw_reviewed(axes: Axes, scores: Sequence[DatedScore]) -> None:
    if not scores:
        return
    axes.plot(
        _days(scores),
        _values(scores),
        color=SECOND,
        linestyle="--",
        marker="s",
        markersize=3.5,
    )


def _shade(axes: Axes, row: int, column: int, share: float) -> None:
    """Shade a cell, lightly enough for the count on it to be read."""
    axes.fill_between(
        [column, column + 1],
        row,
        row + 1,
        color=FIRST,
        alpha=0.45 * share,
        linewidth=0,
    )


def _write_values(axes: Axes, bars: BarContainer) -> None:
    axes.bar_label(bars, fmt="%.1f", padding=3, fontsize=9)


def _draw_grid(axes: Axes) -> None:
    axes.grid(True)
    axes.set_axisbelow(True)


def _label_dates(axes: Axes, dates: Sequence[datetime.date]) -> None:
    """Write a few of the dates along the axis, including the first and the last."""
    steps = min(MAX_TICKS, len(dates)) - 1
    last = len(dates) - 1
    shown = [dates[round(step * last / steps)] for step in range(steps + 1)]
    names = [f"{date.day} {date:%b}" for date in shown]
    axes.set_xticks(list(map(_day, shown)), names)


def _shortened(label: str) -> str:
    if len(label) <= MAX_LABEL_LENGTH:
        return label
    return f"{label[: MAX_LABEL_LENGTH - 1]}\u2026"

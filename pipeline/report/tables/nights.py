"""Tables that compare nights by their key figures."""

from collections.abc import Iterator, Mapping, Sequence

from pipeline.records.models import ModelEntry
from pipeline.records.run import KeyFigures, ListedNight
from pipeline.report.content import (
    CODE,
    COUNT,
    COUNT_CHANGE,
    INTERVAL,
    MARK,
    PERCENT,
    SCORE,
    SCORE_CHANGE,
    Cell,
    Column,
    Link,
    Quantity,
    Row,
    Table,
    points,
)
from pipeline.report.key_figures import MACRO
from pipeline.statistics.interval import UNDEFINED, Interval

NO_REVIEWS = "no reviews"


def trend(nights: Sequence[KeyFigures]) -> Table:
    """Return F1 of each label over the nights, the latest first."""
    labels = list(nights[-1].f1)
    columns = [
        Column("night"),
        Column("model", MARK),
        *(Column(f"F1: {label}", INTERVAL) for label in labels),
        Column(f"{MACRO} on reviews", INTERVAL),
    ]
    rows = [_trend_cells(night, labels) for night in reversed(nights)]
    return Table("trend", "F1 in cross-validation, night by night", columns, rows)


def since(tonight: KeyFigures, before: KeyFigures) -> Table:
    """Return the key figures of two nights, and what changed between them."""
    columns = (
        Column("figure"),
        Column("before", SCORE),
        Column("tonight", SCORE),
        Column("change", SCORE_CHANGE),
    )
    rows = [
        *_f1_changes("F1", tonight.f1, before.f1),
        *_f1_changes("F1 on reviews", tonight.reviews, before.reviews),
        _count_change("messages", tonight.messages, before.messages),
        _share_change("labelled", tonight.coverage, before.coverage),
        *_label_share_changes(tonight.shares, before.shares),
        _count_change("bytes, gzipped", tonight.gzipped_bytes, before.gzipped_bytes),
        _count_change("terms", tonight.terms, before.terms),
    ]
    caption = (
        f"Tonight, and the night of {before.date}; a share changes by percentage points"
    )
    return Table("since", caption, columns, rows)


def all_nights(nights: Sequence[ListedNight], current: ModelEntry | None) -> Table:
    """Return a row for every night, in the given order.

    Parameters
    ----------
    current
        The current model; None before the first publication.
    """
    columns = (
        Column("night"),
        Column("model", MARK),
        Column("macro F1", SCORE),
        Column("on reviews", SCORE),
        Column("messages", COUNT),
        Column("labelled", PERCENT),
        Column("bytes, gzipped", COUNT),
        Column("serial", COUNT),
        Column("why"),
        Column("configuration", CODE),
    )
    rows = [_night_cells(night, current) for night in nights]
    noun = "night" if len(nights) == 1 else "nights"
    caption = f"{len(nights)} {noun}, the latest first"
    return Table("nights", caption, columns, rows)


def _trend_cells(night: KeyFigures, labels: Sequence[str]) -> Row:
    by_label = [night.f1.get(label) for label in labels]
    return (
        night.date.isoformat(),
        night.outcome.value,
        *by_label,
        night.reviews[MACRO] if night.reviews else NO_REVIEWS,
    )


def _f1_changes(
    figure: str,
    tonight: Mapping[str, Interval] | None,
    before: Mapping[str, Interval] | None,
) -> Iterator[Row]:
    if tonight is None or before is None:
        return
    for label, f1 in tonight.items():
        earlier = before.get(label, UNDEFINED).value
        change = None
        if earlier is not None and f1.value is not None:
            change = f1.value - earlier
        yield f"{figure}, {label}", earlier, f1.value, change


def _label_share_changes(
    tonight: Mapping[str, float], before: Mapping[str, float]
) -> Iterator[Row]:
    for label in sorted(tonight.keys() | before.keys()):
        share = tonight.get(label, 0.0)
        yield _share_change(f"share of {label}", share, before.get(label, 0.0))


def _share_change(figure: str, tonight: float, before: float) -> Row:
    change = Quantity(100 * (tonight - before), points(1))
    return figure, Quantity(before, PERCENT), Quantity(tonight, PERCENT), change


def _count_change(figure: str, tonight: int, before: int) -> Row:
    change = Quantity(tonight - before, COUNT_CHANGE)
    return figure, _count(before), _count(tonight), change


def _count(value: int) -> Quantity:
    return Quantity(value, COUNT)


def _night_cells(night: ListedNight, current: ModelEntry | None) -> Row:
    figures = night.figures
    reasons = filter(None, [figures.override, *figures.failed_checks])
    return (
        _date_cell(night),
        figures.outcome.value,
        figures.f1[MACRO].value,
        figures.reviews[MACRO].value if figures.reviews else NO_REVIEWS,
        figures.messages,
        figures.coverage,
        figures.gzipped_bytes,
        _serial(figures, current),
        "; ".join(reasons),
        figures.config,
    )


def _date_cell(night: ListedNight) -> Cell:
    date = night.figures.date.isoformat()
    if night.report is None:
        return date
    return Link(date, night.report)


def _serial(figures: KeyFigures, current: ModelEntry | None) -> str:
    """Return the serial of a night's model, and whether the model is current.

    A model that was rolled back to is current under another serial.
    """
    if figures.serial is None:
        return ""
    if current is None or (current.date, current.config) != (
        figures.date,
        figures.config,
    ):
        return str(figures.serial)
    if current.serial == figures.serial:
        return f"{figures.serial}, current"
    return f"{figures.serial}, current as {current.serial}"

"""Tables of metrics, confusion, thresholds and candidates."""

import itertools
from collections.abc import Mapping

from pipeline.records.reviews import CorrectionMeasurement
from pipeline.records.training import SearchResult, Threshold
from pipeline.report.content import (
    COUNT,
    INTERVAL,
    MARK,
    SCORE,
    CellType,
    Column,
    Format,
    Row,
    Table,
)
from pipeline.statistics.metrics import Metrics

MEAN_SCORE = Format(CellType.NUMBER, places=4)


def metrics(name: str, caption: str, measured: Metrics) -> Table:
    """Return precision, recall and F1 of each label, and their average."""
    columns = (
        Column("label"),
        Column("messages", COUNT),
        Column("predicted", COUNT),
        Column("precision", INTERVAL),
        Column("recall", INTERVAL),
        Column("F1", INTERVAL),
    )
    rows = [
        (label, row.support, row.predicted, row.precision, row.recall, row.f1)
        for label, row in measured.per_label.items()
    ]
    average = ("macro average", measured.n, "", "", "", measured.macro_f1)
    return Table(name, caption, columns, [*rows, average])


def confusion(
    name: str,
    caption: str,
    measured: Metrics,
    max_columns: int | None = None,
) -> Table:
    """Return how many messages of each label got which label."""
    shown = measured.labels[:max_columns]
    columns = [Column("label"), *(Column(f"as {label}", COUNT) for label in shown)]
    rows: list[Row] = [
        (label, *counts[:max_columns])
        for label, counts in zip(measured.labels, measured.confusion, strict=True)
    ]
    return Table(name, caption, columns, rows)


def corrections(measured: CorrectionMeasurement) -> Table:
    """Return how often the model gives the labels that users corrected messages to."""
    columns = (
        Column("corrected to"),
        Column("messages", COUNT),
        Column("model agrees", INTERVAL),
    )
    rows: list[Row] = [
        (label, row.messages, row.agreement)
        for label, row in measured.per_label.items()
    ]
    total = ("all labels", measured.messages, measured.agreement)
    caption = "The exported model, against users' corrections"
    return Table("corrections", caption, columns, [*rows, total])


def thresholds(by_label: Mapping[str, Threshold]) -> Table:
    """Return the thresholds, and their figures on folds that did not choose them."""
    columns = (
        Column("label"),
        Column("goal"),
        Column("outcome", MARK),
        Column("threshold", SCORE),
        Column("precision", INTERVAL),
        Column("recall", INTERVAL),
        Column("messages", COUNT),
    )
    rows = list(itertools.starmap(_threshold_cells, by_label.items()))
    return Table(
        "thresholds",
        "Thresholds, and the goals that they are chosen for",
        columns,
        rows,
    )


def candidates(search: SearchResult, limit: int) -> Table:
    """Return the best candidates of the grid search."""
    columns = (
        Column("candidate"),
        Column("score", MEAN_SCORE),
        Column("sd over folds", MEAN_SCORE),
    )
    rows = [
        (candidate.description, candidate.mean, candidate.std)
        for candidate in search.candidates[:limit]
    ]
    return Table("candidates", "Best candidates", columns, rows)


def _threshold_cells(label: str, chosen: Threshold) -> Row:
    return (
        label,
        f"{chosen.goal.measure} \u2265 {chosen.goal.bound:g}",
        "reached" if chosen.reached else "not reached",
        chosen.threshold or None,
        chosen.precision,
        chosen.recall,
        chosen.support,
    )

"""What the rules did: labels, and the rules themselves."""

import itertools
from collections.abc import Mapping

from pipeline.records.rules import LabellingSummary, RuleDrift, RulesDrift
from pipeline.records.rules import RuleStatistics as Rule
from pipeline.report.content import (
    COUNT,
    INTERVAL,
    PERCENT,
    Cell,
    Column,
    Row,
    Table,
    points,
)

MAX_RULES = 15
NO_REVIEWS = "no reviews"


def label_counts(summary: LabellingSummary) -> Table:
    """Return the messages of each label, as shares of all messages."""
    columns = (Column("label"), Column("messages", COUNT), Column("share", PERCENT))
    messages = max(summary.messages, 1)
    counts = summary.labels | _abstained(summary)
    rows = [(label, count, count / messages) for label, count in counts.items()]
    return Table("label-counts", "Labels by the rules", columns, rows)


def label_shares(
    summary: LabellingSummary,
    before: Mapping[str, float] | None,
) -> Table:
    """Return the messages of each label, as shares of the labelled messages.

    Parameters
    ----------
    before
        The shares in the last published night; None without one.
    """
    columns = [Column("label"), Column("messages", COUNT), Column("share", PERCENT)]
    if before is not None:
        columns.append(Column("published model", PERCENT))
        columns.append(Column("change, points", points(1)))
    rows: list[Row] = []
    for label, share in summary.label_shares.items():
        row = (label, summary.labels[label], share)
        rows.append((*row, *_share_change(label, share, before)))
    for reason, count in _abstained(summary).items():
        rows.append((reason, count, *[""] * (len(columns) - 2)))
    caption = "Labels by the rules, as shares of the labelled messages"
    return Table("shares", caption, columns, rows)


def rules(summary: LabellingSummary, drift: RulesDrift | None) -> Table:
    """Return the rules whose share of the messages changed most, new ones first.

    Parameters
    ----------
    drift
        None without an earlier night: the table then shows the rules that match the
        most messages.
    """
    columns = [
        Column("rule"),
        Column("label"),
        Column("why"),
        Column("messages", COUNT),
        Column("share", PERCENT),
    ]
    if drift is None:
        caption = "Rules that match most"
        by_coverage = sorted(summary.rules, key=_coverage, reverse=True)
        rows = list(map(_rule_cells, by_coverage[:MAX_RULES]))
    else:
        caption = "Rules whose share of the messages changed most"
        columns.append(Column("change, points", points(2)))
        pairs = list(zip(summary.rules, drift.rules, strict=True))
        moved = [pair for pair in pairs if pair[1].change != 0]
        moved.sort(key=_drift_order)
        rows = list(itertools.starmap(_rule_cells, moved[:MAX_RULES]))
    columns.append(Column("precision on reviews", INTERVAL))
    return Table("rules", caption, columns, rows)


def _abstained(summary: LabellingSummary) -> dict[str, int]:
    return {
        "no label: no rule matched": summary.silent,
        "no label: tie between rules": summary.tied,
    }


def _share_change(
    label: str, share: float, before: Mapping[str, float] | None
) -> tuple[float, ...]:
    if before is None:
        return ()
    earlier = before.get(label, 0.0)
    return earlier, 100 * (share - earlier)


def _coverage(rule: Rule) -> int:
    return rule.coverage


def _drift_order(pair: tuple[Rule, RuleDrift]) -> tuple[bool, float]:
    rule, drift = pair
    if drift.change is None:
        return False, -(rule.share or 0)
    return True, -abs(drift.change)


def _rule_cells(rule: Rule, drift: RuleDrift | None = None) -> Row:
    cells: list[Cell] = [rule.id, rule.label, rule.why, rule.coverage, rule.share]
    if drift is not None:
        cells.append(_change_in_points(drift))
    cells.append(rule.precision if rule.reviewed else NO_REVIEWS)
    return tuple(cells)


def _change_in_points(drift: RuleDrift) -> Cell:
    if drift.change is None:
        return "new"
    return 100 * drift.change

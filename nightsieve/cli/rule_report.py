"""Print the figures of every rule in a night, and the drift since an earlier one."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from rich.table import Table
from rich.text import Text

from nightsieve.cli.terminal import console, percent, table
from pipeline.records.rules import (
    FallbackRule,
    LabellingSummary,
    RulesDrift,
    RuleStatistics,
)
from pipeline.records.run import RunManifest
from pipeline.records.words import DASH, describe_interval, plural


@dataclass(frozen=True)
class RuleRow:
    """What a rule did; ``drift`` is None for a rule that the earlier night lacked."""

    rule: RuleStatistics
    drift: float | None

    @property
    def change(self) -> float:
        """The change of the rule's share; a new rule changes by its whole share."""
        if self.drift is None:
            return self.rule.share or 0.0
        return self.drift


def _by_id(row: RuleRow) -> str:
    return row.rule.id


def _by_label(row: RuleRow) -> str:
    return row.rule.label


def _by_coverage(row: RuleRow) -> int:
    return -row.rule.coverage


def _by_overlaps(row: RuleRow) -> int:
    return -row.rule.overlaps


def _by_conflicts(row: RuleRow) -> int:
    return -row.rule.conflicts


def _by_decides(row: RuleRow) -> int:
    return -row.rule.decides


def _by_precision(row: RuleRow) -> tuple[bool, float]:
    value = row.rule.precision.value
    return value is None, value or 0.0


def _by_drift(row: RuleRow) -> float:
    return -abs(row.change)


SortKey: TypeAlias = str | float | tuple[bool, float]

#: First comes what a person looks for: the largest count, the lowest precision, the
#: largest change.
SORTS: dict[str, Callable[[RuleRow], SortKey]] = {
    "rule": _by_id,
    "label": _by_label,
    "coverage": _by_coverage,
    "overlaps": _by_overlaps,
    "conflicts": _by_conflicts,
    "decides": _by_decides,
    "precision": _by_precision,
    "drift": _by_drift,
}


def print_rules(
    manifest: RunManifest,
    drift: RulesDrift,
    earlier: RunManifest | None,
    sort: str | None,
) -> None:
    """Print what each rule did in a night.

    Parameters
    ----------
    drift
        Since the earlier night.
    sort
        A name in `SORTS`; None for the order of the pack.
    """
    summary = manifest.results.rules
    rows = [
        RuleRow(rule, change.change)
        for rule, change in zip(summary.rules, drift.rules, strict=True)
    ]
    if sort is not None:
        rows.sort(key=SORTS[sort])
    out = console()
    out.print(_table(rows, with_drift=earlier is not None), soft_wrap=True)
    for line in _notes(manifest, drift, earlier):
        out.print(Text(line), soft_wrap=True)


def _notes(
    manifest: RunManifest, drift: RulesDrift, earlier: RunManifest | None
) -> list[str]:
    summary = manifest.results.rules
    since = "Drift: there is no earlier night on the same table"
    if earlier is not None:
        since = (
            f"Drift is against the night of {earlier.date}, "
            f"configuration {earlier.config}"
        )
    notes = [
        "",
        _counts(manifest, summary),
        since,
        f"Without a match: {_named(summary.dead)}",
        f"With the same pattern: {_groups(summary.duplicates)}",
        f"Always match the same messages: {_groups(summary.always_together)}",
        f"Not matched by Hyperscan alone: {_fallbacks(summary.fallbacks)}",
    ]
    if earlier is not None:
        notes.append(f"Gone since {earlier.date}: {_named(drift.gone)}")
    return notes


def _counts(manifest: RunManifest, summary: LabellingSummary) -> str:
    messages = plural(summary.messages, "message")
    rules = plural(len(summary.rules), "rule")
    return (
        f"Night of {manifest.date}: {messages}, "
        f"{summary.labelled:,} labelled, {summary.silent:,} without a match, "
        f"{summary.tied:,} undecided; {rules}"
    )


def _table(rows: Sequence[RuleRow], with_drift: bool) -> Table:
    with_estimate = any(row.rule.accuracy is not None for row in rows)
    columns: dict[str, Callable[[RuleRow], str]] = {
        "rule": _by_id,
        "label": _by_label,
        "messages": _messages,
        "share": _share,
    }
    if with_drift:
        columns["drift"] = _drift
    columns |= {
        "overlaps": _overlaps,
        "conflicts": _conflicts,
        "decides": _decides,
        "correct": _correct,
        "precision": _precision,
    }
    if with_estimate:
        columns["estimated"] = _estimated
    columns["conflicts most with"] = _conflicts_with
    rules = table(*columns, left=2)
    rules.columns[-1].justify = "left"
    for row in rows:
        rules.add_row(*(Text(cell(row)) for cell in columns.values()))
    return rules


def _messages(row: RuleRow) -> str:
    return f"{row.rule.coverage:,}"


def _share(row: RuleRow) -> str:
    return percent(row.rule.share, decimals=2)


def _drift(row: RuleRow) -> str:
    return "new" if row.drift is None else f"{100 * row.drift:+.2f}"


def _overlaps(row: RuleRow) -> str:
    return f"{row.rule.overlaps:,}"


def _conflicts(row: RuleRow) -> str:
    return f"{row.rule.conflicts:,}"


def _decides(row: RuleRow) -> str:
    return percent(row.rule.decides_share, decimals=2)


def _correct(row: RuleRow) -> str:
    rule = row.rule
    if not rule.reviewed:
        return DASH
    return f"{rule.correct:,}/{rule.reviewed:,}"


def _precision(row: RuleRow) -> str:
    return describe_interval(row.rule.precision)


def _estimated(row: RuleRow) -> str:
    return DASH if row.rule.accuracy is None else f"{row.rule.accuracy:.3f}"


def _conflicts_with(row: RuleRow) -> str:
    return ", ".join(
        f"{conflict.id} ({conflict.messages:,})" for conflict in row.rule.conflicts_with
    )


def _fallbacks(rules: Iterable[FallbackRule]) -> str:
    named = [f"{rule.id}, {rule.strategy} ({rule.reason})" for rule in rules]
    return "; ".join(named) or "none"


def _named(ids: Iterable[str]) -> str:
    return ", ".join(ids) or "none"


def _groups(groups: Iterable[Iterable[str]]) -> str:
    return "; ".join(" = ".join(group) for group in groups) or "none"

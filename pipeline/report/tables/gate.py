"""The checks that the gate made of a model."""

from pipeline.records.release import Check, CheckKind, Decision, Verdict
from pipeline.records.words import (
    describe_bound,
    describe_measure,
    describe_note,
    describe_value,
    name_check,
)
from pipeline.report.content import COUNT, MARK, SENTENCE, Column, Row, Table

#: In the order in which checks are shown.
VERDICTS = (Verdict.FAILED, Verdict.PASSED, Verdict.SKIPPED)
DEVICE_CHECKS = (CheckKind.SIZE, CheckKind.TERMS, CheckKind.SPEED)


def checks(decision: Decision) -> Table:
    """Return every check of the gate, the failed ones first."""
    columns = (
        Column("check"),
        Column("verdict", MARK),
        Column("measure"),
        Column("value", SENTENCE),
        Column("must be", SENTENCE),
        Column("note", SENTENCE),
    )
    failed_first = sorted(decision.checks, key=_verdict_order)
    rows = list(map(_check_cells, failed_first))
    return Table("checks", "The gate's checks, the failed ones first", columns, rows)


def device(decision: Decision, before: Decision | None) -> Table:
    """Return the model's size and speed, the published model's, and what is allowed.

    Parameters
    ----------
    before
        The decision on the published model; None without one.
    """
    columns = [Column("measure"), Column("tonight", COUNT)]
    if before is not None:
        columns.append(Column("published model", COUNT))
    columns.append(Column("allowed", COUNT))
    rows = []
    for check in decision.checks:
        if check.kind in DEVICE_CHECKS:
            values = [describe_value(check.value)]
            if before is not None:
                values.append(_value_of_kind(before, check.kind))
            rows.append((describe_measure(check), *values, describe_bound(check)))
    caption = "Size and speed on the device"
    return Table("device", caption, columns, rows)


def _check_cells(check: Check) -> Row:
    return (
        name_check(check),
        check.verdict.value,
        describe_measure(check),
        describe_value(check.value),
        describe_bound(check),
        describe_note(check),
    )


def _verdict_order(check: Check) -> int:
    return VERDICTS.index(check.verdict)


def _value_of_kind(decision: Decision, kind: CheckKind) -> str:
    values = [check.value for check in decision.checks if check.kind is kind]
    first_value = next(iter(values), None)
    return describe_value(first_value)

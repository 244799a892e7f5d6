"""Checks with a maximum or a minimum, and those that cannot be made."""

from pipeline.records.release import Bound, Check, CheckKind, Comparison, Verdict

NO_CHAMPION = "nothing is published yet"
NOTHING_TO_COMPARE = "nothing to compare"


def at_most(
    kind: CheckKind,
    value: float | int | None,
    maximum: float | int,
    subject: str | None = None,
    with_thresholds: bool = False,
) -> Check:
    """Return a check that fails above a maximum; without a value it is skipped."""
    verdict = Verdict.SKIPPED
    if value is not None:
        verdict = Verdict.PASSED if value <= maximum else Verdict.FAILED
    return Check(
        kind=kind,
        subject=subject,
        with_thresholds=with_thresholds,
        value=value,
        bound=Bound(comparison=Comparison.AT_MOST, value=maximum),
        verdict=verdict,
    )


def at_least(
    kind: CheckKind,
    value: float | int | None,
    minimum: float | int,
    subject: str | None = None,
    measure: str | None = None,
    with_thresholds: bool = False,
) -> Check:
    """Return a check that fails below a minimum, and without a value."""
    is_enough = value is not None and value >= minimum
    return Check(
        kind=kind,
        subject=subject,
        measure=measure,
        with_thresholds=with_thresholds,
        value=value,
        bound=Bound(comparison=Comparison.AT_LEAST, value=minimum),
        verdict=Verdict.PASSED if is_enough else Verdict.FAILED,
    )


def skipped(
    kind: CheckKind,
    note: str,
    subject: str | None = None,
    measure: str | None = None,
    with_thresholds: bool = False,
    value: float | int | str | None = None,
    bound: Bound | None = None,
) -> Check:
    """Return a check that cannot be made, and why."""
    return Check(
        kind=kind,
        subject=subject,
        measure=measure,
        with_thresholds=with_thresholds,
        value=value,
        bound=bound,
        verdict=Verdict.SKIPPED,
        note=note,
    )

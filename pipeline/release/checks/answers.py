"""Checks with a maximum or a minimum, and checks that cannot be made."""

from pipeline.records.release import Bound, Check, CheckKind, Comparison, Verdict
from pipeline.statistics.interval import Interval

NO_CHAMPION = "no model is published yet"
NOTHING_TO_COMPARE = "no text to compare the models on"


def at_most(
    kind: CheckKind,
    value: float | int | None,
    maximum: float | int,
    *,
    subject: str | None = None,
    with_thresholds: bool = False,
) -> Check:
    """Return a check that fails above a maximum; without a value it is skipped.

    Examples
    --------
    >>> at_most(CheckKind.TERMS, 101, 100).verdict
    <Verdict.FAILED: 'failed'>
    >>> at_most(CheckKind.SPEED, None, 2000.0).verdict
    <Verdict.SKIPPED: 'skipped'>
    """
    verdict = Verdict.SKIPPED
    if value is not None:
        verdict = passed_if(value <= maximum)
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
    *,
    subject: str | None = None,
    measure: str | None = None,
    with_thresholds: bool = False,
) -> Check:
    """Return a check that fails below a minimum, and without a value.

    Examples
    --------
    >>> at_least(CheckKind.REVIEWS, 9, 10).verdict
    <Verdict.FAILED: 'failed'>
    """
    is_enough = value is not None and value >= minimum
    return Check(
        kind=kind,
        subject=subject,
        measure=measure,
        with_thresholds=with_thresholds,
        value=value,
        bound=Bound(comparison=Comparison.AT_LEAST, value=minimum),
        verdict=passed_if(is_enough),
    )


def skipped(
    kind: CheckKind,
    note: str,
    *,
    subject: str | None = None,
    measure: str | None = None,
    with_thresholds: bool = False,
    value: float | int | str | None = None,
    bound: Bound | None = None,
) -> Check:
    """Return a check that could not be made; ``note`` says why."""
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


def passed_if(condition: bool) -> Verdict:
    """Return the verdict of a check that passes on this condition."""
    return Verdict.PASSED if condition else Verdict.FAILED


def is_below_zero(interval: Interval) -> bool:
    """Return whether the whole interval is below 0; an undefined one is not."""
    return interval.high is not None and interval.high < 0


def overlap(first: Interval, second: Interval) -> bool:
    """Return whether two intervals overlap; an undefined one overlaps every other."""
    if first.low is None or first.high is None:
        return True
    if second.low is None or second.high is None:
        return True
    return first.low <= second.high and second.low <= first.high

"""Checks of what came in tonight beside what came in before."""

from collections.abc import Iterator

from pipeline.config.settings import Gate
from pipeline.records.release import (
    Bound,
    Check,
    CheckKind,
    Comparison,
    ReferenceFigures,
    Verdict,
)
from pipeline.release.checks.answers import (
    NO_CHAMPION,
    NOTHING_TO_COMPARE,
    at_least,
    at_most,
    skipped,
)
from pipeline.release.checks.inputs import f1_figures
from pipeline.statistics.interval import Interval
from pipeline.statistics.metrics import Metrics


def drift_checks(
    gate: Gate, tonight: ReferenceFigures, before: ReferenceFigures | None
) -> Iterator[Check]:
    """Yield checks of what came in, beside the night of the champion."""
    if before is None:
        yield skipped(CheckKind.DRIFT_OF_SHARE, NO_CHAMPION)
        return
    drift = gate.drift
    ratio = tonight.messages / before.messages
    yield at_least(CheckKind.DRIFT_OF_MESSAGES, ratio, drift.min_messages_ratio)
    change = abs(tonight.coverage - before.coverage)
    yield at_most(CheckKind.DRIFT_OF_COVERAGE, change, drift.max_coverage_change)
    for label in sorted(tonight.shares.keys() | before.shares.keys()):
        change = abs(tonight.shares.get(label, 0) - before.shares.get(label, 0))
        yield at_most(
            CheckKind.DRIFT_OF_SHARE, change, drift.max_share_change, subject=label
        )


def review_drift_checks(
    gate: Gate, metrics: Metrics | None, before: ReferenceFigures | None
) -> Iterator[Check]:
    """Yield checks of what the champion measures on the reviews of two nights.

    One model, so what it measures otherwise, the reviews say otherwise. Both models may
    look alike on reviews that are wrong, so no comparison of the two would show that.
    """
    if before is None:
        yield skipped(CheckKind.DRIFT_OF_REVIEWS, NO_CHAMPION)
        return
    now = f1_figures(metrics)
    then = before.reviews
    if now is None or then is None or now.per_label.keys() != then.per_label.keys():
        yield skipped(CheckKind.DRIFT_OF_REVIEWS, NOTHING_TO_COMPARE)
        return
    maximum = gate.drift.max_f1_change_on_reviews
    yield _drift_of_f1(None, now.macro, then.macro, maximum)
    for label, f1 in now.per_label.items():
        yield _drift_of_f1(label, f1, then.per_label[label], maximum)


def _drift_of_f1(
    label: str | None, now: Interval, then: Interval, maximum: float
) -> Check:
    """Fail on a change that is too large and no accident.

    It is none if the intervals do not overlap.
    """
    kind = CheckKind.DRIFT_OF_REVIEWS
    bound = Bound(comparison=Comparison.AT_MOST, value=maximum, unless_uncertain=True)
    if now.value is None or then.value is None:
        return skipped(kind, NOTHING_TO_COMPARE, subject=label, bound=bound)
    change = abs(now.value - then.value)
    is_apart = now.high < then.low or then.high < now.low
    return Check(
        kind=kind,
        subject=label,
        value=change,
        bound=bound,
        verdict=Verdict.FAILED if change > maximum and is_apart else Verdict.PASSED,
        note=(
            f"{then.value:.4g} on the reviews of its own night, "
            f"{now.value:.4g} on tonight's"
        ),
    )

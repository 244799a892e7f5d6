"""Checks of tonight's messages and reviews against those of the champion's night."""

from collections.abc import Iterator

from pipeline.config.settings import Gate
from pipeline.records.release import (
    Bound,
    Check,
    CheckKind,
    Comparison,
    ReferenceFigures,
)
from pipeline.release.checks.answers import (
    NO_CHAMPION,
    at_least,
    at_most,
    overlap,
    passed_if,
    skipped,
)
from pipeline.release.checks.inputs import f1_figures
from pipeline.statistics.interval import Interval
from pipeline.statistics.metrics import Metrics

OTHER_REVIEWS = "the two nights have no reviews of the same labels"
UNDEFINED_F1 = "the reviews of one of the nights give no F1"


def drift_checks(
    gate: Gate, tonight: ReferenceFigures, before: ReferenceFigures | None
) -> Iterator[Check]:
    """Yield checks that compare tonight's messages with the champion's night."""
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
    """Yield checks of the champion's F1 on the reviews of two nights.

    The model is the same on both nights, so a difference is one of the reviews. Wrong
    reviews measure tonight's model and the champion alike, so comparing the two models
    does not show it.
    """
    if before is None:
        yield skipped(CheckKind.DRIFT_OF_REVIEWS, NO_CHAMPION)
        return
    now = f1_figures(metrics)
    then = before.reviews
    if now is None or then is None or now.per_label.keys() != then.per_label.keys():
        yield skipped(CheckKind.DRIFT_OF_REVIEWS, OTHER_REVIEWS)
        return
    maximum = gate.drift.max_f1_change_on_reviews
    yield _drift_of_f1(None, now.macro, then.macro, maximum)
    for label, f1 in now.per_label.items():
        yield _drift_of_f1(label, f1, then.per_label[label], maximum)


def _drift_of_f1(
    label: str | None, now: Interval, then: Interval, maximum: float
) -> Check:
    """Fail on a change that is too large and not by chance.

    It is not by chance if the intervals do not overlap.
    """
    kind = CheckKind.DRIFT_OF_REVIEWS
    bound = Bound(comparison=Comparison.AT_MOST, value=maximum, unless_uncertain=True)
    if now.value is None or then.value is None:
        return skipped(kind, UNDEFINED_F1, subject=label, bound=bound)
    change = abs(now.value - then.value)
    has_drifted = change > maximum and not overlap(now, then)
    return Check(
        kind=kind,
        subject=label,
        value=change,
        bound=bound,
        verdict=passed_if(not has_drifted),
        note=(
            f"it is {then.value:.4g} on the reviews of its own night and "
            f"{now.value:.4g} on tonight's"
        ),
    )

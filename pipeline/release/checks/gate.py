"""Every check of the gate, in the order of the report."""

from collections.abc import Iterator

from pipeline.config.settings import Gate
from pipeline.records.export import MODEL_FILE, ExportManifest
from pipeline.records.release import Bound, Check, CheckKind, Comparison, Verdict
from pipeline.records.reviews import ReviewEvaluation
from pipeline.records.words import describe_left_out
from pipeline.release.checks.answers import (
    NO_CHAMPION,
    at_least,
    at_most,
    passed_if,
    skipped,
)
from pipeline.release.checks.comparison import ComparisonChecks
from pipeline.release.checks.drift import drift_checks, review_drift_checks
from pipeline.release.checks.inputs import GateInput, Measurements
from pipeline.statistics.interval import Interval
from pipeline.statistics.metrics import Metrics


def check_model(gate: Gate, night: GateInput) -> tuple[Check, ...]:
    """Return every check of tonight's model.

    The page ``tests/spec/gate-checks.md`` shows each kind of check by examples.
    """
    return tuple(_checks(gate, night))


def _checks(gate: Gate, night: GateInput) -> Iterator[Check]:
    measurements = night.measurements
    yield from _verification(measurements.export)
    yield from _device(gate, measurements)
    yield from _floors(gate, measurements.reviews)
    yield _not_older(night)
    if night.unsupported is not None:
        yield _readable(night.unsupported)
    yield from ComparisonChecks(gate, night, night.compared, False).checks()
    if night.compared_with_thresholds is not None:
        # An app may use thresholds or not: its labels must not change overnight either
        # way.
        yield from ComparisonChecks(
            gate, night, night.compared_with_thresholds, True
        ).checks()
    before = None if night.champion is None else night.champion.figures
    yield from drift_checks(gate, measurements.figures, before)
    yield from review_drift_checks(gate, night.champion_on_reviews, before)


def _verification(export: ExportManifest) -> Iterator[Check]:
    yield at_most(CheckKind.VERIFIED, export.verification.differences, 0)


def _device(gate: Gate, measurements: Measurements) -> Iterator[Check]:
    export = measurements.export
    size = export.files[MODEL_FILE].gzipped_bytes
    yield at_most(CheckKind.SIZE, size, gate.device.gzipped_bytes)
    yield at_most(CheckKind.TERMS, export.terms, gate.device.terms)
    microseconds = measurements.latency.microseconds
    yield at_most(CheckKind.SPEED, microseconds, gate.device.microseconds)


def _floors(gate: Gate, reviews: ReviewEvaluation) -> Iterator[Check]:
    """Yield the checks of reviewed messages.

    A floor applies to the labels with thresholds if the file has any: a threshold is
    set so that a label reaches its goal.
    """
    has_thresholds = reviews.with_thresholds is not None
    metrics = reviews.with_thresholds or reviews.metrics
    n_messages = 0 if metrics is None else metrics.n
    yield at_least(CheckKind.REVIEWS, n_messages, gate.min_reviewed_messages)
    if reviews.reviews > 0 and reviews.messages == 0:
        yield _unknown(reviews)
    for label, floor in sorted(gate.floors.items()):
        for measure, minimum in floor.model_dump(exclude_none=True).items():
            yield at_least(
                CheckKind.FLOOR,
                _figure(metrics, label, measure),
                minimum,
                subject=label,
                measure=measure,
                with_thresholds=has_thresholds,
            )


def _unknown(reviews: ReviewEvaluation) -> Check:
    """Return the failed check of reviews of which none counts."""
    return Check(
        kind=CheckKind.KNOWN_REVIEWS,
        value=0,
        bound=Bound(comparison=Comparison.AT_LEAST, value=1),
        verdict=Verdict.FAILED,
        note=f"left out: {describe_left_out(reviews)}",
    )


def _figure(metrics: Metrics | None, label: str, measure: str) -> float | None:
    """Return a figure of a label; None where the label has no metrics."""
    if metrics is None or label not in metrics.per_label:
        return None
    interval: Interval = getattr(metrics.per_label[label], measure)
    return interval.value


def _not_older(night: GateInput) -> Check:
    date = night.date.isoformat()
    if night.champion is None:
        return skipped(CheckKind.NOT_OLDER, NO_CHAMPION, value=date)
    published = night.champion.date.isoformat()
    bound = Bound(comparison=Comparison.AT_LEAST, value=published)
    if night.date <= night.today < night.champion.date:
        # Somebody mistyped a year, or asked for a night in the future. Otherwise no
        # real night would be published until then.
        note = f"the published model is of {published}, a night in the future"
        return skipped(CheckKind.NOT_OLDER, note, value=date, bound=bound)
    return Check(
        kind=CheckKind.NOT_OLDER,
        value=date,
        bound=bound,
        verdict=passed_if(night.date >= night.champion.date),
    )


def _readable(reason: str) -> Check:
    return Check(
        kind=CheckKind.READABLE,
        value="unreadable",
        bound=Bound(comparison=Comparison.IS, value="readable"),
        verdict=Verdict.FAILED,
        note=reason,
    )

"""The questions of the gate about tonight's model, and the answers."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.config.settings import Gate
from pipeline.records.export import MODEL_FILE, ExportManifest
from pipeline.records.models import ModelEntry
from pipeline.records.release import (
    Bound,
    Check,
    CheckKind,
    Compared,
    Comparison,
    F1Figures,
    Latency,
    ModelComparison,
    ReferenceFigures,
    Verdict,
)
from pipeline.records.reviews import ReviewEvaluation
from pipeline.records.rules import LabellingSummary
from pipeline.records.sample import ShardManifest
from pipeline.statistics.difference import Difference
from pipeline.statistics.interval import Interval
from pipeline.statistics.metrics import Metrics

NO_CHAMPION = "nothing is published yet"
NOTHING_TO_COMPARE = "nothing to compare"
NO_EARLIER_MODEL = "none before the champion is kept, or an override began again"


@dataclass(frozen=True)
class Measurements:
    """What other tasks found out about tonight's sample and tonight's model."""

    sample: ShardManifest
    rules: LabellingSummary
    export: ExportManifest
    reviews: ReviewEvaluation
    latency: Latency

    @property
    def figures(self) -> ReferenceFigures:
        """What a later night is held against."""
        return ReferenceFigures(
            messages=self.sample.counts.kept,
            coverage=self.rules.coverage,
            shares=self.rules.label_shares,
            reviews=_f1_figures(self.reviews.metrics),
        )


@dataclass(frozen=True)
class GateInput:
    """What the gate knows of tonight.

    Attributes
    ----------
    date
        The night's.
    champion
        The entry of the published model; None on the first night.
    unsupported
        Why the champion's file cannot be read, so that nothing is compared; None if it
        can, or there is none.
    earlier
        The serial of the model published before the champion that tonight's is compared
        with too; None without one.
    compared, compared_with_thresholds
        Tonight's model beside these. The second is None where neither model has a
        threshold, or there is no champion.
    champion_on_reviews
        The champion's metrics on tonight's reviews; None without one, or without
        reviews.
    """

    date: datetime.date
    measurements: Measurements
    champion: ModelEntry | None
    unsupported: str | None
    earlier: int | None
    compared: ModelComparison
    compared_with_thresholds: ModelComparison | None
    champion_on_reviews: Metrics | None


def check_model(gate: Gate, night: GateInput) -> tuple[Check, ...]:
    """Return every check of tonight's model."""
    return tuple(_checks(gate, night))


def _checks(gate: Gate, night: GateInput) -> Iterator[Check]:
    measurements = night.measurements
    yield from _verification(measurements.export)
    yield from _device(gate, measurements)
    yield from _floors(gate, measurements.reviews)
    yield _not_older(night)
    if night.unsupported is not None:
        yield _readable(night.unsupported)
    yield from _Comparisons(gate, night, night.compared, False).checks()
    if night.compared_with_thresholds is not None:
        # An app may ask for thresholds or not: neither must find its labels changed
        # overnight.
        yield from _Comparisons(
            gate, night, night.compared_with_thresholds, True
        ).checks()
    before = None if night.champion is None else night.champion.figures
    yield from _drift(gate, measurements.figures, before)
    yield from _drift_of_reviews(gate, night.champion_on_reviews, before)


def _verification(export: ExportManifest) -> Iterator[Check]:
    yield _at_most(CheckKind.VERIFIED, export.verification.differences, 0)


def _device(gate: Gate, measurements: Measurements) -> Iterator[Check]:
    export = measurements.export
    size = export.files[MODEL_FILE].gzipped_bytes
    yield _at_most(CheckKind.SIZE, size, gate.device.gzipped_bytes)
    yield _at_most(CheckKind.TERMS, export.terms, gate.device.terms)
    microseconds = measurements.latency.microseconds
    yield _at_most(CheckKind.SPEED, microseconds, gate.device.microseconds)


def _floors(gate: Gate, reviews: ReviewEvaluation) -> Iterator[Check]:
    """Yield the checks of reviewed messages.

    They hold what the file decides with its thresholds, if it has any: thresholds are
    there to reach what is asked of a label.
    """
    has_thresholds = reviews.with_thresholds is not None
    metrics = reviews.with_thresholds or reviews.metrics
    n_messages = 0 if metrics is None else metrics.n
    yield _at_least(CheckKind.REVIEWS, n_messages, gate.min_reviewed_messages)
    for label, floor in sorted(gate.floors.items()):
        for measure, minimum in floor.model_dump(exclude_none=True).items():
            yield _at_least(
                CheckKind.FLOOR,
                _figure(metrics, label, measure),
                minimum,
                subject=label,
                measure=measure,
                with_thresholds=has_thresholds,
            )


def _figure(metrics: Metrics | None, label: str, measure: str) -> float | None:
    """Return a figure of a label; None where there are no metrics of it."""
    if metrics is None or label not in metrics.per_label:
        return None
    interval: Interval = getattr(metrics.per_label[label], measure)
    return interval.value


def _not_older(night: GateInput) -> Check:
    date = night.date.isoformat()
    if night.champion is None:
        return _skipped(CheckKind.NOT_OLDER, NO_CHAMPION, value=date)
    is_older = night.date < night.champion.date
    return Check(
        kind=CheckKind.NOT_OLDER,
        value=date,
        bound=Bound(
            comparison=Comparison.AT_LEAST, value=night.champion.date.isoformat()
        ),
        verdict=Verdict.FAILED if is_older else Verdict.PASSED,
    )


def _readable(reason: str) -> Check:
    return Check(
        kind=CheckKind.READABLE,
        value="unreadable",
        bound=Bound(comparison=Comparison.IS, value="readable"),
        verdict=Verdict.FAILED,
        note=reason,
    )


@dataclass(frozen=True)
class _Comparisons:
    """The checks of a comparison, with or without thresholds."""

    gate: Gate
    night: GateInput
    compared: ModelComparison
    with_thresholds: bool

    def checks(self) -> Iterator[Check]:
        reviews = self.compared.reviews
        holdout = self.compared.holdout
        if self.night.champion is not None and self.night.unsupported is None:
            # Else a night without any evidence would have passed against the champion.
            yield _at_least(
                CheckKind.EVIDENCE,
                reviews.documents + holdout.documents,
                1,
                with_thresholds=self.with_thresholds,
            )
        yield self._macro_f1(CheckKind.REGRESSION_ON_REVIEWS, reviews)
        yield from self._regression_of_labels(reviews)
        yield self._macro_f1(CheckKind.REGRESSION_ON_HOLDOUT, holdout)
        if self.gate.regression.publications_back is not None:
            yield self._since_earlier()
        yield from self._churn(holdout)

    def _macro_f1(self, kind: CheckKind, compared: Compared, note: str = "") -> Check:
        difference = None
        if compared.macro_f1 is not None:
            difference = Difference(compared.macro_f1, compared.documents)
        maximum = self.gate.regression.max_loss.macro_f1
        return self._regression(kind, difference, maximum, note=note)

    def _regression_of_labels(self, compared: Compared) -> Iterator[Check]:
        """Yield checks of each label.

        One label may lose what macro F1 hides: by what another one gains, or among a
        dozen others.
        """
        max_loss = self.gate.regression.max_loss
        for label, difference in compared.per_label.items():
            yield self._regression_of_label(
                label, "precision", difference.precision, max_loss.precision
            )
            yield self._regression_of_label(
                label, "recall", difference.recall, max_loss.recall
            )

    def _regression_of_label(
        self, label: str, measure: str, difference: Difference, max_loss: float
    ) -> Check:
        kind = CheckKind.REGRESSION_OF_LABEL
        minimum = self.gate.regression.min_texts
        if difference.texts < minimum:
            return _skipped(
                kind,
                f"of {difference.texts:,} texts, fewer than {minimum:,}",
                subject=label,
                measure=measure,
                with_thresholds=self.with_thresholds,
                value=difference.interval.value,
            )
        return self._regression(kind, difference, max_loss, label, measure)

    def _since_earlier(self) -> Check:
        """Hold tonight's model against one before the champion.

        Steps that are each too small to be seen are one large step from where they
        began.
        """
        kind = CheckKind.REGRESSION_SINCE_EARLIER
        if self.compared.earlier is None:
            return _skipped(
                kind, NO_EARLIER_MODEL, with_thresholds=self.with_thresholds
            )
        note = f"the earlier model is {self.night.earlier}"
        return self._macro_f1(kind, self.compared.earlier, note)

    def _regression(
        self,
        kind: CheckKind,
        difference: Difference | None,
        max_loss: float,
        subject: str | None = None,
        measure: str | None = None,
        note: str = "",
    ) -> Check:
        """Fail on a loss that is too large and no accident.

        It is none if the whole interval is below 0.
        """
        minimum = -max_loss
        bound = Bound(
            comparison=Comparison.AT_LEAST, value=minimum, unless_uncertain=True
        )
        if difference is None or difference.interval.value is None:
            return _skipped(
                kind,
                NOTHING_TO_COMPARE,
                subject=subject,
                measure=measure,
                with_thresholds=self.with_thresholds,
                bound=bound,
            )
        interval = difference.interval
        is_lost = interval.value < minimum and interval.high < 0
        return Check(
            kind=kind,
            subject=subject,
            measure=measure,
            with_thresholds=self.with_thresholds,
            value=interval.value,
            bound=bound,
            verdict=Verdict.FAILED if is_lost else Verdict.PASSED,
            interval=interval,
            texts=difference.texts,
            note=note,
        )

    def _churn(self, compared: Compared) -> Iterator[Check]:
        churn = self.gate.churn
        yield _at_most(
            CheckKind.CHURN,
            compared.churn,
            churn.overall,
            with_thresholds=self.with_thresholds,
        )
        for label, share in compared.churn_per_label.items():
            yield _at_most(
                CheckKind.CHURN_OF_LABEL,
                share,
                churn.label,
                subject=label,
                with_thresholds=self.with_thresholds,
            )


def _drift(
    gate: Gate, tonight: ReferenceFigures, before: ReferenceFigures | None
) -> Iterator[Check]:
    if before is None:
        yield _skipped(CheckKind.DRIFT_OF_SHARE, NO_CHAMPION)
        return
    drift = gate.drift
    ratio = tonight.messages / before.messages
    yield _at_least(CheckKind.DRIFT_OF_MESSAGES, ratio, drift.min_messages_ratio)
    change = abs(tonight.coverage - before.coverage)
    yield _at_most(CheckKind.DRIFT_OF_COVERAGE, change, drift.max_coverage_change)
    for label in sorted(tonight.shares.keys() | before.shares.keys()):
        change = abs(tonight.shares.get(label, 0) - before.shares.get(label, 0))
        yield _at_most(
            CheckKind.DRIFT_OF_SHARE, change, drift.max_share_change, subject=label
        )


def _drift_of_reviews(
    gate: Gate, metrics: Metrics | None, before: ReferenceFigures | None
) -> Iterator[Check]:
    """Yield checks of what the champion measures on the reviews of two nights.

    One model, so what it measures otherwise, the reviews say otherwise. Both models may
    look alike on reviews that are wrong, so no comparison of the two would show that.
    """
    if before is None:
        yield _skipped(CheckKind.DRIFT_OF_REVIEWS, NO_CHAMPION)
        return
    now = _f1_figures(metrics)
    then = before.reviews
    if now is None or then is None or now.per_label.keys() != then.per_label.keys():
        yield _skipped(CheckKind.DRIFT_OF_REVIEWS, NOTHING_TO_COMPARE)
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
        return _skipped(kind, NOTHING_TO_COMPARE, subject=label, bound=bound)
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


def _f1_figures(metrics: Metrics | None) -> F1Figures | None:
    if metrics is None:
        return None
    per_label = {label: row.f1 for label, row in metrics.per_label.items()}
    return F1Figures(macro=metrics.macro_f1, per_label=per_label)


def _at_most(
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


def _at_least(
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


def _skipped(
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

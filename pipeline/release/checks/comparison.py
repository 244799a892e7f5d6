"""Checks of tonight's model beside those that were published before."""

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.config.settings import Gate
from pipeline.records.release import (
    Bound,
    Check,
    CheckKind,
    Compared,
    Comparison,
    ModelComparison,
)
from pipeline.records.words import plural
from pipeline.release.checks.answers import (
    NOTHING_TO_COMPARE,
    at_least,
    at_most,
    is_below_zero,
    passed_if,
    skipped,
)
from pipeline.release.checks.inputs import GateInput
from pipeline.statistics.difference import Difference

NO_EARLIER_MODEL = (
    "no model from before the published one is kept, or an override began a new line"
)


@dataclass(frozen=True)
class ComparisonChecks:
    """The checks of a comparison, with or without thresholds."""

    gate: Gate
    night: GateInput
    compared: ModelComparison
    with_thresholds: bool

    def checks(self) -> Iterator[Check]:
        """Yield the checks of evidence, regression and churn."""
        reviews = self.compared.reviews
        holdout = self.compared.holdout
        if self.night.champion is not None and self.night.unsupported is None:
            # Without this check, a night without any evidence would pass.
            yield at_least(
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
        """Yield the checks of each label's precision and recall.

        Macro F1 can hide the loss of one label: another label gains as much, or the
        loss is one among a dozen labels.
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
            return skipped(
                kind,
                f"only {plural(difference.texts, 'text')}; {minimum:,} are needed",
                subject=label,
                measure=measure,
                with_thresholds=self.with_thresholds,
                value=difference.interval.value,
            )
        return self._regression(
            kind, difference, max_loss, subject=label, measure=measure
        )

    def _since_earlier(self) -> Check:
        """Compare tonight's model with one that was published before the champion.

        Losses that are each too small to fail a check add up over several nights.
        """
        kind = CheckKind.REGRESSION_SINCE_EARLIER
        if self.compared.earlier is None:
            return skipped(kind, NO_EARLIER_MODEL, with_thresholds=self.with_thresholds)
        note = f"the earlier model is model {self.night.earlier}"
        return self._macro_f1(kind, self.compared.earlier, note)

    def _regression(
        self,
        kind: CheckKind,
        difference: Difference | None,
        max_loss: float,
        *,
        subject: str | None = None,
        measure: str | None = None,
        note: str = "",
    ) -> Check:
        """Fail on a loss that is too large and not by chance.

        It is not by chance if the whole interval is below 0.
        """
        minimum = -max_loss
        bound = Bound(
            comparison=Comparison.AT_LEAST, value=minimum, unless_uncertain=True
        )
        value = None if difference is None else difference.interval.value
        if difference is None or value is None:
            return skipped(
                kind,
                NOTHING_TO_COMPARE,
                subject=subject,
                measure=measure,
                with_thresholds=self.with_thresholds,
                bound=bound,
            )
        interval = difference.interval
        is_lost = value < minimum and is_below_zero(interval)
        return Check(
            kind=kind,
            subject=subject,
            measure=measure,
            with_thresholds=self.with_thresholds,
            value=value,
            bound=bound,
            verdict=passed_if(not is_lost),
            interval=interval,
            texts=difference.texts,
            note=note,
        )

    def _churn(self, compared: Compared) -> Iterator[Check]:
        churn = self.gate.churn
        yield at_most(
            CheckKind.CHURN,
            compared.churn,
            churn.overall,
            with_thresholds=self.with_thresholds,
        )
        for label, share in compared.churn_per_label.items():
            yield at_most(
                CheckKind.CHURN_OF_LABEL,
                share,
                churn.label,
                subject=label,
                with_thresholds=self.with_thresholds,
            )

"""What the gate knows about tonight's model."""

import datetime
from dataclasses import dataclass

from pipeline.records.export import ExportManifest
from pipeline.records.models import ModelEntry
from pipeline.records.release import (
    F1Figures,
    Latency,
    ModelComparison,
    ReferenceFigures,
)
from pipeline.records.reviews import ReviewEvaluation
from pipeline.records.rules import LabellingSummary
from pipeline.records.sample import ShardManifest
from pipeline.statistics.metrics import Metrics


@dataclass(frozen=True)
class Measurements:
    """What other tasks measured of tonight's sample and tonight's model."""

    sample: ShardManifest
    rules: LabellingSummary
    export: ExportManifest
    reviews: ReviewEvaluation
    latency: Latency

    @property
    def figures(self) -> ReferenceFigures:
        """The figures that a later night is compared with."""
        return ReferenceFigures(
            messages=self.sample.counts.kept,
            coverage=self.rules.coverage,
            shares=self.rules.label_shares,
            reviews=f1_figures(self.reviews.metrics),
        )


@dataclass(frozen=True)
class GateInput:
    """What the gate knows about tonight's model.

    Attributes
    ----------
    date
        The night's.
    today
        The day of the decision (UTC).
    champion
        The entry of the published model; None on the first night.
    unsupported
        Why the champion's file cannot be read, so that nothing is compared; None if it
        can, or there is none.
    earlier
        The serial of a model published before the champion, which tonight's model is
        compared with too; None without one.
    compared, compared_with_thresholds
        How tonight's model differs from the champion and the earlier model. The second
        is None where no model has a threshold, or there is no champion.
    champion_on_reviews
        The champion's metrics on tonight's reviews; None without one, or without
        reviews.
    """

    date: datetime.date
    today: datetime.date
    measurements: Measurements
    champion: ModelEntry | None
    unsupported: str | None
    earlier: int | None
    compared: ModelComparison
    compared_with_thresholds: ModelComparison | None
    champion_on_reviews: Metrics | None


def f1_figures(metrics: Metrics | None) -> F1Figures | None:
    """Return macro F1 and each label's F1; None without metrics."""
    if metrics is None:
        return None
    per_label = {label: row.f1 for label, row in metrics.per_label.items()}
    return F1Figures(macro=metrics.macro_f1, per_label=per_label)

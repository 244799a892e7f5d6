"""What the gate knows of tonight."""

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
            reviews=f1_figures(self.reviews.metrics),
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


def f1_figures(metrics: Metrics | None) -> F1Figures | None:
    """Return F1 of all labels and of each; None without metrics."""
    if metrics is None:
        return None
    per_label = {label: row.f1 for label, row in metrics.per_label.items()}
    return F1Figures(macro=metrics.macro_f1, per_label=per_label)

"""What the gate knows about a night that passes every check, and changes of it."""

import datetime
from typing import TypeVar

from pydantic import JsonValue

from pipeline.config.settings import Gate
from pipeline.records.export import (
    MODEL_FILE,
    ExportManifest,
    FileDescription,
    Verification,
)
from pipeline.records.models import ModelEntry, ModelTraits
from pipeline.records.record import Record
from pipeline.records.release import (
    Compared,
    Decision,
    F1Figures,
    Latency,
    ModelComparison,
    ReferenceFigures,
)
from pipeline.records.reviews import ReviewEvaluation
from pipeline.records.rules import LabellingSummary
from pipeline.records.sample import SampleCounts, ShardManifest
from pipeline.release.checks import GateInput, Measurements
from pipeline.release.decision import decide
from pipeline.statistics.difference import Difference, LabelDifference
from pipeline.statistics.interval import Interval
from pipeline.statistics.metrics import LabelMetrics, Metrics

DATE = datetime.date(2026, 11, 20)

GATE: dict[str, JsonValue] = {
    "min_reviewed_messages": 10,
    "floors": {"spam": {"precision": 0.9, "recall": 0.5}},
    "regression": {
        "max_loss": {"macro_f1": 0.01, "precision": 0.03, "recall": 0.1},
        "min_texts": 30,
        "publications_back": 7,
        "confidence": 0.95,
        "resamples": 100,
        "seed": 1,
    },
    "churn": {"overall": 0.05, "label": 0.2},
    "drift": {
        "min_messages_ratio": 0.6,
        "max_coverage_change": 0.1,
        "max_share_change": 0.1,
        "max_f1_change_on_reviews": 0.1,
    },
    "device": {"gzipped_bytes": 1000, "terms": 100, "microseconds": 50.0},
    "override": None,
}

R = TypeVar("R", bound=Record)


def changed(record: R, **fields: object) -> R:
    """Return a record with other values, which are checked."""
    values = {**dict(record), **fields}
    return type(record)(**values)


def f1(value: float) -> Interval:
    """Return F1 with an interval of some width."""
    return Interval(value, value - 0.04, value + 0.04)


def exactly(value: float | None) -> Interval:
    """Return a value with an interval of no width."""
    return Interval(value, value, value)


def label_metrics(
    precision: float | None, recall: float | None, f1_value: float = 0.8
) -> LabelMetrics:
    """Return the metrics of a label on ten messages."""
    return LabelMetrics(
        precision=exactly(precision),
        recall=exactly(recall),
        f1=f1(f1_value),
        support=10,
        predicted=10,
    )


def metrics(n: int = 20, macro: float = 0.9, **per_label: LabelMetrics) -> Metrics:
    """Return metrics on n messages."""
    return Metrics(
        labels=tuple(per_label),
        n=n,
        per_label=per_label,
        macro_f1=f1(macro),
        accuracy=f1(macro),
        confusion=(),
    )


def review_evaluation(
    measured: Metrics | None, with_thresholds: Metrics | None = None
) -> ReviewEvaluation:
    """Return what tonight's model measures on reviews."""
    return ReviewEvaluation(
        reviews=0 if measured is None else 25,
        messages=0 if measured is None else measured.n,
        ties=0,
        unknown_labels={},
        metrics=measured,
        with_thresholds=with_thresholds,
    )


def labelling_summary(labelled: int = 800, **labels: int) -> LabellingSummary:
    """Return what the rules did to 1,000 messages."""
    return LabellingSummary(
        messages=1000,
        labelled=labelled,
        silent=1000 - labelled,
        tied=0,
        labels=labels,
        dead=(),
        duplicates=(),
        always_together=(),
        fallbacks=(),
        rules=(),
    )


def sample_of(kept: int) -> ShardManifest:
    """Return a sample of this many messages."""
    counts = SampleCounts(sampled=kept, null_bodies=0, oversized_bodies=0, kept=kept)
    return ShardManifest(parts=(), counts=counts)


def export_manifest(
    terms: int = 90, gzipped_bytes: int = 900, differences: int = 0
) -> ExportManifest:
    """Return the manifest of tonight's model."""
    model = FileDescription(sha256="00", bytes=2000, gzipped_bytes=gzipped_bytes)
    return ExportManifest(
        format="nightsieve-manifest",
        version="1.0",
        training="00",
        labels=("ham", "spam"),
        terms=terms,
        bits=12,
        files={MODEL_FILE: model},
        verification=Verification(
            texts=9,
            vectors=2,
            languages=("python",),
            differences=differences,
            flips=0,
            proved=9,
            observed=0,
            largest_score_difference=0.0,
        ),
    )


MEASURED = metrics(spam=label_metrics(0.95, 0.6))
SAMPLE = sample_of(1000)
RULES = labelling_summary(ham=600, spam=200)
EXPORT = export_manifest()
REVIEWS = review_evaluation(MEASURED)
LATENCY = Latency(messages=1000, microseconds=10.0)
MEASUREMENTS = Measurements(
    sample=SAMPLE, rules=RULES, export=EXPORT, reviews=REVIEWS, latency=LATENCY
)
CHAMPION = ModelEntry(
    serial=7,
    publication="0123456789abcdef",
    files={},
    traits=ModelTraits(
        date=datetime.date(2026, 11, 19), holdout=0.05, text="00", taught_by=()
    ),
    config="00",
    figures=ReferenceFigures(
        messages=1100,
        coverage=0.8,
        shares={"ham": 0.76, "spam": 0.24},
        reviews=F1Figures(macro=f1(0.9), per_label={"spam": f1(0.8)}),
    ),
    champion=6,
    predecessors=(4, 6),
)
SAME = Interval(0.0, -0.01, 0.01)
#: Two models that label almost alike.
ALIKE = Compared(
    documents=50,
    messages=60,
    macro_f1=SAME,
    per_label={"spam": LabelDifference(Difference(SAME, 30), Difference(SAME, 30))},
    churn=0.01,
    churn_per_label={"ham": 0.01, "spam": 0.1},
)
#: Tonight's model without another one to compare it with.
ALONE = Compared(
    documents=50,
    messages=60,
    macro_f1=None,
    per_label={},
    churn=None,
    churn_per_label={},
)
OVERRIDE: dict[str, JsonValue] = {
    "night": DATE.isoformat(),
    "reason": "the vendor's new template is known",
}


def gate_settings(changes: dict[str, JsonValue] | None = None) -> Gate:
    """Return the settings of the gate; changes replace a top key as a whole."""
    return Gate.model_validate({**GATE, **(changes or {})}, strict=False)


def gate_input(
    *,
    champion: ModelEntry | None = CHAMPION,
    compared: Compared = ALIKE,
    holdout: Compared | None = None,
    with_thresholds: Compared | None = None,
    earlier: Compared | None = ALIKE,
    on_reviews: Metrics | None = MEASURED,
    unsupported: str | None = None,
    date: datetime.date = DATE,
    today: datetime.date = DATE,
    sample: ShardManifest = SAMPLE,
    rules: LabellingSummary = RULES,
    export: ExportManifest = EXPORT,
    reviews: ReviewEvaluation = REVIEWS,
    latency: Latency = LATENCY,
) -> GateInput:
    """Return what the gate knows about a night.

    Parameters
    ----------
    compared
        Tonight's model beside the champion, on reviews and on held-out messages.
    holdout
        The same on held-out messages, where it differs.
    with_thresholds
        The same with thresholds.
    on_reviews
        What the champion measures on tonight's reviews.
    """
    thresholded = None
    if with_thresholds is not None:
        thresholded = ModelComparison(
            reviews=with_thresholds, holdout=with_thresholds, earlier=earlier
        )
    return GateInput(
        date=date,
        today=today,
        measurements=Measurements(
            sample=sample, rules=rules, export=export, reviews=reviews, latency=latency
        ),
        champion=champion,
        unsupported=unsupported,
        earlier=None if earlier is None else 4,
        compared=ModelComparison(
            reviews=compared,
            holdout=compared if holdout is None else holdout,
            earlier=earlier,
        ),
        compared_with_thresholds=thresholded,
        champion_on_reviews=on_reviews,
    )


def first_night() -> GateInput:
    """Return what the gate knows before the first publication."""
    return gate_input(champion=None, compared=ALONE, earlier=None, on_reviews=None)


def decision(
    night: GateInput | None = None, gate: dict[str, JsonValue] | None = None
) -> Decision:
    """Return the decision on a night, by default on one that passes every check."""
    return decide(gate_settings(gate), gate_input() if night is None else night)

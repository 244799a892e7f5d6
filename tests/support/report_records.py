"""Made-up nights, as large as real ones, and comparisons of their models."""

import datetime
import functools
import random
from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.config import DEFAULTS, file_layer, resolve, with_identity
from pipeline.config.settings import Goal, Settings
from pipeline.records.export import ExportManifest, FileDescription, Verification
from pipeline.records.models import ModelEntry, ModelTraits
from pipeline.records.receipt import Receipt
from pipeline.records.release import (
    Bound,
    Check,
    CheckKind,
    Compared,
    Comparison,
    Decision,
    F1Figures,
    ModelComparison,
    Publication,
    ReferenceFigures,
    Verdict,
)
from pipeline.records.reviews import ReviewEvaluation
from pipeline.records.rules import LabellingSummary, RuleStatistics
from pipeline.records.run import (
    FORMAT,
    ChurnedText,
    ModelDifference,
    ModelReference,
    MovedTerm,
    NightResults,
    RunManifest,
    TermInfluence,
)
from pipeline.records.sample import SampleCounts, ShardManifest
from pipeline.records.training import (
    CrossValidationResult,
    CurvePoint,
    RankedCandidate,
    SearchResult,
    Threshold,
)
from pipeline.rules.files import read_rules
from pipeline.statistics.classification import classification_report
from pipeline.statistics.interval import UNDEFINED, Interval
from pipeline.statistics.metrics import Metrics

DATE = "2026-11-20"
LABELS = ("notification", "personal", "spam")
WHY = "the reviewers' sheet of this week is known to be wrong"
CONFIG = "6c61ff14e305d303"
#: A minimum precision of spam that none of these nights reaches.
UNREACHED = 0.999
FAMILIES = ("IngestMessages", "FitModel", "GateModel")


@functools.cache
def settings() -> Settings:
    """Return the configuration as it is in the repository."""
    environment = {
        "NIGHTSIEVE_DATABASE_URL": "postgresql://reader:hunter2@db.example/inbox"
    }
    resolved = resolve([file_layer(DEFAULTS)], read_rules, environment)
    return with_identity(resolved.settings, "0123456789abcdef")


def manifest(
    date: str = DATE,
    *,
    champion: RunManifest | None = None,
    labels: Sequence[str] = LABELS,
    serial: int = 1,
    floor: float = 0.5,
    override: str | None = None,
) -> RunManifest:
    """Return the manifest of a night.

    Parameters
    ----------
    champion
        The night of the published model.
    serial
        The serial that its model gets, if it is published.
    floor
        The minimum precision of spam on reviews.
    override
        Why the model is published although a check fails.
    """
    night = datetime.date.fromisoformat(date)
    chance = random.Random(date)
    messages = _metrics(chance, labels, 20_000)
    reviewed = _metrics(chance, labels, 400)
    rules = _rules(chance, labels)
    decision = _decision(
        night, rules, reviewed, champion=champion, floor=floor, override=override
    )
    results = NightResults(
        messages=_sample(rules.messages),
        rules=rules,
        search=_search(),
        cross_validation=CrossValidationResult(
            folds=5,
            converged=True,
            metrics=messages,
            thresholds={},
            with_thresholds=None,
            curves={},
        ),
        description=_description(labels),
        reviews=ReviewEvaluation(
            reviews=400,
            messages=400,
            ties=0,
            unknown_labels={},
            metrics=reviewed,
            with_thresholds=None,
        ),
        decision=decision,
        publication=Publication(
            serial=serial if decision.publish else None, overtaken=None, removed=()
        ),
    )
    return RunManifest(
        format=FORMAT,
        date=night,
        config=CONFIG,
        fingerprint="0123456789abcdef",
        environment={"python": "3.11.7", "numpy": "2.4.0"},
        results=results,
        tasks=tuple(_receipt(i, family) for i, family in enumerate(FAMILIES)),
        settings=settings().model_dump(mode="json"),
    )


def with_results(night: RunManifest, **results: object) -> RunManifest:
    """Return the manifest of a night with other results."""
    changed = night.results.model_copy(update=results)
    return night.model_copy(update={"results": changed})


def with_rule(night: RunManifest, index: int, **changes: object) -> RunManifest:
    """Return the manifest of a night with other statistics of one rule."""
    summary = night.results.rules
    rules = list(summary.rules)
    rules[index] = rules[index].model_copy(update=changes)
    changed = summary.model_copy(update={"rules": tuple(rules)})
    return with_results(night, rules=changed)


def with_thresholds(night: RunManifest) -> RunManifest:
    """Return a night with a goal for its last label, and the curve of each label."""
    validation = night.results.cross_validation
    reviews = night.results.reviews
    labels = validation.metrics.labels
    threshold = Threshold(
        goal=Goal(precision=0.99),
        threshold=0.25,
        reached=True,
        documents=650.0,
        precision=Interval(0.99, 0.98, 0.995),
        recall=Interval(0.8, 0.75, 0.85),
        support=900,
    )
    curve = tuple(
        CurvePoint(
            recall=1 - step / 200,
            precision=0.75 + step / 800,
            threshold=step / 50 - 2,
        )
        for step in range(201)
    )
    return with_results(
        night,
        cross_validation=validation.model_copy(
            update={
                "thresholds": {labels[-1]: threshold},
                "with_thresholds": validation.metrics,
                "curves": {label: curve for label in labels},
            }
        ),
        reviews=reviews.model_copy(update={"with_thresholds": reviews.metrics}),
    )


def comparison(
    champion: RunManifest | None = None, labels: Sequence[str] = LABELS
) -> ModelDifference:
    """Return what `compare_models` could return for the night after the champion's."""
    terms = tuple(
        TermInfluence(term=f"term {i}", share=0.1 - 0.02 * i) for i in range(12)
    )
    first = ModelDifference(
        champion=None,
        texts=900,
        messages=1_000,
        changed=None,
        terms={label: terms for label in labels},
        moved=(),
        churned=(),
    )
    if champion is None:
        return first
    moved = MovedTerm(label=labels[0], term="prize", before=0.01, now=-0.02)
    churned = ChurnedText(
        text="your \u2588\u2588\u2588\u2588 is 0000",
        messages=7,
        before=labels[0],
        now=labels[-1],
    )
    serial = champion.results.publication.serial
    assert serial is not None
    changes = {
        "champion": ModelReference(
            serial=serial,
            date=champion.date,
            config=champion.config,
        ),
        "changed": 7,
        "moved": (moved,),
        "churned": (churned,),
    }
    return first.model_copy(update=changes)


def entry(
    date: str,
    serial: int,
    restores: int | None = None,
    reason: str | None = None,
) -> ModelEntry:
    """Return the registry's entry of a model of a night."""
    return ModelEntry(
        serial=serial,
        publication="0123456789abcdef",
        files={"model.json": "ab" * 32},
        traits=ModelTraits(
            date=datetime.date.fromisoformat(date),
            holdout=0.1,
            text="0123456789abcdef",
            taught_by=(),
        ),
        config=CONFIG,
        figures=ReferenceFigures(messages=1, coverage=1.0, shares={}, reviews=None),
        champion=None,
        predecessors=(),
        restores=restores,
        reason=reason,
    )


def check(
    kind: CheckKind, verdict: Verdict = Verdict.PASSED, **fields: object
) -> Check:
    """Return a check; without other fields its value must be at most 1."""
    base = Check(
        kind=kind,
        verdict=verdict,
        value=0,
        bound=Bound(comparison=Comparison.AT_MOST, value=1),
    )
    return base.model_copy(update=fields)


def _metrics(chance: random.Random, labels: Sequence[str], documents: int) -> Metrics:
    random_state = np.random.default_rng(chance.randrange(2**31))
    truth = random_state.integers(len(labels), size=documents)
    wrong = random_state.random(documents) < 0.05
    guesses = random_state.integers(len(labels), size=documents)
    predicted = np.where(wrong, guesses, truth)
    weight = np.ones(documents, dtype=np.int64)
    return classification_report(truth, predicted, weight, tuple(labels), 0.95)


def _sample(messages: int) -> ShardManifest:
    counts = SampleCounts(
        sampled=messages + 3, null_bodies=3, oversized_bodies=0, kept=messages
    )
    return ShardManifest(parts=(), counts=counts)


def _rules(chance: random.Random, labels: Sequence[str]) -> LabellingSummary:
    rules = []
    for rule in settings().labelling.rules:
        coverage = chance.randrange(2_000)
        rules.append(
            RuleStatistics(
                id=rule.id, label=rule.label, field=rule.field, why=rule.why,
                coverage=coverage, share=coverage / 25_000,
                overlaps=0, conflicts=0, conflicts_with=(),
                agreed=coverage, decides=coverage, decides_share=None,
                reviewed=0, correct=0, precision=UNDEFINED, accuracy=None,
            )
        )  # fmt: skip
    counts = {label: 20_000 // len(labels) + chance.randrange(99) for label in labels}
    labelled = sum(counts.values())
    return LabellingSummary(
        messages=25_000,
        labelled=labelled,
        silent=25_000 - labelled - 10,
        tied=10,
        labels=counts,
        dead=(),
        duplicates=(),
        always_together=(),
        fallbacks=(),
        rules=tuple(rules),
    )


def _search() -> SearchResult:
    candidates = tuple(
        RankedCandidate(
            number=i,
            description=f"linear_svm C={i}, 1-2 grams, min_df 2",
            mean=0.95 - i / 100,
            std=0.001,
            converged=i != 3,
        )
        for i in range(5)
    )
    return SearchResult(best=0, candidates=candidates)


def _description(labels: Sequence[str]) -> ExportManifest:
    return ExportManifest(
        format="nightsieve-linear",
        version="1.0",
        training="cd" * 32,
        labels=tuple(labels),
        terms=20_000,
        bits=9,
        files={
            "model.json": FileDescription(
                sha256="ab" * 32, bytes=123_456, gzipped_bytes=45_678
            ),
            "pipeline.joblib": FileDescription(sha256="ab" * 32, bytes=123_456),
        },
        verification=Verification(
            texts=12_345,
            vectors=60,
            languages=("python", "java"),
            differences=0,
            flips=0,
            proved=12_300,
            observed=45,
            largest_score_difference=0.02,
            smallest_margin=0.001,
        ),
    )


def _decision(
    night: datetime.date,
    rules: LabellingSummary,
    reviewed: Metrics,
    *,
    champion: RunManifest | None,
    floor: float,
    override: str | None,
) -> Decision:
    checks = (
        check(
            CheckKind.VERIFIED,
            bound=Bound(comparison=Comparison.AT_MOST, value=0),
        ),
        check(
            CheckKind.SIZE,
            value=45_678,
            bound=Bound(comparison=Comparison.AT_MOST, value=200_000),
        ),
        check(
            CheckKind.SPEED,
            value=123.4,
            bound=Bound(comparison=Comparison.AT_MOST, value=2000.0),
        ),
        _floor(reviewed, floor),
        _not_older(night, champion),
        *_regressions(champion, rules.labels),
    )
    failed = any(made.verdict is Verdict.FAILED for made in checks)
    compared = Compared(
        documents=900,
        messages=1_000,
        macro_f1=None,
        per_label={},
        churn=None,
        churn_per_label={},
    )
    f1_by_label = {label: row.f1 for label, row in reviewed.per_label.items()}
    return Decision(
        publish=not failed or override is not None,
        override=override if failed else None,
        champion=None if champion is None else champion.results.publication.serial,
        earlier=None,
        predecessors=(),
        checks=checks,
        figures=ReferenceFigures(
            messages=rules.messages,
            coverage=rules.coverage,
            shares=rules.label_shares,
            reviews=F1Figures(macro=reviewed.macro_f1, per_label=f1_by_label),
        ),
        compared=ModelComparison(reviews=compared, holdout=compared, earlier=None),
        compared_with_thresholds=None,
    )


def _floor(reviewed: Metrics, floor: float) -> Check:
    spam = reviewed.per_label.get("spam")
    value = None if spam is None else spam.precision.value
    passed = value is None or value >= floor
    return check(
        CheckKind.FLOOR,
        Verdict.PASSED if passed else Verdict.FAILED,
        subject="spam",
        measure="precision",
        value=value,
        bound=Bound(comparison=Comparison.AT_LEAST, value=floor),
    )


def _not_older(night: datetime.date, champion: RunManifest | None) -> Check:
    if champion is None:
        return check(
            CheckKind.NOT_OLDER,
            Verdict.SKIPPED,
            value=night.isoformat(),
            bound=None,
            note="no model is published yet",
        )
    is_older = night < champion.date
    bound = Bound(comparison=Comparison.AT_LEAST, value=champion.date.isoformat())
    return check(
        CheckKind.NOT_OLDER,
        Verdict.FAILED if is_older else Verdict.PASSED,
        value=night.isoformat(),
        bound=bound,
    )


def _regressions(
    champion: RunManifest | None, labels: Mapping[str, int]
) -> list[Check]:
    if champion is None:
        return [check(CheckKind.REGRESSION_ON_REVIEWS, Verdict.SKIPPED, value=None)]
    bound = Bound(comparison=Comparison.AT_LEAST, value=-0.03, unless_uncertain=True)
    return [
        check(
            CheckKind.REGRESSION_OF_LABEL,
            subject=label,
            measure="recall",
            value=-0.001,
            bound=bound,
            interval=Interval(-0.001, -0.003, 0.002),
            texts=120,
        )
        for label in labels
    ]


def _receipt(index: int, family: str) -> Receipt:
    return Receipt(
        task=family,
        version=1,
        date=None,
        sections=(),
        parameters={},
        requires=(),
        rows_in=None,
        seconds=1.5 + index,
        peak_memory_mib=250 + index,
        host="machine",
        key=f"stage-{index}/{family.lower()}-0123456789abcdef.json",
        sha256=f"{index:064x}",
        bytes=1_000 * index,
        rows_out=25_000,
    )

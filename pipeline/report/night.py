"""The content of a night's page, as values that are computed once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.config import differences
from pipeline.records.reviews import CorrectionMeasurement
from pipeline.records.rules import RulesDrift
from pipeline.records.run import (
    KeyFigures,
    ModelDifference,
    RunManifest,
)
from pipeline.records.training import CrossValidationResult, Threshold
from pipeline.report import figures, tables
from pipeline.report.content import Figure, Table
from pipeline.report.costs import Cost, costs
from pipeline.report.diff import rules_drift
from pipeline.report.figures import OperatingPoint
from pipeline.report.key_figures import key_figures, trend
from pipeline.report.outcome import Outcome, outcome
from pipeline.statistics.metrics import Metrics

MAX_TREND_LABELS = 11  # besides the macro average


@dataclass(frozen=True)
class NightTables:
    """The tables of a night's page; None where there is nothing to show.

    Attributes
    ----------
    reviews, reviews_with_thresholds
        The exported model on reviewed messages.
    corrections
        The exported model on corrections that are measured apart.
    terms
        One table for each label.
    """

    since: Table | None
    metrics: Table
    reviews: Table | None
    reviews_with_thresholds: Table | None
    corrections: Table | None
    trend: Table
    confusion: Table
    thresholds: Table | None
    shares: Table
    checks: Table
    rules: Table
    churned: Table
    terms: tuple[Table, ...]
    moved: Table
    device: Table
    files: Table
    stages: Table
    environment: Table
    lineage: Table


@dataclass(frozen=True)
class NightFigures:
    """The figures of a night's page, section by section."""

    trend: tuple[Figure, ...]
    confusion: tuple[Figure, ...]
    curves: tuple[Figure, ...]
    shares: tuple[Figure, ...]

    @property
    def files(self) -> dict[str, bytes]:
        """The files of all figures by their names."""
        files: dict[str, bytes] = {}
        for figure in (*self.trend, *self.confusion, *self.curves, *self.shares):
            files |= figure.files
        return files


@dataclass(frozen=True)
class NightContent:
    """The content of a night's page.

    Attributes
    ----------
    before
        The manifest of the night of the published model; None without one, or if it is
        gone.
    changes
        The differences between the configurations of the two nights, a line each.
    gone
        Ids of the rules that only the other night had.
    seconds
        The sum over all tasks.
    """

    manifest: RunManifest
    comparison: ModelDifference
    before: RunManifest | None
    outcome: Outcome
    changes: tuple[str, ...]
    gone: tuple[str, ...]
    seconds: float
    tables: NightTables
    figures: NightFigures


@dataclass(frozen=True)
class NightSources:
    """The values from which the content of a night's page is made.

    Attributes
    ----------
    tonight, earlier
        Key figures of the night, and of ``before``.
    nights
        Key figures of the nights up to tonight that read the same table.
    drift
        None without ``before``.
    """

    manifest: RunManifest
    comparison: ModelDifference
    before: RunManifest | None
    tonight: KeyFigures
    earlier: KeyFigures | None
    nights: Sequence[KeyFigures]
    drift: RulesDrift | None
    costs: Sequence[Cost]

    @property
    def shares_before(self) -> dict[str, float] | None:
        """Each label's share in the earlier night; None without one."""
        return None if self.earlier is None else self.earlier.shares


def night_content(
    manifest: RunManifest,
    comparison: ModelDifference,
    before: RunManifest | None,
    nights: Sequence[KeyFigures],
) -> NightContent:
    """Return what the page of a night shows; see `night_report`."""
    sources = _sources(manifest, comparison, before, nights)
    changes: Iterator[str] = iter(())
    if before is not None:
        changes = differences("", manifest.settings, before.settings)
    return NightContent(
        manifest=manifest,
        comparison=comparison,
        before=before,
        outcome=outcome(manifest.results),
        changes=tuple(changes),
        gone=() if sources.drift is None else sources.drift.gone,
        seconds=sum(cost.seconds for cost in sources.costs),
        tables=_tables(sources),
        figures=_figures(sources),
    )


def _sources(
    manifest: RunManifest,
    comparison: ModelDifference,
    before: RunManifest | None,
    nights: Sequence[KeyFigures],
) -> NightSources:
    tonight = key_figures(manifest)
    earlier = None
    drift = None
    if before is not None:
        earlier = key_figures(before)
        drift = rules_drift(manifest.results.rules, before.results.rules)
    return NightSources(
        manifest=manifest,
        comparison=comparison,
        before=before,
        tonight=tonight,
        earlier=earlier,
        nights=trend(nights, tonight),
        drift=drift,
        costs=costs(manifest.tasks),
    )


def _tables(sources: NightSources) -> NightTables:
    manifest = sources.manifest
    results = manifest.results
    validation = results.cross_validation
    comparison = sources.comparison
    return NightTables(
        since=_since(sources),
        metrics=tables.metrics(
            "validation",
            "Cross-validation, against the rules' labels",
            validation.metrics,
        ),
        reviews=_metrics(
            "reviews",
            "The exported model, against human reviews",
            results.reviews.metrics,
        ),
        reviews_with_thresholds=_metrics(
            "decided",
            "With the thresholds, against human reviews",
            results.reviews.with_thresholds,
        ),
        corrections=_corrections(results.corrections),
        trend=tables.trend(sources.nights),
        confusion=tables.confusion(
            "confusion-table",
            "Rows: by the rules. Columns: predicted",
            validation.metrics,
        ),
        thresholds=_thresholds(validation),
        shares=tables.label_shares(results.rules, sources.shares_before),
        checks=tables.checks(results.decision),
        rules=tables.rules(results.rules, sources.drift),
        churned=tables.churned(comparison.churned),
        terms=_terms(comparison),
        moved=tables.moved(comparison.moved),
        device=_device(sources),
        files=tables.files(results.description.files),
        stages=tables.stages(sources.costs),
        environment=tables.environment(manifest.environment),
        lineage=tables.lineage(manifest.tasks),
    )


def _since(sources: NightSources) -> Table | None:
    if sources.earlier is None:
        return None
    return tables.since(sources.tonight, sources.earlier)


def _device(sources: NightSources) -> Table:
    before = None if sources.before is None else sources.before.results.decision
    return tables.device(sources.manifest.results.decision, before)


def _metrics(name: str, caption: str, metrics: Metrics | None) -> Table | None:
    if metrics is None:
        return None
    return tables.metrics(name, caption, metrics)


def _corrections(measured: CorrectionMeasurement | None) -> Table | None:
    if measured is None or not measured.corrections:
        return None
    return tables.corrections(measured)


def _thresholds(validation: CrossValidationResult) -> Table | None:
    if not validation.thresholds:
        return None
    return tables.thresholds(validation.thresholds)


def _terms(comparison: ModelDifference) -> tuple[Table, ...]:
    return tuple(
        tables.terms(f"terms-{i}", label, strongest)
        for i, (label, strongest) in enumerate(comparison.terms.items())
    )


def _figures(sources: NightSources) -> NightFigures:
    validation = sources.manifest.results.cross_validation
    tonight = sources.tonight
    return NightFigures(
        trend=tuple(_trends(list(tonight.f1), sources.nights)),
        confusion=(figures.confusion("confusion", validation.metrics),),
        curves=tuple(_curves(validation)),
        shares=(figures.shares("shares", tonight.shares, sources.shares_before),),
    )


def _trends(labels: Sequence[str], nights: Sequence[KeyFigures]) -> Iterator[Figure]:
    for i, label in enumerate(labels[: MAX_TREND_LABELS + 1]):
        figure = figures.f1_trend(f"f1-{i}", label, nights)
        if figure is not None:
            yield figure


def _curves(validation: CrossValidationResult) -> Iterator[Figure]:
    curves = list(validation.curves.items())[: figures.MAX_LABELS]
    for i, (label, points) in enumerate(curves):
        if points:
            chosen = _operating_point(validation.thresholds, label)
            yield figures.precision_recall(f"curve-{i}", label, points, chosen)


def _operating_point(
    thresholds: Mapping[str, Threshold], label: str
) -> OperatingPoint | None:
    """Return what a label's threshold reaches; None without a defined figure."""
    if label not in thresholds:
        return None
    recall = thresholds[label].recall.value
    precision = thresholds[label].precision.value
    if recall is None or precision is None:
        return None
    return OperatingPoint(recall, precision)

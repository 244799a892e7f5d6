"""The summary of a night, as a rich renderable; whoever calls prints it."""

from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter

from rich import table as rich_table
from rich.console import Group, RenderableType
from rich.text import Text

from pipeline.records.export import MODEL_FILE, ExportManifest
from pipeline.records.release import OutcomeKind
from pipeline.records.reviews import ReviewEvaluation
from pipeline.records.rules import FallbackRule, LabellingSummary
from pipeline.records.run import NightResults, RunManifest
from pipeline.records.sample import SampleCounts
from pipeline.records.training import CrossValidationResult, SearchResult
from pipeline.report import tables
from pipeline.report.content import Table, Typography
from pipeline.report.costs import costs
from pipeline.report.outcome import outcome
from pipeline.statistics.metrics import Metrics

SUMMARY_WIDTH = 110  # characters of a console for it
MAX_LABELS = 12
MAX_CANDIDATES = 3
MAX_CONFLICTS = 3
MAX_FALLBACKS = 5
TYPOGRAPHY = Typography(minus="-", percent="%")
BOLD = "bold"
STYLES = {
    OutcomeKind.PUBLISHED: "bold green",
    OutcomeKind.OVERRIDDEN: "bold yellow",
    OutcomeKind.OLDER: "bold",
    OutcomeKind.OVERTAKEN: "bold yellow",
    OutcomeKind.REFUSED: "bold red",
}
FALLBACKS = {"prefilter": "confirmed by re", "fallback": "searched by re"}


@dataclass(frozen=True)
class NightAddresses:
    """Where the objects are that people want of a night.

    Attributes
    ----------
    pipeline
        Of the fitted scikit-learn pipeline.
    scheduler
        Of the page that draws the night's graph; None without a scheduler of its own.
    """

    model: str
    pipeline: str
    manifest: str
    report: str
    scheduler: str | None


def summary(manifest: RunManifest, addresses: NightAddresses) -> Group:
    """Return what a night did: its decision first, then stage by stage."""
    head = f"\nNight of {manifest.date}, configuration {manifest.config}"
    results = manifest.results
    return Group(
        Text(head, style=BOLD),
        _outcome(results),
        _titled("Stages", tables.stages(costs(manifest.tasks))),
        _sample(results.messages.counts),
        *_labels(results.rules),
        *_search(results.search),
        *_cross_validation(results.cross_validation),
        *_reviews(results.reviews),
        _export(results.description),
        _files(addresses),
    )


def render(table: Table) -> rich_table.Table:
    """Return a table without frames, its columns as wide as they must be."""
    rendered = rich_table.Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in table.columns:
        is_text = column.format.type.is_text
        rendered.add_column(Text(column.title), justify="left" if is_text else "right")
    for row in table.rows:
        cells = zip(row, table.columns, strict=True)
        texts = [TYPOGRAPHY.write(cell, column.format) for cell, column in cells]
        rendered.add_row(*map(Text, texts))
    return rendered


def _titled(title: str, table: Table) -> Group:
    return Group(Text(f"\n{title}", style=BOLD), render(table))


def _outcome(results: NightResults) -> Text:
    """Return what became of the model: nobody should have to search for it."""
    became = outcome(results)
    reasons = [f"\n  {reason}" for reason in became.reasons]
    return Text.assemble((became.sentence, STYLES[became.kind]), *reasons)


def _sample(counts: SampleCounts) -> Text:
    left_out = _counted(
        {"without a body": counts.null_bodies, "too long": counts.oversized_bodies}
    )
    return Text(f"\nSample: {counts.kept:,} messages{left_out}")


def _labels(rules: LabellingSummary) -> Iterator[RenderableType]:
    yield _titled("Labels by the rules", tables.label_counts(rules))
    by_conflicts = sorted(rules.rules, key=attrgetter("conflicts"), reverse=True)
    conflicts = [
        f"{rule.id} ({rule.conflicts:,})"
        for rule in by_conflicts[:MAX_CONFLICTS]
        if rule.conflicts
    ]
    yield Text(
        f"{len(rules.rules)} rules, {len(rules.dead)} without a match; "
        f"most conflicts: {', '.join(conflicts) or 'none'}"
    )
    yield from map(_fallback, rules.fallbacks[:MAX_FALLBACKS])
    more = len(rules.fallbacks) - MAX_FALLBACKS
    if more > 0:
        yield Text(f"and {more} more: nightsieve rules report")


def _fallback(rule: FallbackRule) -> Text:
    return Text(f"{FALLBACKS[rule.strategy]}: {rule.id} ({rule.reason})")


def _search(search: SearchResult) -> Iterator[RenderableType]:
    best = tables.candidates(search, MAX_CANDIDATES)
    yield _titled(best.caption, best)
    note = f"{len(search.candidates)} candidates"
    unfinished = sum(not candidate.converged for candidate in search.candidates)
    if unfinished:
        note += f", {unfinished} of them not converged: raise training.max_iter"
    yield Text(note)


def _metrics(title: str, metrics: Metrics) -> Group:
    by_label = tables.metrics("metrics", title, metrics).without("predicted")
    confusion = tables.confusion("confusion", "", metrics, max_columns=MAX_LABELS)
    return Group(_titled(title, by_label), render(confusion))


def _cross_validation(result: CrossValidationResult) -> Iterator[RenderableType]:
    yield _metrics("Cross-validation, against the rules' labels", result.metrics)
    if not result.thresholds:
        return
    title = "Thresholds, by cross-validation, against the rules' labels"
    yield _titled(title, tables.thresholds(result.thresholds))
    yield Text(
        "chosen one by one; measured, all of them in place, on folds that did not "
        "choose them"
    )


def _reviews(reviews: ReviewEvaluation) -> Iterator[RenderableType]:
    left_out = {"ties between reviewers": reviews.ties, **reviews.unknown_labels}
    note = (
        f"{reviews.reviews:,} reviews of {reviews.messages:,} messages"
        f"{_counted(left_out)}"
    )
    title = "Exported model, against human reviews"
    if reviews.metrics is None:
        yield Text(f"\n{title}: nothing to compare with; {note}")
        return
    yield _metrics(title, reviews.metrics)
    if reviews.with_thresholds is not None:
        yield _metrics(f"{title}, with thresholds", reviews.with_thresholds)
    yield Text(note)


def _counted(left_out: dict[str, int]) -> str:
    reasons = [f"{count:,} {reason}" for reason, count in left_out.items() if count]
    return f"; left out: {', '.join(reasons)}" if reasons else ""


def _export(description: ExportManifest) -> Text:
    kilobytes = description.files[MODEL_FILE].gzipped_bytes / 1000
    checked = description.verification
    return Text(
        f"\nExported model: {description.terms:,} terms x {len(description.labels)} "
        f"labels in {description.bits} bits, {kilobytes:,.0f} KB gzipped"
        f"\nScored by {', '.join(checked.languages)}: {checked.texts:,} distinct "
        f"messages, {checked.vectors:,} vectors, {checked.differences} differences"
        f"\nLabels unlike scikit-learn's: {checked.flips:,}; of the others "
        f"{checked.proved:,} are proved, {checked.observed:,} observed; scores differ "
        f"by at most {checked.largest_score_difference:.1g}"
    )


def _files(addresses: NightAddresses) -> Text:
    named = {
        "model": addresses.model,
        "scikit-learn pipeline": addresses.pipeline,
        "run manifest": addresses.manifest,
        "report": addresses.report,
        "scheduler": addresses.scheduler,
    }
    # No table: an address that is cut or wrapped cannot be copied.
    lines = [f"{name:<23}{address}" for name, address in named.items() if address]
    return Text.assemble(("\nFiles\n", BOLD), "\n".join(lines))

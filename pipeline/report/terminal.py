"""The summary of a night, as a rich renderable that the caller prints."""

from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Literal

from rich import table as rich_table
from rich.console import Group, RenderableType
from rich.text import Text

from pipeline.records.export import ExportManifest, Verification
from pipeline.records.release import OutcomeKind
from pipeline.records.reviews import CorrectionMeasurement, ReviewEvaluation
from pipeline.records.rules import LabellingSummary
from pipeline.records.run import NightResults, RunManifest
from pipeline.records.sample import SampleCounts
from pipeline.records.training import CrossValidationResult, SearchResult
from pipeline.records.words import (
    DASH,
    describe_corrections,
    describe_erased,
    describe_other_sources,
    plural,
)
from pipeline.report import tables
from pipeline.report.content import Format, Table, Typography
from pipeline.report.costs import costs
from pipeline.report.key_figures import model_size
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
#: How Python's `re` helps the engine with a rule, by the rule's strategy.
FALLBACKS = {
    "prefilter": "is confirmed by Python's re after a prefilter",
    "fallback": "is searched by Python's re alone",
}
LANGUAGES = {"python": "Python", "java": "Java", "javascript": "JavaScript"}


@dataclass(frozen=True)
class NightAddresses:
    """The addresses of what people look for after a night.

    Attributes
    ----------
    pipeline
        The fitted scikit-learn pipeline.
    scheduler
        The page that draws the night's graph; None without a scheduler of its own.
    """

    model: str
    pipeline: str
    manifest: str
    report: str
    scheduler: str | None


def summary(manifest: RunManifest, addresses: NightAddresses) -> Group:
    """Return what a night did: the decision first, then each stage."""
    head = f"\nNight of {manifest.date}, configuration {manifest.config}"
    results = manifest.results
    return Group(
        Text(head, style=BOLD),
        _outcome(results),
        _titled("Stages", tables.stages(costs(manifest.tasks))),
        _sample(results.messages.counts, manifest.erased),
        *_labels(results.rules),
        *_search(results.search),
        *_cross_validation(results.cross_validation),
        *_reviews(results.reviews),
        *_corrections(results.corrections),
        _export(results.description),
        _files(addresses),
    )


def render(table: Table) -> rich_table.Table:
    """Return a table without frames, with columns of the least width."""
    rendered = rich_table.Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in table.columns:
        rendered.add_column(Text(column.title), justify=_justification(column.format))
    for row in table.rows:
        cells = zip(row, table.columns, strict=True)
        texts = [TYPOGRAPHY.write(cell, column.format) for cell, column in cells]
        rendered.add_row(*map(Text, texts))
    return rendered


def _justification(form: Format) -> Literal["left", "right"]:
    if form.type.is_text:
        return "left"
    return "right"


def _titled(title: str, table: Table) -> Group:
    return Group(Text(f"\n{title}", style=BOLD), render(table))


def _outcome(results: NightResults) -> Text:
    """Return what became of the model, which nobody should have to search for."""
    became = outcome(results)
    reasons = [f"\n  {reason}" for reason in became.reasons]
    return Text.assemble((became.sentence, STYLES[became.kind]), *reasons)


def _sample(counts: SampleCounts, erased: int) -> Text:
    reasons = _nonzero(
        {"without a body": counts.null_bodies, "too long": counts.oversized_bodies}
    )
    kept = plural(counts.kept, "message")
    later = f"\n{describe_erased(erased)}" if erased else ""
    return Text(f"\nSample: {kept}{_left_out(reasons)}{later}")


def _labels(rules: LabellingSummary) -> Iterator[RenderableType]:
    yield _titled("Labels by the rules", tables.label_counts(rules))
    yield Text(_matched(len(rules.rules), len(rules.dead)))
    yield Text(_conflicts(rules))
    for rule in rules.fallbacks[:MAX_FALLBACKS]:
        yield Text(f"Rule {rule.id} {FALLBACKS[rule.strategy]}: {rule.reason}")
    n_more = len(rules.fallbacks) - MAX_FALLBACKS
    if n_more > 0:
        yield Text(f"and {plural(n_more, 'more rule')}; see nightsieve rules report")


def _matched(n_rules: int, n_dead: int) -> str:
    """Return how many rules there are, and how many of them matched no message."""
    rules = plural(n_rules, "rule")
    if n_dead:
        return f"{rules}, {_of_which(n_dead, n_rules)} matched no message"
    if n_rules > 1:
        return f"{rules}, each of which matched a message"
    return f"{rules}, which matched a message" if n_rules else rules


def _of_which(count: int, total: int) -> str:
    """Return the beginning of a clause about some of the things just counted."""
    return "which" if total == 1 else f"{count:,} of which"


def _conflicts(rules: LabellingSummary) -> str:
    """Return the rules that most often match messages of another label's rules."""
    by_conflicts = sorted(rules.rules, key=attrgetter("conflicts"), reverse=True)
    conflicting = [
        f"{rule.id} ({plural(rule.conflicts, 'message')})"
        for rule in by_conflicts[:MAX_CONFLICTS]
        if rule.conflicts
    ]
    if not conflicting:
        return "No message is matched by rules of two labels"
    return f"Most often matched by rules of other labels too: {', '.join(conflicting)}"


def _search(search: SearchResult) -> Iterator[RenderableType]:
    best = tables.candidates(search, MAX_CANDIDATES)
    yield _titled(best.caption, best)
    note = plural(len(search.candidates), "candidate")
    n_unfinished = sum(not candidate.converged for candidate in search.candidates)
    if n_unfinished:
        which = _of_which(n_unfinished, len(search.candidates))
        note += f", {which} did not converge: raise training.max_iter"
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
        "Each threshold is chosen by itself. Its precision and recall are measured "
        "with all thresholds,\non folds that were not used to choose them."
    )


def _reviews(reviews: ReviewEvaluation) -> Iterator[RenderableType]:
    unknown = {
        f"with the unknown label {label}": count
        for label, count in reviews.unknown_labels.items()
    }
    left_out = _nonzero({"ties between reviewers": reviews.ties, **unknown})
    n_reviews = plural(reviews.reviews, "review")
    n_messages = plural(reviews.messages, "message")
    note = f"{n_reviews} of {n_messages}{_left_out(left_out)}"
    title = "Exported model, against human reviews"
    if reviews.metrics is None:
        yield Text(f"\n{title}: {DASH} (no review to compare with); {note}")
        return
    yield _metrics(title, reviews.metrics)
    if reviews.with_thresholds is not None:
        yield _metrics(f"{title}, with thresholds", reviews.with_thresholds)
    yield Text(note)


def _corrections(measured: CorrectionMeasurement | None) -> Iterator[RenderableType]:
    if measured is None:
        return
    if measured.other_sources:
        yield Text(describe_other_sources(measured.other_sources))
    if measured.corrections:
        title = "Exported model, against users' corrections, which do not gate"
        yield _titled(title, tables.corrections(measured))
        yield Text(describe_corrections(measured))


def _nonzero(counts: dict[str, int]) -> list[str]:
    return [f"{count:,} {reason}" for reason, count in counts.items() if count]


def _left_out(reasons: list[str]) -> str:
    if not reasons:
        return ""
    return f"; left out: {', '.join(reasons)}"


def _export(description: ExportManifest) -> Text:
    kilobytes = model_size(description) / 1000
    terms = plural(description.terms, "term")
    labels = plural(len(description.labels), "label")
    verification = description.verification
    lines = (
        f"Exported model: {terms}, {labels}, weights of "
        f"{description.bits} bits, {kilobytes:,.0f} KB gzipped",
        _describe_scorers(verification),
        *_describe_labels(verification),
    )
    return Text("\n" + "\n".join(lines))


def _describe_scorers(verification: Verification) -> str:
    """Return what the scorers agree on; a night with a difference does not end."""
    languages = [LANGUAGES[language] for language in verification.languages]
    if not languages:
        return f"Scorers: {DASH} (no scorer was compared)"
    texts = plural(verification.texts, "distinct message")
    vectors = plural(verification.vectors, "conformance vector")
    return (
        f"Scorers in {_enumerate(languages)}: equal to the last bit for {texts} and "
        f"{vectors}"
    )


def _describe_labels(verification: Verification) -> Iterator[str]:
    if not verification.texts:
        yield f"Labels: {DASH} (no message to compare with scikit-learn)"
        return
    n_equal = verification.proved + verification.observed
    yield f"Labels: {n_equal:,} of {verification.texts:,} equal scikit-learn's"
    yield (
        f"  ({verification.proved:,} by proof, as rounding cannot have changed them, "
        f"{verification.observed:,} by comparison)"
    )
    difference = verification.largest_score_difference
    yield f"Scores: at most {difference:.1g} from scikit-learn's"


def _enumerate(names: list[str]) -> str:
    """Return ``a``, ``a and b``, or ``a, b and c``; nothing for no name."""
    if not names:
        return ""
    *others, last = names
    if not others:
        return last
    return f"{', '.join(others)} and {last}"


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

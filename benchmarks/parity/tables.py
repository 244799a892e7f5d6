"""Tables of the exported model's benchmarks."""

import math
from collections.abc import Sequence

from benchmarks.harness import markdown
from benchmarks.parity.records import (
    Agreement,
    AgreementResult,
    ScorerSpeed,
    ScoringResult,
    SizedModel,
    SizeResult,
    SizeRow,
)

KILO = 1000
MILLISECONDS = 1e3
SKLEARN = "scikit-learn"
M2CGEN = "m2cgen's Java"


def agreement_tables(result: AgreementResult) -> str:
    """Return a table of the models of all messages, and one of every kind of model."""
    columns = (
        "bits",
        "flipped, seen",
        "flipped, unseen",
        "not proved",
        "largest score difference",
    )
    whole = [[model.candidate, *_agreement_row(model)] for model in result.whole]
    kinds = []
    for model in result.kinds:
        norm = model.norm or "none"
        frequency = "sublinear" if model.sublinear_tf else "raw"
        kind = [model.estimator, str(model.labels), norm, frequency]
        kinds.append([*kind, *_agreement_row(model)])
    return markdown.parts(
        markdown.paragraph(f"Messages: {markdown.sources(result.sources)}."),
        markdown.table(("model", *columns), whole),
        "Every kind of model, on fewer messages and terms:",
        markdown.table(("estimator", "labels", "norm", "tf", *columns), kinds),
    )


def _agreement_row(model: Agreement) -> list[str]:
    halves = (model.seen, model.unseen)
    flips = [f"{half.flips:,} of {half.messages:,}" for half in halves]
    unproved = sum(half.messages - half.proved for half in halves)
    difference = markdown.one_digit(model.largest_score_difference)
    return [str(model.bits), *flips, f"{unproved:,}", difference]


def size_tables(result: SizeResult) -> str:
    """Return a table for each model, with a row for each number of bits."""
    header = (
        "bits",
        "file, KB",
        "gzipped, KB",
        "labels flipped",
        "proved unchanged",
        "largest score difference",
    )
    introduction = (
        f"Messages: {markdown.sources(result.sources)}. KB are 1,000 bytes. The number "
        "of bits that the export chooses is in bold."
    )
    blocks = [markdown.paragraph(introduction)]
    for model in result.models:
        size = f"{model.terms:,} terms, {model.labels} labels"
        blocks.append(f"**{model.candidate}**: {size}")
        rows = [_size_row(row, model) for row in model.rows]
        blocks.append(markdown.table(header, rows))
    return markdown.parts(*blocks)


def _size_row(row: SizeRow, model: SizedModel) -> list[str]:
    bits = f"**{row.bits}**" if row.bits == model.chosen_bits else str(row.bits)
    return [
        bits,
        f"{row.bytes / KILO:,.0f}",
        f"{row.gzipped_kb:,.1f}",
        f"{row.flips:,} of {model.messages:,}",
        f"{_floor(100 * row.proved / model.messages)} %",
        markdown.one_digit(row.largest_score_difference),
    ]


def _floor(percent: float) -> str:
    """Return three decimals, rounded down: 100.000 only if nothing is missing."""
    return f"{math.floor(percent * 1000) / 1000:.3f}"


def scoring_tables(result: ScoringResult) -> str:
    """Return a table for each size of the model."""
    introduction = (
        f"{result.candidate}, 3 labels; {result.scored:,} messages (a twentieth for "
        "scikit-learn), one at a time on one core; median of "
        f"{result.rounds} rounds in turns, lowest and highest in brackets. Loading is "
        "the first in a new process, scoring follows a warm-up. *label* finds the "
        "label; *evaluate* also finds tokens, sums and scores."
    )
    blocks = [markdown.paragraph(introduction)]
    for size in result.sizes:
        blocks.append(f"**{size.terms:,} terms**")
        blocks.append(_scorer_table(size.scorers))
    limit = result.m2cgen
    if limit.compiled_terms < limit.terms:
        text = (
            "m2cgen's Java does not handle text: it gets tf-idf vectors that were made "
            f"beforehand. javac compiles it for {limit.compiled_terms:,} of the "
            f"{limit.terms:,} terms; for more it says *{limit.error.strip()}*."
        )
        blocks.append(markdown.paragraph(text))
    return markdown.parts(*blocks)


def _scorer_table(scorers: Sequence[ScorerSpeed]) -> str:
    medians = {scorer.name: scorer.labels_per_second.median for scorer in scorers}
    baselines = [name for name in (M2CGEN, SKLEARN) if name in medians]
    header = [
        "scorer",
        "load, ms",
        "label, messages/s",
        "evaluate, messages/s",
        "peak, MiB",
    ]
    header += [f"label, times {name}" for name in baselines]
    rows = []
    for scorer in scorers:
        rate = medians[scorer.name]
        ratios = [f"{rate / medians[name]:,.2f}" for name in baselines]
        row = [
            scorer.name,
            markdown.spread(scorer.load_seconds.scaled(MILLISECONDS)),
            markdown.spread(scorer.labels_per_second),
            markdown.spread_or_dash(scorer.evaluates_per_second),
            f"{scorer.peak_mib.median:,.0f}" if scorer.peak_mib else markdown.DASH,
        ]
        rows.append(row + ratios)
    return markdown.table(header, rows)

"""Print how well annotators agree."""

from rich.table import Table
from rich.text import Text

from nightsieve.cli.terminal import console, percent, table
from pipeline.records.reviews import Agreement, AnnotatorAgreement, PairAgreement
from pipeline.records.words import (
    describe_interval,
    describe_other_sources,
    plural,
)
from pipeline.statistics.interval import UNDEFINED

PAIRS_SHOWN = 20


def print_agreement(agreement: Agreement, aggregation: str) -> None:
    """Print how well annotators agree.

    Parameters
    ----------
    aggregation
        The method of aggregation that a night uses.
    """
    out = console()
    reviews = plural(agreement.reviews, "review")
    messages = plural(agreement.messages, "message")
    out.print(
        f"{reviews} of {messages}, "
        f"{agreement.reviewed_twice:,} of these by two or more annotators"
    )
    if agreement.other_sources:
        out.print(describe_other_sources(agreement.other_sources))
    alpha = describe_interval(agreement.alpha or UNDEFINED)
    out.print(f"Krippendorff's alpha {alpha}\n")
    out.print(_annotators(agreement.annotators), "", soft_wrap=True)
    if agreement.pairs:
        out.print(_pairs(agreement.pairs[:PAIRS_SHOWN]), soft_wrap=True)
        more = len(agreement.pairs) - PAIRS_SHOWN
        if more > 0:
            out.print(f"... and {plural(more, 'more pair')}, see --json")
        out.print()
    for method, decided in agreement.decided.items():
        name = method
        if method == aggregation:
            name += " (evaluation.aggregation)"
        out.print(
            f"{name}: {decided:,} messages get a label, "
            f"{agreement.undecided[method]:,} get none"
        )
    out.print(f"{agreement.differ:,} messages get different labels by the two methods")


def _annotators(rows: tuple[AnnotatorAgreement, ...]) -> Table:
    annotators = table(
        "annotator", "reviews", "compared", "agreement", "expected", left=1
    )
    for row in rows:
        annotators.add_row(
            Text(row.annotator),
            f"{row.reviews:,}",
            f"{row.compared:,}",
            percent(row.agreement),
            percent(row.expected),
        )
    return annotators


def _pairs(rows: tuple[PairAgreement, ...]) -> Table:
    pairs = table("annotator", "annotator", "messages in common", "agreement", left=2)
    for row in rows:
        first, second = row.annotators
        pairs.add_row(
            Text(first), Text(second), f"{row.messages:,}", percent(row.agreement)
        )
    return pairs

"""How far annotators agree, on a terminal."""

from rich.table import Table
from rich.text import Text

from nightsieve.cli.terminal import console, percent, table
from pipeline.records.reviews import Agreement, AnnotatorAgreement, PairAgreement
from pipeline.records.words import describe_interval
from pipeline.statistics.interval import UNDEFINED

PAIRS_SHOWN = 20


def print_agreement(agreement: Agreement, aggregation: str) -> None:
    """Print how far annotators agree.

    Parameters
    ----------
    aggregation
        The method that a night uses.
    """
    out = console()
    out.print(
        f"{agreement.reviews:,} reviews of {agreement.messages:,} messages, "
        f"{agreement.reviewed_twice:,} of them by two or more"
    )
    alpha = describe_interval(agreement.alpha or UNDEFINED)
    out.print(f"Krippendorff's alpha {alpha}\n")
    out.print(_annotators(agreement.annotators), "", soft_wrap=True)
    out.print(_pairs(agreement.pairs[:PAIRS_SHOWN]), soft_wrap=True)
    more = len(agreement.pairs) - PAIRS_SHOWN
    out.print(f"... and {more:,} pairs more: --json\n" if more > 0 else "")
    for method, decided in agreement.decided.items():
        used = " (evaluation.aggregation)" if method == aggregation else ""
        out.print(
            f"{method}{used}: {decided:,} messages get a label, "
            f"{agreement.undecided[method]:,} do not"
        )
    out.print(
        f"{agreement.differ:,} messages get another label by the one than by the other"
    )


def _annotators(rows: tuple[AnnotatorAgreement, ...]) -> Table:
    made = table("annotator", "reviews", "compared", "agreement", "expected", left=1)
    for row in rows:
        made.add_row(
            Text(row.annotator),
            f"{row.reviews:,}",
            f"{row.compared:,}",
            percent(row.agreement),
            percent(row.expected),
        )
    return made


def _pairs(rows: tuple[PairAgreement, ...]) -> Table:
    made = table("annotator", "annotator", "messages in common", "agreement", left=2)
    for row in rows:
        first, second = row.annotators
        made.add_row(
            Text(first), Text(second), f"{row.messages:,}", percent(row.agreement)
        )
    return made

"""Print how far annotators agree, and what their reviews come to."""

from rich.console import Console
from rich.text import Text

from nightsieve.cli.terminal import WIDTH, table
from pipeline.config.settings import Evaluation
from pipeline.records.reviews import Agreement

PAIRS_SHOWN = 20


def show(found: Agreement, evaluation: Evaluation) -> None:
    """Print how far annotators agree."""
    console = Console(width=WIDTH, highlight=False, markup=False)
    twice, interval = found.reviewed_twice, found.alpha
    console.print(
        f"{found.reviews:,} reviews of {found.messages:,} messages, {twice:,} of them by two or more"
    )
    value = (
        f"{interval.value:.3f} [{interval.low:.3f}, {interval.high:.3f}]"
        if interval
        else "undefined"
    )
    console.print(f"Krippendorff's alpha {value}\n")
    people = table("annotator", "reviews", "compared", "agreement", "expected", left=1)
    for each in found.annotators:
        shares = (_percent(each.agreement), _percent(each.expected))
        people.add_row(
            Text(each.annotator),
            f"{each.reviews:,}",
            f"{each.compared:,}",
            *shares,
        )
    pairs = table("annotator", "annotator", "messages in common", "agreement", left=2)
    for each in found.pairs[:PAIRS_SHOWN]:
        pairs.add_row(
            *map(Text, each.annotators),
            f"{each.messages:,}",
            _percent(each.agreement),
        )
    console.print(people, "", pairs, soft_wrap=True)
    more = len(found.pairs) - PAIRS_SHOWN
    console.print(f"... and {more:,} pairs more: --json\n" if more > 0 else "")
    for way, decided in found.decided.items():
        used = " (evaluation.aggregation)" if way == evaluation.aggregation else ""
        console.print(
            f"{way}{used}: {decided:,} messages get a label, {found.undecided[way]:,} do not"
        )
    console.print(
        f"{found.differ:,} messages get another label by the one than by the other"
    )


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"

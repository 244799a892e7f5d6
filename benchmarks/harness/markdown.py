"""Figures as Markdown: tables, paragraphs, and numbers with their range."""

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence

from benchmarks.harness.results import Run, Spread

LINE_LENGTH = 100
CODE_SPAN = re.compile("`[^`]*`")
JOINED_SPACE = "\0"
DASH = "-"  # not measured, or it does not apply


def table(
    header: Sequence[str], body: Iterable[Sequence[str]], text_columns: int = 1
) -> str:
    """Return a Markdown table.

    Parameters
    ----------
    text_columns
        How many of the first columns are text; all others are numbers.
    """
    number_columns = len(header) - text_columns
    rule = ["---"] * text_columns + ["---:"] * number_columns
    lines = [header, rule, *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def rows(columns: Sequence[Mapping[str, str]]) -> list[list[str]]:
    """Return the rows of columns whose cells are named by the heading of their row."""
    lines = []
    for name in columns[0]:
        cells = [column[name] for column in columns]
        lines.append([name, *cells])
    return lines


def paragraph(text: str) -> str:
    """Return the text in lines of Markdown, which do not end inside a code span."""
    joined = CODE_SPAN.sub(_join_words, text)
    lines = textwrap.fill(
        joined, LINE_LENGTH, break_long_words=False, break_on_hyphens=False
    )
    return lines.replace(JOINED_SPACE, " ")


def _join_words(span: re.Match[str]) -> str:
    return span[0].replace(" ", JOINED_SPACE)


def parts(*blocks: str) -> str:
    """Return the blocks of Markdown, each after an empty line."""
    return "\n\n".join(blocks)


def spread(measured: Spread, digits: int = 0) -> str:
    """Return the median, and the range in brackets.

    Examples
    --------
    >>> spread(Spread(median=2.5, lowest=1.0, highest=3.25), digits=1)
    '2.5 [1.0, 3.2]'
    """
    median = f"{measured.median:,.{digits}f}"
    lowest = f"{measured.lowest:,.{digits}f}"
    highest = f"{measured.highest:,.{digits}f}"
    return f"{median} [{lowest}, {highest}]"


def spread_or_dash(measured: Spread | None, digits: int = 0) -> str:
    """Return the median and the range, or a dash."""
    if measured is None:
        return DASH
    return spread(measured, digits)


def one_digit(value: float) -> str:
    """Return the value with one significant digit, and all digits before the point.

    Examples
    --------
    >>> one_digit(0.00374), one_digit(1234.5)
    ('0.004', '1,234')
    """
    if value >= 1:
        return f"{value:,.0f}"
    return f"{value:.1g}"


def sources(messages_by_source: Mapping[str, int]) -> str:
    """Return how many messages came from each source."""
    counts = [f"{count:,} {name}" for name, count in messages_by_source.items()]
    return ", ".join(counts)


def run_line(run: Run) -> str:
    """Return how, when and where something was measured."""
    versions = [f"{name} {version}" for name, version in run.versions.items()]
    return paragraph(
        f"Measured on {run.date} at commit {run.commit}: {run.cpu}, {run.cores} cores, "
        f"{run.system}; {', '.join(versions)}. To measure it again: `{run.command}`."
    )

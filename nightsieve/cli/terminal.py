"""What commands print: tables, progress bars, figures and texts on a terminal."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from pipeline.records.words import DASH

#: Lines are as long as they must be: an id that is cut cannot be searched for.
WIDTH = 250


def console() -> Console:
    """Return what prints tables and texts, every character as it is."""
    return Console(width=WIDTH, highlight=False, markup=False, emoji=False)


def table(*columns: str, left: int) -> Table:
    """Return a table without a frame.

    Parameters
    ----------
    left
        How many of the columns, the first ones, hold text; the others hold numbers.
    """
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for index, column in enumerate(columns):
        justify = "left" if index < left else "right"
        made.add_column(column, justify=justify, no_wrap=True)
    return made


class ProgressBar:
    """A bar on the terminal; without a terminal it shows nothing."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def update(
        self, done: int, total: int | None = None, description: str | None = None
    ) -> None:
        """Show how much is done, of how much; None leaves what was said before."""
        self._progress.update(
            self._task, completed=done, total=total, description=description
        )


@contextmanager
def progress_bar(
    description: str, total: int | None = None, in_bytes: bool = False
) -> Iterator[ProgressBar]:
    """Yield a bar on stderr, which disappears at the end.

    Parameters
    ----------
    description
        What is being done, such as ``writing``.
    total
        How much there is to do; None if it is not known yet.
    in_bytes
        Whether it is counted in bytes.
    """
    count = DownloadColumn() if in_bytes else MofNCompleteColumn()
    time = TimeElapsedColumn() if in_bytes else TimeRemainingColumn()
    stderr = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        count,
        time,
        console=stderr,
        transient=True,
        disable=not stderr.is_terminal,
    ) as progress:
        yield ProgressBar(progress, progress.add_task(description, total=total))


def percent(share: float | None, decimals: int = 1) -> str:
    """Return a share of 1 as a percentage."""
    return DASH if share is None else f"{share:.{decimals}%}"


def printable(text: str) -> str:
    """Return the text on one line, without what a terminal would obey."""
    return "".join(character if character.isprintable() else " " for character in text)


def print_counts(counts: Iterable[tuple[int, str]]) -> None:
    """Print a line for each number and what it counts."""
    for count, description in counts:
        click.echo(f"{count:>12,}  {description}")


def print_json(value: Any) -> None:
    """Print a JSON value, indented for the person who reads it."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))

"""Print tables, progress bars, figures and texts on a terminal."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import click
from pydantic import JsonValue
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from pipeline.records.words import DASH

#: Lines are as long as they need to be: nobody can search for an id that is cut.
WIDTH = 250


def console() -> Console:
    """Return a console that prints every character as it is."""
    return Console(width=WIDTH, highlight=False, markup=False, emoji=False)


def table(*columns: str, left: int) -> Table:
    """Return a table without a frame.

    Parameters
    ----------
    left
        Number of columns at the left that hold text; the others hold numbers.
    """
    frameless = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns[:left]:
        frameless.add_column(column, justify="left", no_wrap=True)
    for column in columns[left:]:
        frameless.add_column(column, justify="right", no_wrap=True)
    return frameless


class ProgressBar:
    """A progress bar, which shows nothing where stderr is not a terminal."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def update(
        self, done: int, total: int | None = None, description: str | None = None
    ) -> None:
        """Show the progress; None leaves the total or the description as it was."""
        self._progress.update(
            self._task, completed=done, total=total, description=description
        )


@contextmanager
def progress_bar(
    description: str, total: int | None = None, in_bytes: bool = False
) -> Iterator[ProgressBar]:
    """Show a progress bar on stderr, which disappears at the end.

    Parameters
    ----------
    description
        What is being done, such as ``writing``.
    total
        Number of items, or of bytes; None if it is not known yet.
    in_bytes
        Whether bytes are counted; their total may stay unknown, as that of a pipe does.
    """
    columns: list[ProgressColumn] = [MofNCompleteColumn(), TimeRemainingColumn()]
    if in_bytes:
        columns = [DownloadColumn(), TimeElapsedColumn()]
    stderr = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        *columns,
        console=stderr,
        transient=True,
        disable=not stderr.is_terminal,
    ) as progress:
        yield ProgressBar(progress, progress.add_task(description, total=total))


def percent(share: float | None, decimals: int = 1) -> str:
    """Return a share between 0 and 1 as a percentage, a dash if it is undefined."""
    return DASH if share is None else f"{share:.{decimals}%}"


def printable(text: str) -> str:
    """Return the text on one line, without characters that control a terminal."""
    return "".join(map(_printable_character, text))


def _printable_character(character: str) -> str:
    return character if character.isprintable() else " "


def print_counts(counts: Iterable[tuple[int, str]]) -> None:
    """Print a line for each count and its description."""
    for count, description in counts:
        click.echo(f"{count:>12,}  {description}")


def print_json(value: JsonValue) -> None:
    """Print a JSON value, indented for the person who reads it."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))

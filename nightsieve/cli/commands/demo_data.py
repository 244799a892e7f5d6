"""``nightsieve sample``: messages of the project's own making into the database."""

from datetime import UTC, datetime, timedelta

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from nightsieve.cli.demo_data import generate
from nightsieve.cli.demo_data.store import Stored, store


@click.command(
    "sample", epilog="Example: nightsieve sample --rows 100000 --until 2026-11-20"
)
@click.option(
    "--rows", type=click.IntRange(min=1), required=True, help="How many messages."
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Same seed, same messages.",
)
@click.option(
    "--until",
    metavar="DATE",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Their last day (UTC). Default: until now.",
)
@click.option(
    "--reviewed",
    type=click.FloatRange(0, 1),
    default=0.05,
    show_default=True,
    help="Share of messages that get their true label as a review (source 'truth').",
)
def command(rows: int, seed: int, until: datetime | None, reviewed: float) -> None:
    """Write realistic messages of the last 30 days, with a known true label, into the database.

    Running it again with the same seed adds only what is not there yet.
    """
    end = until.replace(tzinfo=UTC) + timedelta(days=1) if until else datetime.now(UTC)
    columns = (
        TextColumn("writing"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task("", total=rows)
        stored = store(
            generate(rows, seed, end, reviewed), lambda n: progress.advance(task, n)
        )
    _show(stored)


def _show(stored: Stored) -> None:
    for count, what in (
        (stored.new, "new messages"),
        (stored.known, "already there"),
        (stored.reviews, "new reviews"),
    ):
        click.echo(f"{count:>12,}  {what}")

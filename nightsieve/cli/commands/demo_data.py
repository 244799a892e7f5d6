"""``nightsieve demo-data``: messages of the project's own making into the database."""

import datetime

import click

from nightsieve.cli.demo_data import generate
from nightsieve.cli.demo_data.write import write_blocks
from nightsieve.cli.options import DATE
from nightsieve.cli.terminal import print_counts, progress_bar


@click.command(
    "demo-data", epilog="Example: nightsieve demo-data --rows 100000 --until 2026-11-20"
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
    type=DATE,
    help="Their last day (UTC). Default: until now.",
)
@click.option(
    "--reviewed",
    type=click.FloatRange(0, 1),
    default=0.05,
    show_default=True,
    help="Share of messages that get their true label as a review (source 'truth').",
)
def command(rows: int, seed: int, until: datetime.date | None, reviewed: float) -> None:
    """Write realistic messages, with a known true label, into the database.

    They are of the last 30 days. Running it again with the same seed adds only what is
    not there yet.
    """
    blocks = generate(rows, seed, _end(until), reviewed)
    with progress_bar("writing", total=rows) as bar:
        written = write_blocks(blocks, bar.update)
    print_counts(
        [
            (written.new, "new messages"),
            (written.known, "already there"),
            (written.reviews, "new reviews"),
        ]
    )


def _end(last_day: datetime.date | None) -> datetime.datetime:
    """Return the end of a day, or this moment."""
    if last_day is None:
        return datetime.datetime.now(datetime.UTC)
    midnight = datetime.datetime.combine(last_day, datetime.time(), datetime.UTC)
    return midnight + datetime.timedelta(days=1)

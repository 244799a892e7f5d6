"""``nightsieve demo-data``: generated messages into the database."""

import datetime

import click

from nightsieve.cli.demo_data import generate
from nightsieve.cli.demo_data.write import write_blocks
from nightsieve.cli.options import DATE, help_epilog
from nightsieve.cli.terminal import print_counts, progress_bar


@click.command(
    "demo-data",
    epilog=help_epilog("nightsieve demo-data --rows 100000 --until 2026-11-20"),
)
@click.option(
    "--rows",
    type=click.IntRange(min=1),
    metavar="N",
    required=True,
    help="Number of messages.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    metavar="N",
    default=0,
    show_default=True,
    help="Seed of the random numbers. The same seed gives the same messages.",
)
@click.option(
    "--until",
    metavar="DATE",
    type=DATE,
    show_default="this moment",
    help="Last day (UTC), YYYY-MM-DD, on which messages are received.",
)
@click.option(
    "--reviewed",
    type=click.FloatRange(0, 1),
    metavar="SHARE",
    default=0.05,
    show_default=True,
    help="Share of the messages whose true label becomes a review of source 'truth'.",
)
def command(rows: int, seed: int, until: datetime.date | None, reviewed: float) -> None:
    """Generate realistic messages and write them to the database.

    Writes to the tables messages and reviews of $NIGHTSIEVE_DATABASE_WRITER_URL, or of
    $NIGHTSIEVE_DATABASE_URL if that is not set. The messages are of the last 30 days.
    Running the command again with the same seed adds only the messages that are
    missing.
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

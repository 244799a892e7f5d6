"""``nightsieve reviews``: sheets for annotators, back into the database, and how far they agree."""

import datetime
import re
from contextlib import ExitStack
from datetime import UTC
from pathlib import Path

import click
import pandas as pd
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from nightsieve.cli import agreement as agreeing
from nightsieve.cli import review_sheet
from nightsieve.cli.atomic_files import write_together
from nightsieve.cli.loading.bad_lines import BadLines
from nightsieve.cli.loading.timestamps import parse_timestamp
from nightsieve.database.reviews import import_sheet
from nightsieve.nights import find, reviewable
from nightsieve.nights.sample import Sample
from pipeline import ingest
from pipeline.config.settings import Settings
from pipeline.errors import ConfigError, DataError
from pipeline.reviews import measure_agreement
from pipeline.reviews.choose import REASONS, choose_messages, sheet_rows
from tasks.base import load_settings

FOREVER = datetime.date(9999, 12, 30)  # the last one that has an end


@click.group()
def reviews() -> None:
    """Human labels of messages: from a crowd, or users' corrections."""


@reviews.command(
    "sample",
    epilog="Example: nightsieve reviews sample 2026-11-20 --to review_sheet.csv --count 200",
)
@click.argument("date", metavar="DATE", type=find.DATE)
@find.layer_options
@click.option(
    "--to",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="*.csv or *.jsonl, new.",
)
@click.option(
    "--count", type=click.IntRange(min=1), required=True, help="How many messages."
)
@click.option(
    "--annotators",
    type=click.IntRange(1, 100),
    default=3,
    show_default=True,
    help="How many see each.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Another seed, another sheet.",
)
@click.option(
    "--unmasked", is_flag=True, help="Leave digits as they are; without it each is a 0."
)
def sample(
    date: datetime.datetime,
    overlays: tuple[str, ...],
    patches: tuple[str, ...],
    to: Path,
    count: int,
    annotators: int,
    seed: int,
    unmasked: bool,
) -> None:
    """Write messages of a night's sample that are worth a review, to be labelled by several annotators.

    \b
    Column why says what for, a quarter each:
    flipped    the model published before gives another label than the night's
    unseen     no rule matched
    uncertain  the night's model hardly prefers its label to the next one
    random     any other

    Each has as many messages of every label that the night's model gives as there are. Nothing that was reviewed
    comes again, and texts that differ in digits alone come once. The same night gives the same sheet until new
    reviews are there.
    """
    review_sheet.check_suffix(to)
    if to.exists():
        raise ConfigError(
            f"--to {to}: is there already, perhaps filled in; name a new file"
        )
    manifest = find.manifest(date.date(), overlays, patches)
    known = _reviews(load_settings(manifest["config"]), FOREVER)
    found = reviewable.unreviewed(Sample(manifest), known, seed)
    if found.empty:
        raise DataError(
            f"every text in the sample of {manifest['date']} was reviewed already"
        )
    chosen = choose_messages(_judged(found, manifest), count)
    chosen = chosen.assign(
        text=[reviewable.shown(body, unmasked) for body in chosen["body"]]
    )
    write_together(
        to.parent,
        {to.name: review_sheet.encode(sheet_rows(chosen, annotators, seed), to.suffix)},
    )
    click.echo(f"{len(chosen):,} messages for {annotators} annotators written to {to}")
    for name, order in (
        ("why", REASONS),
        ("predicted", sorted(chosen["predicted"].unique())),
    ):
        click.echo(
            f"{name}: "
            + ", ".join(f"{(chosen[name] == each).sum():,} {each}" for each in order)
        )


@reviews.command(
    "import",
    epilog="Example: nightsieve reviews import review_sheet.csv --source crowd",
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--source",
    required=True,
    help="Where the labels come from, such as crowd or correction.",
)
@click.option(
    "--reviewed-at",
    metavar="TIME",
    help="When they were given, such as 2026-11-20 16:49. Default: now.",
)
@click.option(
    "--config",
    "overlays",
    multiple=True,
    metavar="URI",
    help="Overlay: a YAML file or an s3:// address.",
)
@click.option(
    "--patch", "patches", multiple=True, metavar="A.B=VALUE", help="A single key."
)
def import_(
    file: Path,
    source: str,
    reviewed_at: str | None,
    overlays: tuple[str, ...],
    patches: tuple[str, ...],
) -> None:
    """Put the labels of FILE, a filled-in sheet, into the review table that nightsieve load fills.

    Any CSV or *.jsonl with the columns message_key and label will do; annotator may be there too. A label is one that
    a rule votes for, or that evaluation.merge names. Lines without a label are counted and left out. If any line is
    wrong, nothing is imported.

    The same file again changes nothing; another label of the same annotator for the same message replaces the first.
    """
    if not re.fullmatch(r"[\w.-]{1,63}", source):
        raise ConfigError(
            f"--source {source!r}: a short name is expected, such as crowd-2026-11"
        )
    settings, moment = find.settings_today(overlays, patches), _moment(reviewed_at)
    labels = {*settings.labelling.labels, *settings.evaluation.merge}
    bad = BadLines()
    with ExitStack() as stack:
        stack.callback(_show_bad, bad)
        imported = import_sheet(file, source, moment, labels, bad)
    for count, what in (
        (
            imported.new,
            f"new reviews, for the night of {moment.astimezone(UTC).date()} and later ones",
        ),
        (imported.changed, "with another label than before"),
        (imported.known, "already there"),
        (imported.empty, "without a label, left out"),
    ):
        click.echo(f"{count:>12,}  {what}")


@reviews.command(
    "agreement", epilog="Example: nightsieve reviews agreement --date 2026-11-20"
)
@click.option(
    "--date",
    type=find.DATE,
    help="Reviews made up to the end of this date. Default: all.",
)
@find.layer_options
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Everything as JSON, every pair of annotators too.",
)
def agreement(
    date: datetime.datetime | None,
    overlays: tuple[str, ...],
    patches: tuple[str, ...],
    as_json: bool,
) -> None:
    """Say how far annotators agree with each other, and what their reviews come to.

    \b
    alpha      Krippendorff's: 1 is agreement, 0 is chance; its interval is a bootstrap's over messages
    agreement  of an annotator: with what most of the others say of the message
    expected   share of messages that the annotator labels rightly, by Dawid and Skene's model
    """
    settings = find.settings_today(overlays, patches)
    table = _reviews(settings, date.date() if date else FOREVER)
    if (
        settings.source.reviews
        and settings.source.reviews.columns.annotator is None
        and _several(table)
    ):
        patch = "--patch 'source.reviews.columns.annotator={name: annotator, dtype: string}'"
        raise ConfigError(
            f"source.reviews.columns.annotator: is null, so nobody knows who gave which review; try\n{patch}"
        )
    found = measure_agreement(table, settings.evaluation)
    if as_json:
        click.echo(found.to_json(), nl=False)
    else:
        agreeing.show(found, settings.evaluation)


def _reviews(settings: Settings, date: datetime.date) -> pd.DataFrame:
    with ingest.connect(ingest.database_url(settings.source)) as connection:
        return ingest.read_reviews(connection, settings.source, date)


def _several(table: pd.DataFrame) -> bool:
    """Whether a source has several reviews of a message."""
    return bool(table.duplicated(["key", "source"]).any())


def _judged(found: pd.DataFrame, manifest: dict) -> pd.DataFrame:
    """What the models say of the messages, with a bar on a terminal."""
    columns = (
        TextColumn("scoring"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task("", total=len(found))
        model, champion = reviewable.models(manifest)
        return reviewable.judged(
            found, model, champion, lambda done: progress.update(task, completed=done)
        )


def _moment(given: str | None) -> datetime.datetime:
    moment = datetime.datetime.now(UTC) if given is None else parse_timestamp(given)
    if moment is None:
        raise ConfigError(
            f"--reviewed-at {given}: no time; it looks like 2026-11-20 16:49"
        )
    return moment


def _show_bad(bad: BadLines) -> None:
    for text in bad.first:
        click.echo(text, err=True)
    if bad.count > len(bad.first):
        click.echo(f"... and {bad.count - len(bad.first):,} more", err=True)

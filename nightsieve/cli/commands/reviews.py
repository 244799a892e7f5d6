"""``nightsieve reviews``: sheets for annotators, back into the database, agreement."""

import datetime
import re
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

import click
import pandas as pd

from nightsieve.cli import review_sheet
from nightsieve.cli.agreement_report import print_agreement
from nightsieve.cli.atomic_files import write_together
from nightsieve.cli.loading.bad_lines import BadLines
from nightsieve.cli.loading.timestamps import parse_timestamp
from nightsieve.cli.options import (
    DATE,
    date_argument,
    json_option,
    layer_options,
    run_options,
)
from nightsieve.cli.review_import import import_sheet
from nightsieve.cli.terminal import print_counts, progress_bar
from nightsieve.nights import reviewable
from nightsieve.nights.find import find_night_of_layers
from nightsieve.nights.sample import NightSample
from nightsieve.store import configurations
from nightsieve.store.objects import Store
from nightsieve.store.version import open_store
from pipeline import ingest
from pipeline.config.settings import Settings
from pipeline.errors import ConfigError, DataError
from pipeline.records.run import RunManifest
from pipeline.reviews import choose_messages, measure_agreement, sheet_rows
from pipeline.reviews.choose import REASONS

FOREVER = datetime.date(9999, 12, 30)  # the last date whose end is a date
_SOURCE = re.compile(r"[\w.-]{1,63}")
_ANNOTATOR_PATCH = (
    "--patch 'source.reviews.columns.annotator={name: annotator, dtype: string}'"
)


@click.group()
def reviews() -> None:
    """Human labels of messages: from a crowd, or users' corrections."""


@reviews.command(
    epilog="Example: nightsieve reviews sheet 2026-11-20 --to review_sheet.csv "
    "--count 200",
)
@date_argument
@run_options
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
def sheet(
    date: datetime.date,
    overlays: tuple[str, ...],
    patches: tuple[str, ...],
    to: Path,
    count: int,
    annotators: int,
    seed: int,
    unmasked: bool,
) -> None:
    """Write messages of a night's sample that are worth a review, for annotators.

    \b
    Column why says what for, a quarter each:
    flipped    the model published before gives another label than the night's
    unseen     no rule matched
    uncertain  the night's model hardly prefers its label to the next one
    random     any other

    Each kind has the same number of messages of every label that the night's model
    gives, as long as there are enough. A message that was reviewed does not come again,
    and texts that differ in digits alone come once. The same night gives the same sheet
    until there are new reviews.
    """
    review_sheet.check_suffix(to)
    if to.exists():
        raise ConfigError(
            f"--to {to}: is there already, perhaps filled in; name a new file"
        )
    store = open_store()
    manifest = find_night_of_layers(store, date, overlays, patches)
    settings = configurations.load_settings(store, manifest.config)
    candidates = reviewable.unreviewed(
        NightSample(store, manifest), _reviews(settings, FOREVER), seed
    )
    if candidates.empty:
        raise DataError(
            f"every text in the sample of {manifest.date} was reviewed already"
        )
    chosen = choose_messages(_scored(store, manifest, candidates), count)
    texts = [review_sheet.readable_text(body, unmasked) for body in chosen["body"]]
    rows = sheet_rows(chosen.assign(text=texts), annotators, seed)
    content = review_sheet.encode(rows, to.suffix)
    write_together(to.parent, {to.name: content})
    click.echo(f"{len(chosen):,} messages for {annotators} annotators written to {to}")
    _print_shares("why", chosen["why"], REASONS)
    labels = sorted(chosen["predicted"].unique())
    _print_shares("predicted", chosen["predicted"], labels)


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
@layer_options()
def import_(
    file: Path,
    source: str,
    reviewed_at: str | None,
    overlays: tuple[str, ...],
    patches: tuple[str, ...],
) -> None:
    """Put the labels of FILE, a filled-in sheet, into the review table.

    Any CSV or *.jsonl with the columns message_key and label will do; annotator may be
    there too. A label is one that a rule votes for, or that evaluation.merge names.
    Lines without a label are counted and left out. If any line is wrong, nothing is
    imported.

    The same file again changes nothing; another label of the same annotator for the
    same message replaces the first.
    """
    if not _SOURCE.fullmatch(source):
        raise ConfigError(
            f"--source {source!r}: a short name is expected, such as crowd-2026-11"
        )
    settings = _settings(overlays, patches)
    moment = _moment(reviewed_at)
    labels = {*settings.labelling.labels, *settings.evaluation.merge}
    bad = BadLines()
    with ExitStack() as stack:
        stack.callback(bad.print_first, "more")
        imported = import_sheet(file, source, moment, labels, bad)
    night = moment.astimezone(datetime.UTC).date()
    print_counts(
        [
            (
                imported.reviews.new,
                f"new reviews, for the night of {night} and later ones",
            ),
            (imported.reviews.changed, "with another label than before"),
            (imported.reviews.unchanged, "already there"),
            (imported.empty, "without a label, left out"),
        ]
    )


@reviews.command(epilog="Example: nightsieve reviews agreement --date 2026-11-20")
@click.option(
    "--date",
    type=DATE,
    help="Reviews made up to the end of this date. Default: all.",
)
@layer_options()
@json_option
def agreement(
    date: datetime.date | None,
    overlays: tuple[str, ...],
    patches: tuple[str, ...],
    as_json: bool,
) -> None:
    """Say how far annotators agree, and what their reviews come to.

    \b
    alpha      Krippendorff's: 1 is agreement, 0 is chance; with a bootstrap interval
    agreement  of an annotator: with what most of the others say of the message
    expected   share of messages that the annotator labels rightly, by Dawid and Skene
    """
    settings = _settings(overlays, patches)
    table = _reviews(settings, date or FOREVER)
    _check_annotators(settings, table)
    measured = measure_agreement(table, settings.evaluation)
    if as_json:
        click.echo(measured.to_json().decode(), nl=False)
    else:
        print_agreement(measured, settings.evaluation.aggregation)


def _settings(overlays: tuple[str, ...], patches: tuple[str, ...]) -> Settings:
    return configurations.resolve(overlays, patches).settings


def _reviews(settings: Settings, date: datetime.date) -> pd.DataFrame:
    with ingest.connect(ingest.database_url(settings.source)) as connection:
        return ingest.read_reviews(connection, settings.source, date)


def _check_annotators(settings: Settings, table: pd.DataFrame) -> None:
    """Check that reviews of a message by the same source can be told apart."""
    reviews = settings.source.reviews
    if reviews is None or reviews.columns.annotator is not None:
        return
    if table.duplicated(["key", "source"]).any():
        raise ConfigError(
            "source.reviews.columns.annotator: is null, so nobody knows who gave "
            f"which review; try\n{_ANNOTATOR_PATCH}"
        )


def _scored(
    store: Store, manifest: RunManifest, candidates: pd.DataFrame
) -> pd.DataFrame:
    """Return the candidates with what the models say of them."""
    with progress_bar("scoring", total=len(candidates)) as bar:
        models = reviewable.load_models(store, manifest)
        return reviewable.score(candidates, models, bar.update)


def _print_shares(title: str, values: pd.Series, order: Iterable[str]) -> None:
    shares = (f"{(values == value).sum():,} {value}" for value in order)
    click.echo(f"{title}: {', '.join(shares)}")


def _moment(given: str | None) -> datetime.datetime:
    if given is None:
        return datetime.datetime.now(datetime.UTC)
    moment = parse_timestamp(given)
    if moment is None:
        raise ConfigError(f"--reviewed-at {given}: not a time; use YYYY-MM-DD HH:MM")
    return moment

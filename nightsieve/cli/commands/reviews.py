"""``nightsieve reviews``: sheets for annotators, their import, and agreement."""

# ruff: noqa: D301 - Click does not wrap a paragraph of a docstring after a \b.

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
from nightsieve.cli.loading.labels import (
    Labels,
    known_labels,
    label_map_option,
    label_warnings,
    parse_label_maps,
)
from nightsieve.cli.loading.timestamps import parse_timestamp
from nightsieve.cli.options import (
    DATE,
    date_argument,
    help_epilog,
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
from pipeline.data.reviewed_messages import may_measure
from pipeline.errors import ConfigError, DataError
from pipeline.records.run import RunManifest
from pipeline.records.words import plural
from pipeline.reviews import choose_messages, measure_agreement, sheet_rows
from pipeline.reviews.choose import REASONS

FOREVER = datetime.date(9999, 12, 30)  # the last date whose end is a date
_SOURCE = re.compile(r"[\w.-]{1,63}")
_ANNOTATOR_PATCH = (
    "--patch 'source.reviews.columns.annotator={name: annotator, dtype: string}'"
)


@click.group(epilog=help_epilog("nightsieve reviews agreement --date 2026-11-20"))
def reviews() -> None:
    """Write review sheets, import labels and measure agreement."""


@reviews.command(
    epilog=help_epilog(
        "nightsieve reviews sheet 2026-11-20 --to sheet.csv --count 200",
        exit_codes={
            3: "there is no such run, or FILE exists already",
            7: "every text of the sample is reviewed, or FILE cannot be written to",
        },
    )
)
@date_argument
@run_options
@click.option(
    "--to",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    required=True,
    help="New file to write to, *.csv or *.jsonl.",
)
@click.option(
    "--count",
    type=click.IntRange(min=1),
    metavar="N",
    required=True,
    help="Maximum number of messages.",
)
@click.option(
    "--annotators",
    type=click.IntRange(1, 100),
    default=3,
    show_default=True,
    metavar="N",
    help="Number of annotators, who each label every message.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="N",
    help="Seed of the random choice. Another seed gives another sheet.",
)
@click.option(
    "--unmasked",
    is_flag=True,
    help="Write digits as they are. Without this option each digit becomes a 0.",
)
def sheet(
    *,
    date: datetime.date,
    overlays: tuple[str, ...],
    patches: tuple[str, ...],
    to: Path,
    count: int,
    annotators: int,
    seed: int,
    unmasked: bool,
) -> None:
    """Write a sheet of messages for annotators to label.

    DATE is the date of the night, YYYY-MM-DD. Chooses messages from its sample. The
    column why says why a message was chosen; each reason has a quarter of the messages:

    \b
    flipped    the night's model and the one before it give different labels
    unseen     no rule matched it
    uncertain  the model's two best labels have nearly the same score
    random     chosen at random from the remaining messages

    Within a reason, every label that the model gives has the same number of messages
    where there are enough. Messages are left out if they have a review of a source that
    measures a model (evaluation.sources); of texts that differ only in digits one is
    taken. The same night gives the same sheet until there are new
    reviews.
    """
    review_sheet.check_suffix(to)
    if to.exists():
        raise ConfigError(
            f"--to {to}: exists already and may be filled in; name a new file"
        )
    store = open_store()
    manifest = find_night_of_layers(store, date, overlays, patches)
    settings = configurations.load_settings(store, manifest.config)
    table = _reviews(settings, FOREVER)
    # A message that only a correction is about still needs a reviewer's label.
    measuring = table[may_measure(table, settings.evaluation)]
    candidates = reviewable.unreviewed(NightSample(store, manifest), measuring, seed)
    if candidates.empty:
        raise DataError(
            f"sample of {manifest.date}: every text is reviewed already; take another "
            "night"
        )
    chosen = choose_messages(_scored(store, manifest, candidates), count)
    texts = [review_sheet.readable_text(body, unmasked) for body in chosen["body"]]
    rows = sheet_rows(chosen.assign(text=texts), annotators, seed)
    content = review_sheet.encode(rows, to.suffix)
    write_together(to.parent, {to.name: content})
    messages = plural(len(chosen), "message")
    readers = plural(annotators, "annotator")
    click.echo(f"{messages} for {readers} written to {to}")
    _print_shares("why", chosen["why"], REASONS)
    labels = sorted(chosen["predicted"].unique())
    _print_shares("predicted", chosen["predicted"], labels)


@reviews.command(
    "import",
    epilog=help_epilog(
        "nightsieve reviews import sheet.csv --source crowd",
        exit_codes={
            3: "an option or a configuration layer is wrong",
            7: "FILE cannot be read, or a line of it is wrong",
        },
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--source",
    metavar="NAME",
    required=True,
    help="Where the labels come from, such as crowd or correction.",
)
@click.option(
    "--reviewed-at",
    metavar="TIME",
    show_default="now",
    help="When the labels were given, such as '2026-11-20 16:49', UTC unless it names "
    "a zone.",
)
@label_map_option
@layer_options()
def import_(
    *,
    file: Path,
    source: str,
    reviewed_at: str | None,
    label_maps: tuple[str, ...],
    overlays: tuple[str, ...],
    patches: tuple[str, ...],
) -> None:
    """Import the labels of a filled-in sheet into the database.

    FILE is a CSV or *.jsonl with the columns message_key and label, and perhaps
    annotator. A label is one that a rule votes for, or that evaluation.merge names.
    Writes to the table reviews of $NIGHTSIEVE_DATABASE_WRITER_URL, or of
    $NIGHTSIEVE_DATABASE_URL if that is not set. Lines without a label are counted and
    left out. If one line is wrong, nothing is imported.

    Importing the same file again changes nothing. A new label by the same annotator for
    the same message replaces the old one.
    """
    if not _SOURCE.fullmatch(source):
        raise ConfigError(
            f"--source {source!r}: not a name; use 1 to 63 letters, digits, dots, "
            "dashes or underscores, such as crowd-2026-11"
        )
    labels = Labels(parse_label_maps(label_maps))
    settings = _settings(overlays, patches)
    known = known_labels(settings)
    moment = _moment(reviewed_at)
    bad = BadLines()
    with ExitStack() as stack:
        stack.callback(bad.print_first, "more bad lines")
        imported = import_sheet(file, source, moment, known, bad, labels=labels)
    for warning in label_warnings(str(file), labels, known, "the column label"):
        click.echo(f"Warning: {warning}", err=True)
    if not settings.evaluation.has_source(source):
        click.echo(
            f"Warning: --source {source}: these reviews measure and train no model "
            "until evaluation.sources names their source",
            err=True,
        )
    night = moment.astimezone(datetime.UTC).date()
    print_counts(
        [
            (
                imported.reviews.new,
                f"new reviews, for the night of {night} and later ones",
            ),
            (imported.reviews.changed, "reviews with a changed label"),
            (imported.reviews.unchanged, "already there"),
            (imported.empty, "without a label, left out"),
        ]
    )


@reviews.command(
    epilog=help_epilog(
        "nightsieve reviews agreement --date 2026-11-20",
        exit_codes={3: "the configuration names no column for the annotator"},
    )
)
@click.option(
    "--date",
    metavar="DATE",
    type=DATE,
    show_default="all reviews",
    help="Last day (UTC) whose reviews count, as YYYY-MM-DD.",
)
@layer_options()
@json_option
def agreement(
    date: datetime.date | None,
    overlays: tuple[str, ...],
    patches: tuple[str, ...],
    as_json: bool,
) -> None:
    """Measure how well annotators agree.

    Reads the reviews in the database whose source measures a model
    (evaluation.sources). Prints figures for all of them, for each annotator and for
    each pair of them, and how many messages each method of aggregation gives a label.
    Writes nothing.

    \b
    alpha      Krippendorff's alpha with a bootstrap interval: 1 is full
               agreement, 0 is chance
    agreement  share of an annotator's reviews that agree with the majority of
               the others
    expected   share of messages that the annotator labels correctly, estimated
               by the model of Dawid and Skene
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
    """Check that a source has one review of a message, or reviews name annotators."""
    reviews = settings.source.reviews
    if reviews is None or reviews.columns.annotator is not None:
        return
    if table.duplicated(["key", "source"]).any():
        raise ConfigError(
            "source.reviews.columns.annotator: is null, so reviews have no annotator; "
            f"name the column:\n{_ANNOTATOR_PATCH}"
        )


def _scored(
    store: Store, manifest: RunManifest, candidates: pd.DataFrame
) -> pd.DataFrame:
    """Return the candidates with the labels and scores that the models give."""
    with progress_bar("scoring", total=len(candidates)) as bar:
        models = reviewable.load_models(store, manifest)
        return reviewable.score(candidates, models, bar.update)


def _print_shares(title: str, values: pd.Series, order: Iterable[str]) -> None:
    shares = (f"{(values == value).sum():,} {value}" for value in order)
    click.echo(f"{title}: {', '.join(shares)}")


def _moment(option: str | None) -> datetime.datetime:
    if option is None:
        return datetime.datetime.now(datetime.UTC)
    moment = parse_timestamp(option)
    if moment is None:
        raise ConfigError(f"--reviewed-at {option!r}: not a time; use YYYY-MM-DD HH:MM")
    return moment

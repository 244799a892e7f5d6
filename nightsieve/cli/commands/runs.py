"""``nightsieve runs``: the nights that were run, from their manifests in S3."""

import datetime
import io
from pathlib import Path

import click
from rich.console import Console

from nightsieve.cli.atomic_files import write_together
from nightsieve.cli.options import DATE, date_argument, layer_options, run_options
from nightsieve.nights import find
from nightsieve.nights.addresses import night_addresses
from nightsieve.nights.explain import explain as explain_night
from nightsieve.nights.model_files import read_model_files
from nightsieve.nights.repair import NightRepair, repair_nights
from nightsieve.store import configurations
from nightsieve.store.layout import Run
from nightsieve.store.objects import Store
from nightsieve.store.reports import read_report
from nightsieve.store.version import open_store
from pipeline import report
from pipeline.errors import ArtefactError, ConfigError
from pipeline.records.run import RunManifest


@click.group()
def runs() -> None:
    """The nights that were run."""


@runs.command("list", epilog="Example: nightsieve runs list")
def list_() -> None:
    """List every run as its date and its configuration's digest, by date."""
    for run in find.list_nights(open_store()):
        click.echo(f"{run.date}  {run.config}")


@runs.command(epilog="Example: nightsieve runs show 2026-11-20")
@date_argument
@run_options
@click.option("--json", "as_json", is_flag=True, help="The whole run manifest.")
def show(
    date: datetime.date,
    overlays: tuple[str, ...],
    patches: tuple[str, ...],
    as_json: bool,
) -> None:
    """Print the summary of a night."""
    store = open_store()
    manifest = find.find_night_of_layers(store, date, overlays, patches)
    if as_json:
        click.echo(manifest.to_json().decode(), nl=False)
    else:
        _print_summary(
            store, manifest, Console(width=report.SUMMARY_WIDTH, highlight=False)
        )


@runs.command(epilog="Example: nightsieve runs fetch 2026-11-20 --to out")
@date_argument
@run_options
@click.option(
    "--to",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="The folder.",
)
def fetch(
    date: datetime.date,
    overlays: tuple[str, ...],
    patches: tuple[str, ...],
    to: Path,
) -> None:
    """Write a night's files to a folder: what a device loads, and what the night did.

    model.json, vectors.json and pipeline.joblib are checked against the sha256 that the
    run wrote down; manifest.json describes these three; run.json and summary.txt
    describe the night; report/index.html is its report.
    """
    store = open_store()
    manifest = find.find_night_of_layers(store, date, overlays, patches)
    contents = read_model_files(store, manifest)
    contents["run.json"] = manifest.to_json()
    contents["summary.txt"] = _summary(store, manifest).encode()
    pages = read_report(store, Run(manifest.date, manifest.config))
    report_files = {f"report/{name}": content for name, content in pages.items()}
    write_together(to, contents | report_files)
    names = [*contents, *(["report/index.html"] if pages else [])]
    click.echo(f"Written to {to}: {', '.join(names)}")


@runs.command(epilog="Example: nightsieve runs explain 2026-11-20")
@date_argument
@run_options
@click.option("--task", help="This family alone, such as FitModel.")
@click.option(
    "--against",
    type=DATE,
    help="Another night; without it the last earlier one on the same table.",
)
def explain(
    date: datetime.date,
    overlays: tuple[str, ...],
    patches: tuple[str, ...],
    task: str | None,
    against: datetime.date | None,
) -> None:
    """Say for each task of a night why it ran, or why it did not."""
    store = open_store()
    manifest = find.find_night_of_layers(store, date, overlays, patches)
    before = _before(store, manifest, against)
    _check_family(manifest, task)
    click.echo(f"Against the night of {before.date}, configuration {before.config}:")
    for explanation in explain_night(manifest, before):
        if task in (None, explanation.task):
            reasons = "; ".join(explanation.reasons)
            unchanged = "taken over, nothing it depends on has changed"
            click.echo(f"{explanation.name}: {reasons or unchanged}")


@runs.command(epilog="Example: nightsieve runs replay 2026-11-20")
@date_argument
@run_options
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=2,
    show_default=True,
    help="Tasks at a time.",
)
def replay(
    date: datetime.date,
    overlays: tuple[str, ...],
    patches: tuple[str, ...],
    workers: int,
) -> None:
    """Run a past night again on the database's old rows, and compare every object.

    The gate decides again, against the models that were published then, and by the time
    that a message took then. The exit code is 0 when all objects are the same, byte for
    byte. Nothing of the night itself is touched, nothing is published.
    """
    from nightsieve.cli.replay import replay as replay_night
    from nightsieve.cli.replay_report import print_replay

    store = open_store()
    manifest = find.find_night_of_layers(store, date, overlays, patches)
    is_same = print_replay(manifest, replay_night(store, manifest, workers))
    if not is_same:
        raise ArtefactError(
            f"the night of {manifest.date} cannot be replayed with what is installed "
            "today"
        )


@runs.command(epilog="Example: nightsieve runs repair 2026-11-20")
@date_argument
@layer_options(
    config_help="As given to Retrain, or the digest; without it every run of the date.",
    patch_help="As given to Retrain.",
)
def repair(
    date: datetime.date, overlays: tuple[str, ...], patches: tuple[str, ...]
) -> None:
    """Remove what is damaged of a finished night, so that the night makes it again.

    Every object is read and held against its receipt and the run manifest. With what is
    damaged or missing go the run manifest and the report's index: the command that is
    printed then makes again what is missing, and nothing else. Where something is
    damaged that the database gave, what rests on it goes too, for the database may
    answer otherwise today. Published models are left alone: nightsieve models repair.
    """
    store = open_store()
    # Not read: it may be what is damaged.
    config = None if patches else configurations.named_digest(overlays)
    if config is None and (overlays or patches):
        config = configurations.freeze(store, overlays, patches)
    for night in repair_nights(store, date, config):
        _print_repair(night)


def _print_repair(night: NightRepair) -> None:
    date, config = night.run
    if not night.damage:
        click.echo(f"{date}  {config}: nothing is damaged")
        return
    click.echo(f"{date}  {config}:")
    for damage in night.damage:
        click.echo(f"  {damage.address}: {damage.problem}")
    for address in night.restored:
        click.echo(f"Written again: {address}")
    for address in night.removed:
        click.echo(f"Removed: {address}")
    if night.removed:
        command = f"luigi --module tasks Retrain --date {date} --config {config}"
        click.echo(f"Make again what is missing: {command}")
    if night.manifest_lost:
        click.echo(
            "Without the run manifest no other object could be checked. When the "
            f"night is there again: nightsieve runs repair {date} --config {config}"
        )


def _before(
    store: Store, manifest: RunManifest, against: datetime.date | None
) -> RunManifest:
    """Return the night to compare with."""
    if against is not None:
        return find.find_night(store, against)
    before = find.previous_night(store, manifest)
    if before is None:
        raise ConfigError(
            f"there is no night before {manifest.date} on the same table; "
            "name one with --against"
        )
    return before


def _check_family(manifest: RunManifest, task: str | None) -> None:
    families = list(dict.fromkeys(receipt.task for receipt in manifest.tasks))
    if task is not None and task not in families:
        raise ConfigError(
            f"--task {task}: the night of {manifest.date} has {', '.join(families)}"
        )


def _summary(store: Store, manifest: RunManifest) -> str:
    text = io.StringIO()
    console = Console(file=text, width=report.SUMMARY_WIDTH, highlight=False)
    _print_summary(store, manifest, console)
    return text.getvalue()


def _print_summary(store: Store, manifest: RunManifest, console: Console) -> None:
    addresses = night_addresses(store, manifest)
    console.print(report.summary(manifest, addresses), soft_wrap=True)

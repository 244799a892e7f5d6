"""``nightsieve runs``: the nights that were run, from their manifests in S3."""

# ruff: noqa: D301 - Click does not wrap a paragraph of a docstring after a \b.

import datetime
import io
from pathlib import Path

import click
from rich.console import Console

from nightsieve.cli.atomic_files import write_together
from nightsieve.cli.options import (
    DATE,
    date_argument,
    help_epilog,
    layer_options,
    run_options,
)
from nightsieve.nights import find
from nightsieve.nights.addresses import night_addresses
from nightsieve.nights.explain import explain as explain_night
from nightsieve.nights.model_files import read_model_files
from nightsieve.nights.repair import NightRepair, repair_nights
from nightsieve.nights.sign import sign_receipts
from nightsieve.store import configurations
from nightsieve.store.layout import Run
from nightsieve.store.objects import Store
from nightsieve.store.reports import read_report
from nightsieve.store.version import open_store
from pipeline import report
from pipeline.errors import ArtefactError, ConfigError
from pipeline.records.run import RunManifest
from pipeline.records.words import plural


@click.group(epilog=help_epilog("nightsieve runs show 2026-11-20"))
def runs() -> None:
    """List, show, fetch, explain, replay, repair and sign nights."""


@runs.command("list", epilog=help_epilog("nightsieve runs list"))
def list_() -> None:
    """List every run in the store, by date.

    Prints the date and the digest of the configuration. Writes nothing.
    """
    for run in find.list_nights(open_store()):
        click.echo(f"{run.date}  {run.config}")


@runs.command(
    epilog=help_epilog(
        "nightsieve runs show 2026-11-20",
        exit_codes={3: "there is no such run"},
    )
)
@date_argument
@run_options
@click.option(
    "--json", "as_json", is_flag=True, help="Print the whole run manifest instead."
)
@click.option(
    "--junit",
    "as_junit",
    is_flag=True,
    help="Print the gate's checks instead, as JUnit's XML for a build server.",
)
def show(
    *,
    date: datetime.date,
    overlays: tuple[str, ...],
    patches: tuple[str, ...],
    as_json: bool,
    as_junit: bool,
) -> None:
    """Print the summary of a night.

    DATE is the date of the night, YYYY-MM-DD. The summary is the one that the night
    printed at its end: the decision, the stages and the quality of the model. Writes
    nothing.
    """
    if as_json and as_junit:
        raise ConfigError("--json: --junit is given too; use one of them")
    store = open_store()
    manifest = find.find_night_of_layers(store, date, overlays, patches)
    if as_json:
        click.echo(manifest.to_json().decode(), nl=False)
    elif as_junit:
        click.echo(report.gate_suite(manifest.date, manifest.results))
    else:
        console = Console(width=report.SUMMARY_WIDTH, highlight=False)
        _print_summary(store, manifest, console)


@runs.command(
    epilog=help_epilog(
        "nightsieve runs fetch 2026-11-20 --to out",
        exit_codes={
            3: "there is no such run",
            7: "the folder cannot be written to",
            8: "a file of the night is damaged",
        },
    )
)
@date_argument
@run_options
@click.option(
    "--to",
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder to write to; it is created if it is missing.",
)
def fetch(
    date: datetime.date,
    overlays: tuple[str, ...],
    patches: tuple[str, ...],
    to: Path,
) -> None:
    """Write the files of a night to a folder.

    DATE is the date of the night, YYYY-MM-DD. Every file is checked against the sha256
    that the night stored: all files are written, or none.

    \b
    model.json         what a phone loads
    vectors.json       texts and scores to test a scorer with
    reference.json     labels and margins on held-out messages
    pipeline.joblib    the scikit-learn pipeline
    manifest.json      describes these three
    run.json           the run manifest: configuration, tasks, results
    summary.txt        what runs show prints
    report/index.html  the report
    """
    store = open_store()
    manifest = find.find_night_of_layers(store, date, overlays, patches)
    contents = read_model_files(store, manifest)
    contents["run.json"] = manifest.to_json()
    contents["summary.txt"] = _summary(store, manifest).encode()
    pages = read_report(store, Run(manifest.date, manifest.config))
    report_files = {f"report/{name}": content for name, content in pages.items()}
    write_together(to, contents | report_files)
    names = [*contents]
    if pages:
        names.append("report/index.html")
    click.echo(f"Written to {to}: {', '.join(names)}")


@runs.command(
    epilog=help_epilog(
        "nightsieve runs explain 2026-11-20 --task FitModel",
        exit_codes={3: "there is no such run, or none to compare with"},
    )
)
@date_argument
@run_options
@click.option(
    "--task",
    metavar="NAME",
    show_default="all tasks",
    help="Explain the tasks of this name alone, such as FitModel.",
)
@click.option(
    "--against",
    metavar="DATE",
    type=DATE,
    show_default="the last earlier night on the same table",
    help="Night to compare with, as YYYY-MM-DD.",
)
def explain(
    date: datetime.date,
    overlays: tuple[str, ...],
    patches: tuple[str, ...],
    task: str | None,
    against: datetime.date | None,
) -> None:
    """Explain why each task of a night ran, or did not.

    DATE is the date of the night, YYYY-MM-DD. Compares the night with another one, and
    prints for each task which of its inputs differ: the date, a configuration key or
    another task. Writes nothing.
    """
    store = open_store()
    manifest = find.find_night_of_layers(store, date, overlays, patches)
    before = _before(store, manifest, against)
    _check_family(manifest, task)
    click.echo(
        f"Compared with the night of {before.date}, configuration {before.config}:"
    )
    for explanation in explain_night(manifest, before):
        if task in (None, explanation.task):
            reasons = "; ".join(explanation.reasons)
            unchanged = "taken over, nothing it depends on has changed"
            click.echo(f"{explanation.name}: {reasons or unchanged}")


@runs.command(
    epilog=help_epilog(
        "nightsieve runs replay 2026-11-20",
        exit_codes={
            0: "all objects that could be compared are the same, byte for byte",
            3: "there is no such run",
            7: "the night does not finish today",
            8: "an object differs, or what the night started from is damaged",
        },
    )
)
@date_argument
@run_options
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=2,
    show_default=True,
    metavar="N",
    help="Number of processes, each with one task at a time.",
)
def replay(
    date: datetime.date,
    overlays: tuple[str, ...],
    patches: tuple[str, ...],
    workers: int,
) -> None:
    """Run a past night again, and compare every object.

    DATE is the date of the night, YYYY-MM-DD. The night starts from the messages and
    reviews that it read from the database then. The gate decides again, against the
    models that were published then, and with the scoring time that was measured then.
    Prints the objects that differ. What messages were erased from is neither made again
    nor compared, and is printed as erased. Writes to a temporary prefix of the store,
    which is removed at the end: the night itself is left as it is, and nothing is
    published.
    """
    # Only this command waits until Luigi and the tasks are imported.
    from nightsieve.cli.replay import replay as replay_night  # noqa: PLC0415
    from nightsieve.cli.replay_report import print_replay  # noqa: PLC0415

    store = open_store()
    manifest = find.find_night_of_layers(store, date, overlays, patches)
    is_same = print_replay(manifest, replay_night(store, manifest, workers))
    if not is_same:
        raise ArtefactError(
            f"night of {manifest.date}: some objects differ from those of then, see "
            "above; use the code and the packages of then"
        )


@runs.command(
    epilog=help_epilog(
        "nightsieve runs repair 2026-11-20",
        exit_codes={3: "there is no such run"},
    )
)
@date_argument
@layer_options(
    config_help=(
        "Choose the run made with this overlay, or the run whose configuration has "
        "this digest. Repeatable."
    ),
    patch_help="Choose the run made with this --patch. Repeatable.",
    default="every run of the date",
)
def repair(
    date: datetime.date, overlays: tuple[str, ...], patches: tuple[str, ...]
) -> None:
    """Remove damaged objects of a night, to make them again.

    DATE is the date of the night, YYYY-MM-DD. Reads every object of the finished night,
    and compares it with its receipt and the run manifest. If one is damaged or missing,
    removes it, the run manifest and the report's index, and prints the luigi command
    that makes only what is missing again. If the damaged object holds rows of the
    database, removes everything made from it too, since the database may hold other
    rows today. Published models are left alone; see nightsieve models repair.
    """
    store = open_store()
    # A digest is not looked up: the configuration may be what is damaged.
    config = None if patches else configurations.named_digest(overlays)
    if config is None and (overlays or patches):
        config = configurations.freeze(store, overlays, patches)
    for night in repair_nights(store, date, config):
        _print_repair(night)


@runs.command(
    epilog=help_epilog(
        "nightsieve runs sign",
        exit_codes={3: "no key is set", 8: "an object is damaged"},
    )
)
def sign() -> None:
    """Sign the receipts that were written without the key, or with another one.

    Use this when NIGHTSIEVE_RECEIPT_KEY is set for a store that has nights already, or
    is replaced. It says that you trust what is in the store now: a person who could
    write to the bucket until now may have changed it. Reads every object whose receipt
    is not signed, and signs the receipt if neither is damaged. Published models have no
    receipts, and stay as they are.
    """
    result = sign_receipts(open_store())
    signed = plural(result.signed, "receipt")
    click.echo(f"Signed {signed}; {result.unchanged:,} had the signature")
    for damage in result.damage[1:]:
        click.echo(f"Not signed: {damage.address}: {damage.problem}")
    if result.damage:
        raise result.damage[0]


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
            "The run manifest was damaged, so no other object could be checked. After "
            f"the night: nightsieve runs repair {date} --config {config}"
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
            f"night of {manifest.date}: the first one on its table; name a night to "
            "compare with: --against DATE"
        )
    return before


def _check_family(manifest: RunManifest, task: str | None) -> None:
    families = list(dict.fromkeys(receipt.task for receipt in manifest.tasks))
    if task is not None and task not in families:
        raise ConfigError(
            f"--task {task}: not a task of the night of {manifest.date}; use one of "
            f"{', '.join(families)}"
        )


def _summary(store: Store, manifest: RunManifest) -> str:
    text = io.StringIO()
    console = Console(file=text, width=report.SUMMARY_WIDTH, highlight=False)
    _print_summary(store, manifest, console)
    return text.getvalue()


def _print_summary(store: Store, manifest: RunManifest, console: Console) -> None:
    addresses = night_addresses(store, manifest)
    console.print(report.summary(manifest, addresses), soft_wrap=True)

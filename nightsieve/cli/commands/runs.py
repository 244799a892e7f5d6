"""``nightsieve runs``: the nights that were run, from their manifests in S3."""

import datetime
import io
import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from nightsieve.cli.atomic_files import write_together
from nightsieve.cli.replay import replay as replay_run
from nightsieve.nights import find
from nightsieve.nights.explain import explain as explain_run
from nightsieve.store import reports
from nightsieve.store.objects import store
from pipeline import report
from pipeline.data.codecs import Json
from pipeline.errors import ArtefactError, ConfigError
from pipeline.records.export import MANIFEST_FILE
from tasks.export import FILE_TASKS
from tasks.retrain import Retrain

UNLIKE = {
    "missing": "its fingerprint is another one today",
    "other": "other bytes",
    "left out": "left out, since a model that it was held against is kept no longer",
}


@click.group()
def runs() -> None:
    """The nights that were run."""


@runs.command("list", epilog="Example: nightsieve runs list")
def list_() -> None:
    """List every run as its date and its configuration's digest, by date."""
    for date, digest in find.runs():
        click.echo(f"{date}  {digest}")


@runs.command(epilog="Example: nightsieve runs show 2026-11-20")
@click.argument("date", metavar="DATE", type=find.DATE)
@find.layer_options
@click.option("--json", "as_json", is_flag=True, help="The whole run manifest.")
def show(
    date: datetime.datetime,
    overlays: tuple[str, ...],
    patches: tuple[str, ...],
    as_json: bool,
) -> None:
    """Print the summary of a night."""
    manifest = find.manifest(date.date(), overlays, patches)
    if as_json:
        click.echo(json.dumps(manifest, indent=2, ensure_ascii=False))
    else:
        _show(manifest)


@runs.command(epilog="Example: nightsieve runs fetch 2026-11-20 --to out")
@click.argument("date", metavar="DATE", type=find.DATE)
@find.layer_options
@click.option(
    "--to",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="The folder.",
)
def fetch(
    date: datetime.datetime,
    overlays: tuple[str, ...],
    patches: tuple[str, ...],
    to: Path,
) -> None:
    """Write a night's files to a folder: what a device loads, and what the night did.

    model.json, vectors.json and pipeline.joblib are checked against the sha256 that the run wrote down; manifest.json
    describes these three, run.json and summary.txt the night; report/index.html is its report.
    """
    manifest = find.manifest(date.date(), overlays, patches)
    receipts = {
        (receipt["task"], receipt["parameters"].get("format")): receipt
        for receipt in manifest["tasks"]
    }
    contents = {
        name: find.content(
            receipts[file_task.task.task_family, file_task.parameters.get("format")]
        )
        for name, file_task in FILE_TASKS.items()
    }
    if serial := manifest["results"]["publication"]["serial"]:
        contents[MANIFEST_FILE] = Json().encode(
            {**json.loads(contents[MANIFEST_FILE]), "serial": serial}
        )
    contents["run.json"] = (
        json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    ).encode()
    summary = io.StringIO()
    _show(manifest, Console(file=summary, width=110, highlight=False))
    contents["summary.txt"] = summary.getvalue().encode()
    pages = reports.files(store(), manifest["date"], manifest["config"])
    write_together(
        to, contents | {f"report/{name}": content for name, content in pages.items()}
    )
    names = [*contents, *(["report/index.html"] if pages else [])]
    click.echo(f"Written to {to}: {', '.join(names)}")


@runs.command(epilog="Example: nightsieve runs explain 2026-11-20")
@click.argument("date", metavar="DATE", type=find.DATE)
@find.layer_options
@click.option("--task", help="This family alone, such as FitModel.")
@click.option(
    "--against",
    type=find.DATE,
    help="Another night; without it the last earlier one on the same table.",
)
def explain(
    date: datetime.datetime,
    overlays: tuple[str, ...],
    patches: tuple[str, ...],
    task: str | None,
    against: datetime.datetime | None,
) -> None:
    """Say for each task of a night why it ran, or why it did not."""
    manifest = find.manifest(date.date(), overlays, patches)
    before = (
        find.manifest(against.date(), (), ()) if against else find.earlier(manifest)
    )
    if before is None:
        raise ConfigError(
            f"there is no night before {manifest['date']} on the same table; name one with --against"
        )
    families = list(dict.fromkeys(receipt["task"] for receipt in manifest["tasks"]))
    if task not in (None, *families):
        raise ConfigError(
            f"--task {task}: the night of {manifest['date']} has {', '.join(families)}"
        )
    click.echo(
        f"Against the night of {before['date']}, configuration {before['config']}:"
    )
    for name, reasons in explain_run(manifest, before):
        if task in (None, name.partition("(")[0]):
            click.echo(
                f"{name}: {'; '.join(reasons) if reasons else 'taken over, nothing it depends on has changed'}"
            )


@runs.command(epilog="Example: nightsieve runs replay 2026-11-20")
@click.argument("date", metavar="DATE", type=find.DATE)
@find.layer_options
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=2,
    show_default=True,
    help="Tasks at a time.",
)
def replay(
    date: datetime.datetime,
    overlays: tuple[str, ...],
    patches: tuple[str, ...],
    workers: int,
) -> None:
    """Run a past night again on what the database gave then, and compare every object, byte for byte.

    The gate decides again, against the models that were published then, and by the time that a message took then. The
    exit code is 0 when all are the same. Nothing of the night itself is touched, nothing is published.
    """
    manifest = find.manifest(date.date(), overlays, patches)
    found = replay_run(manifest, workers)
    for each in found:
        if each.outcome != "same":
            click.echo(f"{each.task}: {UNLIKE[each.outcome]} ({each.key})")
    compared = [each for each in found if each.outcome != "left out"]
    unlike = [each for each in compared if each.outcome != "same"]
    versions = report.environment()
    for name, version in manifest["environment"].items():
        if versions[name] != version:
            click.echo(f"{name}: {version} then, {versions[name]} now")
    click.echo(
        f"{len(compared) - len(unlike)} of {len(compared)} objects are the same, byte for byte"
    )
    if unlike:
        raise ArtefactError(
            f"the night of {manifest['date']} cannot be replayed with what is installed today"
        )


def _show(manifest: dict[str, Any], console: Console | None = None) -> None:
    night = Retrain(
        date=datetime.date.fromisoformat(manifest["date"]), config=manifest["config"]
    )
    report.show(manifest, store().address(""), night.page, console)

"""``nightsieve runs``: the nights that were run, from their manifests in S3."""

import datetime
import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from pipeline import report
from pipeline.errors import ArtefactError, ConfigError, DataError
from tasks.retrain import Retrain, freeze
from tasks.s3 import store

FILES = {
    "model.json": "ExportCoefficients",
    "vectors.json": "ExportVectors",
    "pipeline.joblib": "FitModel",
    "manifest.json": "DescribeExport",
}


@click.group()
def runs() -> None:
    """The nights that were run."""


def _of_a_night(command: Callable) -> Callable:
    """Arguments that say which run: a date, and the layers that it was run with; without layers, the last one."""
    for parameter in (
        click.option("--patch", "patches", multiple=True, metavar="A.B=VALUE", help="As given to Retrain."),
        click.option("--config", "overlays", multiple=True, metavar="URI", help="As given to Retrain, or the digest."),
        click.argument("date", metavar="DATE", type=click.DateTime(["%Y-%m-%d"])),
    ):
        command = parameter(command)
    return command


@runs.command("list", epilog="Example: nightsieve runs list")
def list_() -> None:
    """List every run as its date and its configuration's digest, by date."""
    for date, digest in sorted(map(_named, _manifests(""))):
        click.echo(f"{date}  {digest}")


@runs.command(epilog="Example: nightsieve runs show 2026-11-20")
@_of_a_night
@click.option("--json", "as_json", is_flag=True, help="The whole run manifest.")
def show(date: datetime.datetime, overlays: tuple[str, ...], patches: tuple[str, ...], as_json: bool) -> None:
    """Print the summary of a night."""
    manifest = _manifest(date.date(), overlays, patches)
    if as_json:
        click.echo(json.dumps(manifest, indent=2, ensure_ascii=False))
    else:
        _show(manifest)


@runs.command(epilog="Example: nightsieve runs fetch 2026-11-20 --to out")
@_of_a_night
@click.option("--to", type=click.Path(path_type=Path, file_okay=False), required=True, help="The folder.")
def fetch(date: datetime.datetime, overlays: tuple[str, ...], patches: tuple[str, ...], to: Path) -> None:
    """Write a night's files to a folder: what a device loads, and what the night did.

    model.json, vectors.json and pipeline.joblib are checked against the sha256 that the run wrote down; manifest.json
    describes these three, run.json and summary.txt the night.
    """
    manifest = _manifest(date.date(), overlays, patches)
    receipts = {receipt["task"]: receipt for receipt in manifest["tasks"]}
    contents = {name: _checked(receipts[task]) for name, task in FILES.items()}
    contents["run.json"] = (json.dumps(manifest, indent=2, ensure_ascii=False) + "\n").encode()
    summary = io.StringIO()
    _show(manifest, Console(file=summary, width=110, highlight=False))
    contents["summary.txt"] = summary.getvalue().encode()
    try:
        to.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            (to / f"{name}.part").write_bytes(content)
        for name in contents:
            (to / f"{name}.part").replace(to / name)
    except OSError as error:
        raise DataError(f"--to {to}: {error.strerror}") from None
    click.echo(f"Written to {to}: {', '.join(contents)}")


def _manifests(date: str) -> list[str]:
    """The keys of the run manifests, the one written last at the end."""
    return [key for key in store().keys(f"runs/{date}") if not key.endswith(".receipt.json")]


def _named(key: str) -> tuple[str, str]:
    _, date, name = key.split("/")
    return date, name.removesuffix(".json")


def _manifest(date: datetime.date, overlays: tuple[str, ...], patches: tuple[str, ...]) -> dict[str, Any]:
    digest = freeze(overlays, patches) if overlays or patches else None
    keys = [key for key in _manifests(f"{date}/") if digest in (None, _named(key)[1])]
    if not keys:
        run = f"luigi --module tasks Retrain --date {date}"
        raise ConfigError(f"there is no such run of {date}; see nightsieve runs list, or make it: {run}")
    return json.loads(store().read(keys[-1]))


def _show(manifest: dict[str, Any], console: Console | None = None) -> None:
    night = Retrain(date=datetime.date.fromisoformat(manifest["date"]), config=manifest["config"])
    report.show(manifest, store().address(""), night.page, console)


def _checked(receipt: dict[str, Any]) -> bytes:
    content = store().read(receipt["key"])
    if hashlib.sha256(content).hexdigest() != receipt["sha256"]:
        raise ArtefactError(f"{store().address(receipt['key'])}: is not the object that the run wrote")
    return content

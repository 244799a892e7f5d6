"""``nightsieve runs``: the nights that were run, from their manifests in S3."""

import datetime
import hashlib
import json
from pathlib import Path
from typing import Any

import click

from pipeline import report
from pipeline.errors import ArtefactError, ConfigError
from tasks.retrain import scheduler_page
from tasks.s3 import store

DATE = click.DateTime(["%Y-%m-%d"])
CONFIG = click.option("--config", "digest", metavar="DIGEST", help="Which configuration's run; default: the last one.")


@click.group()
def runs() -> None:
    """The nights that were run."""


@runs.command("list", epilog="Example: nightsieve runs list")
def list_() -> None:
    """List every run as its date and its configuration's digest, by date."""
    for date, digest in sorted(map(_named, _manifests(""))):
        click.echo(f"{date}  {digest}")


@runs.command(epilog="Example: nightsieve runs show 2026-11-20")
@click.argument("date", type=DATE)
@CONFIG
@click.option("--json", "as_json", is_flag=True, help="The whole run manifest.")
def show(date: datetime.datetime, digest: str | None, as_json: bool) -> None:
    """Print the summary of a night."""
    manifest = _manifest(date.date(), digest)
    if as_json:
        click.echo(json.dumps(manifest, indent=2, ensure_ascii=False))
    else:
        report.show(manifest, store().address(""), scheduler_page())


@runs.command(epilog="Example: nightsieve runs fetch 2026-11-20 --to export")
@click.argument("date", type=DATE)
@CONFIG
@click.option("--to", type=click.Path(path_type=Path, file_okay=False), required=True, help="The folder.")
def fetch(date: datetime.datetime, digest: str | None, to: Path) -> None:
    """Write a night's model.json, pipeline.joblib and manifest.json to a folder, each checked against its sha256."""
    manifest = _manifest(date.date(), digest)
    receipts = {receipt["task"]: receipt for receipt in manifest["tasks"]}
    to.mkdir(parents=True, exist_ok=True)
    for name, task in {"model.json": "ExportCoefficients", "pipeline.joblib": "FitModel"}.items():
        (to / name).write_bytes(_checked(receipts[task]))
        click.echo(to / name)
    (to / "manifest.json").write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    click.echo(to / "manifest.json")


def _manifests(date: str) -> list[str]:
    return [key for key in store().keys(f"runs/{date}") if not key.endswith(".receipt.json")]


def _named(key: str) -> tuple[str, str]:
    _, date, name = key.split("/")
    return date, name.removesuffix(".json")


def _manifest(date: datetime.date, digest: str | None) -> dict[str, Any]:
    keys = [key for key in _manifests(f"{date}/") if digest in (None, _named(key)[1])]
    if not keys:
        run = f"luigi --module tasks Retrain --date {date}"
        raise ConfigError(f"there is no such run of {date}; see nightsieve runs list, or make it: {run}")
    return json.loads(store().read(keys[-1]))


def _checked(receipt: dict[str, Any]) -> bytes:
    content = store().read(receipt["key"])
    if hashlib.sha256(content).hexdigest() != receipt["sha256"]:
        raise ArtefactError(f"{store().address(receipt['key'])}: is not the object that the run wrote")
    return content

"""``nightsieve runs``: the nights that were run, from their manifests in S3."""

import datetime
import io
import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from ops import nights
from ops.folders import write_together
from pipeline import report
from tasks.retrain import Retrain
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


@runs.command("list", epilog="Example: nightsieve runs list")
def list_() -> None:
    """List every run as its date and its configuration's digest, by date."""
    for date, digest in nights.runs():
        click.echo(f"{date}  {digest}")


@runs.command(epilog="Example: nightsieve runs show 2026-11-20")
@click.argument("date", metavar="DATE", type=nights.DATE)
@nights.layer_options
@click.option("--json", "as_json", is_flag=True, help="The whole run manifest.")
def show(date: datetime.datetime, overlays: tuple[str, ...], patches: tuple[str, ...], as_json: bool) -> None:
    """Print the summary of a night."""
    manifest = nights.manifest(date.date(), overlays, patches)
    if as_json:
        click.echo(json.dumps(manifest, indent=2, ensure_ascii=False))
    else:
        _show(manifest)


@runs.command(epilog="Example: nightsieve runs fetch 2026-11-20 --to out")
@click.argument("date", metavar="DATE", type=nights.DATE)
@nights.layer_options
@click.option("--to", type=click.Path(path_type=Path, file_okay=False), required=True, help="The folder.")
def fetch(date: datetime.datetime, overlays: tuple[str, ...], patches: tuple[str, ...], to: Path) -> None:
    """Write a night's files to a folder: what a device loads, and what the night did.

    model.json, vectors.json and pipeline.joblib are checked against the sha256 that the run wrote down; manifest.json
    describes these three, run.json and summary.txt the night.
    """
    manifest = nights.manifest(date.date(), overlays, patches)
    receipts = {receipt["task"]: receipt for receipt in manifest["tasks"]}
    contents = {name: nights.content(receipts[task]) for name, task in FILES.items()}
    contents["run.json"] = (json.dumps(manifest, indent=2, ensure_ascii=False) + "\n").encode()
    summary = io.StringIO()
    _show(manifest, Console(file=summary, width=110, highlight=False))
    contents["summary.txt"] = summary.getvalue().encode()
    write_together(to, contents)
    click.echo(f"Written to {to}: {', '.join(contents)}")


def _show(manifest: dict[str, Any], console: Console | None = None) -> None:
    night = Retrain(date=datetime.date.fromisoformat(manifest["date"]), config=manifest["config"])
    report.show(manifest, store().address(""), night.page, console)

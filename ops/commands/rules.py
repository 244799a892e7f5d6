"""``nightsieve rules``: what the rules do, and what a changed rule would."""

import contextlib
import datetime
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pandas as pd
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ops import nights
from ops.rules import match as matching
from ops.rules import relabel as relabelling
from ops.rules import report as reporting
from pipeline import labelling
from pipeline.config import DEFAULTS, resolve
from pipeline.errors import ConfigError
from pipeline.labelling.lint import lint_pack
from pipeline.rules import read_file, read_pack
from pipeline.settings import Labelling
from tasks.base import load_settings
from tasks.retrain import layers


def _pack() -> Path:
    """The repository's rules, as short as it can be said from here."""
    return Path(os.path.relpath(DEFAULTS.parent / "rules"))


@click.group()
def rules() -> None:
    """The rules that label messages."""


@rules.command(epilog="Example: nightsieve rules report 2026-11-20 --sort precision")
@click.argument("date", metavar="DATE", type=nights.DATE)
@nights.layer_options
@click.option("--sort", type=click.Choice(list(reporting.SORTS)), help="Default: the order of the pack.")
@click.option("--json", "as_json", is_flag=True, help="Everything as JSON.")
def report(
    date: datetime.datetime, overlays: tuple[str, ...], patches: tuple[str, ...], sort: str | None, as_json: bool
) -> None:
    """Print what each rule did in a night.

    \b
    share      of all messages that it matched
    drift      of that share, in percentage points, since the last earlier night that was run
    overlaps   messages that another rule matched too
    conflicts  messages that a rule of another label matched too
    decides    share of its label's messages that would not have the label without it
    correct    of the messages with a human label that it matched, those where that is its own
    precision  the same as a share, with its interval
    estimated  its accuracy by the label model, where that resolves the votes

    Sorted by a number, the largest comes first; by precision, the lowest; by drift, the largest change, where a new
    rule changes by its whole share.
    """
    manifest = nights.manifest(date.date(), overlays, patches)
    since = nights.last_date(before=date.date())
    earlier = nights.manifest(since, (), ()) if since else None
    summary = reporting.with_drift(_summary(manifest), earlier["results"]["rules"] if earlier else None)
    if as_json:
        click.echo(json.dumps({"date": manifest["date"], "drift_since": since and str(since), **summary}, indent=2))
    else:
        reporting.show(summary, manifest["date"], since and str(since), sort)


@rules.command(epilog="Example: nightsieve rules check config/rules --budget 5")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=DEFAULTS.parent / "rules")
@click.option(
    "--budget", type=click.FloatRange(0.1, 600), default=2.0, show_default=True, help="Seconds for each rule."
)
def check(folder: Path, budget: float) -> None:
    """Lint the rules of a FOLDER, by default the repository's; exit code 3 if there is a finding.

    A finding is a line: the file, the rule, what is wrong, what would be right. Looked for are files and rules that
    cannot be read, patterns that do not compile or match the empty string, examples that fail, patterns that stand
    twice or are branches of another one, slow searches, and catastrophic backtracking on texts made to provoke it.
    """
    started = time.monotonic()
    with _progress("checking") as advance:
        findings, count = lint_pack(folder, budget, advance)
    for finding in findings:
        click.echo(str(finding))
    seconds = time.monotonic() - started
    found = f"{len(findings) or 'no'} finding{'' if len(findings) == 1 else 's'}"
    click.echo(f"{count:,} rules checked in {seconds:.1f} s: {found}", err=True)
    if findings:
        sys.exit(ConfigError.exit_code)


@rules.command(epilog="Example: nightsieve rules match 'Your parcel is out for delivery' --sender AX-PARCEL")
@click.argument("text")
@click.option("--sender", help="Who sent it. Default: nobody known, so no rule on the sender matches.")
@click.option("--config", "overlays", multiple=True, metavar="URI", help="Overlay: a YAML file or an s3:// address.")
@click.option("--patch", "patches", multiple=True, metavar="A.B=VALUE", help="A single key.")
def match(text: str, sender: str | None, overlays: tuple[str, ...], patches: tuple[str, ...]) -> None:
    """Print which rules match a message, where, and the label that comes of it by the majority of weights."""
    settings = _labelling(overlays, patches)
    found = [(rule, hit) for rule in settings.rules if (hit := matching.search(rule, text, sender))]
    matching.show(found, _label([rule.id for rule, _ in found], settings))


@rules.command("try", epilog="Example: nightsieve rules try config/rules/spam/prizes.yaml 2026-11-20")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("date", metavar="[DATE]", type=nights.DATE, required=False)
@nights.layer_options
@click.option("--show-texts", is_flag=True, help="Print the examples' texts too, every digit of them a 0.")
def try_(
    file: Path, date: datetime.datetime | None, overlays: tuple[str, ...], patches: tuple[str, ...], show_texts: bool
) -> None:
    """Say what changed rules would relabel in the sample of a night, by default the last one.

    FILE is a rule file, whose rules take the place of those with their ids or are new; its label is the folder that it
    is in, if the night knows such a label, else its own name. Or it is a folder that holds a whole pack.

    The rules that differ from the night's are matched again. Printed are the messages that each of them gains and
    loses, how many messages go from which label to which, and the keys of up to ten of them.
    """
    night = date.date() if date else nights.last_date()
    if night is None:
        raise ConfigError("no night was run yet; run one with: luigi --module tasks Retrain --date DATE")
    manifest = nights.manifest(night, overlays, patches)
    _summary(manifest)
    old = load_settings(manifest["config"]).labelling
    new = _changed(old, file)
    sample = relabelling.Sample(manifest)
    with _progress("matching") as advance:
        total = len(sample)
        result = relabelling.relabel(sample, old, new, lambda done: advance(done, total))
    keys = {key for some in result.examples.values() for key in some}
    click.echo(f"Night of {night}, {total:,} messages\n")
    relabelling.show(result, sample.texts(keys) if show_texts else None)


def _changed(old: Labelling, file: Path) -> Labelling:
    """The labelling of a night with the rules of a file, or with those of a whole folder in place of its own."""
    if file.is_dir():
        pack = [written.rule() for written in read_pack(file)]
    else:
        folder = file.absolute().parent.name
        changed = {rule.id: rule.rule() for rule in read_file(file, folder if folder in old.labels else file.stem)}
        pack = [changed.pop(rule.id, rule) for rule in old.rules] + list(changed.values())
    try:
        return Labelling(rules=tuple(pack), engine=old.engine, resolution=old.resolution)
    except ValidationError as failure:
        raise ConfigError(f"{file}: {failure.errors()[0]['msg'].removeprefix('Value error, ')}") from None


def _summary(manifest: dict[str, Any]) -> dict[str, Any]:
    summary = manifest["results"]["rules"]
    if "dead" not in summary:
        date = manifest["date"]
        run = f"luigi --module tasks Retrain --date {date}"
        raise ConfigError(f"the night of {date} was run by an earlier version, which counted less; run it anew: {run}")
    return summary


def _labelling(overlays: tuple[str, ...], patches: tuple[str, ...]) -> Labelling:
    # Rules need no database: a shell that names none can ask too.
    environment = {**os.environ, "NIGHTSIEVE_DATABASE_URL": os.environ.get("NIGHTSIEVE_DATABASE_URL") or "sqlite://"}
    return resolve(layers(overlays, patches), environment).settings.labelling


def _label(matched: list[str], settings: Labelling) -> str | None:
    """The label of a message, by the majority: a label model knows a message only among those of its night."""
    votes = pd.DataFrame({"key": ["0"], "rules": pd.Series([matched], dtype=object)})
    by_majority = settings.model_copy(
        update={"resolution": settings.resolution.model_copy(update={"method": "majority"})}
    )
    label = labelling.resolve([votes], by_majority)["label"].iloc[0]
    return None if pd.isna(label) else label


@contextlib.contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, and what moves it: how much is done, of how much."""
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)

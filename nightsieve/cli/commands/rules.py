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
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from nightsieve.cli import rule_diff, rule_match
from nightsieve.cli import rule_report as reporting
from nightsieve.nights import find
from nightsieve.nights.diff import diff as diff_night
from nightsieve.nights.sample import Sample
from pipeline.config import DEFAULTS
from pipeline.config.settings import Labelling
from pipeline.errors import ConfigError
from pipeline.report import with_drift
from pipeline.rules.lint.checks import lint_pack
from pipeline.rules.match import match_message
from pipeline.rules.overlay import overlay_rules
from tasks.base import load_settings


def _pack() -> Path:
    """The repository's rules, as short as it can be said from here."""
    return Path(os.path.relpath(DEFAULTS.parent / "rules"))


def _print(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


_JSON = click.option("--json", "as_json", is_flag=True, help="Everything as JSON.")


@click.group()
def rules() -> None:
    """The rules that label messages."""


@rules.command(epilog="Example: nightsieve rules report 2026-11-20 --sort precision")
@click.argument("date", metavar="DATE", type=find.DATE)
@find.layer_options
@click.option(
    "--sort",
    type=click.Choice(list(reporting.SORTS)),
    help="Default: the order of the pack.",
)
@_JSON
def report(
    date: datetime.datetime,
    overlays: tuple[str, ...],
    patches: tuple[str, ...],
    sort: str | None,
    as_json: bool,
) -> None:
    """Print what each rule did in a night.

    \b
    share      of all messages that it matched
    drift      of that share, in percentage points, since the last earlier night that was run
               on the same table of the same database, whatever its rules
    overlaps   messages that another rule matched too
    conflicts  messages that a rule of another label matched too
    decides    share of its label's messages that would not have the label without it
    correct    of the messages with a human label that it matched, those where that is its own
    precision  the same as a share, with its interval
    estimated  its accuracy by the label model, where that resolves the votes

    Sorted by a number, the largest comes first; by precision, the lowest; by drift, the largest change, where a new
    rule changes by its whole share.
    """
    manifest = find.manifest(date.date(), overlays, patches)
    earlier = find.earlier(manifest)
    since, config = (earlier["date"], earlier["config"]) if earlier else (None, None)
    summary = with_drift(
        _summary(manifest), earlier["results"]["rules"] if earlier else None
    )
    if as_json:
        _print(
            {
                "date": manifest["date"],
                "drift_since": since,
                "drift_since_config": config,
                **summary,
            }
        )
    else:
        reporting.show(summary, manifest["date"], earlier and (since, config), sort)


@rules.command(epilog="Example: nightsieve rules lint config/rules --budget 5")
@click.argument(
    "path", type=click.Path(path_type=Path), default=DEFAULTS.parent / "rules"
)
@click.option(
    "--budget",
    type=click.FloatRange(0.1, 600),
    default=2.0,
    show_default=True,
    help="Seconds for each rule.",
)
@_JSON
def lint(path: Path, budget: float, as_json: bool) -> None:
    """Lint the rules of a PATH, a folder or one file, by default the repository's; exit code 3 if there is a finding.

    A finding is a line: the file, the rule, what is wrong, what would be right. Looked for are files and rules that
    cannot be read, patterns that do not compile or match the empty string, examples that are missing or fail, patterns
    that stand twice, are branches of another one or seem to match nothing that another one does not, slow searches, and
    catastrophic backtracking on texts made to provoke it.
    """
    started = time.monotonic()
    with _progress("checking") as advance:
        result = lint_pack(path, budget, advance)
    if as_json:
        findings = [
            {
                "file": str(problem.file),
                "rule": problem.rule,
                "problem": problem.problem,
            }
            for problem in result.problems
        ]
        _print({"rules": result.rule_count, "findings": findings})
    else:
        for problem in result.problems:
            click.echo(str(problem))
    seconds = time.monotonic() - started
    count = len(result.problems)
    summary = f"{count or 'no'} finding{'' if count == 1 else 's'}"
    click.echo(
        f"{result.rule_count:,} rules checked in {seconds:.1f} s: {summary}", err=True
    )
    if result.problems:
        sys.exit(ConfigError.exit_code)


@rules.command(
    epilog="Example: nightsieve rules match 'Your parcel is out for delivery' --sender AX-PARCEL"
)
@click.argument("text")
@click.option(
    "--sender",
    help="Who sent it. Default: nobody known, so no rule on the sender matches.",
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
@_JSON
def match(
    text: str,
    sender: str | None,
    overlays: tuple[str, ...],
    patches: tuple[str, ...],
    as_json: bool,
) -> None:
    """Print which rules match a message, where, and the label that comes of it by the majority of weights.

    Of each rule the first five places are shown.
    """
    message_match = match_message(_labelling(overlays, patches), text, sender)
    if as_json:
        _print(rule_match.as_json(message_match))
    else:
        rule_match.show(message_match)


@rules.command(
    epilog="Example: nightsieve rules diff config/rules/spam/prizes.yaml 2026-11-20",
)
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("date", metavar="[DATE]", type=find.DATE, required=False)
@find.layer_options
@click.option(
    "--show-texts",
    is_flag=True,
    help="Print the examples' texts too, every digit of them a 0.",
)
@_JSON
def diff(
    file: Path,
    date: datetime.datetime | None,
    overlays: tuple[str, ...],
    patches: tuple[str, ...],
    show_texts: bool,
    as_json: bool,
) -> None:
    """Say what changed rules would relabel in the sample of a night, by default the last one.

    FILE is a folder that holds a whole pack, or a file of the night's own pack, all of which is then read as it is now.
    The rules of any other file take the place of those with their ids or are new; its label is the folder that it is
    in, if the night knows such a label, else its own name. The first line says which of them it was.

    The rules that differ from the night's are matched again. Printed are the messages that each of them gains and
    loses, how many messages go from which label to which, and the keys of up to ten of them.
    """
    night = date.date() if date else find.last_date()
    if night is None:
        raise ConfigError(
            "no night was run yet; run one with: luigi --module tasks Retrain --date DATE"
        )
    manifest = find.manifest(night, overlays, patches)
    _summary(manifest)
    old = load_settings(manifest["config"]).labelling
    changed = overlay_rules(old, file)
    sample = Sample(manifest)
    with _progress("matching") as advance:
        total = len(sample)
        result = diff_night(
            sample, old, changed.labelling, lambda done: advance(done, total)
        )
    texts = sample.texts(result.example_keys) if show_texts else None
    if as_json:
        about = {
            "date": str(night),
            "config": manifest["config"],
            "messages": total,
            "read": changed.source,
        }
        _print({**about, **rule_diff.as_json(result, texts)})
    else:
        click.echo(f"Night of {night}, {total:,} messages; {changed.source}\n")
        rule_diff.show(result, texts)


def _summary(manifest: dict[str, Any]) -> dict[str, Any]:
    summary = manifest["results"]["rules"]
    if "fallbacks" not in summary:
        date = manifest["date"]
        run = f"luigi --module tasks Retrain --date {date}"
        raise ConfigError(
            f"the night of {date} was run by an earlier version, which counted less; run it anew: {run}"
        )
    return summary


def _labelling(overlays: tuple[str, ...], patches: tuple[str, ...]) -> Labelling:
    return find.settings_today(overlays, patches).labelling


@contextlib.contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, and what moves it: how much is done, of how much."""
    columns = (
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task("", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)

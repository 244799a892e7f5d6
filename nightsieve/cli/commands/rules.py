"""``nightsieve rules``: what the rules do, and what a changed rule would."""

import datetime
import sys
import time
from pathlib import Path
from typing import Any

import click

from nightsieve.cli import rule_diff, rule_match
from nightsieve.cli.options import (
    DATE,
    date_argument,
    json_option,
    layer_options,
    run_options,
)
from nightsieve.cli.rule_report import SORTS, print_rules
from nightsieve.cli.terminal import print_json, printable, progress_bar
from nightsieve.nights import find
from nightsieve.nights.diff import diff as diff_night
from nightsieve.nights.sample import NightSample
from nightsieve.store import configurations
from nightsieve.store.version import open_store
from pipeline.config import DEFAULTS
from pipeline.errors import ConfigError
from pipeline.records.rules import LabellingSummary, RulesDrift
from pipeline.report import rules_drift
from pipeline.rules.lint.checks import lint_pack
from pipeline.rules.match import match_message
from pipeline.rules.overlay import overlay_rules


@click.group()
def rules() -> None:
    """The rules that label messages."""


@rules.command(epilog="Example: nightsieve rules report 2026-11-20 --sort precision")
@date_argument
@run_options
@click.option(
    "--sort",
    type=click.Choice(list(SORTS)),
    help="Default: the order of the pack.",
)
@json_option
def report(
    date: datetime.date,
    overlays: tuple[str, ...],
    patches: tuple[str, ...],
    sort: str | None,
    as_json: bool,
) -> None:
    """Print what each rule did in a night.

    \b
    share      of all messages that it matched
    drift      of that share, in percentage points, since the last earlier night
               on the same table of the same database, whatever its rules
    overlaps   messages that another rule matched too
    conflicts  messages that a rule of another label matched too
    decides    share of its label's messages that would not have the label without it
    correct    of the messages with a human label that it matched, those where that
               is its own
    precision  the same as a share, with its interval
    estimated  its accuracy by the label model, where that resolves the votes

    Sorted by a number, the largest comes first; by precision, the lowest; by drift, the
    largest change, where a new rule changes by its whole share.
    """
    store = open_store()
    manifest = find.find_night_of_layers(store, date, overlays, patches)
    earlier = find.previous_night(store, manifest)
    summary = manifest.results.rules
    drift = rules_drift(summary, earlier.results.rules if earlier else None)
    if as_json:
        print_json(
            {
                "date": str(manifest.date),
                "drift_since": str(earlier.date) if earlier else None,
                "drift_since_config": earlier.config if earlier else None,
                **_with_drift(summary, drift),
            }
        )
    else:
        print_rules(manifest, drift, earlier, sort)


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
@json_option
def lint(path: Path, budget: float, as_json: bool) -> None:
    """Lint the rules of PATH, a folder or one file, by default the project's.

    A finding is a line: the file, the rule, what is wrong, what would be right. Exit
    code 3 if there is one. Looked for are files and rules that cannot be read, patterns
    that do not compile or match the empty string, examples that are missing or fail,
    patterns that are there twice, are branches of another one or seem to match nothing
    that another one does not, slow searches, and catastrophic backtracking on texts
    made to provoke it.
    """
    started = time.monotonic()
    with progress_bar("checking") as bar:
        result = lint_pack(path, budget, bar.update)
    seconds = time.monotonic() - started
    if as_json:
        findings = [
            {
                "file": str(problem.file),
                "rule": problem.rule,
                "problem": problem.problem,
            }
            for problem in result.problems
        ]
        print_json({"rules": result.rule_count, "findings": findings})
    else:
        for problem in result.problems:
            click.echo(str(problem))
    count = len(result.problems)
    summary = f"{count or 'no'} finding{'' if count == 1 else 's'}"
    click.echo(
        f"{result.rule_count:,} rules checked in {seconds:.1f} s: {summary}", err=True
    )
    if result.problems:
        sys.exit(ConfigError.exit_code)


@rules.command(
    epilog="Example: nightsieve rules match 'Your parcel is out for delivery' "
    "--sender AX-PARCEL"
)
@click.argument("text")
@click.option(
    "--sender",
    help="Who sent it. Default: nobody known, so no rule on the sender matches.",
)
@layer_options()
@json_option
def match(
    text: str,
    sender: str | None,
    overlays: tuple[str, ...],
    patches: tuple[str, ...],
    as_json: bool,
) -> None:
    """Print which rules match a message, where, and the label by majority of weights.

    The first five places of each rule are shown.
    """
    settings = configurations.resolve(overlays, patches).settings
    message_match = match_message(settings.labelling, text, sender)
    if as_json:
        print_json(rule_match.as_json(message_match))
    else:
        rule_match.show(message_match)


@rules.command(
    epilog="Example: nightsieve rules diff config/rules/spam/prizes.yaml 2026-11-20",
)
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("date", metavar="[DATE]", type=DATE, required=False)
@run_options
@click.option(
    "--show-texts",
    is_flag=True,
    help="Print the examples' texts too, every digit of them a 0.",
)
@json_option
def diff(
    file: Path,
    date: datetime.date | None,
    overlays: tuple[str, ...],
    patches: tuple[str, ...],
    show_texts: bool,
    as_json: bool,
) -> None:
    """Say what changed rules would relabel in a night's sample, by default the last.

    FILE is a folder that holds a whole pack, or a file of the night's own pack, all of
    which is then read as it is now. The rules of any other file replace those with
    their ids or are new; their label is the folder that the file is in, if the night
    knows such a label, else the file's own name. The first line says which of these it
    was.

    The rules that differ from the night's are matched again. Printed are the messages
    that each of them gains and loses, how many messages go from which label to which,
    and the keys of up to ten of them.
    """
    store = open_store()
    if date is None:
        date = find.last_date(store)
    manifest = find.find_night_of_layers(store, date, overlays, patches)
    old = configurations.load_settings(store, manifest.config).labelling
    changed = overlay_rules(old, file)
    sample = NightSample(store, manifest)
    total = len(sample)
    with progress_bar("matching", total=total) as bar:
        result = diff_night(sample, old, changed.labelling, bar.update)
    texts = None
    if show_texts:
        masked = sample.masked_texts(result.example_keys)
        texts = {key: printable(text) for key, text in masked.items()}
    if as_json:
        print_json(
            {
                "date": str(date),
                "config": manifest.config,
                "messages": total,
                "read": changed.source,
                **rule_diff.as_json(result, texts),
            }
        )
    else:
        click.echo(f"Night of {date}, {total:,} messages; {changed.source}\n")
        rule_diff.show(result, texts)


def _with_drift(summary: LabellingSummary, drift: RulesDrift) -> dict[str, Any]:
    """Return the summary as a JSON value, with the drift of every rule."""
    rows = [
        {**rule.model_dump(mode="json"), "drift": change.change}
        for rule, change in zip(summary.rules, drift.rules, strict=True)
    ]
    return {
        **summary.model_dump(mode="json"),
        "gone": list(drift.gone),
        "rules": rows,
    }

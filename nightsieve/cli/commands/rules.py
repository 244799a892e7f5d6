"""``nightsieve rules``: check rules, try them, and see what they did in a night."""

# ruff: noqa: D301 - Click does not wrap a paragraph of a docstring after a \b.

import datetime
import sys
import time
from pathlib import Path

import click
from pydantic import JsonValue

from nightsieve.cli import rule_diff, rule_match
from nightsieve.cli.options import (
    DATE,
    date_argument,
    help_epilog,
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
from pipeline.records.words import plural
from pipeline.report import rules_drift
from pipeline.rules.lint.checks import lint_pack
from pipeline.rules.match import match_message
from pipeline.rules.overlay import overlay_rules


@click.group(
    epilog=help_epilog("nightsieve rules match 'Your parcel is out for delivery'")
)
def rules() -> None:
    """Check, try and compare the rules that label messages."""


@rules.command(
    epilog=help_epilog(
        "nightsieve rules report 2026-11-20 --sort precision",
        exit_codes={3: "there is no such run"},
    )
)
@date_argument
@run_options
@click.option(
    "--sort",
    type=click.Choice(list(SORTS)),
    metavar="COLUMN",
    show_default="the order of the rule files",
    help=f"Sort by one of {', '.join(SORTS)}; coverage is the column messages.",
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

    DATE is the date of the night, YYYY-MM-DD. Writes nothing. The columns:

    \b
    messages   messages that the rule matched
    share      of all messages, in %
    drift      change of that share, in percentage points, since the last earlier
               night on the same table, whatever rules it had
    overlaps   messages that another rule matched too
    conflicts  messages that a rule of another label matched too
    decides    share of its label's messages that lose the label without it
    correct    of its messages with a human label, those where both labels agree
    precision  correct as a share, with its confidence interval
    estimated  accuracy by the label model, where it resolves the votes

    With --sort, large numbers come first, but the lowest precision. By drift, the
    largest change comes first, up or down; a new rule changes by its whole share.
    """
    store = open_store()
    manifest = find.find_night_of_layers(store, date, overlays, patches)
    earlier = find.previous_night(store, manifest)
    summary = manifest.results.rules
    summary_before = None
    since: dict[str, JsonValue] = {"drift_since": None, "drift_since_config": None}
    if earlier is not None:
        summary_before = earlier.results.rules
        since = {
            "drift_since": str(earlier.date),
            "drift_since_config": earlier.config,
        }
    drift = rules_drift(summary, summary_before)
    if as_json:
        print_json({"date": str(manifest.date), **since, **_with_drift(summary, drift)})
    else:
        print_rules(manifest, drift, earlier, sort)


@rules.command(
    epilog=help_epilog(
        "nightsieve rules lint config/rules --budget 5",
        exit_codes={3: "there is a finding"},
    )
)
@click.argument(
    "path",
    type=click.Path(path_type=Path),
    default=DEFAULTS.parent / "rules",
)
@click.option(
    "--budget",
    type=click.FloatRange(0.1, 600),
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    help="CPU seconds to search for slow texts, for each rule.",
)
@json_option
def lint(path: Path, budget: float, as_json: bool) -> None:
    """Check the rules of PATH, a folder or one file.

    Without PATH, checks the project's own rules. Prints a line for each finding: the
    file, the rule, what is wrong and what to do. Writes nothing. It finds

    \b
    - files and rules that cannot be read
    - patterns that do not compile, or that match the empty text
    - examples that are missing or fail
    - patterns that occur twice, are a branch of another one, or seem to match
      nothing that another one does not match
    - slow searches, and catastrophic backtracking (ReDoS) on texts made for it
    """
    started = time.monotonic()
    with progress_bar("checking") as bar:
        result = lint_pack(path, budget, bar.update)
    seconds = time.monotonic() - started
    if as_json:
        findings: list[JsonValue] = [
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
    findings_found = plural(count, "finding") if count else "no findings"
    click.echo(
        f"{plural(result.rule_count, 'rule')} checked in {seconds:.1f} s: "
        f"{findings_found}",
        err=True,
    )
    if result.problems:
        sys.exit(ConfigError.exit_code)


@rules.command(
    epilog=help_epilog(
        "nightsieve rules match 'Your parcel is out for delivery' --sender AX-PARCEL",
        exit_codes={7: "the search of a rule does not end in time"},
    )
)
@click.argument("text")
@click.option(
    "--sender",
    metavar="TEXT",
    show_default="unknown, so no rule on the sender matches",
    help="Sender of the message.",
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
    """Print which rules match the message TEXT, where, and its label.

    The label is the one with the majority of the rules' weights. The first five matches
    of each rule are shown. Writes nothing, and needs no service.
    """
    settings = configurations.resolve(overlays, patches).settings
    message_match = match_message(settings.labelling, text, sender)
    if as_json:
        print_json(rule_match.as_json(message_match))
    else:
        rule_match.show(message_match)


@rules.command(
    epilog=help_epilog(
        "nightsieve rules diff config/rules/spam/prizes.yaml 2026-11-20",
        exit_codes={3: "there is no such run, or the rules cannot be read"},
    )
)
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("date", metavar="[DATE]", type=DATE, required=False)
@run_options
@click.option(
    "--show-texts",
    is_flag=True,
    help="Also print the texts of the examples, with every digit as 0.",
)
@json_option
def diff(
    *,
    file: Path,
    date: datetime.date | None,
    overlays: tuple[str, ...],
    patches: tuple[str, ...],
    show_texts: bool,
    as_json: bool,
) -> None:
    """Show what changed rules would relabel in the sample of a night.

    DATE is the date of the night, YYYY-MM-DD, by default of the last one. Matches again
    the rules that differ from the night's. Prints how many messages each of them gains
    and loses, how many messages change from which label to which, and up to ten keys of
    them. Writes nothing.

    FILE is one of these; the first line of the output says which:

    \b
    - a folder with a whole pack of rules
    - a file of the night's own pack, which is then read as a whole, as it is now
    - any other file: its rules replace those with the same ids, or are new. Their
      label is the name of the file's folder if the night has this label, else the
      name of the file
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
        messages = plural(total, "message")
        click.echo(f"Night of {date}, {messages}; {changed.source}\n")
        rule_diff.show(result, texts)


def _with_drift(summary: LabellingSummary, drift: RulesDrift) -> dict[str, JsonValue]:
    """Return the summary as a JSON value, with the drift of every rule."""
    rows: list[JsonValue] = [
        {**rule.model_dump(mode="json"), "drift": change.change}
        for rule, change in zip(summary.rules, drift.rules, strict=True)
    ]
    return {
        **summary.model_dump(mode="json"),
        "gone": list(drift.gone),
        "rules": rows,
    }

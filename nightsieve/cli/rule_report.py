"""The figures of every rule in a night, with the drift since an earlier one."""

from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from nightsieve.cli.terminal import WIDTH, table

# How a column is sorted, what a person looks for first: the largest count, the lowest precision, the largest change.
SORTS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "rule": lambda row: row["id"],
    "label": lambda row: row["label"],
    "coverage": lambda row: -row["coverage"],
    "overlaps": lambda row: -row["overlaps"],
    "conflicts": lambda row: -row["conflicts"],
    "decides": lambda row: -row["decides"],
    "precision": lambda row: (
        row["precision"]["value"] is None,
        row["precision"]["value"] or 0,
    ),
    "drift": lambda row: -abs(row["share"] if row["drift"] is None else row["drift"]),
}


def show(
    summary: dict[str, Any], date: str, since: tuple[str, str] | None, sort: str | None
) -> None:
    """Print a summary that has its drift since the night of that date and configuration."""
    rows = sorted(summary["rules"], key=SORTS[sort]) if sort else summary["rules"]
    console = Console(width=WIDTH, highlight=False)
    console.print(_table(rows, drifting=since is not None), soft_wrap=True)
    lines = [
        f"\nNight of {date}: {summary['messages']:,} messages, {summary['labelled']:,} labelled, "
        f"{summary['silent']:,} without a match, {summary['tied']:,} undecided; {len(rows)} rules",
        "Drift is against the night of {}, configuration {}".format(*since)
        if since
        else "Drift: there is no earlier night on the same messages",
        "Without a match: " + _named(summary["dead"]),
        "Same pattern twice: " + _groups(summary["duplicates"]),
        "Always the same messages: " + _groups(summary["always_together"]),
        "Not by Hyperscan alone: "
        + (
            "; ".join(
                f"{each['id']}, {each['strategy']} ({each['reason']})"
                for each in summary["fallbacks"]
            )
            or "none"
        ),
    ]
    lines += [f"Gone since {since[0]}: {_named(summary['gone'])}"] if since else []
    console.print(Text("\n".join(lines)), soft_wrap=True)


def _table(rows: list[dict[str, Any]], drifting: bool) -> Table:
    estimated = any(row["accuracy"] is not None for row in rows)
    columns: dict[str, Callable[[dict[str, Any]], str]] = {
        "rule": lambda row: row["id"],
        "label": lambda row: row["label"],
        "messages": lambda row: f"{row['coverage']:,}",
        "share": lambda row: _percent(row["share"]),
        **({"drift": _drift} if drifting else {}),
        "overlaps": lambda row: f"{row['overlaps']:,}",
        "conflicts": lambda row: f"{row['conflicts']:,}",
        "decides": lambda row: _percent(row["decides_share"]),
        "correct": lambda row: (
            f"{row['correct']:,}/{row['reviewed']:,}" if row["reviewed"] else ""
        ),
        "precision": _precision,
        **(
            {
                "estimated": lambda row: (
                    "" if row["accuracy"] is None else f"{row['accuracy']:.3f}"
                )
            }
            if estimated
            else {}
        ),
        "conflicts most with": lambda row: ", ".join(
            f"{each['id']} ({each['messages']:,})" for each in row["conflicts_with"]
        ),
    }
    made = table(*columns, left=2)
    made.columns[-1].justify = "left"
    for row in rows:
        made.add_row(*(Text(shown(row)) for shown in columns.values()))
    return made


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.2%}"


def _drift(row: dict[str, Any]) -> str:
    return "new" if row["drift"] is None else f"{100 * row['drift']:+.2f}"


def _precision(row: dict[str, Any]) -> str:
    measure = row["precision"]
    if measure["value"] is None:
        return ""
    return f"{measure['value']:.3f} [{measure['low']:.3f}, {measure['high']:.3f}]"


def _named(ids: list[str]) -> str:
    return ", ".join(ids) or "none"


def _groups(groups: list[list[str]]) -> str:
    return "; ".join(" = ".join(group) for group in groups) or "none"

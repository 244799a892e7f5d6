"""The longer tables of a report: rules, terms, masked messages, stages, hashes, nights."""

from typing import Any

from pipeline.report.costs import costs
from pipeline.report.run_manifest import task_name
from pipeline.report.tables import Table, interval, number, percent

RULES = 15


def rules(summary: dict[str, Any], compared: bool) -> Table:
    """The rules whose share of the messages changed most, new ones first; with nothing to compare, the widest.

    ``summary`` has their drift: see `with_drift`.
    """
    if compared:
        moved = [row for row in summary["rules"] if row["drift"] != 0]
        shown = sorted(
            moved,
            key=lambda row: (
                row["drift"] is not None,
                -abs(row["drift"] or row["share"] or 0),
            ),
        )
        caption = "Rules whose share of the messages changed most"
    else:
        shown, caption = (
            sorted(summary["rules"], key=lambda row: -row["coverage"]),
            "Rules that match most",
        )
    rows = [
        (
            row["id"], row["label"], row["why"],
            f"{row['coverage']:,}", percent(row["share"]), *([_points(row["drift"])] if compared else []),
            interval(row["precision"]) if row["reviewed"] else "no reviews",
        )
        for row in shown[:RULES]
    ]  # fmt: skip
    change = ("change, points",) if compared else ()
    columns = (
        "rule",
        "label",
        "why",
        "messages",
        "share",
        *change,
        "precision on reviews",
    )
    return Table("rules", caption, columns, rows, words=3)


def terms(name: str, label: str, strongest: list[dict[str, Any]]) -> Table:
    """The terms of the largest influence on a label."""
    rows = [(row["term"], _influence(row["share"])) for row in strongest]
    return Table(name, label, ("term", "influence"), rows)


def moved(found: list[dict[str, Any]]) -> Table:
    """The terms whose influence on a label changed most."""
    rows = [
        (
            row["term"],
            row["label"],
            *map(_influence, (row["before"], row["now"], row["now"] - row["before"])),
        )
        for row in found
    ]
    columns = ("term", "label", "published", "tonight", "change")
    return Table("moved", "Terms whose influence changed most", columns, rows, words=2)


def churned(found: list[dict[str, Any]]) -> Table:
    """The masked messages that get another label than the published model gives them."""
    rows = [
        (row["text"], row["before"], row["now"], f"{row['messages']:,}")
        for row in found
    ]
    columns = ("message, masked", "published", "tonight", "messages")
    return Table(
        "churned",
        "Messages with another label, the most frequent first",
        columns,
        rows,
        words=3,
    )


def stages(receipts: list[dict[str, Any]]) -> Table:
    """Each family of tasks: rows, seconds, memory."""
    rows = [
        (
            cost.family, str(cost.tasks), _count(cost.rows_in), _count(cost.rows_out),
            number(cost.seconds, 1), _count(cost.peak_memory_mib),
        )
        for cost in costs(receipts)
    ]  # fmt: skip
    columns = ("stage", "tasks", "rows in", "rows out", "seconds", "peak MiB")
    return Table("stages", "What each stage took", columns, rows)


def lineage(receipts: list[dict[str, Any]]) -> Table:
    """Each task's object, down to its hash, in the order in which they were made."""
    rows = [
        (
            task_name(receipt),
            receipt["sha256"],
            receipt["key"],
            str(receipt["version"]),
            f"{receipt['bytes']:,}",
        )
        for receipt in receipts
    ]
    columns = ("task", "sha256", "object", "version", "bytes")
    return Table(
        "lineage", "Every object that the model rests on", columns, rows, words=3
    )


def files(described: dict[str, Any]) -> Table:
    """The exported files and their hashes."""
    rows = [
        (name, file["sha256"], f"{file['bytes']:,}")
        for name, file in described["files"].items()
    ]
    return Table("files", "Exported files", ("file", "sha256", "bytes"), rows, words=2)


def facts(name: str, caption: str, what: str, found: dict[str, str]) -> Table:
    """Names with their values, both words."""
    return Table(name, caption, (what, "value"), list(found.items()), words=2)


def _points(drift: float | None) -> str:
    return "new" if drift is None else f"{100 * drift:+.2f}".replace("-", "\u2212")


def _influence(share: float) -> str:
    return f"{100 * share:+.2f}".replace("-", "\u2212")


def _count(value: int | None) -> str:
    return "" if value is None else f"{value:,}"

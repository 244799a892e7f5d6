"""Tables as the pages show them: every cell is a text, the first column names its row."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

UNDEFINED = "undefined"
METRICS = ("precision", "recall", "f1")


@dataclass(frozen=True)
class Table:
    """A table with its caption.

    Attributes
    ----------
    name : its id in the page.
    words : how many columns, from the left, hold words; the others hold numbers.
    marks : one of a row's cells says what becomes of the row, such as ``failed``; its column, None without one.
    """

    name: str
    caption: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]
    words: int = 1
    marks: int | None = None


def number(value: float | None, places: int = 3) -> str:
    """A number to so many places, with a sign that no line breaks at."""
    return UNDEFINED if value is None else f"{value:,.{places}f}".replace("-", "\u2212")


def percent(share: float | None) -> str:
    return (
        UNDEFINED
        if share is None
        else f"{100 * share:.1f}\u202f%".replace("-", "\u2212")
    )


def interval(measure: dict[str, float | None]) -> str:
    """A value with its interval."""
    if measure["value"] is None:
        return UNDEFINED
    return f"{measure['value']:.3f} [{measure['low']:.3f}, {measure['high']:.3f}]"


def metrics(name: str, caption: str, found: dict[str, Any]) -> Table:
    """Precision, recall and F1 of each label, and the average over them."""
    rows = [
        (
            label,
            f"{row['support']:,}",
            f"{row['predicted']:,}",
            *(interval(row[metric]) for metric in METRICS),
        )
        for label, row in found["per_label"].items()
    ]
    rows.append(
        ("macro average", f"{found['n']:,}", "", "", "", interval(found["macro_f1"]))
    )
    return Table(
        name,
        caption,
        ("label", "messages", "predicted", "precision", "recall", "F1"),
        rows,
    )


def confusion(name: str, caption: str, found: dict[str, Any]) -> Table:
    """How many messages of each label were given which label."""
    rows = [
        (label, *(f"{count:,}" for count in counts))
        for label, counts in zip(found["labels"], found["confusion"], strict=True)
    ]
    return Table(
        name, caption, ("label", *(f"as {label}" for label in found["labels"])), rows
    )


def trend(nights: Sequence[dict[str, Any]]) -> Table:
    """F1 of each label over the nights, the last one first."""
    labels = list(nights[-1]["f1"])
    rows = [
        (
            night["date"],
            night["outcome"],
            *(
                interval(night["f1"][label]) if label in night["f1"] else ""
                for label in labels
            ),
            # The macro average comes first.
            interval(next(iter(night["reviews"].values())))
            if night["reviews"]
            else "no reviews",
        )
        for night in reversed(nights)
    ]
    columns = (
        "night",
        "model",
        *(f"F1: {label}" for label in labels),
        f"{labels[0]} on reviews",
    )
    return Table(
        "trend",
        "F1 in cross-validation, night by night",
        columns,
        rows,
        words=2,
        marks=1,
    )


def since(now: dict[str, Any], before: dict[str, Any]) -> Table:
    """The key figures of two nights and what changed between them."""
    rows = [
        *_f1_changes("F1", now["f1"], before["f1"]),
        *_f1_changes("F1 on reviews", now["reviews"], before["reviews"]),
        (
            "messages",
            f"{before['messages']:,}",
            f"{now['messages']:,}",
            _signed(now["messages"] - before["messages"]),
        ),
        _share_change("labelled", now["coverage"], before["coverage"]),
    ]
    for label in sorted(now["shares"].keys() | before["shares"].keys()):
        rows.append(
            _share_change(
                f"share of {label}",
                now["shares"].get(label),
                before["shares"].get(label),
            )
        )
    for name, what in (("gzipped_bytes", "bytes, gzipped"), ("terms", "terms")):
        rows.append(
            (
                what,
                f"{before[name]:,}",
                f"{now[name]:,}",
                _signed(now[name] - before[name]),
            )
        )
    return Table(
        "since",
        f"Tonight, and {before['date']} before; shares change by percentage points",
        ("figure", "before", "tonight", "change"),
        rows,
    )


def thresholds(chosen: dict[str, Any]) -> Table:
    """The thresholds by operating goal, and what they reach on folds that did not choose them."""
    rows = [
        (
            label,
            ", ".join(
                f"{measure} \u2265 {goal:g}" for measure, goal in row["goal"].items()
            ),
            "reached" if row["reached"] else "not reached",
            number(row["threshold"]),
            interval(row["precision"]),
            interval(row["recall"]),
            f"{row['support']:,}",
        )
        for label, row in chosen.items()
    ]
    columns = (
        "label",
        "goal",
        "outcome",
        "threshold",
        "precision",
        "recall",
        "messages",
    )
    return Table(
        "thresholds", "Thresholds by operating goal", columns, rows, words=3, marks=2
    )


def shares(rules: dict[str, Any], before: dict[str, float] | None) -> Table:
    """How many messages each label has by the rules, beside its share in the last published night."""
    labelled = max(rules["labelled"], 1)
    rows = [
        (
            label,
            f"{count:,}",
            percent(count / labelled),
            *_drift(count / labelled, before, label),
        )
        for label, count in rules["labels"].items()
    ]
    for what, count in (
        ("abstained: silence", rules["silent"]),
        ("abstained: tie", rules["tied"]),
    ):
        rows.append((what, f"{count:,}", *([""] * (3 if before else 1))))
    columns = (
        "label",
        "messages",
        "share",
        *(("last published", "change, points") if before else ()),
    )
    return Table(
        "shares",
        "Labels by the rules; shares are of the labelled messages",
        columns,
        rows,
    )


def checks(decision: dict[str, Any]) -> Table:
    """All that the gate asked, what failed first."""
    order = {"failed": 0, "passed": 1, "skipped": 2}
    rows = [
        (
            check["name"],
            check["verdict"],
            check["what"],
            _plain(check["value"]),
            _plain(check["bound"]),
            check["note"],
        )
        for check in sorted(
            decision["checks"], key=lambda check: order[check["verdict"]]
        )
    ]
    columns = ("check", "verdict", "of", "value", "bound", "note")
    return Table("checks", "What the gate asked", columns, rows, words=6, marks=1)


def device(decision: dict[str, Any], before: dict[str, Any] | None) -> Table:
    """Size and speed of the model, of the published one too, and what is allowed."""
    theirs = {check["name"]: check for check in before["checks"]} if before else {}
    rows = [
        (
            check["what"],
            _plain(check["value"]),
            _plain(theirs.get(check["name"], check)["value"]),
            check["bound"],
        )
        if before
        else (check["what"], _plain(check["value"]), check["bound"])
        for check in decision["checks"]
        if check["name"] in ("size", "terms", "speed")
    ]
    columns = (
        "measure",
        "tonight",
        *(("last published",) if before else ()),
        "allowed",
    )
    return Table("device", "Size and speed on the device", columns, rows)


def _f1_changes(
    what: str, now: dict[str, Any] | None, before: dict[str, Any] | None
) -> Iterable[tuple[str, str, str, str]]:
    if now is None or before is None:
        return
    for label, f1 in now.items():
        then, value = before.get(label, {"value": None})["value"], f1["value"]
        change = UNDEFINED if None in (then, value) else _signed(value - then, 3)
        yield f"{what}, {label}", number(then), number(value), change


def _share_change(
    what: str, now: float | None, before: float | None
) -> tuple[str, str, str, str]:
    return (
        what,
        percent(before or 0),
        percent(now or 0),
        _signed(100 * ((now or 0) - (before or 0)), 1),
    )


def _drift(
    share: float, before: dict[str, float] | None, label: str
) -> tuple[str, ...]:
    if before is None:
        return ()
    then = before.get(label, 0.0)
    return percent(then), _signed(100 * (share - then), 1)


def _signed(change: float, places: int = 0) -> str:
    """A change with its sign; one that rounding hides has none."""
    rounded = round(change, places) + 0.0
    return (
        f"{rounded:+,.{places}f}".replace("-", "\u2212")
        if rounded
        else f"{0:.{places}f}"
    )


def _plain(value: float | int | str | None) -> str:
    if isinstance(value, float):
        return f"{value:,.4g}"
    return (
        "undefined"
        if value is None
        else f"{value:,}"
        if isinstance(value, int)
        else value
    )

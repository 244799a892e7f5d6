"""How a night differs from an earlier one: its configuration and its rules."""

import json
from collections.abc import Iterator
from typing import Any


def differences(path: str, value: Any, before: Any) -> Iterator[str]:
    """The keys below a path at which two configurations differ; of rules their ids."""
    if value == before:
        return
    if isinstance(value, dict) and isinstance(before, dict):
        for key in sorted(value.keys() | before.keys()):
            yield from differences(
                f"{path}.{key}" if path else key, value.get(key), before.get(key)
            )
    elif path == "labelling.rules":
        ours, theirs = (
            {rule["id"]: rule for rule in rules} for rules in (value, before)
        )
        for id_ in sorted(ours.keys() | theirs.keys()):
            if ours.get(id_) != theirs.get(id_):
                what = (
                    "added"
                    if id_ not in theirs
                    else "removed"
                    if id_ not in ours
                    else "changed"
                )
                yield f"rule {id_} {what}"
        if ours == theirs:
            yield "rules in another order"
    else:
        yield f"{path}: {_short(before)} became {_short(value)}"


def with_drift(
    summary: dict[str, Any], earlier: dict[str, Any] | None
) -> dict[str, Any]:
    """The summary of rules; each has a ``drift`` too, its share of the messages less that of the earlier night.

    It is null for a rule that the earlier night had not. ``gone`` names the rules that it had and this one has not.
    """
    shares = (
        {row["id"]: _share(row, earlier) for row in earlier["rules"]} if earlier else {}
    )
    rows = [
        {
            **row,
            "drift": _share(row, summary) - shares[row["id"]]
            if row["id"] in shares
            else None,
        }
        for row in summary["rules"]
    ]
    here = {row["id"] for row in rows}
    return {
        **summary,
        "gone": [id_ for id_ in shares if id_ not in here],
        "rules": rows,
    }


def _share(row: dict[str, Any], summary: dict[str, Any]) -> float:
    return row["coverage"] / summary["messages"] if summary["messages"] else 0.0


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."

"""How the rules of a night differ from those of an earlier one."""

from typing import Any


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

"""The few figures by which nights are compared: a night's line on the page of all nights, its point in a trend."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from pipeline.report.outcome import outcome

NIGHTS = 30  # of a trend
MACRO = "macro average"  # beside labels, none of which has a blank


def key_figures(manifest: dict[str, Any]) -> dict[str, Any]:
    """A night's key figures from its run manifest, as a JSON value.

    ``table`` tells whether two nights have looked at the same table, ``f1`` and ``reviews`` are F1 scores by label with
    their intervals, and of their macro average: of the cross-validation, and on reviews (null: there were none).
    """
    results, source = manifest["results"], manifest["settings"]["source"]
    rules, found = results["rules"], outcome(results)
    table = {name: source[name] for name in ("identity", "messages")}
    return {
        "date": manifest["date"],
        "config": manifest["config"],
        "table": hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest()[
            :16
        ],
        "outcome": found.kind,
        "override": results["decision"]["override"],
        "reasons": list(found.reasons),
        "serial": results["publication"]["serial"],
        "messages": rules["messages"],
        "coverage": rules["labelled"] / max(rules["messages"], 1),
        "shares": {
            label: count / max(rules["labelled"], 1)
            for label, count in rules["labels"].items()
        },
        "f1": _f1(results["cross-validation"]["metrics"]),
        "reviews": _f1(results["reviews"]["metrics"]),
        "gzipped_bytes": results["description"]["files"]["model.json"]["gzipped_bytes"],
        "terms": results["description"]["terms"],
    }


def trend(
    nights: Iterable[dict[str, Any]], tonight: dict[str, Any]
) -> list[dict[str, Any]]:
    """The key figures of tonight and the nights before it on the same table, by date: one a date, 30 at most.

    Of several runs of a date it is the last of ``nights``, and tonight's own for its date.
    """
    of_date = {
        each["date"]: each for each in nights if each["table"] == tonight["table"]
    } | {tonight["date"]: tonight}
    return [of_date[date] for date in sorted(of_date) if date <= tonight["date"]][
        -NIGHTS:
    ]


def _f1(metrics: dict[str, Any] | None) -> dict[str, dict[str, float | None]] | None:
    if metrics is None:
        return None
    return {
        MACRO: metrics["macro_f1"],
        **{label: row["f1"] for label, row in metrics["per_label"].items()},
    }

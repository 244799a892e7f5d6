"""What differs between two frozen configurations, in a line for each difference."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_MAX_VALUE_LENGTH = 60  # characters


def differences(path: str, after: Any, before: Any) -> Iterator[str]:
    """Name each key at or below a path at which two configurations differ.

    Parameters
    ----------
    path
        The dotted key of the two values; empty for whole configurations.
    after, before
        The values, as JSON has them.

    Yields
    ------
    str
        Such as ``text.min_token: 1 became 2``; rules are named by their ids.
    """
    if after == before:
        return
    if isinstance(after, dict) and isinstance(before, dict):
        for key in sorted(after.keys() | before.keys()):
            below = f"{path}.{key}" if path else key
            yield from differences(below, after.get(key), before.get(key))
    elif path == "labelling.rules":
        yield from _differences_of_rules(after, before)
    else:
        yield f"{path}: {_shortened(before)} became {_shortened(after)}"


def _differences_of_rules(
    after: Sequence[Mapping[str, Any]], before: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    rules_after = {rule["id"]: rule for rule in after}
    rules_before = {rule["id"]: rule for rule in before}
    for rule_id in sorted(rules_after.keys() | rules_before.keys()):
        if rule_id not in rules_before:
            yield f"rule {rule_id} added"
        elif rule_id not in rules_after:
            yield f"rule {rule_id} removed"
        elif rules_after[rule_id] != rules_before[rule_id]:
            yield f"rule {rule_id} changed"
    if rules_after == rules_before:
        yield "rules in another order"


def _shortened(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    if len(text) <= _MAX_VALUE_LENGTH:
        return text
    return f"{text[: _MAX_VALUE_LENGTH - 3]}..."

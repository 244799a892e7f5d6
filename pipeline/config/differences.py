"""Differences between two frozen configurations, in a line each."""

import json
from collections.abc import Iterator, Mapping

_MAX_VALUE_LENGTH = 60  # characters


def differences(path: str, after: object, before: object) -> Iterator[str]:
    """Yield a line for each key at which two configurations differ.

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

    Examples
    --------
    >>> before = {"text": {"preset": "ascii", "min_token": 1}}
    >>> after = {"text": {"preset": "ascii", "min_token": 2}}
    >>> list(differences("", after, before))
    ['text.min_token: 1 became 2']
    """
    if after == before:
        return
    if isinstance(after, dict) and isinstance(before, dict):
        for key in sorted(after.keys() | before.keys()):
            key_path = f"{path}.{key}" if path else key
            yield from differences(key_path, after.get(key), before.get(key))
    elif path == "labelling.rules":
        yield from _differences_of_rules(_rules_by_id(after), _rules_by_id(before))
    else:
        yield f"{path}: {_shorten(before)} became {_shorten(after)}"


def _differences_of_rules(
    after: Mapping[str, object], before: Mapping[str, object]
) -> Iterator[str]:
    for rule_id in sorted(after.keys() | before.keys()):
        if rule_id not in before:
            yield f"rule {rule_id} added"
        elif rule_id not in after:
            yield f"rule {rule_id} removed"
        elif after[rule_id] != before[rule_id]:
            yield f"rule {rule_id} changed"
    if after == before:
        yield "rules in another order"


def _rules_by_id(rules: object) -> dict[str, object]:
    """Return the rules of a configuration by their ids."""
    if not isinstance(rules, list):
        return {}
    return {rule["id"]: rule for rule in rules}


def _shorten(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    if len(text) <= _MAX_VALUE_LENGTH:
        return text
    return f"{text[: _MAX_VALUE_LENGTH - 3]}..."

"""Show what a changed pack of rules would relabel."""

from pydantic import JsonValue

from nightsieve.cli.terminal import console, table
from nightsieve.nights.diff import PackDiff, Transition
from pipeline.records.words import plural
from pipeline.rules.diff import ChangeKind, RuleChange


def as_json(diff: PackDiff, texts: dict[str, str] | None) -> dict[str, JsonValue]:
    """Return the changed rules and the transitions as a JSON value.

    Parameters
    ----------
    texts
        The text of each example by its key; None leaves texts out.
    """
    rules: list[JsonValue] = [
        {
            "id": effect.change.id,
            "change": _describe(effect.change),
            "gains": effect.gains,
            "loses": effect.losses,
        }
        for effect in diff.rules
    ]
    transitions: list[JsonValue] = [
        _transition_as_json(transition, texts) for transition in diff.transitions
    ]
    return {"rules": rules, "transitions": transitions}


def show(diff: PackDiff, texts: dict[str, str] | None) -> None:
    """Print what `as_json` returns."""
    out = console()
    if diff.rules:
        rules = table("rule", "change", "gains", "loses", left=2)
        for effect in diff.rules:
            rules.add_row(
                effect.change.id,
                _describe(effect.change),
                f"{effect.gains:,}",
                f"{effect.losses:,}",
            )
        out.print(rules, soft_wrap=True)
    else:
        out.print("No rule is different.")
    out.print(f"\n{_relabelled(diff)}")
    for transition in diff.transitions:
        before = transition.before or "none"
        after = transition.after or "none"
        out.print(f"\n{before} -> {after}: {transition.messages:,}", soft_wrap=True)
        for key in transition.keys:
            text = "" if texts is None else f"  {texts[key]}"
            out.print(f"  {key}{text}", soft_wrap=True)


def _relabelled(diff: PackDiff) -> str:
    messages = plural(diff.relabelled, "message")
    verb = "changes its" if diff.relabelled == 1 else "change their"
    others = "does not" if diff.unchanged == 1 else "do not"
    return f"{messages} {verb} label, {diff.unchanged:,} {others}"


def _describe(change: RuleChange) -> str:
    if change.kind is ChangeKind.CHANGED:
        return ", ".join(change.fields)
    return change.kind


def _transition_as_json(
    transition: Transition, texts: dict[str, str] | None
) -> dict[str, JsonValue]:
    examples: list[JsonValue] = []
    for key in transition.keys:
        if texts is None:
            examples.append({"key": key})
        else:
            examples.append({"key": key, "text": texts[key]})
    return {
        "from": transition.before,
        "to": transition.after,
        "messages": transition.messages,
        "examples": examples,
    }

"""What is different between two packs of rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from pipeline.config.settings import Rule

# The fields of a rule that can change a message's label.
DECIDING_FIELDS = ("label", "pattern", "field", "weight")
# Those that can change which messages it matches.
MATCHING_FIELDS = ("pattern", "field")


class ChangeKind(StrEnum):
    """Whether a rule is only in the new pack, only in the old one, or in both."""

    NEW = "new"
    GONE = "gone"
    CHANGED = "changed"


@dataclass(frozen=True)
class RuleChange:
    """What is different about a rule.

    Attributes
    ----------
    fields
        The deciding fields that have another value; empty if the rule is in one pack
        only.
    """

    id: str
    kind: ChangeKind
    fields: tuple[str, ...] = ()


def diff_packs(old: Sequence[Rule], new: Sequence[Rule]) -> tuple[RuleChange, ...]:
    """Return the rules that differ: in the order of the new pack, then what is gone."""
    old_rules = {rule.id: rule for rule in old}
    new_ids = {rule.id for rule in new}
    changes: list[RuleChange] = []
    for rule in new:
        if rule.id not in old_rules:
            changes.append(RuleChange(rule.id, ChangeKind.NEW))
        elif fields := _differing(old_rules[rule.id], rule, DECIDING_FIELDS):
            changes.append(RuleChange(rule.id, ChangeKind.CHANGED, fields))
    for rule in old:
        if rule.id not in new_ids:
            changes.append(RuleChange(rule.id, ChangeKind.GONE))
    return tuple(changes)


def rules_to_match(old: Sequence[Rule], new: Sequence[Rule]) -> tuple[Rule, ...]:
    """Return the rules of the new pack whose matches the old pack does not tell."""
    old_rules = {rule.id: rule for rule in old}
    return tuple(
        rule
        for rule in new
        if rule.id not in old_rules
        or _differing(old_rules[rule.id], rule, MATCHING_FIELDS)
    )


def _differing(old: Rule, new: Rule, fields: Sequence[str]) -> tuple[str, ...]:
    return tuple(
        field for field in fields if getattr(old, field) != getattr(new, field)
    )

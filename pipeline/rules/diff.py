"""Find the differences between two packs of rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from pipeline.config.settings import Rule

# The fields of a rule that can change a message's label.
DECIDING_FIELDS = ("label", "pattern", "field", "weight")
# The fields that can change which messages a rule matches.
MATCHING_FIELDS = ("pattern", "field")


class ChangeKind(StrEnum):
    """Whether a rule is only in the new pack, only in the old one, or in both."""

    NEW = "new"
    GONE = "gone"
    CHANGED = "changed"


@dataclass(frozen=True)
class RuleChange:
    """A difference between two packs.

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
    """Return the rules that differ.

    Returns
    -------
    tuple of RuleChange
        New and changed rules in the order of the new pack, then the rules that are
        gone.

    Examples
    --------
    >>> prize = Rule(id="prize", label="spam", pattern="prize", why="Lotteries.")
    >>> heavier = prize.model_copy(update={"weight": 2.0})
    >>> tonight = Rule(id="tonight", label="chat", pattern="see you", why="Plans.")
    >>> for change in diff_packs([prize], [heavier, tonight]):
    ...     print(change.id, change.kind.value, change.fields)
    prize changed ('weight',)
    tonight new ()
    """
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
    """Return the rules of the new pack whose matches are not those of the old pack.

    Examples
    --------
    >>> prize = Rule(id="prize", label="spam", pattern="prize", why="Lotteries.")
    >>> heavier = prize.model_copy(update={"weight": 2.0})
    >>> rules_to_match([prize], [heavier])
    ()
    >>> wider = prize.model_copy(update={"pattern": "pri[sz]e"})
    >>> [rule.pattern for rule in rules_to_match([prize], [wider])]
    ['pri[sz]e']
    """
    old_rules = {rule.id: rule for rule in old}
    changed: list[Rule] = []
    for rule in new:
        old_rule = old_rules.get(rule.id)
        if old_rule is None or _differing(old_rule, rule, MATCHING_FIELDS):
            changed.append(rule)
    return tuple(changed)


def _differing(old: Rule, new: Rule, fields: Sequence[str]) -> tuple[str, ...]:
    return tuple(
        field for field in fields if getattr(old, field) != getattr(new, field)
    )

"""Two packs of rules side by side."""

from pipeline.config.settings import Rule
from pipeline.rules.diff import ChangeKind, RuleChange, diff_packs, rules_to_match


def rule(rule_id: str, **changed: object) -> Rule:
    fields = {"id": rule_id, "label": "spam", "pattern": rule_id, "why": "test"}
    return Rule.model_validate({**fields, **changed})


OLD = [rule("kept"), rule("gone"), rule("weighed"), rule("moved"), rule("explained")]
NEW = [
    rule("new"),
    rule("moved", pattern="else", label="personal", field="sender"),
    rule("weighed", weight=2.0),
    rule("explained", why="for another reason"),
    rule("kept"),
]


def test_changes_are_what_can_change_a_label_in_the_order_of_the_new_pack():
    assert diff_packs(OLD, NEW) == (
        RuleChange("new", ChangeKind.NEW),
        RuleChange("moved", ChangeKind.CHANGED, ("label", "pattern", "field")),
        RuleChange("weighed", ChangeKind.CHANGED, ("weight",)),
        RuleChange("gone", ChangeKind.GONE),
    )


def test_a_pack_does_not_differ_from_itself_in_another_order():
    assert diff_packs(OLD, OLD[::-1]) == ()
    assert rules_to_match(OLD, OLD[::-1]) == ()


def test_only_rules_of_another_pattern_or_field_are_matched_again():
    assert [rule.id for rule in rules_to_match(OLD, NEW)] == ["new", "moved"]

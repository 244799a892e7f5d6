"""How rules differ from those of an earlier night."""

import pytest

from pipeline.records.rules import LabellingSummary
from pipeline.report import rules_drift
from tests.support.report_records import manifest


def summary(messages: int, **coverage: int) -> LabellingSummary:
    """Return what rules of these ids did to this many messages."""
    rules = manifest().results.rules
    statistics = tuple(
        rules.rules[0].model_copy(update={"id": rule_id, "coverage": count})
        for rule_id, count in coverage.items()
    )
    return rules.model_copy(update={"messages": messages, "rules": statistics})


def test_drift_is_the_change_of_a_rules_share():
    tonight = summary(100, stays=30, comes=5)
    drift = rules_drift(tonight, summary(200, stays=20, goes=1))
    assert [rule.id for rule in drift.rules] == ["stays", "comes"]
    assert [rule.change for rule in drift.rules] == [pytest.approx(0.2), None]
    assert drift.gone == ("goes",)


def test_without_an_earlier_night_every_rule_is_new():
    drift = rules_drift(summary(100, stays=30, comes=5), None)
    assert {rule.change for rule in drift.rules} == {None}
    assert drift.gone == ()

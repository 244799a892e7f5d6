"""Differences between two configurations, key by key."""

from pipeline.config import differences

RULE = {"id": "win", "pattern": "win"}
OTHER = {"id": "otp", "pattern": "otp"}


def test_each_key_that_differs_is_named_with_both_values():
    before = {"text": {"min_token": 1, "preset": "ascii"}, "only": "before"}
    after = {"text": {"min_token": 2, "preset": "ascii"}, "new": [1]}
    assert list(differences("", after, before)) == [
        "new: null became [1]",
        'only: "before" became null',
        "text.min_token: 1 became 2",
    ]
    assert list(differences("text", after["text"], before["text"])) == [
        "text.min_token: 1 became 2"
    ]
    assert list(differences("", before, before)) == []


def test_rules_are_named_by_their_ids():
    def changes(after, before):
        return list(differences("labelling", {"rules": after}, {"rules": before}))

    assert changes([OTHER], [RULE]) == ["rule otp added", "rule win removed"]
    assert changes([{**RULE, "pattern": "won"}], [RULE]) == ["rule win changed"]
    assert changes([OTHER, RULE], [RULE, OTHER]) == ["rules in another order"]
    assert changes([RULE], None) == ["rule win added"]


def test_a_long_value_is_cut():
    (line,) = differences("where", "x" * 100, None)
    assert line == f'where: null became "{"x" * 56}...'

"""Votes and labels, each against its definition, one message at a time."""

from collections import Counter

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import labelling, patterns
from pipeline.config.settings import Engine, Labelling, Resolution, Rule
from pipeline.data import schemas
from pipeline.rules import rule_patterns
from tests.support.stages import keys, results, split

LABELS = ("notification", "personal", "spam")
WORDS = ("win", "cash", "otp", "mum", "balance", "\U0001f600")
LIMITS = Engine(compile_timeout_seconds=10, search_timeout_seconds=1)
MAJORITY = Resolution(method="majority", min_confidence=0, soft_labels=False)


def rule(word: str, label: str, weight: float) -> Rule:
    name = word if word.isascii() else "smile"
    return Rule(id=f"{name}-{label}", label=label, pattern=word, weight=weight, why="x")


def two_rules_a_word() -> tuple[Rule, ...]:
    """Return rules of different labels and weights: lists of them conflict and tie."""
    rules = []
    for i, word in enumerate(WORDS):
        rules.append(rule(word, LABELS[i % 3], 0.1 + 0.1 * (i % 3)))
        rules.append(rule(word, LABELS[(i + 1) % 3], 0.3 - 0.1 * (i % 2)))
    return tuple(rules)


def join_sorted(words: set[str]) -> str:
    return " ".join(sorted(words))


RULES = two_rules_a_word()
SETTINGS = Labelling(rules=RULES, engine=LIMITS, resolution=MAJORITY)
COMPILED = patterns.compile_patterns(rule_patterns(RULES), 10)
bodies = st.lists(st.sets(st.sampled_from(WORDS)).map(join_sorted), max_size=20)


def messages(texts: list[str]) -> pd.DataFrame:
    columns = {"key": keys(len(texts)), "body": texts, "sender": [None] * len(texts)}
    return pd.DataFrame(columns).astype("str")


def votes_of(texts: list[str]) -> pd.DataFrame:
    votes = labelling.apply_rules(messages(texts), SETTINGS, COMPILED)
    return schemas.check(votes, "votes")


def resolving(**resolution) -> labelling.ResolutionStage:
    changed = MAJORITY.model_copy(update=resolution)
    settings = SETTINGS.model_copy(update={"resolution": changed})
    return labelling.ResolutionStage(settings)


def majority(ids: list[str]) -> tuple[str | None, float]:
    """Return the label with the most weight and its share.

    Weights are counted in tenths, so that sums are exact.
    """
    score: Counter[str] = Counter()
    for rule in RULES:
        score[rule.label] += round(10 * rule.weight) * (rule.id in ids)
    highest = max(score.values())
    best = [label for label, value in score.items() if value == highest]
    label = best[0] if len(best) == 1 and highest else None
    return label, highest / max(1, score.total())


def matching_rules(text: str) -> list[str]:
    return [rule.id for rule in RULES if rule.pattern in text]


@given(bodies, st.integers(1, 3))
def test_votes_and_labels_are_those_of_the_definition(texts, n):
    votes = votes_of(texts)
    expected = list(map(matching_rules, texts))
    assert list(map(list, votes["rules"])) == expected
    resolved = resolving().run(split(votes, n))
    schemas.check(resolved, "resolved_labels")
    lists = map(tuple, resolved["rules"])
    counts = dict(zip(lists, resolved["messages"], strict=True))
    assert counts == Counter(map(tuple, expected))
    for row in resolved.itertuples():
        label, share = majority(row.rules)
        assert row.label == label or (pd.isna(row.label) and label is None)
        assert abs(row.confidence - share) < 1e-12


@given(bodies, st.integers(1, 3))
def test_each_shard_is_matched_as_if_alone(texts, n):
    table = messages(texts)
    parts = []
    for part in split(table, n):
        parts.append(labelling.apply_rules(part, SETTINGS, COMPILED))
    together = pd.concat(parts).sort_values("key", ignore_index=True)
    whole = votes_of(texts).sort_values("key", ignore_index=True)
    pd.testing.assert_frame_equal(together, whole)


@settings(max_examples=20)
@given(bodies, st.permutations(range(3)))
def test_neither_shards_nor_the_order_of_merging_matter(texts, order):
    votes = votes_of(texts)
    for method in ("majority", "label_model"):
        stage = resolving(method=method)
        expected = stage.run([votes])
        for result in results(stage, split(votes, 3), order):
            pd.testing.assert_frame_equal(result, expected)


def test_counts_are_resolved_without_the_messages_that_they_count():
    texts = ["win", "win cash", "win", ""]
    counts = Counter(map(tuple, votes_of(texts)["rules"]))
    pd.testing.assert_frame_equal(
        labelling.resolve_counts(counts, SETTINGS), resolving().run([votes_of(texts)])
    )


def test_a_label_of_too_little_confidence_abstains():
    votes = votes_of(["win", "win cash otp", ""])
    resolved = resolving(min_confidence=0.9).run([votes])
    is_labelled = resolved["label"].notna()
    is_confident = (resolved["confidence"] >= 0.9) & (resolved["confidence"] > 0)
    assert is_labelled.tolist() == is_confident.tolist()
    assert 0 < (~is_labelled).sum() <= len(resolved)


def test_counts_too_large_to_expand_resolve():
    counts = Counter({("win-notification",): 10**15, (): 10**14})
    resolved = labelling.resolve_counts(counts, SETTINGS)
    assert resolved["messages"].tolist() == [10**15, 10**14]
    assert resolved["label"].iloc[0] == "notification"
    assert pd.isna(resolved["label"].iloc[1])

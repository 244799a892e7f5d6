"""Votes and verdicts, each against the plain definition, a message at a time."""

from collections import Counter

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import labelling, patterns
from pipeline.config.settings import Engine, Labelling, Resolution, Rule
from pipeline.data import schemas
from pipeline.rules import rule_patterns

LABELS = ("notification", "personal", "spam")
WORDS = ("win", "cash", "otp", "mum", "balance", "\U0001f600")
LIMITS = Engine(compile_timeout_seconds=10, search_timeout_seconds=1)
MAJORITY = Resolution(method="majority", min_confidence=0, soft_labels=False)
# Two rules a word, of different labels and weights, so that lists of rules conflict and tie.
RULES = tuple(
    Rule(
        id=f"{word}-{label}" if word.isascii() else f"smile-{label}",
        label=label,
        pattern=word,
        weight=weight,
        why="x",
    )
    for number, word in enumerate(WORDS)
    for label, weight in (
        (LABELS[number % 3], 0.1 + 0.1 * (number % 3)),
        (LABELS[(number + 1) % 3], 0.3 - 0.1 * (number % 2)),
    )
)
SETTINGS = Labelling(rules=RULES, engine=LIMITS, resolution=MAJORITY)
COMPILED = patterns.compile_patterns(rule_patterns(RULES), 10).to_bytes()
bodies = st.lists(
    st.sets(st.sampled_from(WORDS)).map(lambda words: " ".join(sorted(words))),
    max_size=20,
)


def messages(texts: list[str]) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "key": [str(i) for i in range(len(texts))],
            "body": texts,
            "sender": [None] * len(texts),
        }
    )
    return table.astype({"key": "str", "body": "str", "sender": "str"})


def majority(ids: list[str]) -> tuple[str | None, float]:
    """The label with the most weight, which is counted in tenths so that sums are exact, and its share."""
    score = Counter()
    for rule in RULES:
        score[rule.label] += round(10 * rule.weight) * (rule.id in ids)
    most, share = max(score.values()), max(score.values()) / max(1, score.total())
    best = [label for label, value in score.items() if value == most]
    return best[0] if len(best) == 1 and most else None, share


@given(bodies, st.integers(1, 3))
def test_votes_and_verdicts_are_those_of_the_definition(texts, shards):
    votes = schemas.check(
        labelling.apply_rules(messages(texts), SETTINGS, COMPILED), "votes"
    )
    expected = [[rule.id for rule in RULES if rule.pattern in text] for text in texts]
    assert [list(ids) for ids in votes["rules"]] == expected
    verdicts = labelling.resolve(
        [votes.iloc[shard::shards] for shard in range(shards)], SETTINGS
    )
    schemas.check(verdicts, "verdicts")
    assert dict(
        zip(map(tuple, verdicts["rules"]), verdicts["messages"], strict=True)
    ) == Counter(map(tuple, expected))
    for ids, label, confidence in zip(
        verdicts["rules"], verdicts["label"], verdicts["confidence"], strict=True
    ):
        right, share = majority(ids)
        assert (label if isinstance(label, str) else None) == right
        assert abs(confidence - share) < 1e-12


@settings(max_examples=20)
@given(bodies, st.randoms(use_true_random=False))
def test_verdicts_depend_neither_on_shards_nor_on_order(texts, chance):
    shuffled = list(texts)
    chance.shuffle(shuffled)
    for method in ("majority", "label_model"):
        rules = SETTINGS.model_copy(
            update={"resolution": MAJORITY.model_copy(update={"method": method})}
        )
        one, other = (
            labelling.apply_rules(messages(order), rules, COMPILED)
            for order in (texts, shuffled)
        )
        pd.testing.assert_frame_equal(
            labelling.resolve([one], rules),
            labelling.resolve([other.iloc[::2], other.iloc[1::2]], rules),
        )


def test_a_label_of_too_little_confidence_abstains():
    rules = SETTINGS.model_copy(
        update={"resolution": MAJORITY.model_copy(update={"min_confidence": 0.9})}
    )
    votes = labelling.apply_rules(
        messages(["win", "win cash otp", ""]), rules, COMPILED
    )
    verdicts = labelling.resolve([votes], rules)
    sure = verdicts["confidence"] >= 0.9
    assert (
        verdicts["label"].notna().tolist()
        == (sure & (verdicts["confidence"] > 0)).tolist()
    )
    assert 0 < verdicts["label"].isna().sum() <= len(verdicts)

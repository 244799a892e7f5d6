"""The training set: labelled messages collapsed to unique documents."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.data.codecs import Npz
from pipeline.data.training_set import TrainingSet
from pipeline.errors import DataError
from pipeline.preprocessing import TrainingSetStage
from tests.support.stages import keys, results, split

LABELS = st.sampled_from(["personal", "spam", None])
Message = tuple[str, str | None]
MESSAGES = st.lists(
    st.tuples(st.sampled_from(["", "a", "b a", "a b", "\u00e9 \u4f60"]), LABELS),
    max_size=30,
)
CONFIDENCE = {"personal": 0.75, "spam": 0.5, "rare": 0.1}
RESOLVED = pd.DataFrame(
    {
        "rules": [["personal"], [], ["spam"], ["rare"]],
        "label": pd.Series(["personal", None, "spam", "rare"], dtype="str"),
        "confidence": [0.75, 0.0, 0.5, 0.1],
    }
)


def shards(messages: list[Message], n: int) -> list[tuple[pd.DataFrame, pd.DataFrame]]:
    """Return votes and cleaned texts of n shards; a rule is named like its label."""
    key = keys(len(messages))
    rules = [[label] if label else [] for _, label in messages]
    votes = pd.DataFrame({"key": key, "rules": rules}).astype({"key": "str"})
    texts = [text for text, _ in messages]
    cleaned = pd.DataFrame({"key": key, "text": texts}).astype("str")
    return list(zip(split(votes, n), split(cleaned, n), strict=True))


def build(messages: list[Message], n: int = 1, **settings) -> TrainingSet:
    stage = TrainingSetStage(RESOLVED, **settings)
    return stage.run(shards(messages, n)).training_set


def documents(built: TrainingSet) -> list[tuple[str, str]]:
    """Return the text and the label of each document."""
    tokens = np.array(built.vocabulary)[built.tokens]
    texts = map(" ".join, np.split(tokens, built.offsets[1:-1]))
    labels = np.array(built.labels)[built.y].tolist()
    return list(zip(texts, labels, strict=True))


def assert_same(one: TrainingSet, other: TrainingSet) -> None:
    assert (one.labels, one.vocabulary) == (other.labels, other.vocabulary)
    arrays = other.to_arrays()
    for name, array in one.to_arrays().items():
        assert array.dtype == arrays[name].dtype
        assert array.tobytes() == arrays[name].tobytes(), name


@given(MESSAGES, st.integers(1, 3))
def test_documents_are_the_labelled_messages_counted(messages, n):
    expected = Counter(message for message in messages if message[1] is not None)
    labels = {label for _, label in expected}
    if len(labels) < 2:
        with pytest.raises(DataError, match="two labels are needed"):
            build(messages, n)
        return
    built = build(messages, n)
    assert dict(zip(documents(built), built.weight, strict=True)) == expected
    assert documents(built) == sorted(expected)
    texts, labels = map(np.array, zip(*documents(built), strict=True))
    same_group = built.group[:, None] == built.group[None, :]
    assert (same_group == (texts[:, None] == texts[None, :])).all()
    assert built.messages == expected.total()
    assert (built.label_weight == 1).all()
    soft = build(messages, n, soft_labels=True)
    assert soft.label_weight.tolist() == list(map(CONFIDENCE.get, labels.tolist()))


HUMAN = pd.DataFrame(
    {"key": ["1", "3", "4", "9"], "label": ["personal", "spam", "unheard", "spam"]}
).astype("str")


@pytest.mark.parametrize("soft_labels", [False, True])
def test_human_labels_replace_those_of_the_rules_with_their_own_weight(soft_labels):
    messages = [("a", "spam"), ("a", "spam"), ("a", "personal"), ("b", None)]
    messages += [("c", "personal"), ("c", "personal")]
    built = build(
        messages,
        2,
        soft_labels=soft_labels,
        human_labels=HUMAN.assign(weight=[5.0, 3.0, 7.0, 1.0]),
    )
    expected = {("a", "personal"): 2, ("a", "spam"): 1, ("b", "spam"): 1}
    expected |= {("c", "personal"): 2}
    assert dict(zip(documents(built), built.weight.tolist(), strict=True)) == expected
    weights = [(5 + 0.75) / 2, 0.5, 3, 0.75] if soft_labels else [3, 1, 3, 1]
    assert built.label_weight.tolist() == weights


TWO_LABELS = [("a", "spam"), ("b", "personal")]


@given(MESSAGES, st.permutations(range(3)), st.lists(st.floats(0.01, 9), min_size=4))
def test_neither_shards_nor_the_order_of_merging_matter(messages, order, weights):
    messages = TWO_LABELS + messages
    human = HUMAN.assign(weight=weights[:4])
    stage = TrainingSetStage(RESOLVED, human, soft_labels=True, holdout_fraction=0.3)
    try:
        expected = stage.run(shards(messages, 1)).training_set
    except DataError:
        return
    for result in results(stage, shards(messages, 3), order):
        assert_same(result.training_set, expected)


def test_a_training_set_survives_its_codec():
    built = build([("a b", "spam"), ("", "personal"), ("\u00e9 \u4f60", "spam")])
    encoded = Npz().encode(built)
    assert Npz().encode(Npz().decode(encoded)) == encoded
    assert_same(Npz().decode(encoded), built)


def five_texts(label: str) -> list[Message]:
    return [(f"{label} {n}", label) for n in range(5)]


COMMON = [*five_texts("personal"), *five_texts("spam")]
# Four texts have the label; of the fifth text, most messages are spam.
RARE: list[Message] = [(f"rare {n}", "rare") for n in range(4)]
RARE += [("shared", "rare"), ("shared", "spam"), ("shared", "spam")]


def test_a_rare_label_is_an_error_that_says_how_rare_and_what_to_do():
    with pytest.raises(DataError) as failure:
        build(COMMON + RARE, folds=5)
    first, second = str(failure.value).splitlines()
    assert "'rare' has 4 distinct texts for 5 folds" in first
    assert "spam" not in first
    assert "training.rare_labels: drop" in second
    assert build(COMMON + RARE, folds=4).labels == ("personal", "rare", "spam")


@given(st.integers(1, 3), st.permutations(RARE))
def test_a_rare_label_that_is_dropped_leaves_nothing_behind(n, rare):
    stage = TrainingSetStage(RESOLVED, folds=5, rare_labels="drop")
    built = stage.run(shards(COMMON + rare, n))
    (left_out,) = built.left_out
    assert str(left_out) == "'rare' has 4 distinct texts for 5 folds"
    common = [message for message in COMMON + rare if message[1] != "rare"]
    assert_same(built.training_set, build(common, folds=5))
    assert "rare" not in built.training_set.vocabulary


def test_two_labels_must_remain():
    messages = [message for message in COMMON + RARE if message[1] != "personal"]
    with pytest.raises(DataError, match=r"two labels.*without rare labels.*only spam"):
        build(messages, folds=5, rare_labels="drop")

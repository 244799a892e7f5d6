"""Reviewed messages: their labels, what a model has not seen, how it is measured."""

from collections import defaultdict

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.data import schemas
from pipeline.data.holdout import held_out
from pipeline.data.reviewed_messages import (
    Merge,
    Predict,
    aggregate,
    annotator_names,
    evaluate,
    reviewed_messages,
    unseen_by,
)
from pipeline.records.reviews import ReviewEvaluation

MODEL_LABELS = ("bank", "chat", "spam")
HAM = {"ham": ("bank", "chat")}
EVERY_AGGREGATION = pytest.mark.parametrize("aggregation", ["majority", "dawid_skene"])


def table(*rows: tuple[str, str, str, str | None], body: str = "text") -> pd.DataFrame:
    """Return reviews of (key, label, source, annotator)."""
    columns = ["key", "label", "source", "annotator"]
    reviews = pd.DataFrame(rows, columns=columns).astype("str")
    bodies = [f"{body} {key}" for key in reviews["key"]]
    reviews.insert(1, "body", pd.Series(bodies, dtype="str"))
    unknown = pd.Series(pd.NaT, index=reviews.index, dtype=schemas.TIMESTAMP)
    return reviews.assign(reviewed_at=unknown)


def labels(messages: pd.DataFrame) -> dict[str, str | None]:
    """Return the label of each message by its key."""
    label = messages["label"].astype(object)
    return dict(zip(messages["key"], label.where(label.notna(), None), strict=True))


def reviewed(*rows: tuple[str, str, str], merge: Merge | None = None) -> pd.DataFrame:
    """Return the reviewed messages of reviews (key, body, label)."""
    reviews = table(*[(key, label, "crowd", None) for key, _, label in rows])
    reviews["body"] = pd.Series([body for _, body, _ in rows], dtype="str")
    messages = reviewed_messages(reviews, reviews["body"], "majority", merge or {})
    return schemas.check(messages, "reviewed_messages")


def first_word(body: str) -> str:
    return body.partition(" ")[0]


def measure(
    messages: pd.DataFrame,
    predict: Predict = first_word,
    merge: Merge | None = None,
    label_with_thresholds: Predict | None = None,
) -> ReviewEvaluation:
    return evaluate(
        messages,
        predict,
        MODEL_LABELS,
        merge or {},
        confidence=0.95,
        label_with_thresholds=label_with_thresholds,
    )


@EVERY_AGGREGATION
def test_the_most_frequent_label_wins_if_little_is_known_of_annotators(aggregation):
    votes = {"1": "aab", "2": "aaa", "3": "bbb"}
    rows = []
    for key, given_labels in votes.items():
        for n, label in enumerate(given_labels):
            rows.append((key, label, "crowd", f"{key}.{n}"))
    messages = aggregate(table(*rows), aggregation, {})
    assert labels(messages) == {"1": "a", "2": "a", "3": "b"}
    assert messages["body"].tolist() == ["text 1", "text 2", "text 3"]
    merged = aggregate(table(*rows), aggregation, {"c": ("a", "b")})
    assert labels(merged) == dict.fromkeys(votes, "c")


@EVERY_AGGREGATION
def test_labels_that_are_equally_good_give_no_label(aggregation):
    reviews = table(("1", "a", "crowd", "1"), ("1", "b", "crowd", "2"))
    assert labels(aggregate(reviews, aggregation, {})) == {"1": None}
    assert aggregate(reviews.iloc[:0], aggregation, {}).empty


def test_labels_that_swap_their_names_are_merged_at_once():
    reviews = table(("1", "a", "crowd", "1"), ("2", "b", "crowd", "1"))
    swapped = aggregate(reviews, "majority", {"a": ("b",), "b": ("a",)})
    assert labels(swapped) == {"1": "b", "2": "a"}


def crowd(seed: int = 1) -> tuple[np.ndarray, pd.DataFrame]:
    """Return the true labels of 300 messages, and the reviews of five annotators.

    Two annotators are careful, and three are right hardly more often than by chance.
    """
    chance = np.random.default_rng(seed)
    truth = chance.choice(list("abc"), 300, p=[0.5, 0.3, 0.2])
    rows = []
    for annotator, care in enumerate([0.95, 0.9, 0.45, 0.45, 0.45]):
        is_right = chance.random(300) < care
        given_labels = np.where(is_right, truth, chance.choice(list("abc"), 300))
        for key, label in enumerate(given_labels):
            rows.append((f"{key:03}", label, "crowd", str(annotator)))
    return truth, table(*rows)


def test_dawid_skene_is_right_more_often_than_the_majority():
    truth, reviews = crowd()

    def n_correct(aggregation):
        decided = labels(aggregate(reviews, aggregation, {}))
        return sum(decided[f"{key:03}"] == label for key, label in enumerate(truth))

    assert n_correct("dawid_skene") > n_correct("majority") + 10


def test_an_annotator_who_swaps_two_labels_is_still_useful():
    swapped = {"a": "b", "b": "a"}
    rows = []
    for key, label in enumerate(["a", "b"] * 30):
        rows += [(f"{key:02}", label, "crowd", name) for name in ("ann", "bob")]
        rows += [(f"{key:02}", swapped[label], "crowd", "eve")]
    rows += [("98", "a", "crowd", "eve"), ("98", "b", "crowd", "zoe")]
    rows += [("99", "b", "crowd", "eve"), ("99", "a", "crowd", "zoe")]
    decided = labels(aggregate(table(*rows), "dawid_skene", {}))
    assert (decided["98"], decided["99"]) == ("b", "a")


def test_the_only_review_of_a_message_decides_even_for_a_rare_label():
    rows = [(str(key), "a" if key else "b", "load", None) for key in range(50)]
    rows += [("x", "a", "crowd", "1"), ("x", "b", "crowd", "2")]
    decided = labels(aggregate(table(*rows), "dawid_skene", {}))
    assert decided["0"] == "b"
    assert decided["1"] == "a"


def test_annotators_of_two_sources_are_two_annotators():
    reviews = table(
        ("1", "a", "crowd", "1"),
        ("1", "a", "lab", "1"),
        ("1", "a", "load", None),
        ("1", "a", "load", ""),
    )
    assert annotator_names(reviews).tolist() == ["crowd/1", "lab/1", "load", "load"]


def test_a_reviewed_message_has_its_text_its_reviews_and_their_sources():
    rows = [("2", "a", "load", None), ("1", "a", "lab", "1"), ("1", "b", "crowd", "2")]
    rows += [("1", "b", "crowd", "3"), ("3", "a", None, None)]
    reviews = table(*rows)
    texts = pd.Series([f"cleaned {key}" for key in reviews["key"]])
    messages = reviewed_messages(reviews, texts, "majority", {})
    schemas.check(messages, "reviewed_messages")
    assert messages.drop(columns="body").to_dict("list") == {
        "key": ["1", "2", "3"],
        "text": ["cleaned 1", "cleaned 2", "cleaned 3"],
        "label": ["b", "a", "a"],
        "reviews": [3, 1, 1],
        "sources": [["crowd", "lab"], ["load"], []],
    }
    none = reviewed_messages(reviews.iloc[:0], texts.iloc[:0], "majority", {})
    assert schemas.check(none, "reviewed_messages").empty


REVIEWS = st.lists(
    st.tuples(
        st.sampled_from("12345"),
        st.sampled_from("ab"),
        st.sampled_from(["fix", "load"]),
    ),
    max_size=12,
)


@given(REVIEWS, st.sets(st.sampled_from(["fix", "load"])), st.sampled_from([0.0, 0.5]))
def test_a_model_has_seen_the_texts_of_its_sources_unless_held_out(
    drawn, taught_by, fraction
):
    reviews = table(*[(key, label, source, None) for key, label, source in drawn])
    text_of = {key: f"text {int(key) % 3}" for key in "12345"}
    texts = reviews["key"].map(text_of).astype("str")
    sources_of = defaultdict(set)
    for key, _, source in drawn:
        sources_of[text_of[key]].add(source)
    messages = reviewed_messages(reviews, texts, "majority", {})
    unseen = unseen_by(messages, taught_by, fraction)
    schemas.check(unseen, "reviewed_messages")
    expected = []
    for key in messages["key"]:
        text = text_of[key]
        is_taught = not sources_of[text].isdisjoint(taught_by)
        if not is_taught or held_out([text], fraction).all():
            expected.append(key)
    assert unseen["key"].tolist() == expected


def test_the_majority_is_measured_and_a_tie_is_left_out_and_counted():
    rows = [("1", "chat a", "spam"), ("1", "chat a", "chat"), ("1", "chat a", "chat")]
    rows += [("2", "spam b", "spam"), ("2", "spam b", "chat"), ("3", "spam c", "spam")]
    evaluation = measure(reviewed(*rows))
    assert (evaluation.reviews, evaluation.messages, evaluation.ties) == (6, 2, 1)
    assert evaluation.metrics.confusion == ((0, 0, 0), (0, 1, 0), (0, 0, 1))


def test_labels_of_model_and_reviews_are_merged_before_votes_and_comparison():
    rows = [("1", "bank a", "ham"), ("2", "chat b", "bank"), ("3", "bank c", "spam")]
    rows += [("4", "spam d", "bank"), ("4", "spam d", "chat")]
    evaluation = measure(reviewed(*rows, merge=HAM), merge=HAM)
    assert evaluation.ties == 0
    assert evaluation.metrics.labels == ("ham", "spam")
    assert evaluation.metrics.confusion == ((2, 1), (1, 0))


def test_labels_that_the_model_does_not_know_are_left_out_and_counted():
    rows = [("1", "chat a", "dubious")] * 2
    rows += [("1", "chat a", "chat"), ("2", "chat b", "foreign")]
    rows += [("3", "chat c", "dubious"), ("4", "chat d", "chat")]
    # Somebody loaded the wrong column.
    rows += [("5", "chat e", "see you at home"), ("6", "chat f", "x" * 33)]
    evaluation = measure(reviewed(*rows))
    unknown = {"(not like a label)": 2, "dubious": 2, "foreign": 1}
    assert evaluation.unknown_labels == unknown
    assert evaluation.messages == evaluation.metrics.n == 1


@pytest.mark.parametrize(
    "rows", [(), [("1", "chat a", "dubious")], [("1", "b", "spam"), ("1", "b", "chat")]]
)
def test_there_are_no_metrics_when_no_message_is_left(rows):
    evaluation = measure(reviewed(*rows))
    assert (evaluation.messages, evaluation.metrics) == (0, None)


def always_chat(body: str) -> str:
    return "chat"


def test_labels_with_thresholds_are_measured_beside_those_without():
    rows = [("1", "bank a", "ham"), ("2", "spam b", "ham"), ("3", "spam c", "spam")]
    messages = reviewed(*rows, merge=HAM)
    evaluation = measure(messages, merge=HAM, label_with_thresholds=always_chat)
    assert evaluation.metrics.confusion == ((1, 1), (0, 1))
    assert evaluation.with_thresholds.confusion == ((2, 0), (1, 0))
    assert measure(messages, merge=HAM).with_thresholds is None


def test_equal_bodies_are_predicted_once_and_are_one_document():
    predicted = []

    def predict(body: str) -> str:
        predicted.append(body)
        return first_word(body)

    rows = [(str(key), "spam a", "spam") for key in range(50)]
    evaluation = measure(reviewed(*rows, ("99", "chat b", "chat")), predict)
    assert sorted(predicted) == ["chat b", "spam a"]
    assert evaluation.metrics.per_label["spam"].support == 50
    assert evaluation.metrics.per_label["spam"].recall.low < 0.5

"""Reviews: majority, merged labels, and what is left out of the comparison."""

import pandas as pd
import pytest

from pipeline.reviews import evaluate_on_reviews
from tests.unit.training.training_corpus import EVALUATION as PLAIN

LABELS = ("bank", "chat", "spam")
HAM = PLAIN.model_copy(update={"merge": {"ham": ("bank", "chat")}})


def reviews(*rows: tuple[str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["key", "body", "label"])


def first_word(body: str) -> str:
    return body.split()[0]


def test_the_majority_decides_and_a_tie_is_left_out_and_counted():
    rows = [("1", "chat a", "spam"), ("1", "chat a", "chat"), ("1", "chat a", "chat")]
    rows += [("2", "spam b", "spam"), ("2", "spam b", "chat"), ("3", "spam c", "spam")]
    found = evaluate_on_reviews(reviews(*rows), first_word, LABELS, PLAIN)
    assert (found["reviews"], found["messages"], found["ties"]) == (6, 2, 1)
    assert found["metrics"]["confusion"] == [[0, 0, 0], [0, 1, 0], [0, 0, 1]]


def test_labels_of_model_and_reviews_are_merged_before_votes_and_comparison():
    rows = [("1", "bank a", "ham"), ("2", "chat b", "bank"), ("3", "bank c", "spam")]
    rows += [("4", "spam d", "bank"), ("4", "spam d", "chat")]
    found = evaluate_on_reviews(reviews(*rows), first_word, LABELS, HAM)
    assert found["ties"] == 0
    assert found["metrics"]["labels"] == ["ham", "spam"]
    assert found["metrics"]["confusion"] == [[2, 1], [1, 0]]


def test_labels_that_the_model_does_not_know_are_left_out_and_counted_by_name():
    rows = [
        ("1", "chat a", "dubious"),
        ("1", "chat a", "dubious"),
        ("1", "chat a", "chat"),
    ]
    rows += [
        ("2", "chat b", "foreign"),
        ("3", "chat c", "dubious"),
        ("4", "chat d", "chat"),
    ]
    rows += [
        ("5", "chat e", "see you at home"),
        ("6", "chat f", "x" * 33),
    ]  # somebody loaded the wrong column
    found = evaluate_on_reviews(reviews(*rows), first_word, LABELS, PLAIN)
    assert found["unknown_labels"] == {
        "(not like a label)": 2,
        "dubious": 2,
        "foreign": 1,
    }
    assert found["messages"] == found["metrics"]["n"] == 1


@pytest.mark.parametrize(
    "rows", [(), [("1", "chat a", "dubious")], [("1", "b", "spam"), ("1", "b", "chat")]]
)
def test_metrics_are_null_when_nothing_is_left(rows):
    found = evaluate_on_reviews(reviews(*rows), first_word, LABELS, PLAIN)
    assert found["messages"] == 0
    assert found["metrics"] is None


def test_labels_with_thresholds_are_measured_beside_those_without():
    rows = [("1", "bank a", "ham"), ("2", "spam b", "ham"), ("3", "spam c", "spam")]
    found = evaluate_on_reviews(
        reviews(*rows), first_word, LABELS, HAM, lambda body: "chat"
    )
    assert found["metrics"]["confusion"] == [[1, 1], [0, 1]]
    assert found["with_thresholds"]["confusion"] == [[2, 0], [1, 0]]
    assert (
        evaluate_on_reviews(reviews(*rows), first_word, LABELS, HAM)["with_thresholds"]
        is None
    )


def test_equal_bodies_are_predicted_once_and_are_one_document():
    asked = []
    rows = [(str(key), "spam a", "spam") for key in range(50)] + [
        ("99", "chat b", "chat")
    ]
    found = evaluate_on_reviews(
        reviews(*rows),
        lambda body: asked.append(body) or first_word(body),
        LABELS,
        PLAIN,
    )
    assert sorted(asked) == ["chat b", "spam a"]
    assert found["metrics"]["per_label"]["spam"]["support"] == 50
    assert found["metrics"]["per_label"]["spam"]["recall"]["low"] < 0.5

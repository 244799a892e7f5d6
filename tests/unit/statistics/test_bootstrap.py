"""The difference between two classifiers, and how sure it is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, precision_recall_fscore_support

from pipeline.config.settings import MaxLoss, Regression
from pipeline.statistics.bootstrap import differences

REGRESSION = Regression(
    max_loss=MaxLoss(macro_f1=0.01, precision=0.03, recall=0.1),
    min_texts=30,
    publications_back=7,
    confidence=0.9,
    resamples=400,
    seed=1,
)
LABELS = 3
DOCUMENTS = st.lists(
    st.tuples(*[st.integers(0, LABELS - 1)] * 3, st.integers(1, 50)),
    min_size=1,
    max_size=60,
)


def found(documents):
    return differences(
        *np.array(documents, dtype=np.int64).T, LABELS, range(LABELS), REGRESSION
    )


def difference(documents):
    return found(documents)["macro_f1"]


@given(DOCUMENTS)
def test_the_value_is_the_difference_of_the_macro_f1_over_all_messages(documents):
    truth, challenger, champion, weight = np.array(documents).T

    def macro(predicted):
        there = sorted({*truth, *predicted})
        return f1_score(
            truth, predicted, labels=there, average="macro", sample_weight=weight
        )

    assert difference(documents)["value"] == pytest.approx(
        macro(challenger) - macro(champion)
    )


@settings(max_examples=40)
@given(DOCUMENTS)
def test_each_label_has_the_difference_of_its_precision_and_recall_and_the_texts_behind_it(
    documents,
):
    truth, challenger, champion, weight = np.array(documents).T
    ours, theirs = (
        precision_recall_fscore_support(
            truth,
            predicted,
            labels=range(LABELS),
            sample_weight=weight,
            zero_division=np.nan,
        )
        for predicted in (challenger, champion)
    )
    for label, measures in enumerate(found(documents)["labels"]):
        said = min((predicted == label).sum() for predicted in (challenger, champion))
        for place, (name, texts) in enumerate(
            (("precision", said), ("recall", (truth == label).sum()))
        ):
            value = (
                np.nan if measures[name]["value"] is None else measures[name]["value"]
            )
            assert value == pytest.approx(
                ours[place][label] - theirs[place][label], nan_ok=True
            )
            assert measures[name]["texts"] == texts


@given(DOCUMENTS)
def test_the_interval_turns_round_with_the_models_and_is_a_point_for_equals(documents):
    swapped = [
        (truth, champion, challenger, weight)
        for truth, challenger, champion, weight in documents
    ]
    equals = [
        (truth, champion, champion, weight) for truth, _, champion, weight in documents
    ]
    assert difference(equals) == {"value": 0, "low": 0, "high": 0}
    assert difference(documents)["value"] == pytest.approx(
        -difference(swapped)["value"]
    )


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng, covered, rounds = np.random.default_rng(3), 0, 200
    for _ in range(rounds):
        truth = rng.integers(0, 2, 300)
        right = rng.random((2, 300)) < np.array([[0.8], [0.75]])
        challenger, champion = np.where(right, truth, 1 - truth)
        macro = differences(
            truth,
            challenger,
            champion,
            np.ones(300, dtype=np.int64),
            2,
            range(2),
            REGRESSION,
        )["macro_f1"]
        covered += macro["low"] <= 0.05 <= macro["high"]
    assert 0.84 <= covered / rounds <= 0.96


def test_a_text_that_stands_for_many_messages_is_one_observation():
    once = [(0, 0, 1, 1), (1, 1, 1, 1), (0, 0, 0, 1), (1, 0, 1, 1)] * 20
    often = [(*document[:3], 50) for document in once]
    assert difference(often) == pytest.approx(difference(once))
    for few, many in zip(found(once)["labels"], found(often)["labels"], strict=True):
        assert all(many[name] == pytest.approx(few[name]) for name in few)

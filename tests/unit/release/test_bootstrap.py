"""The difference between two classifiers, and how sure it is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from pipeline.release.bootstrap import f1_difference
from pipeline.settings import Regression

REGRESSION = Regression(margin=0.01, confidence=0.9, resamples=400, seed=1)
LABELS = 3
DOCUMENTS = st.lists(st.tuples(*[st.integers(0, LABELS - 1)] * 3, st.integers(1, 50)), min_size=1, max_size=60)


def difference(documents, regression=REGRESSION):
    return f1_difference(*np.array(documents, dtype=np.int64).T, LABELS, regression)


@given(DOCUMENTS)
def test_the_value_is_the_difference_of_the_macro_f1_over_all_messages(documents):
    truth, challenger, champion, weight = np.array(documents).T

    def macro(predicted):
        there = sorted({*truth, *predicted})
        return f1_score(truth, predicted, labels=there, average="macro", sample_weight=weight)

    assert difference(documents)["value"] == pytest.approx(macro(challenger) - macro(champion))


@given(DOCUMENTS)
def test_the_interval_turns_round_with_the_models_and_is_a_point_for_equals(documents):
    swapped = [(truth, champion, challenger, weight) for truth, challenger, champion, weight in documents]
    equals = [(truth, champion, champion, weight) for truth, _, champion, weight in documents]
    found = difference(equals)
    assert found == {"value": 0, "low": 0, "high": 0}
    assert difference(documents)["value"] == pytest.approx(-difference(swapped)["value"])


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng, covered, rounds = np.random.default_rng(3), 0, 200
    for _ in range(rounds):
        truth = rng.integers(0, 2, 300)
        right = rng.random((2, 300)) < np.array([[0.8], [0.75]])
        challenger, champion = np.where(right, truth, 1 - truth)
        found = f1_difference(truth, challenger, champion, np.ones(300, dtype=np.int64), 2, REGRESSION)
        covered += found["low"] <= 0.05 <= found["high"]
    assert 0.84 <= covered / rounds <= 0.96


def test_a_text_that_stands_for_many_messages_is_one_observation():
    once = [(0, 0, 1, 1), (1, 1, 1, 1), (0, 0, 0, 1), (1, 0, 1, 1)] * 20
    often = [(*document[:3], 50) for document in once]
    assert difference(often) == pytest.approx(difference(once))

"""The difference between two classifiers, and how sure it is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, precision_recall_fscore_support

from pipeline.config.settings import MaxLoss, Regression
from pipeline.statistics.bootstrap import PairedPredictions, differences
from pipeline.statistics.difference import ClassifierDifference, Difference
from pipeline.statistics.interval import Interval

REGRESSION = Regression(
    max_loss=MaxLoss(macro_f1=0.01, precision=0.03, recall=0.1),
    min_texts=30,
    publications_back=7,
    confidence=0.9,
    resamples=400,
    seed=1,
)
LABELS = ("bank", "chat", "otp")
DOCUMENTS = st.lists(
    st.tuples(*[st.integers(0, 2)] * 3, st.integers(1, 50)),
    min_size=1,
    max_size=60,
)


def compare(documents) -> ClassifierDifference:
    columns = np.array(documents, dtype=np.int64).T
    return differences(PairedPredictions(LABELS, *columns), LABELS, REGRESSION)


def macro_f1(documents) -> Interval:
    return compare(documents).macro_f1


@given(DOCUMENTS)
def test_the_value_is_the_difference_of_the_macro_f1_over_all_messages(documents):
    truth, challenger, champion, weight = np.array(documents).T

    def expected(predicted):
        labels = sorted({*truth, *predicted})
        return f1_score(
            truth, predicted, labels=labels, average="macro", sample_weight=weight
        )

    difference = expected(challenger) - expected(champion)
    assert macro_f1(documents).value == pytest.approx(difference)


@settings(max_examples=40)
@given(DOCUMENTS)
def test_each_label_has_the_difference_of_its_measures_and_the_texts_behind_it(
    documents,
):
    truth, challenger, champion, weight = np.array(documents).T

    def expected(predicted):
        precision, recall, _, _ = precision_recall_fscore_support(
            truth,
            predicted,
            labels=range(3),
            sample_weight=weight,
            zero_division=np.nan,
        )
        return precision, recall

    precision, recall = np.subtract(expected(challenger), expected(champion))
    per_label = compare(documents).per_label
    assert tuple(per_label) == LABELS
    for index, label in enumerate(LABELS):
        measured = per_label[label]
        assert value(measured.precision) == pytest.approx(precision[index], nan_ok=True)
        assert value(measured.recall) == pytest.approx(recall[index], nan_ok=True)
        n_challenger = (challenger == index).sum()
        n_champion = (champion == index).sum()
        assert measured.precision.texts == min(n_challenger, n_champion)
        assert measured.recall.texts == (truth == index).sum()


def value(difference: Difference) -> float:
    measured = difference.interval.value
    return np.nan if measured is None else measured


@given(DOCUMENTS)
def test_swapped_models_have_the_opposite_value_and_equal_ones_a_point(documents):
    swapped = []
    equals = []
    for truth, challenger, champion, weight in documents:
        swapped.append((truth, champion, challenger, weight))
        equals.append((truth, champion, champion, weight))
    assert macro_f1(equals) == Interval(0.0, 0.0, 0.0)
    assert macro_f1(documents).value == pytest.approx(-macro_f1(swapped).value)


def test_the_interval_covers_the_truth_about_as_often_as_its_confidence():
    rng = np.random.default_rng(3)
    rounds = 200
    labels = ("ham", "spam")
    covered = 0
    for _ in range(rounds):
        truth = rng.integers(0, 2, 300)
        is_right = rng.random((2, 300)) < np.array([[0.8], [0.75]])
        challenger, champion = np.where(is_right, truth, 1 - truth)
        weight = np.ones(300, dtype=np.int64)
        predictions = PairedPredictions(labels, truth, challenger, champion, weight)
        interval = differences(predictions, labels, REGRESSION).macro_f1
        covered += interval.low <= 0.05 <= interval.high
    assert 0.84 <= covered / rounds <= 0.96


def test_a_text_that_stands_for_many_messages_is_one_observation():
    once = [(0, 0, 1, 1), (1, 1, 1, 1), (0, 0, 0, 1), (1, 0, 1, 1)] * 20
    often = [(*document[:3], 50) for document in once]
    few = compare(once)
    many = compare(often)
    assert figures(many.macro_f1) == pytest.approx(figures(few.macro_f1))
    for label in LABELS:
        for measure in ("precision", "recall"):
            difference = getattr(many.per_label[label], measure)
            expected = getattr(few.per_label[label], measure)
            assert figures(difference.interval) == pytest.approx(
                figures(expected.interval)
            )
            assert difference.texts == expected.texts


def figures(interval: Interval) -> tuple[float | None, float | None, float | None]:
    return (interval.value, interval.low, interval.high)


def test_macro_f1_is_the_mean_of_the_judged_labels_alone():
    columns = np.array([(0, 0, 1, 1), (1, 1, 1, 1), (2, 0, 2, 1)] * 20).T
    predictions = PairedPredictions(LABELS, *columns)
    judged = differences(predictions, ("bank", "chat"), REGRESSION)
    assert tuple(judged.per_label) == ("bank", "chat")
    # F1 of bank is 2/3 against 0, of chat 1 against 2/3; otp, lost, does not count.
    assert judged.macro_f1.value == pytest.approx((2 / 3 + 1) / 2 - (0 + 2 / 3) / 2)

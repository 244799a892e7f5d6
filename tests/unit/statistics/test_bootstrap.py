"""The difference between two classifiers, and how sure it is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, precision_recall_fscore_support

from pipeline.config.settings import MaxLoss, Regression
from pipeline.statistics.bootstrap import PairedPredictions, differences
from pipeline.statistics.difference import ClassifierDifference, LabelDifference
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


def found(documents) -> ClassifierDifference:
    columns = np.array(documents, dtype=np.int64).T
    return differences(PairedPredictions(LABELS, *columns), LABELS, REGRESSION)


def difference(documents) -> Interval:
    return found(documents).macro_f1


@given(DOCUMENTS)
def test_the_value_is_the_difference_of_the_macro_f1_over_all_messages(documents):
    truth, challenger, champion, weight = np.array(documents).T

    def macro(predicted):
        there = sorted({*truth, *predicted})
        return f1_score(
            truth, predicted, labels=there, average="macro", sample_weight=weight
        )

    assert difference(documents).value == pytest.approx(
        macro(challenger) - macro(champion)
    )


@settings(max_examples=40)
@given(DOCUMENTS)
def test_each_label_has_the_difference_of_its_measures_and_the_texts_behind_it(
    documents,
):
    truth, challenger, champion, weight = np.array(documents).T
    ours, theirs = (
        precision_recall_fscore_support(
            truth,
            predicted,
            labels=range(3),
            sample_weight=weight,
            zero_division=np.nan,
        )
        for predicted in (challenger, champion)
    )
    assert tuple(found(documents).per_label) == LABELS
    for label, measures in enumerate(found(documents).per_label.values()):
        said = min((predicted == label).sum() for predicted in (challenger, champion))
        for place, (name, texts) in enumerate(
            (("precision", said), ("recall", (truth == label).sum()))
        ):
            measured = getattr(measures, name)
            value = measured.interval.value
            value = np.nan if value is None else value
            assert value == pytest.approx(
                ours[place][label] - theirs[place][label], nan_ok=True
            )
            assert measured.texts == texts


@given(DOCUMENTS)
def test_the_interval_turns_round_with_the_models_and_is_a_point_for_equals(documents):
    swapped = [
        (truth, champion, challenger, weight)
        for truth, challenger, champion, weight in documents
    ]
    equals = [
        (truth, champion, champion, weight) for truth, _, champion, weight in documents
    ]
    assert difference(equals) == Interval(0.0, 0.0, 0.0)
    assert difference(documents).value == pytest.approx(-difference(swapped).value)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng, covered, rounds = np.random.default_rng(3), 0, 200
    for _ in range(rounds):
        truth = rng.integers(0, 2, 300)
        right = rng.random((2, 300)) < np.array([[0.8], [0.75]])
        challenger, champion = np.where(right, truth, 1 - truth)
        weight = np.ones(300, dtype=np.int64)
        predictions = PairedPredictions(
            ("ham", "spam"), truth, challenger, champion, weight
        )
        macro = differences(predictions, ("ham", "spam"), REGRESSION).macro_f1
        covered += macro.low <= 0.05 <= macro.high
    assert 0.84 <= covered / rounds <= 0.96


def test_a_text_that_stands_for_many_messages_is_one_observation():
    once = [(0, 0, 1, 1), (1, 1, 1, 1), (0, 0, 0, 1), (1, 0, 1, 1)] * 20
    often = [(*document[:3], 50) for document in once]
    assert bounds(difference(often)) == pytest.approx(bounds(difference(once)))
    rows = (found(documents).per_label.values() for documents in (once, often))
    for few, many in zip(*rows, strict=True):
        assert figures(many) == pytest.approx(figures(few))


def bounds(interval: Interval) -> tuple:
    return (interval.value, interval.low, interval.high)


def figures(row: LabelDifference) -> list:
    return [
        figure
        for measured in (row.precision, row.recall)
        for figure in (*bounds(measured.interval), measured.texts)
    ]


def test_macro_f1_is_the_mean_of_the_judged_labels_alone():
    columns = np.array([(0, 0, 1, 1), (1, 1, 1, 1), (2, 0, 2, 1)] * 20).T
    predictions = PairedPredictions(LABELS, *columns)
    judged = differences(predictions, ("bank", "chat"), REGRESSION)
    assert tuple(judged.per_label) == ("bank", "chat")
    # F1 of bank is 2/3 against 0, of chat 1 against 2/3; otp, lost, does not count.
    assert judged.macro_f1.value == pytest.approx((2 / 3 + 1) / 2 - (0 + 2 / 3) / 2)

"""Metrics are scikit-learn's; intervals hold the value, and shrink with documents rather than messages."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    precision_recall_fscore_support,
)

from pipeline.statistics.classification import classification_report
from pipeline.statistics.interval import UNDEFINED, Interval
from pipeline.statistics.metrics import Metrics

LABELS = ("bank", "chat", "otp")
CONFIDENCE = 0.95
DOCUMENT = st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(1, 9))
DOCUMENTS = st.lists(DOCUMENT, min_size=1, max_size=30).map(
    lambda rows: np.array(rows).T
)
NAMES = ("precision", "recall", "f1")


def intervals(metrics: Metrics) -> list[Interval]:
    of_labels = [
        getattr(row, name) for row in metrics.per_label.values() for name in NAMES
    ]
    return [*of_labels, metrics.macro_f1, metrics.accuracy]


@given(DOCUMENTS)
def test_values_are_those_of_scikit_learn_and_null_is_its_undefined(documents):
    truth, predicted, weight = documents
    found = classification_report(truth, predicted, weight, LABELS, CONFIDENCE)
    expected = precision_recall_fscore_support(
        truth, predicted, sample_weight=weight, labels=range(3), zero_division=np.nan
    )
    rows = [found.per_label[label] for label in LABELS]
    for name, values in zip(NAMES, expected[:3], strict=True):
        numbers = [getattr(row, name).value for row in rows]
        np.testing.assert_allclose(
            [np.nan if n is None else n for n in numbers], values, atol=1e-12
        )
    assert [row.support for row in rows] == expected[3].tolist()
    matrix = confusion_matrix(truth, predicted, sample_weight=weight, labels=range(3))
    assert found.confusion == tuple(map(tuple, matrix.tolist()))
    assert [row.predicted for row in rows] == matrix.sum(axis=0).tolist()
    assert found.macro_f1.value == pytest.approx(np.nanmean(expected[2]))
    assert found.accuracy.value == pytest.approx(
        accuracy_score(truth, predicted, sample_weight=weight)
    )
    assert found.n == weight.sum()


@given(DOCUMENTS)
def test_intervals_hold_the_value_and_shrink_with_more_documents(documents):
    few = intervals(classification_report(*documents, LABELS, CONFIDENCE))
    nine_times = np.tile(documents, 9)
    many = intervals(classification_report(*nine_times, LABELS, CONFIDENCE))
    for small, large in zip(few, many, strict=True):
        if small.value is None:
            assert small == large == UNDEFINED
            continue
        assert 0 <= small.low <= small.value <= small.high <= 1
        assert large.value == pytest.approx(small.value)
        assert large.high - large.low < small.high - small.low


def test_repeats_of_a_document_change_the_value_but_add_no_certainty():
    truth = predicted = np.zeros(20, dtype=int)
    once, often = (
        accuracy(truth, predicted, np.full(20, messages)) for messages in (1, 1000)
    )
    assert once == often
    wrong = np.array([1] + [0] * 19)
    skewed = accuracy(truth, wrong, np.array([981] + [1] * 19))
    assert skewed.value == 0.019
    assert skewed.high - skewed.low > 0.7, (
        "one document decides: as good as one observation"
    )


def accuracy(truth, predicted, weight) -> Interval:
    report = classification_report(truth, predicted, weight, LABELS, CONFIDENCE)
    return report.accuracy


def test_intervals_are_wilsons_and_f1s_is_that_of_the_agreement():
    truth, predicted = (
        np.repeat([0, 0, 1, 1], [30, 5, 3, 62]),
        np.repeat([0, 1, 0, 1], [30, 5, 3, 62]),
    )
    weight = np.ones(100, dtype=int)
    report = classification_report(truth, predicted, weight, ("a", "b"), 0.9)
    a = report.per_label["a"]
    for name, hits, n in (("precision", 30, 33), ("recall", 30, 35)):
        expected = binomtest(hits, n).proportion_ci(0.9, method="wilson")
        interval = getattr(a, name)
        assert (interval.low, interval.high) == pytest.approx(tuple(expected))
    agreement = binomtest(30, 38).proportion_ci(0.9, method="wilson")
    assert a.f1.low / (2 - a.f1.low) == pytest.approx(agreement.low)
    assert a.f1.high / (2 - a.f1.high) == pytest.approx(agreement.high)

"""Metrics are those of scikit-learn; intervals shrink with documents, not messages."""

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
DOCUMENTS = st.lists(DOCUMENT, min_size=1, max_size=30).map(np.array).map(np.transpose)
NAMES = ("precision", "recall", "f1")


def intervals(metrics: Metrics) -> list[Interval]:
    of_labels: list[Interval] = []
    for row in metrics.per_label.values():
        of_labels += [row.precision, row.recall, row.f1]
    return [*of_labels, metrics.macro_f1, metrics.accuracy]


@given(DOCUMENTS)
def test_values_are_those_of_scikit_learn_and_none_where_it_has_nan(documents):
    truth, predicted, weight = documents
    report = classification_report(truth, predicted, weight, LABELS, CONFIDENCE)
    expected = precision_recall_fscore_support(
        truth, predicted, sample_weight=weight, labels=range(3), zero_division=np.nan
    )
    rows = [report.per_label[label] for label in LABELS]
    for name, values in zip(NAMES, expected[:3], strict=True):
        measured = [getattr(row, name).value for row in rows]
        # None becomes NaN.
        np.testing.assert_allclose(np.array(measured, float), values, atol=1e-12)
    assert [row.support for row in rows] == expected[3].tolist()
    matrix = confusion_matrix(truth, predicted, sample_weight=weight, labels=range(3))
    assert report.confusion == tuple(map(tuple, matrix.tolist()))
    assert [row.predicted for row in rows] == matrix.sum(axis=0).tolist()
    assert report.macro_f1.value == pytest.approx(np.nanmean(expected[2]))
    assert report.accuracy.value == pytest.approx(
        accuracy_score(truth, predicted, sample_weight=weight)
    )
    assert report.n == weight.sum()


@given(DOCUMENTS)
def test_an_interval_contains_the_value_and_shrinks_with_more_documents(documents):
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


def test_repeats_of_a_document_change_the_value_and_add_no_certainty():
    truth = predicted = np.zeros(20, dtype=int)
    once = accuracy(truth, predicted, np.full(20, 1))
    repeated = accuracy(truth, predicted, np.full(20, 1000))
    assert once == repeated
    wrong = np.array([1] + [0] * 19)
    skewed = accuracy(truth, wrong, np.array([981] + [1] * 19))
    assert skewed.value == 0.019
    # One document decides the value: it is worth about one observation.
    assert skewed.high - skewed.low > 0.7


def accuracy(truth, predicted, weight) -> Interval:
    report = classification_report(truth, predicted, weight, LABELS, CONFIDENCE)
    return report.accuracy


def test_intervals_are_those_of_wilson_and_f1_has_that_of_the_agreement():
    counts = [30, 5, 3, 62]
    truth = np.repeat([0, 0, 1, 1], counts)
    predicted = np.repeat([0, 1, 0, 1], counts)
    weight = np.ones(100, dtype=int)
    report = classification_report(truth, predicted, weight, ("a", "b"), 0.9)
    metrics = report.per_label["a"]
    for name, hits, n in (("precision", 30, 33), ("recall", 30, 35)):
        expected = binomtest(hits, n).proportion_ci(0.9, method="wilson")
        interval = getattr(metrics, name)
        assert (interval.low, interval.high) == pytest.approx(tuple(expected))
    agreement = binomtest(30, 38).proportion_ci(0.9, method="wilson")
    low = metrics.f1.low
    high = metrics.f1.high
    assert low / (2 - low) == pytest.approx(agreement.low)
    assert high / (2 - high) == pytest.approx(agreement.high)

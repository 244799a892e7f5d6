"""The difference between two classifiers on the same messages, with its interval.

The method is the paired bootstrap.

References
----------
Efron and Tibshirani, "An Introduction to the Bootstrap", 1993. For classifiers on one
test set: Koehn, "Statistical significance tests for machine translation evaluation",
EMNLP 2004.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.config.settings import Regression
from pipeline.statistics.difference import (
    ClassifierDifference,
    Difference,
    LabelDifference,
)
from pipeline.statistics.interval import UNDEFINED, Interval


@dataclass(frozen=True)
class PairedPredictions:
    """The predictions of two classifiers for the same documents.

    Attributes
    ----------
    truth, challenger, champion
        int64 [n_documents], indices into ``labels``.
    weight
        int64 [n_documents], how many messages each document stands for.

    Examples
    --------
    >>> predictions = PairedPredictions(
    ...     labels=("ham", "spam"),
    ...     truth=np.array([0, 1]),
    ...     challenger=np.array([0, 1]),
    ...     champion=np.array([0, 0]),
    ...     weight=np.array([10, 1]),
    ... )
    >>> predictions.labels
    ('ham', 'spam')
    """

    labels: Sequence[str]
    truth: np.ndarray
    challenger: np.ndarray
    champion: np.ndarray
    weight: np.ndarray


@dataclass(frozen=True)
class _Scores:
    """Scores of every label in every resample, float64 [n_resamples, n_labels].

    A score that is undefined is NaN.
    """

    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray


def differences(
    predictions: PairedPredictions, judged: Sequence[str], regression: Regression
) -> ClassifierDifference:
    """Return the figures of the challenger less those of the champion.

    Documents are drawn, not messages: a text that stands for a thousand messages is one
    observation. The same seed gives the same intervals. In a resample without a label,
    where the label is not predicted either, the label does not count.

    Parameters
    ----------
    judged
        The labels of which macro F1 is the mean.
    regression
        The number of resamples, their seed, and the confidence of the intervals.

    Examples
    --------
    >>> from pipeline.config.settings import MaxLoss
    >>> truth = np.array([0, 1] * 20)
    >>> all_ham = np.zeros(40, dtype=int)
    >>> once = np.ones(40, dtype=int)
    >>> predictions = PairedPredictions(("ham", "spam"), truth, truth, all_ham, once)
    >>> regression = Regression(
    ...     max_loss=MaxLoss(macro_f1=0.01, precision=0.03, recall=0.1),
    ...     min_texts=30,
    ...     publications_back=None,
    ...     confidence=0.95,
    ...     resamples=1000,
    ...     seed=1,
    ... )
    >>> difference = differences(predictions, ("ham", "spam"), regression)
    >>> round(difference.macro_f1.value, 2)
    0.67
    >>> difference.per_label["spam"].recall.interval.value
    1.0
    """
    columns = np.stack(
        [
            predictions.truth,
            predictions.challenger,
            predictions.champion,
            predictions.weight,
        ]
    )
    # Documents that are alike in all of these are drawn together: the sums are
    # distributed as if they were drawn one by one.
    kinds, documents = np.unique(columns, axis=1, return_counts=True)
    truth, challenger, champion, weight = kinds
    n_documents = documents.sum()
    resamples = np.random.default_rng(regression.seed).multinomial(
        n_documents, documents / n_documents, size=regression.resamples
    )
    messages = np.vstack([documents, resamples]) * weight
    n_labels = len(predictions.labels)
    ours = _scores(truth, challenger, messages, n_labels)
    theirs = _scores(truth, champion, messages, n_labels)
    indices = [predictions.labels.index(label) for label in judged]
    our_macro_f1 = np.nanmean(ours.f1[:, indices], axis=1)
    their_macro_f1 = np.nanmean(theirs.f1[:, indices], axis=1)

    # What a figure rests on: for recall the texts with the label, for precision those
    # that the classifier which predicts it less often gave the label.
    with_label = np.bincount(truth, documents, n_labels)
    labelled_by_us = np.bincount(challenger, documents, n_labels)
    labelled_by_them = np.bincount(champion, documents, n_labels)
    predicted = np.minimum(labelled_by_us, labelled_by_them)

    def difference(
        ours: np.ndarray, theirs: np.ndarray, index: int, texts: np.ndarray
    ) -> Difference:
        interval = _interval(ours[:, index] - theirs[:, index], regression.confidence)
        return Difference(interval, int(texts[index]))

    per_label = {}
    for label, index in zip(judged, indices, strict=True):
        per_label[label] = LabelDifference(
            precision=difference(ours.precision, theirs.precision, index, predicted),
            recall=difference(ours.recall, theirs.recall, index, with_label),
        )
    macro_f1 = _interval(our_macro_f1 - their_macro_f1, regression.confidence)
    return ClassifierDifference(macro_f1, per_label)


def _interval(values: np.ndarray, confidence: float) -> Interval:
    """Return the first value with the interval of the others, which are resamples."""
    if np.isnan(values[0]):
        return UNDEFINED
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(values[1:], [tail, 1 - tail])
    return Interval(value=float(values[0]), low=float(low), high=float(high))


def _scores(
    truth: np.ndarray, predicted: np.ndarray, messages: np.ndarray, n_labels: int
) -> _Scores:
    """Return the scores of every label.

    Parameters
    ----------
    truth, predicted
        int64 [n_kinds], the labels of each kind of document.
    messages
        int64 [n_resamples, n_kinds], how many messages of each kind there are.
    """
    undefined = np.full((len(messages), n_labels), np.nan)
    scores = _Scores(
        precision=undefined.copy(), recall=undefined.copy(), f1=undefined.copy()
    )
    for label in range(n_labels):
        has_label = truth == label
        is_predicted = predicted == label
        correct = messages[:, has_label & is_predicted].sum(axis=1)
        support = messages[:, has_label].sum(axis=1)
        n_predicted = messages[:, is_predicted].sum(axis=1)
        _divide(correct, n_predicted, scores.precision[:, label])
        _divide(correct, support, scores.recall[:, label])
        _divide(2 * correct, support + n_predicted, scores.f1[:, label])
    return scores


def _divide(part: np.ndarray, whole: np.ndarray, out: np.ndarray) -> None:
    """Write the quotients to ``out``, but for divisions by 0."""
    np.divide(part, whole, out=out, where=whole > 0)

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
class _Resamples:
    """The documents by kind, and how many messages of each kind every resample has.

    Documents of a kind are alike in their label, both predictions and their weight.

    Attributes
    ----------
    truth, challenger, champion
        int64 [n_kinds], indices of labels.
    documents
        int64 [n_kinds], how many documents each kind has.
    messages
        int64 [1 + n_resamples, n_kinds]; the first row is the documents themselves.
    """

    truth: np.ndarray
    challenger: np.ndarray
    champion: np.ndarray
    documents: np.ndarray
    messages: np.ndarray

    def count_documents(self, is_chosen: np.ndarray) -> int:
        """Return the number of documents of the chosen kinds."""
        return int(self.documents[is_chosen].sum())


@dataclass(frozen=True)
class _Scores:
    """Scores of every label, float64 [1 + n_resamples, n_labels].

    A score that is undefined is NaN.
    """

    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray

    def macro_f1(self, indices: Sequence[int]) -> np.ndarray:
        """Return the mean F1 of these labels, float64 [1 + n_resamples]."""
        return np.nanmean(self.f1[:, indices], axis=1)


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
    resamples = _resample(predictions, regression)
    n_labels = len(predictions.labels)
    challenger = _scores(
        resamples.truth, resamples.challenger, resamples.messages, n_labels
    )
    champion = _scores(
        resamples.truth, resamples.champion, resamples.messages, n_labels
    )
    indices = [predictions.labels.index(label) for label in judged]
    macro_f1 = challenger.macro_f1(indices) - champion.macro_f1(indices)
    per_label = {}
    for label, index in zip(judged, indices, strict=True):
        per_label[label] = _label_difference(
            resamples, challenger, champion, index, regression.confidence
        )
    return ClassifierDifference(_interval(macro_f1, regression.confidence), per_label)


def _resample(predictions: PairedPredictions, regression: Regression) -> _Resamples:
    """Draw the resamples, as many documents each as there are predictions.

    Documents of one kind are drawn together: the sums are distributed as if they were
    drawn one by one.
    """
    columns = np.stack(
        [
            predictions.truth,
            predictions.challenger,
            predictions.champion,
            predictions.weight,
        ]
    )
    kinds, documents = np.unique(columns, axis=1, return_counts=True)
    truth, challenger, champion, weight = kinds
    n_documents = documents.sum()
    drawn = np.random.default_rng(regression.seed).multinomial(
        n_documents, documents / n_documents, size=regression.resamples
    )
    return _Resamples(
        truth=truth,
        challenger=challenger,
        champion=champion,
        documents=documents,
        messages=np.vstack([documents, drawn]) * weight,
    )


def _label_difference(
    resamples: _Resamples,
    challenger: _Scores,
    champion: _Scores,
    index: int,
    confidence: float,
) -> LabelDifference:
    """Return the differences for one label, and on how many texts each rests.

    Recall rests on the texts with the label, precision on the texts to which the
    classifier that predicts the label less often gave it.
    """
    precision = challenger.precision[:, index] - champion.precision[:, index]
    recall = challenger.recall[:, index] - champion.recall[:, index]
    n_with_label = resamples.count_documents(resamples.truth == index)
    n_predicted = min(
        resamples.count_documents(resamples.challenger == index),
        resamples.count_documents(resamples.champion == index),
    )
    return LabelDifference(
        precision=Difference(_interval(precision, confidence), n_predicted),
        recall=Difference(_interval(recall, confidence), n_with_label),
    )


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
        int64 [1 + n_resamples, n_kinds], how many messages of each kind there are.
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

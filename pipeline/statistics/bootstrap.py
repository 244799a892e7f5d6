"""How sure a difference between two classifiers on the same messages is.

The paired bootstrap: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993;
for classifiers on one test set: Koehn, "Statistical significance tests for machine
translation evaluation", EMNLP 2004.
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
    """What two classifiers say of the same documents.

    Attributes
    ----------
    truth, challenger, champion
        int64 [n_documents], indices into ``labels``.
    weight
        int64 [n_documents], how many messages each document stands for.
    """

    labels: Sequence[str]
    truth: np.ndarray
    challenger: np.ndarray
    champion: np.ndarray
    weight: np.ndarray


@dataclass(frozen=True)
class _Scores:
    """Of every label in every resample; float64 [n_resamples, n_labels], or nan."""

    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray


def differences(
    predictions: PairedPredictions, judged: Sequence[str], regression: Regression
) -> ClassifierDifference:
    """Return what the challenger has more than the champion.

    Documents are drawn, not messages: a text that stands for a thousand messages is one
    observation. The same seed gives the same intervals. A label that a resample neither
    holds nor predicts does not count there.

    Parameters
    ----------
    judged
        The labels of which macro F1 is the mean.
    regression
        How many resamples are drawn, from which seed, and how sure an interval is.
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
    # distributed as if one by one.
    kinds, members = np.unique(columns, axis=1, return_counts=True)
    truth, challenger, champion, weight = kinds
    drawn = np.random.default_rng(regression.seed).multinomial(
        members.sum(), members / members.sum(), size=regression.resamples
    )
    messages = np.vstack([members, drawn]) * weight
    n_labels = len(predictions.labels)
    ours = _scores(truth, challenger, messages, n_labels)
    theirs = _scores(truth, champion, messages, n_labels)
    indices = [predictions.labels.index(label) for label in judged]
    our_macro_f1 = np.nanmean(ours.f1[:, indices], axis=1)
    their_macro_f1 = np.nanmean(theirs.f1[:, indices], axis=1)
    have_label, given_by_us, given_by_them = (
        np.bincount(labels, members, n_labels).astype(int)
        for labels in (truth, challenger, champion)
    )
    given_label = np.minimum(given_by_us, given_by_them)
    per_label = {}
    for label, index in zip(judged, indices, strict=True):
        precision = ours.precision[:, index] - theirs.precision[:, index]
        recall = ours.recall[:, index] - theirs.recall[:, index]
        per_label[label] = LabelDifference(
            precision=Difference(
                _interval(precision, regression.confidence), int(given_label[index])
            ),
            recall=Difference(
                _interval(recall, regression.confidence), int(have_label[index])
            ),
        )
    macro_f1 = _interval(our_macro_f1 - their_macro_f1, regression.confidence)
    return ClassifierDifference(macro_f1, per_label)


def _interval(values: np.ndarray, confidence: float) -> Interval:
    """Return the first value with the interval of the others, the resamples'."""
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
    shape = (len(messages), n_labels)
    scores = _Scores(*(np.full(shape, np.nan) for _ in range(3)))
    for label in range(n_labels):
        has_label = truth == label
        given_label = predicted == label
        correct = messages[:, has_label & given_label].sum(axis=1)
        support = messages[:, has_label].sum(axis=1)
        given = messages[:, given_label].sum(axis=1)
        _divide(correct, given, scores.precision[:, label])
        _divide(correct, support, scores.recall[:, label])
        _divide(2 * correct, support + given, scores.f1[:, label])
    return scores


def _divide(part: np.ndarray, whole: np.ndarray, out: np.ndarray) -> None:
    """Write the quotients, where there are any, to ``out``."""
    np.divide(part, whole, out=out, where=whole > 0)

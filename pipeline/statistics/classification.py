"""Precision, recall and F1 of every label, each with a confidence interval, and the confusion matrix.

Values count messages, intervals documents: see ``pipeline.statistics.wilson``.
"""

from collections.abc import Sequence
from statistics import fmean

import numpy as np

from pipeline.config.settings import Evaluation
from pipeline.statistics.wilson import UNDEFINED, proportion


def measure(
    truth: np.ndarray,
    predicted: np.ndarray,
    weight: np.ndarray,
    labels: Sequence[str],
    evaluation: Evaluation,
) -> dict:
    """The metrics of predictions as a JSON value; what is undefined (nothing predicted, no support) is null.

    Intervals are Wilson's (1927) score intervals. ``F1 / (2 - F1)`` is a proportion too, of the messages that have the
    label or were given it those where both agree; so F1's interval is that proportion's, mapped back (the direct Wilson
    method of Lam, Gopal and Qian, arXiv:2309.14621). The bounds of the macro average are the means of the labels'
    bounds: rather too wide than too narrow, since a mean's deviation is at most the mean of the deviations.

    Parameters
    ----------
    truth, predicted : int64 [n_documents], counting into ``labels``.
    weight : int64 [n_documents], how many messages each document stands for.
    """
    confidence = evaluation.confidence
    right, n_labels = truth == predicted, len(labels)
    confusion = np.zeros((n_labels, n_labels), dtype=np.int64)
    np.add.at(confusion, (truth, predicted), weight)
    per_label = {}
    for k, label in enumerate(labels):
        per_label[label] = {
            "precision": _proportion(right, weight, predicted == k, confidence),
            "recall": _proportion(right, weight, truth == k, confidence),
            "f1": _f1(
                _proportion(right, weight, (truth == k) | (predicted == k), confidence)
            ),
            "support": int(confusion[k].sum()),
            "predicted": int(confusion[:, k].sum()),
        }
    return {
        "labels": list(labels),
        "n": int(weight.sum()),
        "per_label": per_label,
        "macro_f1": _mean([metrics["f1"] for metrics in per_label.values()]),
        "accuracy": _proportion(right, weight, np.ones_like(right), confidence),
        "confusion": confusion.tolist(),
    }


def _proportion(
    right: np.ndarray, weight: np.ndarray, among: np.ndarray, confidence: float
) -> dict:
    """The share of messages that are ``right`` among those of the documents chosen, with its interval."""
    return proportion(right[among], weight[among], confidence)


def _f1(agreement: dict) -> dict:
    return {name: p if p is None else 2 * p / (1 + p) for name, p in agreement.items()}


def _mean(intervals: list[dict]) -> dict:
    defined = [interval for interval in intervals if interval["value"] is not None]
    if not defined:
        return UNDEFINED
    return {name: fmean(interval[name] for interval in defined) for name in UNDEFINED}

"""Precision, recall and F1 of every label, with intervals, and the confusion matrix.

Values count messages, intervals documents: see `pipeline.statistics.wilson`.
"""

from collections.abc import Sequence
from statistics import fmean

import numpy as np

from pipeline.statistics.interval import UNDEFINED, Interval
from pipeline.statistics.metrics import LabelMetrics, Metrics
from pipeline.statistics.wilson import wilson_interval


def classification_report(
    truth: np.ndarray,
    predicted: np.ndarray,
    weight: np.ndarray,
    labels: Sequence[str],
    confidence: float,
) -> Metrics:
    """Return the metrics of predictions.

    ``F1 / (2 - F1)`` is a proportion too: of the messages that have the label or were
    given it, those where both agree. So the interval of F1 is that proportion's, mapped
    back. The bounds of the macro average are the means of the labels' bounds: rather too
    wide than too narrow, since a mean deviates at most by the mean of the deviations.

    Parameters
    ----------
    truth, predicted
        int64 [n_documents], indices into ``labels``.
    weight
        int64 [n_documents], how many messages each document stands for.
    confidence
        Of the intervals, in (0, 1).

    References
    ----------
    Wilson (1927); Lam, Gopal and Qian, arXiv:2309.14621, for F1.
    """
    correct = truth == predicted
    confusion = np.zeros((len(labels), len(labels)), dtype=np.int64)
    np.add.at(confusion, (truth, predicted), weight)

    def share_of_correct(chosen: np.ndarray) -> Interval:
        return wilson_interval(correct[chosen], weight[chosen], confidence)

    per_label = {}
    for index, label in enumerate(labels):
        has_label = truth == index
        given_label = predicted == index
        per_label[label] = LabelMetrics(
            precision=share_of_correct(given_label),
            recall=share_of_correct(has_label),
            f1=_f1(share_of_correct(has_label | given_label)),
            support=int(confusion[index].sum()),
            predicted=int(confusion[:, index].sum()),
        )
    return Metrics(
        labels=tuple(labels),
        n=int(weight.sum()),
        per_label=per_label,
        macro_f1=_mean([metrics.f1 for metrics in per_label.values()]),
        accuracy=share_of_correct(np.ones_like(correct)),
        confusion=tuple(map(tuple, confusion.tolist())),
    )


def _f1(agreement: Interval) -> Interval:
    """Map the share on which truth and prediction agree to F1."""
    if not agreement.defined:
        return UNDEFINED
    bounds = (agreement.value, agreement.low, agreement.high)
    return Interval(*(2 * share / (1 + share) for share in bounds))


def _mean(intervals: list[Interval]) -> Interval:
    defined = [interval for interval in intervals if interval.defined]
    if not defined:
        return UNDEFINED
    return Interval(
        value=fmean(interval.value for interval in defined),
        low=fmean(interval.low for interval in defined),
        high=fmean(interval.high for interval in defined),
    )

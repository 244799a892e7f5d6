"""Precision, recall and F1 of every label, with intervals, and the confusion matrix.

Values count messages and intervals documents: see `pipeline.statistics.wilson`.
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

    ``F1 / (2 - F1)`` is a proportion too: among the messages that have the label or
    were given it, the share of those that have it and were given it. So the interval of
    F1 is the interval of this proportion, mapped back. The bounds of the macro average
    are the means of the labels' bounds. They are too wide rather than too narrow, since
    a mean deviates at most by the mean of the deviations.

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

    Examples
    --------
    >>> report = classification_report(
    ...     truth=np.array([0, 0, 1]),
    ...     predicted=np.array([0, 1, 1]),
    ...     weight=np.array([8, 2, 5]),
    ...     labels=("ham", "spam"),
    ...     confidence=0.95,
    ... )
    >>> report.per_label["ham"].recall.value
    0.8
    >>> report.confusion
    ((8, 2), (0, 5))
    """
    correct = truth == predicted
    confusion = np.zeros((len(labels), len(labels)), dtype=np.int64)
    np.add.at(confusion, (truth, predicted), weight)

    def share_of_correct(chosen: np.ndarray) -> Interval:
        return wilson_interval(correct[chosen], weight[chosen], confidence)

    per_label = {}
    for index, label in enumerate(labels):
        has_label = truth == index
        is_predicted = predicted == index
        per_label[label] = LabelMetrics(
            precision=share_of_correct(is_predicted),
            recall=share_of_correct(has_label),
            f1=_f1(share_of_correct(has_label | is_predicted)),
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
    """Map the proportion on which truth and prediction agree to F1."""
    return Interval(
        value=_f1_of_share(agreement.value),
        low=_f1_of_share(agreement.low),
        high=_f1_of_share(agreement.high),
    )


def _f1_of_share(share: float | None) -> float | None:
    return None if share is None else 2 * share / (1 + share)


def _mean(intervals: Sequence[Interval]) -> Interval:
    """Return the means of the values and of the bounds that are defined."""
    values = [interval.value for interval in intervals if interval.value is not None]
    lows = [interval.low for interval in intervals if interval.low is not None]
    highs = [interval.high for interval in intervals if interval.high is not None]
    if not values:
        return UNDEFINED
    return Interval(value=fmean(values), low=fmean(lows), high=fmean(highs))

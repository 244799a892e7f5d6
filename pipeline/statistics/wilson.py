"""A proportion of messages with its confidence interval.

A value counts messages. An interval must not: a text that stands for a thousand
messages is one observation, not a thousand. So the ``n`` of an interval is the
effective number of documents behind its value, which is their number when all weigh the
same.
"""

from statistics import NormalDist

import numpy as np

from pipeline.statistics.interval import UNDEFINED, Interval


def wilson_interval(
    correct: np.ndarray, weight: np.ndarray, confidence: float
) -> Interval:
    """Return the share of messages that are correct, with its Wilson score interval.

    Parameters
    ----------
    correct
        bool [n_documents].
    weight
        [n_documents], how many messages each document stands for.
    confidence
        Of the interval, in (0, 1).

    Returns
    -------
    Interval
        Undefined without a document.

    References
    ----------
    Wilson (1927), eq. 3.

    Examples
    --------
    >>> correct = np.array([True] * 8 + [False] * 2)
    >>> interval = wilson_interval(correct, np.ones(10), confidence=0.95)
    >>> interval.value, round(interval.low, 2), round(interval.high, 2)
    (0.8, 0.49, 0.94)
    """
    if not len(weight):
        return UNDEFINED
    w = weight.astype(float)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    p = w[correct].sum() / w.sum()
    n = effective_sample_size(weight)
    denominator = 1 + z**2 / n
    centre = (p + z**2 / (2 * n)) / denominator
    half_width = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / denominator
    # At 0 and 1 the bound is the value itself, but for rounding.
    low = max(0.0, min(p, centre - half_width))
    high = min(1.0, max(p, centre + half_width))
    return Interval(value=float(p), low=float(low), high=float(high))


def effective_sample_size(weight: np.ndarray) -> float:
    """Return ``(sum w)^2 / sum w^2``; 0 without a document.

    References
    ----------
    Kish, Survey Sampling (1965).

    Examples
    --------
    >>> effective_sample_size(np.array([1, 1, 1, 1]))
    4.0
    >>> round(effective_sample_size(np.array([97, 1, 1, 1])), 2)
    1.06
    """
    if not len(weight):
        return 0.0
    w = weight.astype(float)
    return float(w.sum() ** 2 / (w**2).sum())

"""A proportion of messages with its confidence interval.

Values count messages. Intervals must not: a text that stands for a thousand messages is
one observation, not a thousand. So an interval's ``n`` is the effective number of the
documents behind its value, which is their number when all weigh the same.
"""

from statistics import NormalDist

import numpy as np

from pipeline.statistics.interval import UNDEFINED, Interval


def wilson_interval(
    correct: np.ndarray, weight: np.ndarray, confidence: float
) -> Interval:
    """Return the share of messages that are correct, with its score interval.

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
    """
    w = weight.astype(float)
    if not len(w):
        return UNDEFINED
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    p = w[correct].sum() / w.sum()
    n = effective_sample_size(w)
    denominator = 1 + z**2 / n
    centre = (p + z**2 / (2 * n)) / denominator
    half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / denominator
    # At 0 and 1 the bound is the value itself, but for rounding.
    low = max(0.0, min(p, centre - half))
    high = min(1.0, max(p, centre + half))
    return Interval(value=float(p), low=float(low), high=float(high))


def effective_sample_size(weight: np.ndarray) -> float:
    """Return ``(sum w)^2 / sum w^2``; 0 without a document.

    References
    ----------
    Kish, Survey Sampling (1965).
    """
    w = weight.astype(float)
    return float(w.sum() ** 2 / (w**2).sum()) if len(w) else 0.0

"""A proportion of messages with its confidence interval.

Values count messages. Intervals must not: a text that stands for a thousand messages is one observation, not a
thousand, so an interval's ``n`` is the effective number of documents behind that very value, ``(sum w)^2 / sum w^2``
(Kish, Survey Sampling, 1965), which is their number when all weigh the same.
"""

from statistics import NormalDist

import numpy as np

UNDEFINED = {"value": None, "low": None, "high": None}


def proportion(
    right: np.ndarray, weight: np.ndarray, confidence: float
) -> dict[str, float | None]:
    """The share of messages that are right, with Wilson's (1927) score interval; all null without a document.

    Parameters
    ----------
    right : bool [n_documents].
    weight : [n_documents], how many messages each document stands for.
    confidence : of the interval, 0..1.
    """
    w = weight.astype(float)
    if not len(w):
        return UNDEFINED
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    p = w[right].sum() / w.sum()
    n = effective(w)
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    # At 0 and 1 the bound is the value itself, but for rounding.
    low, high = max(0, min(p, centre - half)), min(1, max(p, centre + half))
    return {"value": float(p), "low": float(low), "high": float(high)}


def effective(weight: np.ndarray) -> float:
    """The effective number of documents that weigh so many messages each; 0 without a document."""
    w = weight.astype(float)
    return float(w.sum() ** 2 / (w**2).sum()) if len(w) else 0.0

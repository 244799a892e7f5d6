"""How far annotators agree beyond chance.

References
----------
Krippendorff, "Computing Krippendorff's alpha-reliability", 2011. Efron and Tibshirani,
"An Introduction to the Bootstrap", 1993.
"""

import numpy as np

from pipeline.statistics.interval import UNDEFINED, Interval

RESAMPLES = 2_000
SEED = 20
_MIN_LABELS = 2  # with one label alone, chance agrees too


def krippendorff_alpha(counts: np.ndarray, confidence: float) -> Interval:
    """Return Krippendorff's alpha for nominal data, with its bootstrap interval.

    Alpha is 1 for perfect agreement and 0 for the agreement of chance. The interval is
    the percentile interval of a bootstrap over messages; equal counts give an equal
    interval.

    Parameters
    ----------
    counts
        int64 [n_messages, n_labels], how many annotators gave the message the label.
    confidence
        Of the interval, in (0, 1).

    Returns
    -------
    Interval
        Undefined without two labels among the messages that have two reviews or more.

    Examples
    --------
    >>> counts = np.array([[2, 0]] * 6 + [[0, 2]] * 6 + [[1, 1]] * 3)
    >>> round(krippendorff_alpha(counts, confidence=0.95).value, 2)
    0.61
    """
    reviewed_twice = counts[counts.sum(axis=1) > 1]
    n_labels = np.count_nonzero(reviewed_twice.sum(axis=0))
    if n_labels < _MIN_LABELS:
        return UNDEFINED
    # Messages with equal counts are drawn together: the sums are distributed as if they
    # were drawn one by one.
    kinds, messages = np.unique(reviewed_twice, axis=0, return_counts=True)
    n_messages = messages.sum()
    resamples = np.random.default_rng(SEED).multinomial(
        n_messages, messages / n_messages, size=RESAMPLES
    )
    alpha = _alpha(kinds, np.vstack([messages, resamples]))
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(alpha[1:], [tail, 1 - tail])
    return Interval(value=float(alpha[0]), low=float(low), high=float(high))


def _alpha(kinds: np.ndarray, messages: np.ndarray) -> np.ndarray:
    """Return alpha of each resample, float64 [n_resamples]; NaN with one label alone.

    Parameters
    ----------
    kinds
        int64 [n_kinds, n_labels], distinct rows of counts.
    messages
        int64 [n_resamples, n_kinds], how many messages have these counts.
    """
    reviews = kinds.sum(axis=1)
    # Pairs of reviews that disagree, with weights by which each review counts once.
    disagreeing_pairs = (kinds * (reviews[:, None] - kinds)).sum(axis=1)
    observed = messages @ (disagreeing_pairs / (reviews - 1))
    per_label = messages @ kinds
    total = per_label.sum(axis=1)
    expected = (total**2 - (per_label**2).sum(axis=1)).astype(float)
    ratio = np.full(len(messages), np.nan)
    np.divide((total - 1) * observed, expected, out=ratio, where=expected > 0)
    return 1 - ratio

"""How far annotators agree, beyond what chance would give.

References
----------
Krippendorff, "Computing Krippendorff's alpha-reliability", 2011. Efron and Tibshirani,
"An Introduction to the Bootstrap", 1993.
"""

import numpy as np

from pipeline.statistics.interval import UNDEFINED, Interval

RESAMPLES = 2_000
SEED = 20


def krippendorff_alpha(counts: np.ndarray, confidence: float) -> Interval:
    """Return Krippendorff's alpha for nominal data, with its bootstrap interval.

    It is 1 for perfect agreement and 0 for what chance would give. The interval is the
    percentile bootstrap's over messages; equal counts give an equal interval.

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
    """
    shared = counts[counts.sum(axis=1) > 1]
    if (shared.sum(axis=0) > 0).sum() < 2:
        return UNDEFINED
    # Messages with equal counts are drawn together: the sums are distributed as if they
    # were drawn one by one.
    kinds, messages = np.unique(shared, axis=0, return_counts=True)
    n_messages = messages.sum()
    resamples = np.random.default_rng(SEED).multinomial(
        n_messages, messages / n_messages, size=RESAMPLES
    )
    alpha = _alpha(kinds, np.vstack([messages, resamples]))
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(alpha[1:], [tail, 1 - tail])
    return Interval(value=float(alpha[0]), low=float(low), high=float(high))


def _alpha(kinds: np.ndarray, messages: np.ndarray) -> np.ndarray:
    """Return alpha of each resample, float64 [n_resamples]; nan with one label alone.

    Parameters
    ----------
    kinds
        int64 [n_kinds, n_labels], distinct rows of counts.
    messages
        int64 [n_resamples, n_kinds], how many messages have these counts.
    """
    reviews = kinds.sum(axis=1)
    # Pairs of reviews that disagree, weighted so that each review counts once.
    disagreeing_pairs = (kinds * (reviews[:, None] - kinds)).sum(axis=1)
    observed = messages @ (disagreeing_pairs / (reviews - 1))
    per_label = messages @ kinds
    total = per_label.sum(axis=1)
    expected = (total**2 - (per_label**2).sum(axis=1)).astype(float)
    ratio = np.full(len(messages), np.nan)
    np.divide((total - 1) * observed, expected, out=ratio, where=expected > 0)
    return 1 - ratio

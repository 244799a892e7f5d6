"""How sure a difference between two classifiers on the same messages is: the paired bootstrap.

Efron and Tibshirani, "An Introduction to the Bootstrap", 1993; for classifiers on one test set: Koehn, "Statistical
significance tests for machine translation evaluation", EMNLP 2004.
"""

import numpy as np

from pipeline.settings import Regression


def f1_difference(
    truth: np.ndarray,
    challenger: np.ndarray,
    champion: np.ndarray,
    weight: np.ndarray,
    n_labels: int,
    regression: Regression,
) -> dict[str, float]:
    """Macro F1 of the challenger less that of the champion: ``value``, and ``low`` and ``high`` of its interval.

    Documents are drawn, not messages: a text that stands for a thousand messages is one observation. The same seed
    gives the same interval. A label that a resample neither holds nor predicts does not count there.

    Parameters
    ----------
    truth, challenger, champion : int64 [n_documents], counting into the labels.
    weight : int64 [n_documents], how many messages each document stands for.
    """
    kinds, members = np.unique(np.stack([truth, challenger, champion, weight]), axis=1, return_counts=True)
    # Documents that are alike in all of these are drawn together: the sums are distributed as if one by one.
    drawn = np.random.default_rng(regression.seed).multinomial(
        members.sum(), members / members.sum(), size=regression.resamples
    )
    counts = np.vstack([members, drawn]) * kinds[3]
    differences = _macro_f1(kinds[0], kinds[1], counts, n_labels) - _macro_f1(kinds[0], kinds[2], counts, n_labels)
    tail = (1 - regression.confidence) / 2
    low, high = np.quantile(differences[1:], [tail, 1 - tail])
    return {"value": float(differences[0]), "low": float(low), "high": float(high)}


def _macro_f1(truth: np.ndarray, predicted: np.ndarray, counts: np.ndarray, n_labels: int) -> np.ndarray:
    """The mean F1 over labels, float64 [n_resamples], of ``counts`` [n_resamples, n_kinds] messages."""
    scores = np.full((len(counts), n_labels), np.nan)
    for label in range(n_labels):
        both = counts[:, (truth == label) & (predicted == label)].sum(axis=1)
        either = counts[:, truth == label].sum(axis=1) + counts[:, predicted == label].sum(axis=1)
        np.divide(2 * both, either, out=scores[:, label], where=either > 0)
    return np.nanmean(scores, axis=1)

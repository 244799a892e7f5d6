"""How sure a difference between two classifiers on the same messages is: the paired bootstrap.

Efron and Tibshirani, "An Introduction to the Bootstrap", 1993; for classifiers on one test set: Koehn, "Statistical
significance tests for machine translation evaluation", EMNLP 2004.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from pipeline.config.settings import Regression
from pipeline.statistics.wilson import UNDEFINED

MEASURES = ("precision", "recall")


def differences(
    truth: np.ndarray,
    challenger: np.ndarray,
    champion: np.ndarray,
    weight: np.ndarray,
    n_labels: int,
    judged: Sequence[int],
    regression: Regression,
) -> dict[str, Any]:
    """What the challenger has more than the champion, each with ``value`` and the ``low`` and ``high`` of its interval.

    ``macro_f1``; and ``labels``, a row a label with its ``precision`` and its ``recall``. These have ``texts`` too: how
    many documents stand behind the figure of that model of the two that has the fewer. What is undefined is null.

    Documents are drawn, not messages: a text that stands for a thousand messages is one observation. The same seed
    gives the same intervals. A label that a resample neither holds nor predicts does not count there.

    Parameters
    ----------
    truth, challenger, champion : int64 [n_documents], counting into the labels.
    weight : int64 [n_documents], how many messages each document stands for.
    judged : the labels of which macro F1 is the mean, and all that have a row in ``labels``.
    """
    kinds, members = np.unique(
        np.stack([truth, challenger, champion, weight]), axis=1, return_counts=True
    )
    # Documents that are alike in all of these are drawn together: the sums are distributed as if one by one.
    drawn = np.random.default_rng(regression.seed).multinomial(
        members.sum(), members / members.sum(), size=regression.resamples
    )
    counts = np.vstack([members, drawn]) * kinds[3]
    ours, theirs = (
        _scores(kinds[0], predicted, counts, n_labels) for predicted in kinds[1:3]
    )
    macro = np.nanmean(ours["f1"][:, judged], axis=1) - np.nanmean(
        theirs["f1"][:, judged], axis=1
    )
    support = [
        np.bincount(labels, members, n_labels).astype(int) for labels in kinds[:3]
    ]
    texts = {"precision": np.minimum(*support[1:]), "recall": support[0]}
    return {
        "macro_f1": _interval(macro, regression),
        "labels": [
            {
                name: {
                    **_interval(
                        ours[name][:, label] - theirs[name][:, label], regression
                    ),
                    "texts": int(texts[name][label]),
                }
                for name in MEASURES
            }
            for label in judged
        ],
    }


def _interval(found: np.ndarray, regression: Regression) -> dict[str, float | None]:
    """The first of them, and the interval of the others, those of the resamples."""
    if np.isnan(found[0]):
        return UNDEFINED
    tail = (1 - regression.confidence) / 2
    low, high = np.nanquantile(found[1:], [tail, 1 - tail])
    return {"value": float(found[0]), "low": float(low), "high": float(high)}


def _scores(
    truth: np.ndarray, predicted: np.ndarray, counts: np.ndarray, n_labels: int
) -> dict[str, np.ndarray]:
    """Precision, recall and F1, float64 [n_resamples, n_labels], of ``counts`` [n_resamples, n_kinds] messages."""
    scores = {
        name: np.full((len(counts), n_labels), np.nan) for name in (*MEASURES, "f1")
    }
    for label in range(n_labels):
        both = counts[:, (truth == label) & (predicted == label)].sum(axis=1)
        true, said = (
            counts[:, labels == label].sum(axis=1) for labels in (truth, predicted)
        )
        for name, part, whole in (
            ("precision", both, said),
            ("recall", both, true),
            ("f1", 2 * both, true + said),
        ):
            np.divide(part, whole, out=scores[name][:, label], where=whole > 0)
    return scores

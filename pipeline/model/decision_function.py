"""What a linear estimator decides by: a score for each label, of which the largest wins.

Training chooses thresholds on these scores, and the exported model must have them: so they come from one place.
"""

import numpy as np


def label_scores(estimator, vectors) -> np.ndarray:
    """The estimator's own scores, float64 [n_texts, K]: the largest, the first of equals, is what it predicts."""
    scores = (
        getattr(estimator, "decision_function", None)
        or estimator.predict_joint_log_proba
    )
    return both(np.atleast_2d(scores(vectors).T)).T


def decision_scores(estimator, vectors) -> np.ndarray:
    """The same less their mean over the labels, as an exported model has them, float64 [n_texts, K]."""
    return centred(label_scores(estimator, vectors).T).T


def centred(rows: np.ndarray) -> np.ndarray:
    """The rows, one a label, less their mean: what all labels share decides nothing, and would cost bits."""
    return rows - rows.mean(axis=0)


def both(rows: np.ndarray) -> np.ndarray:
    """The rows; a single one, which speaks for the second class where it is above 0, gets its opposite before it."""
    return np.concatenate([-rows, rows]) if len(rows) == 1 else rows

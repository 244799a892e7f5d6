"""What a linear estimator decides by: a score for each label; the largest wins.

Training chooses thresholds on these scores, and the exported model must have the same
ones, so both take them from here.
"""

import numpy as np
import scipy.sparse as sp
from sklearn.base import ClassifierMixin


def decision_function(estimator: ClassifierMixin, vectors: sp.csr_array) -> np.ndarray:
    """Return the estimator's own scores, float64 [n_texts, K].

    The estimator predicts the label of the largest score, among equals the first.
    """
    if hasattr(estimator, "decision_function"):
        scores = estimator.decision_function(vectors)
    else:
        scores = estimator.predict_joint_log_proba(vectors)
    rows = np.atleast_2d(scores.T)
    return as_two_rows(rows).T


def centred_decision_function(
    estimator: ClassifierMixin, vectors: sp.csr_array
) -> np.ndarray:
    """Return the scores less their mean over the labels, float64 [n_texts, K].

    These are the scores of an exported model.
    """
    return centre_rows(decision_function(estimator, vectors).T).T


def as_two_rows(rows: np.ndarray) -> np.ndarray:
    """Return one row per class.

    scikit-learn gives binary models a single row, which speaks for the second class
    where it is above 0; prepend its negation.
    """
    if len(rows) == 1:
        return np.concatenate([-rows, rows])
    return rows


def centre_rows(rows: np.ndarray) -> np.ndarray:
    """Return the rows, one per label, less their mean.

    What all labels share decides nothing, and would cost bits.
    """
    return rows - rows.mean(axis=0)

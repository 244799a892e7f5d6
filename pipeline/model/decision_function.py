"""Compute what a linear estimator decides by: a score for each label; the largest wins.

Training chooses thresholds on these scores, and the exported model must have the same
scores, so both take them from here.
"""

import numpy as np
import scipy.sparse as sp
from sklearn.base import ClassifierMixin


def decision_function(estimator: ClassifierMixin, vectors: sp.csr_array) -> np.ndarray:
    """Return the estimator's own scores.

    The estimator predicts the label of the largest score, the first of equals.

    Returns
    -------
    ndarray
        float64 [n_texts, K]. Two labels have a column each.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> vectors = sp.csr_array([[0.0, 1.0], [1.0, 0.0]])
    >>> estimator = LogisticRegression().fit(vectors, ["chat", "spam"])
    >>> scores = decision_function(estimator, vectors)
    >>> estimator.classes_[scores.argmax(axis=1)].tolist()
    ['chat', 'spam']
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

    Examples
    --------
    >>> from sklearn.naive_bayes import MultinomialNB
    >>> counts = sp.csr_array([[0, 3], [3, 0]])
    >>> estimator = MultinomialNB().fit(counts, ["chat", "spam"])
    >>> centred_decision_function(estimator, counts).round(2).tolist()
    [[2.08, -2.08], [-2.08, 2.08]]
    """
    return centre_rows(decision_function(estimator, vectors).T).T


def as_two_rows(rows: np.ndarray) -> np.ndarray:
    """Return one row per class.

    scikit-learn gives binary models a single row, which speaks for the second class
    where it is above 0. The negation of the row is put before it.

    Examples
    --------
    >>> as_two_rows(np.array([[3, -1]])).tolist()
    [[-3, 1], [3, -1]]
    """
    if len(rows) == 1:
        return np.concatenate([-rows, rows])
    return rows


def centre_rows(rows: np.ndarray) -> np.ndarray:
    """Return the rows, one per label, less their mean.

    What all labels share decides nothing, and would cost bits.

    Examples
    --------
    >>> centre_rows(np.array([[5.0, 1.0], [3.0, 3.0]])).tolist()
    [[1.0, -1.0], [-1.0, 1.0]]
    """
    centred: np.ndarray = rows - rows.mean(axis=0)
    return centred

"""The linear estimators, fitted to weighted documents."""

import warnings
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import ComplementNB, MultinomialNB
from threadpoolctl import threadpool_limits

from pipeline.settings import Candidate, Training
from pipeline.training.svm import SmoothSVC


def build(candidate: Candidate, training: Training) -> Any:
    """The candidate's unfitted scikit-learn classifier.

    SGD minimises the hinge loss, scikit-learn's default.
    """
    solver = {"max_iter": training.max_iter, "random_state": training.seed}
    match candidate.estimator:
        case "logistic_regression":
            return LogisticRegression(C=candidate.C, **solver)
        case "linear_svm":
            return SmoothSVC(C=candidate.C, max_iter=training.max_iter)
        case "sgd":
            return SGDClassifier(loss="hinge", alpha=candidate.alpha, **solver)
        case "multinomial_nb":
            return MultinomialNB(alpha=candidate.alpha)
        case "complement_nb":
            return ComplementNB(alpha=candidate.alpha)


def train(
    candidate: Candidate,
    training: Training,
    X: sp.csr_array,
    y: np.ndarray,
    weight: np.ndarray,
    confidence: np.ndarray,
) -> Any:
    """The candidate's classifier fitted to ``X [n_documents, n_terms]``; its ``converged_`` says if the solver ended.

    A document stands for ``weight`` messages, int64, each of which counts as much as its ``confidence``, float64. SGD
    gets every document ``weight`` times in place of one step that is ``weight`` times as long, which would neither
    minimise the same objective nor stay stable. One thread: several would sum in another order, to another last digit.
    """
    if candidate.estimator == "sgd":
        messages = np.repeat(np.arange(len(y)), weight)
        X, y, weight, confidence = X[messages], y[messages], np.ones(len(messages)), confidence[messages]
    estimator = build(candidate, training)
    with threadpool_limits(limits=1), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        estimator.fit(X, y, sample_weight=weight * confidence)
    estimator.converged_ = not any(issubclass(warning.category, ConvergenceWarning) for warning in caught)
    for warning in caught:
        if not issubclass(warning.category, ConvergenceWarning):
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    return estimator

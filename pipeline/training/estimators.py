"""The linear estimators, fitted to weighted documents."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import ComplementNB, MultinomialNB
from threadpoolctl import threadpool_limits

from pipeline.config.settings import Candidate, Training
from pipeline.training.svm import NewtonSVC


def build(candidate: Candidate, training: Training) -> Any:
    """The candidate's unfitted scikit-learn classifier.

    SGD minimises the hinge loss, scikit-learn's default.
    """
    solver = {"max_iter": training.max_iter, "random_state": training.seed}
    match candidate.estimator:
        case "logistic_regression":
            return LogisticRegression(C=candidate.C, **solver)
        case "linear_svm":
            return NewtonSVC(C=candidate.C, max_iter=training.max_iter)
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
    start: np.ndarray | None = None,
) -> Any:
    """The candidate's classifier fitted to ``X [n_documents, n_terms]``; its ``converged_`` says if the solver ended.

    A document stands for ``weight`` messages, int64, each of which counts as much as its ``confidence``, float64. SGD
    gets every document ``weight`` times in place of one step that is ``weight`` times as long, which would neither
    minimise the same objective nor stay stable. One thread: several would sum in another order, to another last digit.
    The linear SVM begins at ``start``, see `NewtonSVC.fit`.
    """
    if candidate.estimator == "sgd":
        messages = np.repeat(np.arange(len(y)), weight)
        X, y, weight, confidence = (
            X[messages],
            y[messages],
            np.ones(len(messages)),
            confidence[messages],
        )
    estimator = build(candidate, training)
    options = {} if start is None else {"start": start}
    with threadpool_limits(limits=1), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        estimator.fit(X, y, sample_weight=weight * confidence, **options)
    estimator.converged_ = not any(
        issubclass(warning.category, ConvergenceWarning) for warning in caught
    )
    for warning in caught:
        if not issubclass(warning.category, ConvergenceWarning):
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
    return estimator


def train_in_blocks(
    candidate: Candidate,
    training: Training,
    vectors: Callable[[np.ndarray], sp.csr_array],
    documents: np.ndarray,
    y: np.ndarray,
    weight: np.ndarray,
    confidence: np.ndarray,
    size: int,
) -> Any:
    """What `train` does to ``documents``, int64 numbers of them, with ``vectors`` of ``size`` at a time in memory.

    Naive Bayes adds up the same counts. SGD takes the same steps in another order, see `_descend`.
    ``y``, ``weight`` and ``confidence`` are of all documents.
    """
    estimator = build(candidate, training)
    classes = np.unique(y[documents])
    with threadpool_limits(limits=1):
        if candidate.estimator == "sgd":
            return _descend(
                estimator,
                training,
                vectors,
                np.repeat(documents, weight[documents]),
                y,
                confidence,
                size,
            )
        for start in range(0, len(documents), size):
            block = documents[start : start + size]
            estimator.partial_fit(
                vectors(block),
                y[block],
                classes,
                sample_weight=weight[block] * confidence[block],
            )
    estimator.converged_ = True
    return estimator


def _descend(
    estimator: SGDClassifier,
    training: Training,
    vectors: Callable[[np.ndarray], sp.csr_array],
    messages: np.ndarray,
    y: np.ndarray,
    confidence: np.ndarray,
    size: int,
) -> SGDClassifier:
    """SGD over ``messages``, the document of each, shuffled before every pass as scikit-learn does.

    The order is drawn from ``training.seed`` and no block changes it. Passes end by scikit-learn's rule: for a class,
    the mean objective has been no lower than the lowest so far less ``tol`` in ``n_iter_no_change`` passes, one after
    another. Two things differ: all classes go on until the rule has held for each of them, and the objective of a
    block is taken before its steps, not one by one between them. There are at most ``training.max_iter`` passes.
    """
    rng, classes = np.random.default_rng(training.seed), np.unique(y[messages])
    estimator.set_params(shuffle=False)  # within a block; the messages come shuffled
    lowest, unimproved, ended, passes = np.inf, 0, False, 0
    while not np.all(ended) and passes < training.max_iter:
        passes += 1
        rng.shuffle(messages)
        objective = 0
        for start in range(0, len(messages), size):
            documents, place = np.unique(
                block := messages[start : start + size], return_inverse=True
            )
            X = vectors(documents)[place]
            objective += _objective(estimator, X, y[block], classes) / len(messages)
            estimator.partial_fit(X, y[block], classes, sample_weight=confidence[block])
        unimproved = np.where(objective > lowest - estimator.tol, unimproved + 1, 0)
        lowest = np.minimum(objective, lowest)
        ended |= unimproved >= estimator.n_iter_no_change
    estimator.n_iter_, estimator.converged_ = passes, passes < training.max_iter
    return estimator


def _objective(
    estimator: SGDClassifier, X: sp.csr_array, y: np.ndarray, classes: np.ndarray
) -> np.ndarray:
    """The summed hinge losses and penalties of each binary problem, float64 [n_problems]; weights begin at 0."""
    positive = classes[1:] if len(classes) == 2 else classes
    if not hasattr(estimator, "coef_"):
        return np.full(len(positive), float(len(y)))
    sign = np.where(y[:, None] == positive, 1, -1)
    losses = np.maximum(1 - sign * (X @ estimator.coef_.T + estimator.intercept_), 0)
    return losses.sum(axis=0) + len(y) * estimator.alpha / 2 * (estimator.coef_**2).sum(
        axis=1
    )

"""The linear estimators, fitted to weighted documents."""

import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import ComplementNB, MultinomialNB
from threadpoolctl import threadpool_limits

from pipeline.config.settings import Candidate, Training
from pipeline.training.svm import NewtonSVC, positive_classes


@dataclass(frozen=True)
class Weights:
    """The weights of documents.

    Attributes
    ----------
    messages
        int64 [n_documents], how many messages a document stands for.
    label
        float64 [n_documents], the weight of each of these messages.
    """

    messages: np.ndarray
    label: np.ndarray

    def of(self, documents: np.ndarray) -> np.ndarray:
        """Return the sample weights of some documents, given by their indices."""
        return self.messages[documents] * self.label[documents]


def build(candidate: Candidate, training: Training) -> Any:
    """Return the candidate's unfitted scikit-learn classifier.

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
    weights: Weights,
    *,
    start: np.ndarray | None = None,
) -> Any:
    """Return the candidate's fitted classifier.

    Its ``converged_`` is whether the solver converged. SGD gets every document once for
    each of its messages: one step that is n times as long would neither minimise the
    same objective nor be stable. One thread fits, because several would sum in another
    order, with another last digit.

    Parameters
    ----------
    X
        [n_documents, n_terms].
    start
        Where the linear SVM starts, see `NewtonSVC.fit`.
    """
    if candidate.estimator == "sgd":
        messages = np.repeat(np.arange(len(y)), weights.messages)
        X = X[messages]
        y = y[messages]
        sample_weight = np.ones(len(messages)) * weights.label[messages]
    else:
        sample_weight = weights.messages * weights.label
    estimator = build(candidate, training)
    options = {} if start is None else {"start": start}
    with threadpool_limits(limits=1), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        estimator.fit(X, y, sample_weight=sample_weight, **options)
    others = [w for w in caught if not issubclass(w.category, ConvergenceWarning)]
    estimator.converged_ = len(others) == len(caught)
    for warning in others:
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
    *,
    weights: Weights,
    size: int,
) -> Any:
    """Return the candidate's fitted classifier, with one block in memory at a time.

    Naive Bayes adds up the same counts as in `train`. SGD takes the same steps in
    another order, see `_descend`.

    Parameters
    ----------
    vectors
        Takes indices of documents and returns their rows.
    documents
        int64, the indices of the documents to train on.
    y, weights
        Of all documents.
    size
        The number of documents in a block, or of messages for SGD.
    """
    estimator = build(candidate, training)
    classes = np.unique(y[documents])
    with threadpool_limits(limits=1):
        if candidate.estimator == "sgd":
            messages = np.repeat(documents, weights.messages[documents])
            _descend(
                estimator,
                training,
                vectors,
                messages,
                y,
                label_weight=weights.label,
                size=size,
            )
            return estimator
        for start in range(0, len(documents), size):
            block = documents[start : start + size]
            X = vectors(block)
            estimator.partial_fit(X, y[block], classes, sample_weight=weights.of(block))
    estimator.converged_ = True
    return estimator


def _descend(
    estimator: SGDClassifier,
    training: Training,
    vectors: Callable[[np.ndarray], sp.csr_array],
    messages: np.ndarray,
    y: np.ndarray,
    *,
    label_weight: np.ndarray,
    size: int,
) -> None:
    """Fit by SGD over messages, shuffled before every pass as scikit-learn does.

    The order is drawn from ``training.seed`` and does not depend on the blocks. Passes
    end by scikit-learn's rule: for a class, in ``n_iter_no_change`` consecutive passes
    the mean objective was not below the lowest mean objective less ``tol``. Two things
    differ: all classes go on until the rule has held for each of them, and the
    objective of a block is computed before its steps, not between them. There are at
    most ``training.max_iter`` passes.

    Parameters
    ----------
    messages
        int64 [n_messages], the document of each; they are shuffled in place.
    """
    rng = np.random.default_rng(training.seed)
    classes = np.unique(y[messages])
    estimator.set_params(shuffle=False)  # within a block; the messages come shuffled
    rule = _StoppingRule(
        len(positive_classes(classes)), estimator.tol, estimator.n_iter_no_change
    )
    passes = 0
    while not rule.has_ended and passes < training.max_iter:
        passes += 1
        rng.shuffle(messages)
        blocks = _blocks(vectors, messages, y, label_weight, size)
        rule.add(_one_pass(estimator, blocks, classes, len(messages)))
    estimator.n_iter_ = passes
    estimator.converged_ = passes < training.max_iter


class _StoppingRule:
    """scikit-learn's rule that ends the passes, for several binary problems at once.

    A problem has ended when in ``max_unimproved`` consecutive passes its objective was
    not below its lowest objective less ``tolerance``.
    """

    def __init__(self, n_problems: int, tolerance: float, max_unimproved: int) -> None:
        self._tolerance = tolerance
        self._max_unimproved = max_unimproved
        self._lowest = np.full(n_problems, np.inf)
        self._unimproved = np.zeros(n_problems, dtype=np.int64)
        self._has_ended = np.zeros(n_problems, dtype=bool)

    @property
    def has_ended(self) -> bool:
        """Whether every problem has ended, in this pass or an earlier one."""
        return bool(self._has_ended.all())

    def add(self, objective: np.ndarray) -> None:
        """Add the objective of each problem in the next pass."""
        is_no_lower = objective > self._lowest - self._tolerance
        self._unimproved = np.where(is_no_lower, self._unimproved + 1, 0)
        self._lowest = np.minimum(objective, self._lowest)
        self._has_ended |= self._unimproved >= self._max_unimproved


@dataclass(frozen=True)
class _Block:
    """Consecutive messages: their vectors, labels and the weights of their labels."""

    X: sp.csr_array
    y: np.ndarray
    label_weight: np.ndarray


def _blocks(
    vectors: Callable[[np.ndarray], sp.csr_array],
    messages: np.ndarray,
    y: np.ndarray,
    label_weight: np.ndarray,
    size: int,
) -> Iterator[_Block]:
    """Yield the messages in blocks, each document of a block computed once."""
    for start in range(0, len(messages), size):
        block = messages[start : start + size]
        documents, rows = np.unique(block, return_inverse=True)
        yield _Block(vectors(documents)[rows], y[block], label_weight[block])


def _one_pass(
    estimator: SGDClassifier,
    blocks: Iterable[_Block],
    classes: np.ndarray,
    n_messages: int,
) -> np.ndarray:
    """Take a step for each message; return the mean objective, float64 [n_problems]."""
    mean_objective = np.zeros(len(positive_classes(classes)))
    for block in blocks:
        mean_objective += _objective(estimator, block.X, block.y, classes) / n_messages
        estimator.partial_fit(
            block.X, block.y, classes, sample_weight=block.label_weight
        )
    return mean_objective


def _objective(
    estimator: SGDClassifier, X: sp.csr_array, y: np.ndarray, classes: np.ndarray
) -> np.ndarray:
    """Return the summed hinge losses and penalties of each binary problem.

    Returns
    -------
    np.ndarray
        float64 [n_problems]. Before the first step all weights are 0.
    """
    positive = positive_classes(classes)
    if not hasattr(estimator, "coef_"):
        return np.full(len(positive), float(len(y)))
    sign = np.where(y[:, None] == positive, 1, -1)
    margins = sign * (X @ estimator.coef_.T + estimator.intercept_)
    losses = np.maximum(1 - margins, 0)
    squared_norms = (estimator.coef_**2).sum(axis=1)
    return losses.sum(axis=0) + len(y) * estimator.alpha / 2 * squared_norms

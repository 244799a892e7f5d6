"""The linear SVM: the objective of scikit-learn's `LinearSVC` with another solver.

The solver is a Newton method on the primal. With the squared hinge loss only documents
inside the margin count, and while these stay the same, the objective is quadratic. So
each step solves a least-squares problem over these documents by conjugate gradients,
the more exactly the nearer the optimum is, and then goes to the lowest point along the
step. The result is nearer to the one optimum than liblinear's, so a document that
stands for several messages scores as its repetitions do.

References
----------
The method: Keerthi and DeCoste, "A modified finite Newton method for fast solution of
large scale linear SVMs", JMLR 6, 2005. The tolerance of a step: Dembo, Eisenstat and
Steihaug, "Inexact Newton methods", SIAM Journal on Numerical Analysis 19, 1982.
"""

import warnings
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import LinearSVC

#: By which share of itself the objective may be above its minimum.
OBJECTIVE_RTOL = 1e-9
#: The relative tolerance of the length of a step.
LENGTH_RTOL = 1e-9
MAX_LINE_SEARCH_STEPS = 60


def positive_classes(classes: np.ndarray) -> np.ndarray:
    """Return the positive class of each binary problem, as scikit-learn has them.

    Each class is one against the others. Two classes are one problem, whose positive
    class is the second.
    """
    is_binary = len(classes) == 2  # noqa: PLR2004 - binary means two
    return classes[1:] if is_binary else classes


class NewtonSVC(LinearSVC):
    """A `LinearSVC` fitted by Newton's method; only ``C`` and ``max_iter`` count.

    Like its parent's, its intercept is penalised, and there is a binary problem for
    each class, or one for two classes.
    """

    def fit(
        self,
        X: sp.csr_array,
        y: np.ndarray,
        sample_weight: np.ndarray | None = None,
        start: np.ndarray | None = None,
    ) -> "NewtonSVC":
        """Fit to sparse ``X [n_samples, n_features]`` and return the classifier.

        A `ConvergenceWarning` is issued if a class takes ``max_iter`` steps of
        conjugate gradients.

        Parameters
        ----------
        start
            float64 [n_problems, n_features + 1], the weights to start from and, last,
            the intercept. A start near the optimum takes fewer steps.
        """
        if sample_weight is None:
            sample_weight = np.ones(X.shape[0])
        weight = sample_weight.astype(np.float64)
        X = sp.csr_array(X)
        self.classes_ = np.unique(y)
        positive = positive_classes(self.classes_)
        if start is None:
            start = np.zeros((len(positive), X.shape[1] + 1))
        solutions = []
        steps = []
        for label, problem_start in zip(positive, start, strict=True):
            sign = np.where(y == label, 1.0, -1.0)
            problem = _BinaryProblem(X, sign, 2 * self.C * weight)
            solution, problem_steps = problem.solve(problem_start, self.max_iter)
            solutions.append(solution)
            steps.append(problem_steps)
        weights = np.array(solutions)
        self.coef_ = weights[:, :-1]
        self.intercept_ = weights[:, -1]
        self.n_features_in_ = X.shape[1]
        self.n_iter_ = max(steps)
        if self.n_iter_ >= self.max_iter:
            warnings.warn(
                "Newton's method did not converge; raise max_iter",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self


@dataclass(frozen=True)
class _BinaryProblem:
    """One class against the others.

    Attributes
    ----------
    sign
        1 where a document is of the class, else -1.
    cost
        Of each document's slack.
    """

    X: sp.csr_array
    sign: np.ndarray
    cost: np.ndarray

    def solve(self, start: np.ndarray, max_steps: int) -> tuple[np.ndarray, int]:
        """Return the optimal weights, the intercept last, and the number of steps.

        The steps are those of conjugate gradients, at least one for each Newton step.
        """
        gradient_at_zero = _transposed_product(self.X.T, self.cost * self.sign)
        scale = 1 / np.sqrt(_hessian_diagonal(self.X, self.cost))
        first_steepness = np.abs(gradient_at_zero * scale).max()
        if first_steepness == 0:  # 0 is then the optimum
            return np.zeros_like(start), 0
        weights = start
        slack = 1 - self.sign * _scores(self.X, weights)
        steps = 0
        while True:
            inside = np.flatnonzero(slack > 0)
            X = self.X[inside]
            cost = self.cost[inside]
            pull = cost * slack[inside] * self.sign[inside]
            gradient = weights - _transposed_product(X.T, pull)
            objective = (weights @ weights + cost @ slack[inside] ** 2) / 2
            # The objective curves at least as much as the penalty, so it cannot fall by
            # more than half the square of its slope.
            largest_fall = gradient @ gradient / 2
            if largest_fall <= OBJECTIVE_RTOL * objective or steps >= max_steps:
                return weights, steps
            steepness = np.abs(gradient * scale).max()
            rtol = min(0.1, np.sqrt(steepness / first_steepness))
            direction, taken = _conjugate_gradients(
                X, cost, -gradient, rtol, max_steps - steps
            )
            slack_fall = self.sign * _scores(self.X, direction)
            length = self._lowest_along(
                slack, slack_fall, weights @ direction, direction @ direction
            )
            weights = weights + length * direction
            slack = slack - length * slack_fall
            steps += max(1, taken)

    def _lowest_along(
        self,
        slack: np.ndarray,
        slack_fall: np.ndarray,
        slope: float,
        curvature: float,
    ) -> float:
        """Return the length of the step at which the objective is lowest.

        The objective is a parabola between any two kinks. This is Newton's method on
        its slope, kept between two lengths where the slope has opposite signs.

        Parameters
        ----------
        slack_fall
            By how much a step of length 1 lowers each document's slack.
        slope, curvature
            Of the penalty along the step, where the step begins.
        """
        low = 0.0
        high = np.inf
        length = 1.0
        for _ in range(MAX_LINE_SEARCH_STEPS):
            inside = np.flatnonzero(slack > length * slack_fall)
            fall = slack_fall[inside]
            pull = self.cost[inside] * fall
            rise = slope + length * curvature - pull @ (slack[inside] - length * fall)
            if rise > 0:
                high = length
            else:
                low = length
            next_length = length - rise / (curvature + pull @ fall)
            if abs(next_length - length) <= LENGTH_RTOL * length:
                break
            length = next_length if low <= next_length <= high else (low + high) / 2
        return length


def _conjugate_gradients(
    X: sp.csr_array,
    cost: np.ndarray,
    right_side: np.ndarray,
    rtol: float,
    max_steps: int,
) -> tuple[np.ndarray, int]:
    """Solve ``(1 + X' cost X) p = right_side`` to a relative tolerance.

    The method is preconditioned by the diagonal.

    Returns
    -------
    tuple of np.ndarray and int
        The solution, and the number of steps.
    """
    diagonal = _hessian_diagonal(X, cost)
    transposed = X.T
    solution = np.zeros_like(right_side)
    residual = right_side.copy()
    direction = residual / diagonal
    first_size = residual @ direction
    size = first_size
    steps = 0
    while steps < max_steps and size > rtol**2 * first_size:
        curved = _transposed_product(transposed, cost * _scores(X, direction))
        image = direction + curved
        length = size / (direction @ image)
        solution += length * direction
        residual -= length * image
        scaled = residual / diagonal
        previous_size = size
        size = residual @ scaled
        direction = scaled + size / previous_size * direction
        steps += 1
    return solution, steps


def _scores(X: sp.csr_array, weights: np.ndarray) -> np.ndarray:
    return X @ weights[:-1] + weights[-1]


def _transposed_product(transposed: sp.csc_array, values: np.ndarray) -> np.ndarray:
    """Return ``X'`` times the values; X has a last column of ones, the intercept's."""
    return np.append(transposed @ values, values.sum())


def _hessian_diagonal(X: sp.csr_array, cost: np.ndarray) -> np.ndarray:
    """Return the diagonal of ``1 + X' cost X``."""
    squared = sp.csr_array((X.data**2, X.indices, X.indptr), shape=X.shape)
    return 1 + _transposed_product(squared.T, cost)

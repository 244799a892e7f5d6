"""The linear SVM: the objective of scikit-learn's `LinearSVC`, another solver.

A Newton method on the primal. With the squared hinge loss only documents inside the margin count, and while these stay
the same the objective is quadratic: so each step solves a least-squares problem over them alone, by conjugate gradients
as exactly as the step deserves, and then goes to the lowest point on the way. It ends nearer to the one optimum than
liblinear, so that a document which stands for several messages scores as its repetitions do.

Keerthi and DeCoste, "A modified finite Newton method for fast solution of large scale linear SVMs", JMLR 6, 2005. How
exactly: Dembo, Eisenstat and Steihaug, "Inexact Newton methods", SIAM Journal on Numerical Analysis 19, 1982.
"""

import warnings
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import LinearSVC

TOLERANCE = (
    1e-9  # by how much the objective may be above its minimum: as a share of itself
)
SEARCHES = 60  # points tried on the way of a step, at most


class NewtonSVC(LinearSVC):
    """A `LinearSVC` fitted by Newton's method; its parameters ``C`` and ``max_iter`` alone count.

    Like its parent's, its intercept is penalised, and there is a binary problem for each class, or one for two classes.
    """

    def fit(
        self,
        X: sp.csr_array,
        y: np.ndarray,
        sample_weight: np.ndarray | None = None,
        start: np.ndarray | None = None,
    ) -> "NewtonSVC":
        """Fit to sparse ``X [n_samples, n_features]`` and return the classifier.

        The nearer ``start`` [n_problems, n_features + 1], weights and after them the intercept, is to the optimum, the
        sooner the solver is there. A `ConvergenceWarning` says that ``max_iter``, of conjugate gradients, was reached
        for a class.
        """
        weight = (
            np.ones(X.shape[0])
            if sample_weight is None
            else sample_weight.astype(np.float64)
        )
        X, self.classes_ = sp.csr_array(X), np.unique(y)
        positive = self.classes_[1:] if len(self.classes_) == 2 else self.classes_
        starts = np.zeros((len(positive), X.shape[1] + 1)) if start is None else start
        problems = [
            _Problem(X, np.where(y == label, 1.0, -1.0), 2 * self.C * weight)
            for label in positive
        ]
        solved = [
            problem.solve(begin, self.max_iter)
            for problem, begin in zip(problems, starts, strict=True)
        ]
        weights = np.array([found for found, _ in solved])
        self.coef_, self.intercept_ = weights[:, :-1], weights[:, -1]
        self.n_features_in_, self.n_iter_ = (
            X.shape[1],
            max(steps for _, steps in solved),
        )
        if self.n_iter_ >= self.max_iter:
            warnings.warn(
                "Newton's method did not converge; raise max_iter",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self


@dataclass(frozen=True)
class _Problem:
    """The class where the ``sign`` is 1 against the others, where it is -1; ``cost`` is that of a document's slack."""

    X: sp.csr_array
    sign: np.ndarray
    cost: np.ndarray

    def solve(self, weights: np.ndarray, most: int) -> tuple[np.ndarray, int]:
        """The optimal weights, and the intercept after them, and how many conjugate gradients it took to find them."""
        at_zero = _transposed(self.X.T, self.cost * self.sign)
        scale = 1 / np.sqrt(_diagonal(self.X, self.cost))
        first = np.abs(at_zero * scale).max()
        if first == 0:  # which is then the optimum
            return np.zeros_like(weights), 0
        short, steps = 1 - self.sign * _scores(self.X, weights), 0
        while True:
            inside = np.flatnonzero(short > 0)
            X, cost = self.X[inside], self.cost[inside]
            gradient = weights - _transposed(
                X.T, cost * short[inside] * self.sign[inside]
            )
            objective = (weights @ weights + cost @ short[inside] ** 2) / 2
            # It curves at least as much as the penalty, and so cannot fall by more than half the slope's square.
            if gradient @ gradient / 2 <= TOLERANCE * objective or steps >= most:
                return weights, steps
            steepest = np.abs(gradient * scale).max()
            way, taken = _conjugate_gradients(
                X, cost, -gradient, min(0.1, np.sqrt(steepest / first)), most - steps
            )
            along = self.sign * _scores(self.X, way)
            length = self._lowest(short, along, weights @ way, way @ way)
            weights, short, steps = (
                weights + length * way,
                short - length * along,
                steps + max(1, taken),
            )

    def _lowest(
        self, short: np.ndarray, along: np.ndarray, slope: float, curvature: float
    ) -> float:
        """How far to go: where the objective, of which there is a parabola between any two kinks, stops to fall.

        Newton's method on its slope, kept between two points where that has either sign.
        """
        low, high, length = 0.0, np.inf, 1.0
        for _ in range(SEARCHES):
            inside = np.flatnonzero(short > length * along)
            pull = self.cost[inside] * along[inside]
            rise = (
                slope
                + length * curvature
                - pull @ (short[inside] - length * along[inside])
            )
            low, high = (low, length) if rise > 0 else (length, high)
            following = length - rise / (curvature + pull @ along[inside])
            if abs(following - length) <= 1e-9 * length:
                break
            length = following if low <= following <= high else (low + high) / 2
        return length


def _conjugate_gradients(
    X: sp.csr_array, cost: np.ndarray, residual: np.ndarray, share: float, most: int
) -> tuple[np.ndarray, int]:
    """What times ``1 + X' cost X`` is the residual, to that share of it, and the number of steps; Jacobi's scaling."""
    diagonal, turned = _diagonal(X, cost), X.T
    solution, residual = np.zeros_like(residual), residual.copy()
    direction = residual / diagonal
    size = first = residual @ direction
    steps = 0
    while steps < most and size > share**2 * first:
        image = direction + _transposed(turned, cost * _scores(X, direction))
        length = size / (direction @ image)
        solution += length * direction
        residual -= length * image
        scaled = residual / diagonal
        before, size = size, residual @ scaled
        direction = scaled + size / before * direction
        steps += 1
    return solution, steps


def _scores(X: sp.csr_array, weights: np.ndarray) -> np.ndarray:
    return X @ weights[:-1] + weights[-1]


def _transposed(turned: sp.csc_array, values: np.ndarray) -> np.ndarray:
    """``X'``, which is ``turned``, times the values, the intercept's 1 included."""
    return np.append(turned @ values, values.sum())


def _diagonal(X: sp.csr_array, cost: np.ndarray) -> np.ndarray:
    """That of ``1 + X' cost X``."""
    squared = sp.csr_array((X.data**2, X.indices, X.indptr), shape=X.shape)
    return 1 + _transposed(squared.T, cost)

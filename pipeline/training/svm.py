"""The linear SVM: the objective of scikit-learn's `LinearSVC`, another solver.

L-BFGS on the primal, which the squared hinge loss makes smooth, in coordinates scaled by the diagonal of the Hessian at
zero. On sparse text it is several times as fast as both of liblinear's solvers and ends nearer to the one optimum that
there is, so that a document which stands for several messages scores as its repetitions do.

Liu and Nocedal, "On the limited memory BFGS method for large scale optimization", Mathematical Programming 45, 1989.
"""

import warnings

import numpy as np
import scipy.sparse as sp
from scipy.optimize import OptimizeResult, minimize
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import LinearSVC

TOLERANCE = 1e-6  # the largest slope, in scaled coordinates, at the end: as a share of that at zero


class SmoothSVC(LinearSVC):
    """A `LinearSVC` fitted by L-BFGS; its parameters ``C`` and ``max_iter`` alone count.

    Like its parent's, its intercept is penalised, and there is a binary problem for each class, or one for two classes.
    """

    def fit(
        self,
        X: sp.csr_array,
        y: np.ndarray,
        sample_weight: np.ndarray | None = None,
        start: np.ndarray | None = None,
    ) -> "SmoothSVC":
        """Fit to sparse ``X [n_samples, n_features]`` and return the classifier.

        The nearer ``start`` [n_problems, n_features + 1], weights and after them the intercept, is to the optimum, the
        sooner the solver is there. A `ConvergenceWarning` says that ``max_iter`` was reached for a class.
        """
        weight = np.ones(X.shape[0]) if sample_weight is None else sample_weight.astype(np.float64)
        X, self.classes_ = sp.csr_array(X), np.unique(y)
        transposed = X.T.tocsr()
        positive = self.classes_[1:] if len(self.classes_) == 2 else self.classes_
        starts = np.zeros((len(positive), X.shape[1] + 1)) if start is None else start
        solved = [
            self._solve(X, transposed, np.where(y == label, 1.0, -1.0), weight, begin)
            for label, begin in zip(positive, starts, strict=True)
        ]
        weights = np.array([found.x for found in solved])
        self.coef_, self.intercept_ = weights[:, :-1], weights[:, -1]
        self.n_features_in_, self.n_iter_ = X.shape[1], max(found.nit for found in solved)
        if not all(found.success for found in solved):
            warnings.warn("L-BFGS did not converge; raise max_iter", ConvergenceWarning, stacklevel=2)
        return self

    def _solve(
        self, X: sp.csr_array, transposed: sp.csr_array, sign: np.ndarray, weight: np.ndarray, start: np.ndarray
    ) -> OptimizeResult:
        """The weights, and the intercept after them, of the class where the ``sign`` is 1 against the others."""
        cost = 2 * self.C * weight
        squared = transposed.copy()
        squared.data **= 2
        scale = 1 / np.sqrt(1 + np.append(squared @ cost, cost.sum()))

        def objective(scaled: np.ndarray) -> tuple[float, np.ndarray]:
            weights = scaled * scale
            short = np.maximum(1 - sign * (X @ weights[:-1] + weights[-1]), 0)
            slope = -cost * short * sign
            gradient = weights + np.append(transposed @ slope, slope.sum())
            return 0.5 * (weights @ weights + cost @ short**2), gradient * scale

        enough = TOLERANCE * np.abs(objective(np.zeros_like(start))[1]).max()
        options = {"gtol": enough, "ftol": 0, "maxiter": self.max_iter, "maxfun": 2**31 - 1}
        found = minimize(objective, start / scale, jac=True, method="L-BFGS-B", options=options)
        found.x = found.x * scale
        return found

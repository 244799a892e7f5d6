"""The Newton method compared with liblinear, by the objective that both minimise."""

import numpy as np
import scipy.sparse as sp
from hypothesis import example, given
from hypothesis import strategies as st
from sklearn.svm import LinearSVC

from pipeline.training.svm import NewtonSVC, positive_classes

#: By which share of itself an objective may be above its minimum.
GAP = 1e-9


def objective(
    fitted: LinearSVC, X: sp.csr_array, y: np.ndarray, weight: np.ndarray
) -> float:
    """Return the objective of `LinearSVC`, summed over all its binary problems."""
    positive = fitted.classes_[1:] if len(fitted.classes_) == 2 else fitted.classes_
    sign = np.where(y[:, None] == positive, 1, -1)
    slack = np.maximum(1 - sign * (X @ fitted.coef_.T + fitted.intercept_), 0)
    penalty = (fitted.coef_**2).sum() + (fitted.intercept_**2).sum()
    return penalty / 2 + fitted.C * (weight[:, None] * slack**2).sum()


@example(seed=0, shape=(4, 8), density=0.5, classes=2, C=10, warm=False)
@example(seed=0, shape=(14, 12), density=0.5, classes=2, C=1, warm=False)
@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.tuples(st.integers(2, 60), st.integers(1, 12)),
    density=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    classes=st.integers(2, 5),
    C=st.sampled_from([0.01, 0.1, 1, 10]),
    warm=st.booleans(),
)
def test_no_solver_of_the_same_objective_goes_lower(  # noqa: PLR0917 - by hypothesis
    seed, shape, density, classes, C, warm
):
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 3, shape) * (rng.random(shape) < density)
    X = sp.csr_array(counts).astype(np.float64)
    y = np.append(np.arange(2), rng.integers(0, classes, shape[0] - 2))
    weight = rng.integers(1, 9, shape[0])
    n_problems = len(positive_classes(np.unique(y)))
    start = rng.normal(size=(n_problems, shape[1] + 1)) if warm else None
    newton = NewtonSVC(C=C, max_iter=10_000).fit(X, y, weight, start)
    liblinear = LinearSVC(C=C, dual=False, tol=1e-9, max_iter=100_000).fit(X, y, weight)
    lowest = objective(liblinear, X, y, weight)
    assert newton.n_iter_ < 10_000
    assert objective(newton, X, y, weight) <= lowest * (1 + GAP) + 1e-12
    # The objective curves by 1 or more. So half the squared distance from the optimum
    # is at most the difference between the objective and its minimum.
    distance = np.sqrt(2 * GAP * lowest) + 1e-5
    lengths = np.sqrt((X**2).sum(axis=1) + 1)
    scores = newton.decision_function(X).reshape(len(y), -1)
    liblinear_scores = liblinear.decision_function(X).reshape(len(y), -1)
    difference = np.abs(scores - liblinear_scores)
    assert (difference <= distance * lengths[:, None]).all()


def test_where_zero_is_the_optimum_a_warm_start_ends_there():
    fitted = NewtonSVC(C=1, max_iter=100).fit(
        np.ones((10, 1)), np.array([0, 1] * 5), start=np.ones((1, 2))
    )
    assert not fitted.coef_.any()
    assert not fitted.intercept_.any()

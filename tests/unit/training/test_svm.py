"""The Newton method beside liblinear, on the objective that both minimise."""

import numpy as np
import scipy.sparse as sp
from hypothesis import example, given
from hypothesis import strategies as st
from sklearn.svm import LinearSVC

from pipeline.training.svm import NewtonSVC

GAP = 1e-9  # by how much an objective may be above its minimum, as a share of it


def objective(
    fitted: LinearSVC, X: sp.csr_array, y: np.ndarray, weight: np.ndarray
) -> float:
    """Return what `LinearSVC` minimises, over all its binary problems."""
    positive = fitted.classes_[1:] if len(fitted.classes_) == 2 else fitted.classes_
    sign = np.where(y[:, None] == positive, 1, -1)
    short = np.maximum(1 - sign * (X @ fitted.coef_.T + fitted.intercept_), 0)
    penalty = (fitted.coef_**2).sum() + (fitted.intercept_**2).sum()
    return penalty / 2 + fitted.C * (weight[:, None] * short**2).sum()


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
def test_no_solver_of_the_same_objective_goes_lower(
    seed, shape, density, classes, C, warm
):
    rng = np.random.default_rng(seed)
    X = sp.csr_array(rng.integers(1, 3, shape) * (rng.random(shape) < density)).astype(
        np.float64
    )
    y = np.append(np.arange(2), rng.integers(0, classes, shape[0] - 2))
    weight = rng.integers(1, 9, shape[0])
    problems = 1 if len(np.unique(y)) == 2 else len(np.unique(y))
    start = rng.normal(size=(problems, shape[1] + 1)) if warm else None
    newton = NewtonSVC(C=C, max_iter=10_000).fit(X, y, weight, start)
    liblinear = LinearSVC(C=C, dual=False, tol=1e-9, max_iter=100_000).fit(X, y, weight)
    lowest = objective(liblinear, X, y, weight)
    assert (
        newton.n_iter_ < 10_000
        and objective(newton, X, y, weight) <= lowest * (1 + GAP) + 1e-12
    )
    # Half the squared distance from the optimum is at most what the objective lacks
    # there, for it curves by 1 or more.
    distance = np.sqrt(2 * GAP * lowest) + 1e-5
    lengths = np.sqrt((X**2).sum(axis=1) + 1)
    scores, others = (
        fitted.decision_function(X).reshape(len(y), -1)
        for fitted in (newton, liblinear)
    )
    assert (np.abs(scores - others) <= distance * lengths[:, None]).all()


def test_where_nothing_is_the_optimum_a_warm_start_ends_there():
    found = NewtonSVC(C=1, max_iter=100).fit(
        np.ones((10, 1)), np.array([0, 1] * 5), start=np.ones((1, 2))
    )
    assert not found.coef_.any() and not found.intercept_.any()

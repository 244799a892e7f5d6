"""Bound how far a fixed-point model is from the model that it was rounded from.

The distance is proved for each text, and observed. The proof is elementary: a rounded
weight is off by a unit at most, any other rounded number by half a unit, and a sum by
no more than the sum of its terms' errors.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from pipeline.model.counts import map_counts
from pipeline.model.fixed_point import FixedPointModel
from pipeline.model.linear import LinearModel

SLACK = 1e-9  # relative, far above what doubles lose in sums of some thousand terms


@dataclass(frozen=True)
class Agreement:
    """How two models score the same texts; arrays are [n_texts].

    Attributes
    ----------
    flipped
        Whether the labels differ.
    proved
        Whether rounding cannot have changed the label, whichever way each number was
        rounded.
    explained
        Whether rounding can have made every difference of a score; if not, the models
        are not the same.
    difference
        The largest difference of a score.
    """

    flipped: np.ndarray
    proved: np.ndarray
    explained: np.ndarray
    difference: np.ndarray


def compare(
    model: LinearModel,
    fixed: FixedPointModel,
    counts: sp.csr_array,
    expected: np.ndarray | None = None,
) -> Agreement:
    """Return how ``fixed`` agrees with the model that it was rounded from.

    A label is proved if its lead over every other exceeds what rounding can take from
    the one and add to the other.

    Parameters
    ----------
    counts
        int64 [n_texts, V].
    expected
        The scores, float64 [n_texts, K], of the estimator behind ``model``; those of
        ``model`` itself if not given.
    """
    if expected is None:
        expected = model.scores(counts)
    scores = fixed.scores(counts)
    bounds = score_bounds(model, fixed, counts, expected)
    winner = expected.argmax(axis=1)
    flipped = scores.argmax(axis=1) != winner
    differences = np.abs(scores - expected)
    has_terms = np.diff(counts.indptr) > 0
    return Agreement(
        flipped=flipped,
        # A text without a term has nothing but the biases, which were compared.
        proved=np.where(has_terms, _is_proved(expected, bounds, winner), ~flipped),
        explained=(differences <= bounds).all(axis=1),
        difference=differences.max(axis=1),
    )


def score_bounds(
    model: LinearModel, fixed: FixedPointModel, counts: sp.csr_array, scores: np.ndarray
) -> np.ndarray:
    """Return by how much rounding can change each of the model's scores at most.

    The bounds are float64 [n_texts, K], infinite where there is no proof.
    """
    length = model.lengths(counts)[:, None]
    quotients = np.abs(scores - model.intercepts)
    growth = _root_growth(model, fixed, counts)[:, None]
    # 1 / sqrt(N) grows by this factor at most, and shrinks by less.
    sum_error = _sum_bounds(model, fixed, counts) / length * growth
    root_error = quotients * (growth - 1)
    bias_error = np.ldexp(0.5, fixed.bias_shift)
    largest_quotient = quotients.max(axis=1, initial=0, keepdims=True)
    largest_intercept = np.abs(model.intercepts).max()
    slack = SLACK * (1 + largest_quotient + largest_intercept)
    bounds: np.ndarray = sum_error + root_error + bias_error + slack
    return bounds


def _is_proved(
    expected: np.ndarray, bounds: np.ndarray, winner: np.ndarray
) -> np.ndarray:
    """Return whether no other label can have caught up with the winner, [n_texts]."""
    texts = np.arange(len(expected))
    lead = expected[texts, winner][:, None] - expected
    is_ahead = lead > bounds + bounds[texts, winner][:, None]
    is_ahead[texts, winner] = True
    is_proved: np.ndarray = is_ahead.all(axis=1)
    return is_proved


def _sum_bounds(
    model: LinearModel, fixed: FixedPointModel, counts: sp.csr_array
) -> np.ndarray:
    """Return by how much each sum of weights can be off, float64 [n_texts, K]."""
    table = fixed.term_frequency

    def table_error(count: np.ndarray) -> np.ndarray:
        return _distance(_read_table(table, count), model.term_frequency(count))

    tf = map_counts(counts, model.term_frequency)
    tf_error = map_counts(counts, table_error)
    weight_unit = _units(model, fixed).weight
    weights_off = (tf + tf_error).sum(axis=1)[:, None] * weight_unit
    frequencies_off = tf_error @ np.abs(model.idf * model.weights).T
    bounds: np.ndarray = weights_off + frequencies_off
    return bounds


def _root_growth(
    model: LinearModel, fixed: FixedPointModel, counts: sp.csr_array
) -> np.ndarray:
    """Return the factor by which 1 / sqrt(N) can grow, float64 [n_texts]."""
    if model.norm is None:
        return np.ones(counts.shape[0])
    table = fixed.term_frequency_squared

    def table_error(count: np.ndarray) -> np.ndarray:
        squares = model.term_frequency_squared(count)
        return _distance(_read_table(table, count), squares)

    squares = map_counts(counts, model.term_frequency_squared)
    squares_error = map_counts(counts, table_error)
    idf_unit = _units(model, fixed).idf_squared
    frequencies_off = squares_error @ (model.idf**2 + idf_unit / 2)
    idf_off = squares.sum(axis=1) * idf_unit / 2
    share = (frequencies_off + idf_off) / model.lengths(counts) ** 2
    with np.errstate(divide="ignore"):
        largest = 1 / np.sqrt(np.maximum(1 - share, 0))
    return np.where(share < 1, largest, np.inf)


def _distance(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    distance: np.ndarray = np.abs(first - second)
    return distance


def _read_table(table: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Return what a count is in the rounded table, where one occurrence counts 1."""
    relative_table: np.ndarray = table / table[0]
    rows = np.minimum(count, len(table)) - 1
    frequencies: np.ndarray = relative_table[rows]
    return frequencies


class _Units(NamedTuple):
    """What 1 stands for in the weights and in idf squared; powers of two."""

    weight: float
    idf_squared: float


def _units(model: LinearModel, fixed: FixedPointModel) -> _Units:
    tf_unit = 1 / fixed.term_frequency[0]
    if model.norm is None:
        return _Units(np.ldexp(1.0, fixed.score_shift) / tf_unit, 1.0)
    ratio = (model.idf**2).sum() / fixed.idf_squared.sum()
    # Rounding errors are far too small to reach the next power of two.
    idf_unit = np.exp2(np.rint(np.log2(ratio)))
    root_unit = np.sqrt(idf_unit / fixed.term_frequency_squared[0])
    return _Units(np.ldexp(root_unit, fixed.score_shift) / tf_unit, idf_unit)

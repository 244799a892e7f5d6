"""How far a fixed-point model can be from the one that it was rounded from: proved for each text, and observed.

The proof is elementary: a rounded weight is off by a unit at most, any other rounded number by half a unit, and a sum
by no more than the sum of its terms' errors.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from pipeline.model.linear import FixedPointModel, LinearModel, mapped

SLACK = 1e-9  # relative, far above what doubles lose in sums of some thousand terms


@dataclass(frozen=True)
class Agreement:
    """How two models score the same texts; arrays are [n_texts].

    Attributes
    ----------
    flipped : whether the labels differ.
    proved : whether rounding cannot have changed the label, whatever way each number was rounded.
    explained : whether rounding can have made every difference of a score; if not, the models are not the same.
    difference : the largest difference of a score.
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
    """How ``fixed`` agrees with ``model``, or with the scores ``expected`` [n_texts, K] of the estimator behind it.

    A label is proved if its lead over every other exceeds what rounding can take from the one and add to the other.
    """
    expected = model.scores(counts) if expected is None else expected
    found = fixed.scores(counts)
    bounds = score_bounds(model, fixed, counts, expected)
    winner, texts = expected.argmax(axis=1), np.arange(len(expected))
    lead = expected[texts, winner][:, None] - expected
    safe = lead > bounds + bounds[texts, winner][:, None]
    safe[texts, winner] = True
    flipped = found.argmax(axis=1) != winner
    return Agreement(
        flipped=flipped,
        # Without a term there is nothing but the biases, and they were compared.
        proved=np.where(np.diff(counts.indptr) > 0, safe.all(axis=1), ~flipped),
        explained=(np.abs(found - expected) <= bounds).all(axis=1),
        difference=np.abs(found - expected).max(axis=1),
    )


def score_bounds(
    model: LinearModel, fixed: FixedPointModel, counts: sp.csr_array, scores: np.ndarray
) -> np.ndarray:
    """By how much rounding can change each of the ``scores`` at most; float64 [n_texts, K], infinite for no proof."""
    tf, tf_error, squares, squares_error = (
        mapped(counts, function) for function in _term_frequencies(model, fixed)
    )
    weight_unit, idf_unit = _units(model, fixed)
    length, quotients = model.lengths(counts), np.abs(scores - model.intercepts)
    lost = (tf + tf_error).sum(axis=1)[:, None] * weight_unit + tf_error @ np.abs(
        model.idf * model.weights
    ).T
    growth = np.ones(len(scores))
    if model.norm:
        off = (
            squares_error @ (model.idf**2 + idf_unit / 2)
            + squares.sum(axis=1) * idf_unit / 2
        ) / length**2
        with np.errstate(divide="ignore"):
            growth = np.where(off < 1, 1 / np.sqrt(np.maximum(1 - off, 0)), np.inf)
    # 1 / sqrt(N) grows by this factor at most, and shrinks by less.
    rounding = (
        lost / length[:, None] * growth[:, None] + quotients * (growth - 1)[:, None]
    )
    slack = SLACK * (
        1
        + quotients.max(axis=1, initial=0, keepdims=True)
        + np.abs(model.intercepts).max()
    )
    return rounding + np.ldexp(0.5, fixed.bias_shift) + slack


def _term_frequencies(model: LinearModel, fixed: FixedPointModel) -> list:
    """Functions of a count: what it counts, how far off the table is; the same for its square."""

    def error(table, true):
        values = table / table[0]  # one occurrence counts 1
        return lambda count: np.abs(
            values[np.minimum(count, len(values)) - 1] - true(count)
        )

    tf, table = model.term_frequency, fixed.term_frequency_squared
    found = [tf, error(fixed.term_frequency, tf)]
    return found + [
        lambda count: tf(count) ** 2,
        error(table if model.norm else np.ones(1), lambda c: tf(c) ** 2),
    ]


def _units(model: LinearModel, fixed: FixedPointModel) -> tuple[float, float]:
    """What 1 stands for in the weights and in idf squared; powers of two."""
    tf_unit = 1 / fixed.term_frequency[0]
    if model.norm is None:
        return np.ldexp(1.0, fixed.score_shift) / tf_unit, 1.0
    # Rounding errors are far too small to reach the next power of two.
    idf_unit = np.exp2(np.rint(np.log2((model.idf**2).sum() / fixed.idf_squared.sum())))
    root_unit = np.sqrt(idf_unit / fixed.term_frequency_squared[0])
    return np.ldexp(root_unit, fixed.score_shift) / tf_unit, idf_unit

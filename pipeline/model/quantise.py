"""Turn floating point into fixed point, with as few bits as keep every label."""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from pipeline.errors import DataError
from pipeline.model.fixed_point import MAX_EXACT, FixedPointModel
from pipeline.model.linear import LinearModel

MIN_BITS = 8
MAX_BITS = 20
TERM_FREQUENCY_ROWS = 256  # a term that occurs more often in a text counts no more
BIAS_BITS = 48  # of the largest bias or threshold, which share a unit
#: Bits after the point of a logarithmic term frequency in S, and, where they are even
#: together with those of idf squared, in N.
TERM_FREQUENCY_BITS = 14
#: Bits after the point of idf squared and of term frequencies squared, the finest
#: first: N is what overflows.
SQUARE_BITS = (14, 12, 10, 8, 6, 4)


class QuantisedModel(NamedTuple):
    """A fixed-point model, and the bits of its largest weight."""

    model: FixedPointModel
    bits: int


def quantise(model: LinearModel, bits: int) -> FixedPointModel:
    """Return the model with its largest weight rounded to ``bits`` bits and a sign.

    All other weights are rounded by the same unit. The idf is folded into the weights.
    Those of a term still add up to 0, so the file need not hold the last label's. A
    term whose weights all vanish stays: its idf belongs to the length.

    Raises
    ------
    DataError
        It has too many terms: their sums cannot be proved to stay exact.

    Examples
    --------
    >>> from pipeline.text import Tokeniser
    >>> from pipeline.text.character_map import preset
    >>> model = LinearModel(
    ...     labels=("chat", "spam"),
    ...     tokeniser=Tokeniser(preset("ascii", "shape"), 1, frozenset(), (1, 1)),
    ...     terms=("free", "you"),
    ...     idf=np.array([1.0, 1.0]),
    ...     weights=np.array([[-0.5, 0.3], [0.5, -0.3]]),
    ...     intercepts=np.zeros(2),
    ...     thresholds=np.zeros(2),
    ...     sublinear_tf=False,
    ...     norm=None,
    ... )
    >>> quantise(model, bits=8).weights.tolist()
    [[-128, 77], [128, -77]]
    """
    for square_bits in SQUARE_BITS:
        fixed = _quantise(model, bits, square_bits)
        if max(fixed.limits) <= MAX_EXACT:
            return fixed
    raise DataError(
        f"the model: {len(model.terms):,} terms are too many for exact sums on a "
        "device\n"
        "raise min_df in training.search.grids, or take fewer n-grams"
    )


def choose_bits(model: LinearModel, counts: sp.csr_array) -> QuantisedModel:
    """Return the fixed-point model with the fewest bits that flips no label.

    Neither the label nor the label with thresholds of these texts may flip. If every
    model flips some labels, the model that flips the fewest is returned.

    The model has at least `MIN_BITS`, since few texts say little about later ones, and
    at most `MAX_BITS`: a label that still flips there was a tie up to rounding errors
    of the floating-point model itself.

    Raises
    ------
    DataError
        As `quantise` does.

    Examples
    --------
    >>> from pipeline.model.counts import count_terms
    >>> from pipeline.text import Tokeniser
    >>> from pipeline.text.character_map import preset
    >>> model = LinearModel(
    ...     labels=("chat", "spam"),
    ...     tokeniser=Tokeniser(preset("ascii", "shape"), 1, frozenset(), (1, 1)),
    ...     terms=("free", "you"),
    ...     idf=np.array([1.0, 1.0]),
    ...     weights=np.array([[-0.5, 0.499], [0.5, -0.499]]),
    ...     intercepts=np.zeros(2),
    ...     thresholds=np.zeros(2),
    ...     sublinear_tf=False,
    ...     norm=None,
    ... )
    >>> choose_bits(model, count_terms(model, ["free you"])).bits
    9
    """
    expected_scores = model.scores(counts)
    expected_label = expected_scores.argmax(axis=1)
    expected_decision = model.label_with_thresholds(expected_scores)
    flips = {}
    for bits in range(MIN_BITS, MAX_BITS + 1):
        fixed = quantise(model, bits)
        scores = fixed.scores(counts)
        label_flips = scores.argmax(axis=1) != expected_label
        decision_flips = fixed.label_with_thresholds(scores) != expected_decision
        flips[bits] = np.count_nonzero(label_flips | decision_flips)
        if not flips[bits]:
            return QuantisedModel(fixed, bits)
    best_bits = min(flips, key=flips.__getitem__)
    return QuantisedModel(quantise(model, best_bits), best_bits)


def _quantise(model: LinearModel, bits: int, square_bits: int) -> FixedPointModel:
    weights = model.idf * model.weights
    weight_shift = _shift(weights, bits)
    bias_shift = _shift(np.concatenate([model.intercepts, model.thresholds]), BIAS_BITS)
    table_counts = np.arange(1, TERM_FREQUENCY_ROWS + 1)
    tf_shift = TERM_FREQUENCY_BITS if model.sublinear_tf else 0
    tf_squared_shift = square_bits if model.sublinear_tf else 0
    if model.norm is None:
        tf_squared = np.array([])
        idf_squared = np.array([])
        root_shift = 0
    else:
        tf_squared = model.term_frequency_squared(table_counts)
        idf_squared = model.idf**2
        root_shift = (square_bits + tf_squared_shift) // 2
    return FixedPointModel(
        labels=model.labels,
        tokeniser=model.tokeniser,
        terms=model.terms,
        norm=model.norm,
        term_frequency=_round(model.term_frequency(table_counts), tf_shift),
        term_frequency_squared=_round(tf_squared, tf_squared_shift),
        idf_squared=_round(idf_squared, square_bits),
        weights=_round_balanced(np.ldexp(weights, weight_shift)),
        biases=_round(model.intercepts, bias_shift),
        thresholds=_round(model.thresholds, bias_shift),
        bias_shift=-bias_shift,
        score_shift=root_shift - weight_shift - tf_shift,
    )


def _shift(values: np.ndarray, bits: int) -> int:
    """Return the power of two by which the largest value grows to ``bits`` bits."""
    exponent = np.frexp(np.abs(values).max())[1]
    return bits - int(exponent)


def _round(values: np.ndarray, shift: int) -> np.ndarray:
    rounded: np.ndarray = np.rint(np.ldexp(values, shift))
    return rounded.astype(np.int64)


def _round_balanced(weights: np.ndarray) -> np.ndarray:
    """Return weights as integers, each less than 1 away, whose columns add up to 0.

    The columns of ``weights`` [K, V] add up to 0 themselves.
    """
    rounded = np.rint(weights)
    excess = rounded.sum(axis=0)
    # Where the sum is too high, the weights that were rounded up the furthest are
    # lowered; where it is too low, those rounded down the furthest are raised.
    order = np.argsort(weights - rounded, axis=0, kind="stable")
    rank = np.argsort(order, axis=0)
    lowered = rank < excess
    raised = rank >= len(weights) + excess
    balanced: np.ndarray = rounded - lowered + raised
    return balanced.astype(np.int64)

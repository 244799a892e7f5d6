"""From floating point to fixed point, with as few bits as leave every label as it was."""

import numpy as np
import scipy.sparse as sp

from pipeline.errors import DataError
from pipeline.model.linear import MOST_EXACT, FixedPointModel, LinearModel

FEWEST_BITS, MOST_BITS = 8, 20
COUNTS = 256  # a term that stands in a text more often counts no more
BIAS_BITS = 48  # of the largest bias or threshold, which share a unit
# Bits after the point of a logarithmic term frequency, in S and (even together with those of idf squared) in N.
TF_BITS = 14
# Bits after the point of idf squared and of term frequencies squared, the finest first: N is what overflows.
PRECISIONS = (14, 12, 10, 8, 6, 4)


def quantise(model: LinearModel, bits: int) -> FixedPointModel:
    """The model with its largest weight rounded to ``bits`` bits (and a sign), all others by the same unit.

    The idf is folded into the weights. Those of a term still add up to 0, so the file need not hold the last label's.
    A term whose weights all vanish stays: its idf belongs to the length.

    Raises
    ------
    DataError : the sums of so many terms cannot be proved to stay exact.
    """
    weights = model.idf * model.weights
    weight_shift = _shift(weights, bits)
    bias_shift = _shift(np.concatenate([model.intercepts, model.thresholds]), BIAS_BITS)
    tf = model.term_frequency(np.arange(1, COUNTS + 1))
    tf_shift = TF_BITS if model.sublinear_tf else 0
    for shift in PRECISIONS:
        squares_shift = shift if model.sublinear_tf else 0
        root_shift = (shift + squares_shift) // 2 if model.norm else 0
        fixed = FixedPointModel(
            labels=model.labels,
            tokeniser=model.tokeniser,
            terms=model.terms,
            norm=model.norm,
            term_frequency=_rounded(tf, tf_shift),
            term_frequency_squared=_rounded(
                tf**2 if model.norm else tf[:0], squares_shift
            ),
            idf_squared=_rounded(model.idf**2 if model.norm else tf[:0], shift),
            weights=_balanced(np.ldexp(weights, weight_shift)),
            biases=_rounded(model.intercepts, bias_shift),
            thresholds=_rounded(model.thresholds, bias_shift),
            bias_shift=-bias_shift,
            score_shift=root_shift - weight_shift - tf_shift,
        )
        if max(fixed.limits.values()) <= MOST_EXACT:
            return fixed
    raise DataError(
        f"{len(model.terms):,} terms are too many for exact sums on a device\n"
        "raise min_df in training.search.grids, or take fewer n-grams"
    )


def choose_bits(
    model: LinearModel, counts: sp.csr_array
) -> tuple[FixedPointModel, int]:
    """The fixed-point model of the fewest bits that flips no label of these texts (else: the fewest labels), its bits.

    The label with the thresholds must not flip either.

    It has `FEWEST_BITS` at least, since few texts say little about those to come, and `MOST_BITS` at most: a label that
    still flips there was a tie up to rounding errors of the floating-point model itself.

    Raises
    ------
    DataError : as `quantise` does.
    """
    expected = model.scores(counts)
    label, decision = expected.argmax(axis=1), model.decide(expected)
    flips = {}
    for bits in range(FEWEST_BITS, MOST_BITS + 1):
        fixed = quantise(model, bits)
        found = fixed.scores(counts)
        flips[bits] = np.count_nonzero(
            (found.argmax(axis=1) != label) | (fixed.decide(found) != decision)
        )
        if not flips[bits]:
            return fixed, bits
    best = min(flips, key=flips.__getitem__)
    return quantise(model, best), best


def _shift(values: np.ndarray, bits: int) -> int:
    """The power of two by which the largest value grows to ``bits`` bits."""
    return bits - int(np.frexp(np.abs(values).max())[1])


def _balanced(weights: np.ndarray) -> np.ndarray:
    """The weights, whose columns add up to 0, as integers that do so too, each less than 1 away."""
    rounded = np.rint(weights)
    excess = rounded.sum(axis=0)
    # Where the sum is too high, the weights that were rounded up the furthest are lowered; else the other way round.
    rank = np.argsort(np.argsort(weights - rounded, axis=0, kind="stable"), axis=0)
    return (rounded - (rank < excess) + (rank >= len(weights) + excess)).astype(
        np.int64
    )


def _rounded(values: np.ndarray, shift: int) -> np.ndarray:
    return np.rint(np.ldexp(values, shift)).astype(np.int64)

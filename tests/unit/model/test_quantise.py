"""Rounding flips no label, keeps sums exact, and uses as few bits as possible."""

import numpy as np
import pytest

from pipeline.errors import DataError
from pipeline.model.counts import count_terms
from pipeline.model.fixed_point import MAX_EXACT
from pipeline.model.from_sklearn import linear_model
from pipeline.model.quantise import MIN_BITS, choose_bits, quantise
from pipeline.model.rounding import compare
from tests.support.exported_models import (
    ESTIMATORS,
    KINDS,
    NASTY,
    corpus,
    fit,
    identify,
)

TEXTS = corpus(3)[0] + NASTY


def name_of(kind: tuple) -> str:
    return "-".join(map(identify, kind))


@pytest.mark.parametrize("kind", KINDS, ids=name_of)
def test_every_kind_of_model_keeps_its_labels_in_fixed_point(kind):
    model = linear_model(fit(*kind))
    counts = count_terms(model, TEXTS)
    fixed, bits = choose_bits(model, counts)
    agreement = compare(model, fixed, counts)
    assert not agreement.flipped.any()
    assert agreement.explained.all()
    assert agreement.proved.mean() > 0.9
    if bits > MIN_BITS:
        coarser = quantise(model, bits - 1)
        assert compare(model, coarser, counts).flipped.any()


@pytest.mark.parametrize("threshold", [1e-12, 0.3, -1e6])
def test_thresholds_set_the_unit_where_there_is_no_bias(threshold):
    model = linear_model(fit(ESTIMATORS[-1])).with_thresholds({"spam": threshold})
    assert not model.intercepts.any()
    rounded = quantise(model, 12)
    assert not rounded.biases.any()
    assert 2**47 <= np.abs(rounded.thresholds).max() <= 2**48
    assert np.ldexp(rounded.thresholds[-1], rounded.bias_shift) == pytest.approx(
        threshold, rel=1e-14
    )


def test_the_bits_are_enough_for_labels_with_thresholds():
    model = linear_model(fit(ESTIMATORS[0]))
    counts = count_terms(model, corpus(3)[0])
    scores = model.scores(counts)
    lead = np.sort(scores[:, 2] - scores[:, :2].max(axis=1))
    # It is so near to the margin of a text that it takes more bits than the labels.
    threshold = float(lead[len(lead) // 2]) - 1e-5
    close = model.with_thresholds({"spam": threshold})
    without_threshold = choose_bits(model, counts)
    fixed, bits = choose_bits(close, counts)
    assert without_threshold.bits < bits
    labels = fixed.label_with_thresholds(fixed.scores(counts))
    assert labels.tolist() == close.label_with_thresholds(scores).tolist()


def test_idf_is_rounded_more_coarsely_where_sums_would_not_stay_exact():
    model = linear_model(fit(ESTIMATORS[0]))
    model.idf[:] *= 1e3
    fixed = quantise(model, 12)
    assert MAX_EXACT / 16 < fixed.limits.N <= MAX_EXACT
    assert compare(model, fixed, count_terms(model, TEXTS)).explained.all()


def test_where_a_label_flips_at_any_precision_the_fewest_bits_are_chosen():
    model = linear_model(fit(ESTIMATORS[0]))
    # No bias can tell the first two apart, and an empty text has nothing else.
    model.intercepts[:] = [0, 1e-16, -1]
    fixed, bits = choose_bits(model, count_terms(model, ["", *corpus(3)[0]]))
    assert bits == MIN_BITS
    assert np.abs(fixed.weights).max() < 2 ** (MIN_BITS + 1)


def test_a_model_with_too_many_terms_for_exact_sums_is_refused_before_it_is_written():
    model = linear_model(fit(ESTIMATORS[0]))
    model.idf[:] = 1e5
    with pytest.raises(DataError, match="too many for exact sums"):
        quantise(model, 12)

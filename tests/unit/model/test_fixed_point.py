"""The integers of a model, which the scorer computes with to the last bit."""

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.model.counts import count_terms
from pipeline.model.fixed_point import MAX_EXACT
from pipeline.model.from_sklearn import linear_model
from pipeline.model.quantise import quantise
from pipeline.model.rounding import score_bounds
from scorers.python import nightsieve_scorer
from tests.support.exported_models import (
    KINDS,
    WORDY_TEXT,
    exported,
    fit,
    fixed,
    identify,
)

# A threshold lies between two scores: it is 0, or no smaller than their last digits.
# Far smaller thresholds have no unit in the format: see the minimum of `shifts.bias`.
THRESHOLD = st.just(0.0) | st.floats(-3, -1e-30) | st.floats(1e-30, 3)


def name_of(kind: tuple) -> str:
    return "-".join(map(identify, kind))


@functools.cache
def scorer(*kind) -> nightsieve_scorer.Scorer:
    return nightsieve_scorer.load(exported(fixed(*kind)))


@pytest.mark.parametrize("kind", KINDS, ids=name_of)
def test_weights_add_up_to_0_and_sums_stay_exact(kind):
    model = fixed(*kind)
    assert not model.weights.sum(axis=0).any()
    assert np.abs(model.weights).max() in range(2**11 - 1, 2**12 + 2)
    assert max(model.limits) <= MAX_EXACT


@given(st.sampled_from(KINDS), WORDY_TEXT)
def test_the_scorer_gets_exactly_the_scores_of_the_fixed_point_model(kind, text):
    result = scorer(*kind).evaluate(text)
    counts = count_terms(fixed(*kind), [text])
    S, N = fixed(*kind).sums(counts)
    assert (S[0].tolist(), N[0]) == (result.S, result.N)
    assert result.scores == fixed(*kind).scores(counts)[0].tolist()


@settings(max_examples=30)
@given(st.sampled_from(KINDS), st.lists(THRESHOLD, min_size=3, max_size=3), WORDY_TEXT)
def test_the_scorer_decides_as_the_thresholds_of_the_fitted_model_say(
    kind, thresholds, text
):
    fitted = fit(*kind)
    model = linear_model(fitted).with_thresholds(
        dict(zip(fitted.classes_, thresholds, strict=False))
    )
    rounded = quantise(model, 12)
    assert np.abs(rounded.thresholds).max() <= 2**52
    np.testing.assert_allclose(
        np.ldexp(rounded.thresholds, rounded.bias_shift),
        model.thresholds,
        rtol=0,
        atol=1e-9,
    )
    counts = count_terms(model, [text])
    scores = model.scores(counts)
    bounds = score_bounds(model, rounded, counts, scores)
    label = nightsieve_scorer.load(exported(rounded)).label(text, thresholds=True)
    rounded_index = rounded.label_with_thresholds(rounded.scores(counts))[0]
    assert label == model.labels[rounded_index]
    reduced_scores = (scores - model.thresholds)[0]
    lead = reduced_scores.max() - np.sort(reduced_scores)[-2]
    if lead > 2 * bounds.max() + 1e-9:
        assert label == model.labels[reduced_scores.argmax()]

"""From scikit-learn to integers: what is exported predicts what was fitted, as far as rounding lets it."""

import dataclasses
import functools
import itertools
import json
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import RidgeClassifier

from pipeline.errors import DataError
from pipeline.export import build, build_vectors, prepare
from pipeline.export.conformance.selection import choose, decode_vectors
from pipeline.export.exporters.nightsieve_linear.format import decode
from pipeline.model.counts import count_terms
from pipeline.model.decision_function import centred_decision_function
from pipeline.model.fixed_point import MAX_EXACT, FixedPointModel
from pipeline.model.from_sklearn import linear_model
from pipeline.model.linear import LinearModel
from pipeline.model.quantise import MIN_BITS, choose_bits, quantise
from pipeline.model.rounding import compare, score_bounds
from scorers.python import nightsieve_scorer
from tests.unit.export.exported_models import (
    ESTIMATORS,
    KINDS,
    NASTY,
    PROVENANCE,
    WORDY_TEXT,
    corpus,
    exported,
    fit,
    fixed,
    identify,
)

TEXTS = corpus(3)[0] + NASTY
THRESHOLD = st.floats(-3, 3)


@functools.cache
def scorer(*kind) -> nightsieve_scorer.Scorer:
    return nightsieve_scorer.load(exported(fixed(*kind)))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "-".join(map(identify, kind)))
def test_the_floating_point_model_is_the_estimator(kind):
    fitted = fit(*kind)
    model, vectors = linear_model(fitted), fitted[0].transform(TEXTS)
    scores = model.scores(count_terms(model, TEXTS))
    np.testing.assert_allclose(
        scores, centred_decision_function(fitted[1], vectors), rtol=1e-12, atol=1e-12
    )
    assert (
        np.array(model.labels)[scores.argmax(axis=1)].tolist()
        == fitted.predict(TEXTS).tolist()
    )


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "-".join(map(identify, kind)))
def test_every_kind_of_model_keeps_its_labels_in_fixed_point(kind):
    model = linear_model(fit(*kind))
    counts = count_terms(model, TEXTS)
    found, bits = choose_bits(model, counts)
    agreement = compare(model, found, counts)
    assert not agreement.flipped.any() and agreement.explained.all()
    assert (
        bits == MIN_BITS
        or compare(model, quantise(model, bits - 1), counts).flipped.any()
    )
    assert agreement.proved.mean() > 0.9


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "-".join(map(identify, kind)))
def test_the_integers_are_what_they_must_be(kind):
    model = fixed(*kind)
    assert not model.weights.sum(axis=0).any()
    assert np.abs(model.weights).max() in range(2**11 - 1, 2**12 + 2)
    assert max(model.limits) <= MAX_EXACT


@given(st.sampled_from(KINDS), WORDY_TEXT, st.integers(2, 20))
def test_rounding_explains_every_difference_and_flips_no_proved_label(kind, text, bits):
    model = linear_model(fit(*kind))
    agreement = compare(model, fixed(*kind, bits=bits), count_terms(model, [text]))
    assert agreement.explained.all()
    assert not (agreement.proved & agreement.flipped).any()


@given(st.sampled_from(KINDS), WORDY_TEXT)
def test_the_scorer_gets_the_very_scores_of_the_fixed_point_model(kind, text):
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
    expected, bounds = (
        model.scores(counts),
        score_bounds(model, rounded, counts, model.scores(counts)),
    )
    less = (expected - model.thresholds)[0]
    decided = nightsieve_scorer.load(exported(rounded)).label(text, thresholds=True)
    assert (
        decided
        == model.labels[rounded.label_with_thresholds(rounded.scores(counts))[0]]
    )
    if less.max() - np.sort(less)[-2] > 2 * bounds.max() + 1e-9:
        assert decided == model.labels[less.argmax()]


@pytest.mark.parametrize("threshold", [1e-12, 0.3, -1e6])
def test_thresholds_set_the_unit_where_there_is_no_bias(threshold):
    model = linear_model(fit(ESTIMATORS[-1])).with_thresholds({"spam": threshold})
    assert not model.intercepts.any()
    rounded = quantise(model, 12)
    assert (
        not rounded.biases.any() and 2**47 <= np.abs(rounded.thresholds).max() <= 2**48
    )
    assert np.ldexp(rounded.thresholds[-1], rounded.bias_shift) == pytest.approx(
        threshold, rel=1e-14
    )


def test_the_bits_are_enough_for_labels_with_thresholds():
    model = linear_model(fit(ESTIMATORS[0]))
    counts = count_terms(model, corpus(3)[0])
    scores = model.scores(counts)
    lead = np.sort(scores[:, 2] - scores[:, :2].max(axis=1))
    # So near to one text's margin that it takes more bits than the labels alone.
    close = model.with_thresholds({"spam": float(lead[len(lead) // 2]) - 1e-5})
    (_, few), (found, many) = choose_bits(model, counts), choose_bits(close, counts)
    assert few < many
    assert (
        found.label_with_thresholds(found.scores(counts)).tolist()
        == close.label_with_thresholds(scores).tolist()
    )


def worst_rounded(
    weight: int, idf: int, bias: int, signs: tuple[int, int, int]
) -> tuple[LinearModel, FixedPointModel]:
    """A model of numbers up to these, and what it was rounded from: each of its numbers as far off as it can be."""
    chance = np.random.default_rng(weight)
    model, fitted = fixed(ESTIMATORS[0]), linear_model(fit(ESTIMATORS[0]))
    shape = model.weights.shape
    rounded = dataclasses.replace(
        model,
        weights=chance.integers(-weight, weight, shape, endpoint=True),
        idf_squared=chance.integers(idf // 2, idf, shape[1], endpoint=True),
        biases=chance.integers(-bias, bias, shape[0], endpoint=True),
        bias_shift=0,
        score_shift=0,
    )
    # Raised for one label and lowered for the next.
    alternating = np.array([1, -1, 1])
    exact_idf = np.sqrt(rounded.idf_squared + signs[0] / 2)
    exact_weights = rounded.weights + signs[1] * alternating[:, None]
    return dataclasses.replace(
        fitted,
        idf=exact_idf,
        weights=exact_weights / exact_idf,
        intercepts=rounded.biases + signs[2] / 2 * alternating,
    ), rounded


@pytest.mark.parametrize(
    "magnitudes", [(3, 2000, 0), (2000, 30, 0), (1, 2000, 2), (40, 30, 40)]
)
def test_the_proof_holds_when_every_number_was_rounded_the_worst_way(magnitudes):
    words, chance = corpus(3)[0], random.Random(0)
    texts = [
        " ".join(chance.choice(words).split()[: chance.randint(1, 5)])
        for _ in range(3_000)
    ]
    proved = 0
    for signs in itertools.product((-1, 1), repeat=3):
        exact, rounded = worst_rounded(*magnitudes, signs)
        agreement = compare(exact, rounded, count_terms(rounded, texts))
        assert agreement.explained.all()
        assert not (agreement.proved & agreement.flipped).any()
        proved += agreement.proved.sum()
    assert proved > 0


def test_idf_is_rounded_more_coarsely_where_sums_would_not_stay_exact():
    model = linear_model(fit(ESTIMATORS[0]))
    model.idf[:] *= 1e3
    found = quantise(model, 12)
    assert MAX_EXACT / 16 < found.limits.N <= MAX_EXACT
    assert compare(model, found, count_terms(model, TEXTS)).explained.all()


def test_where_a_label_flips_at_any_precision_the_fewest_bits_of_the_fewest_flips_are_chosen():
    model = linear_model(fit(ESTIMATORS[0]))
    model.intercepts[:] = [
        0,
        1e-16,
        -1,
    ]  # no bias can tell the first two apart, and an empty text has nothing else
    found, bits = choose_bits(model, count_terms(model, ["", *corpus(3)[0]]))
    assert bits == MIN_BITS
    assert np.abs(found.weights).max() < 2 ** (MIN_BITS + 1)


def test_a_model_with_too_many_terms_for_exact_sums_is_refused_before_it_is_written():
    model = linear_model(fit(ESTIMATORS[0]))
    model.idf[:] = 1e5
    with pytest.raises(DataError, match="too many for exact sums"):
        quantise(model, 12)


def test_what_is_built_has_the_bits_that_its_texts_need_and_no_others():
    fitted, texts = fit(ESTIMATORS[0]), corpus(3)[0]
    cleaned = [[" ".join(fitted[0].analyzer.tokens(text)) for text in texts]] * 2
    provenance = {name: value for name, value in PROVENANCE.items() if name != "bits"}
    prepared = prepare(fitted, {"spam": 0.25}, cleaned)
    content = build(fitted, json.loads(json.dumps(prepared)), provenance)
    model = linear_model(fitted).with_thresholds({"spam": 0.25})
    expected, bits = choose_bits(model, count_terms(model, texts))
    np.testing.assert_array_equal(decode(content).weights, expected.weights)
    np.testing.assert_array_equal(decode(content).thresholds, expected.thresholds)
    assert f'"bits":{bits}'.encode() in content
    assert decode_vectors(build_vectors(prepared, content), content) == choose(expected)


def test_without_a_text_nothing_is_built():
    with pytest.raises(DataError, match="no message"):
        prepare(fit(ESTIMATORS[0]), {}, [[]])


def test_terms_are_in_order_whatever_the_order_of_the_vocabulary():
    in_order = tuple(fit(ESTIMATORS[0])[0].get_feature_names_out())
    kind = (ESTIMATORS[0], 3, "l2", True)
    forwards, backwards = fixed(*kind, in_order), fixed(*kind, in_order[::-1])
    assert forwards.terms == backwards.terms
    # The solver's last digits depend on the order.
    np.testing.assert_allclose(forwards.weights, backwards.weights, atol=1)


def test_another_estimator_cannot_be_exported():
    with pytest.raises(TypeError, match="RidgeClassifier"):
        linear_model(fit(RidgeClassifier()))

"""The proof holds whichever way numbers were rounded, and explains each difference."""

import dataclasses
import itertools
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.model.counts import count_terms
from pipeline.model.fixed_point import FixedPointModel
from pipeline.model.from_sklearn import linear_model
from pipeline.model.linear import LinearModel
from pipeline.model.rounding import compare
from tests.support.exported_models import (
    ESTIMATORS,
    KINDS,
    WORDY_TEXT,
    corpus,
    fit,
    fixed,
)


@given(st.sampled_from(KINDS), WORDY_TEXT, st.integers(2, 20))
def test_rounding_explains_every_difference_and_flips_no_proved_label(kind, text, bits):
    model = linear_model(fit(*kind))
    agreement = compare(model, fixed(*kind, bits=bits), count_terms(model, [text]))
    assert agreement.explained.all()
    assert not (agreement.proved & agreement.flipped).any()


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

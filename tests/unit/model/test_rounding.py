"""The proof holds whichever way numbers were rounded, and explains each difference."""

import dataclasses
import itertools
import random
from typing import NamedTuple

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


class RoundedModel(NamedTuple):
    """A model, and the model that it was rounded to."""

    exact: LinearModel
    rounded: FixedPointModel


def worst_rounded(
    magnitudes: tuple[int, int, int], signs: tuple[int, int, int]
) -> RoundedModel:
    """Return a model whose numbers were all rounded by the largest possible amount.

    Parameters
    ----------
    magnitudes
        The largest weight, square of idf and bias of the rounded model.
    signs
        The directions in which squares of idf, weights and biases were rounded.
    """
    weight, idf, bias = magnitudes
    rng = np.random.default_rng(weight)
    model = fixed(ESTIMATORS[0])
    fitted = linear_model(fit(ESTIMATORS[0]))
    n_labels, n_terms = model.weights.shape
    rounded = dataclasses.replace(
        model,
        weights=rng.integers(-weight, weight, (n_labels, n_terms), endpoint=True),
        idf_squared=rng.integers(idf // 2, idf, (n_terms,), endpoint=True),
        biases=rng.integers(-bias, bias, (n_labels,), endpoint=True),
        bias_shift=0,
        score_shift=0,
    )
    # Raised for one label and lowered for the next.
    alternating = np.array([1, -1, 1])
    exact_idf = np.sqrt(rounded.idf_squared + signs[0] / 2)
    exact_weights = rounded.weights + signs[1] * alternating[:, None]
    exact = dataclasses.replace(
        fitted,
        idf=exact_idf,
        weights=exact_weights / exact_idf,
        intercepts=rounded.biases + signs[2] / 2 * alternating,
    )
    return RoundedModel(exact, rounded)


@pytest.mark.parametrize(
    "magnitudes", [(3, 2000, 0), (2000, 30, 0), (1, 2000, 2), (40, 30, 40)]
)
def test_the_proof_holds_when_every_number_was_rounded_the_worst_way(magnitudes):
    sentences = corpus(3)[0]
    rng = random.Random(0)
    texts = []
    for _ in range(3_000):
        words = rng.choice(sentences).split()
        texts.append(" ".join(words[: rng.randint(1, 5)]))
    proved = 0
    for signs in itertools.product((-1, 1), repeat=3):
        exact, rounded = worst_rounded(magnitudes, signs)
        agreement = compare(exact, rounded, count_terms(rounded, texts))
        assert agreement.explained.all()
        assert not (agreement.proved & agreement.flipped).any()
        proved += agreement.proved.sum()
    assert proved > 0

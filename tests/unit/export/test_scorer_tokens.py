"""The Python scorer finds the tokens that training counted, in every string."""

import functools
import itertools
from typing import Literal

import numpy as np
import pytest
from hypothesis import given

from pipeline.config.settings import Text
from pipeline.model.fixed_point import FixedPointModel
from pipeline.text import Tokeniser
from scorers.python import nightsieve_scorer
from tests.support.exported_models import ANY_TEXT, WORDY_TEXT, exported

# The planes between these have no characters yet.
ASSIGNED = [*range(0x33000), *range(0xE0000, 0xE0200), 0x10FFFF]
Preset = Literal["ascii", "casefold"]
Digits = Literal["separate", "keep", "shape"]
PRESETS: tuple[Preset, ...] = ("ascii", "casefold")
DIGITS: tuple[Digits, ...] = ("separate", "keep", "shape")
POLICIES = list(itertools.product(PRESETS, DIGITS))


@functools.cache
def tokeniser_and_scorer(
    preset: Preset, digits: Digits, min_token: int = 1
) -> tuple[Tokeniser, nightsieve_scorer.Scorer]:
    text = Text(
        preset=preset,
        digits=digits,
        min_token=min_token,
        stop_words=("The", "you", "免费"),
    )
    tokeniser = Tokeniser.from_settings(text)
    one = np.ones(1, dtype=np.int64)
    two = np.ones(2, dtype=np.int64)
    model = FixedPointModel(
        labels=("no", "yes"),
        tokeniser=tokeniser,
        terms=("term",),
        norm="l2",
        term_frequency=one,
        term_frequency_squared=one,
        idf_squared=one,
        weights=np.zeros((2, 1), dtype=np.int64),
        biases=two,
        thresholds=two,
        bias_shift=0,
        score_shift=0,
    )
    return tokeniser, nightsieve_scorer.load(exported(model))


@pytest.mark.parametrize("policy", POLICIES, ids="-".join)
def test_every_character_becomes_the_same(policy: tuple[Preset, Digits]):
    tokeniser, scorer = tokeniser_and_scorer(*policy)
    text = " ".join(f"a{chr(code_point)}b" for code_point in ASSIGNED)
    assert scorer.tokens(text) == tokeniser.tokens(text)


@given(ANY_TEXT | WORDY_TEXT)
def test_any_text_becomes_the_same_tokens(text: str):
    for policy in POLICIES:
        tokeniser, scorer = tokeniser_and_scorer(*policy, min_token=2)
        assert scorer.tokens(text) == tokeniser.tokens(text)

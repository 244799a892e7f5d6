"""The plain scorer cuts every string into the tokens that training saw."""

import functools

import numpy as np
import pytest
from hypothesis import given

from pipeline.config.settings import Text
from pipeline.model.fixed_point import FixedPointModel
from pipeline.text import Tokeniser
from scorers.python import nightsieve_scorer
from tests.support.exported_models import ANY_TEXT, WORDY_TEXT, exported

ASSIGNED = [
    *range(0x33000),
    *range(0xE0000, 0xE0200),
    0x10FFFF,
]  # the planes between hold nothing yet
POLICIES = [
    (preset, digits)
    for preset in ("ascii", "casefold")
    for digits in ("separate", "keep", "shape")
]


@functools.cache
def pair(
    preset: str, digits: str, min_token: int = 1
) -> tuple[Tokeniser, nightsieve_scorer.Scorer]:
    text = Text(
        preset=preset,
        digits=digits,
        min_token=min_token,
        stop_words=("The", "you", "免费"),
    )
    tokeniser = Tokeniser.from_settings(text)
    one, two = np.ones(1, dtype=np.int64), np.ones(2, dtype=np.int64)
    model = FixedPointModel(
        ("no", "yes"),
        tokeniser,
        ("term",),
        "l2",
        one,
        one,
        one,
        two[:, None] * 0,
        two,
        two,
        0,
        0,
    )
    return tokeniser, nightsieve_scorer.load(exported(model))


@pytest.mark.parametrize("policy", POLICIES, ids="-".join)
def test_every_character_becomes_the_same(policy):
    tokeniser, scorer = pair(*policy)
    text = " ".join(f"a{chr(code_point)}b" for code_point in ASSIGNED)
    assert scorer.tokens(text) == tokeniser.tokens(text)


@given(ANY_TEXT | WORDY_TEXT)
def test_any_text_becomes_the_same_tokens(text):
    for policy in POLICIES:
        tokeniser, scorer = pair(*policy, min_token=2)
        assert scorer.tokens(text) == tokeniser.tokens(text)

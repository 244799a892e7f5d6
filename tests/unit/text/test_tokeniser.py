"""Properties of the text contract; tests/spec/text-contract.md has single texts."""

import pickle
import sys
import unicodedata
from collections.abc import Iterator
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config.settings import Text
from pipeline.text import Tokeniser, join_surrogates
from pipeline.text.character_map import SEPARATOR, preset

TEXTS = st.text(st.characters())  # lone surrogates too
PRESETS = ("ascii", "casefold")
DIGITS = ("separate", "keep", "shape")
APOSTROPHES = "'\u2019\u02bc"


def assigned_characters() -> Iterator[str]:
    """Yield every character but the unassigned ones and surrogates."""
    for character in map(chr, range(sys.maxunicode + 1)):
        if unicodedata.category(character) not in ("Cn", "Cs"):
            yield character


def tokeniser(
    preset: Literal["ascii", "casefold"] = "casefold",
    digits: Literal["separate", "keep", "shape"] = "shape",
    min_token: int = 1,
    stop_words: tuple[str, ...] = (),
    ngrams: tuple[int, int] = (1, 1),
) -> Tokeniser:
    text = Text(
        preset=preset, digits=digits, min_token=min_token, stop_words=stop_words
    )
    return Tokeniser.from_settings(text, ngrams)


def meaning(character: str, name: str, digits: str) -> str:
    """Return what a preset makes of a character, by its definition."""
    category = unicodedata.category(character)
    if (
        character in APOSTROPHES
        or category == "Cf"
        or "VARIATION SELECTOR" in unicodedata.name(character, "")
    ):
        return ""
    if name == "ascii" and not character.isascii():
        return SEPARATOR if category[0] == "Z" or character == "\x85" else ""
    if category == "Nd":
        return {"separate": SEPARATOR, "keep": character, "shape": "0"}[digits]
    return character.casefold() if category[0] in "LM" else SEPARATOR


@pytest.mark.parametrize("digits", DIGITS)
@pytest.mark.parametrize("name", PRESETS)
def test_the_compressed_map_treats_every_character_as_the_preset_does(name, digits):
    table = preset(name, digits).table
    differing = [
        character
        for character in assigned_characters()
        if table[ord(character)] != meaning(character, name, digits)
    ]
    assert differing == []


def test_short_tokens_and_stop_words_are_dropped_before_ngrams():
    shortened = tokeniser(
        preset="ascii",
        digits="keep",
        min_token=2,
        stop_words=("THE", "isn't"),
        ngrams=(1, 2),
    )
    assert shortened("The cat isn't a dog") == ["cat", "dog", "cat dog"]


@given(TEXTS)
def test_surrogates_are_joined_as_a_device_joins_utf16(text):
    units = text.encode("utf-16-le", "surrogatepass")
    assert join_surrogates(text) == units.decode("utf-16-le", "replace")


@given(TEXTS, st.sampled_from(PRESETS), st.sampled_from(DIGITS))
def test_cleaning_a_clean_text_changes_nothing(text, name, digits):
    tokens = tokeniser(preset=name, digits=digits).tokens
    cleaned = tokens(text)
    assert tokens(SEPARATOR.join(cleaned)) == cleaned


def test_a_tokeniser_that_was_used_survives_pickling():
    used = tokeniser(stop_words=("x",))
    used.tokens("any text \u4f60")
    unpickled = pickle.loads(pickle.dumps(used))
    assert unpickled == used
    assert unpickled.tokens("\u00c0 x 7") == ["\u00e0", "0"]

"""The text contract: characters, tokens, n-grams."""

import pickle
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config.settings import Text
from pipeline.text import Tokeniser, join_surrogates
from pipeline.text.character_map import SEPARATOR, preset

ANY = st.text(st.characters())  # lone surrogates too
EVERY = [chr(code_point) for code_point in range(sys.maxunicode + 1)]
ASSIGNED = [c for c in EVERY if unicodedata.category(c) not in ("Cn", "Cs")]
APOSTROPHES = "'\u2019\u02bc"


def tokens(text: str, **changes) -> list[str]:
    settings = {
        "preset": "casefold",
        "digits": "shape",
        "min_token": 1,
        "stop_words": (),
        **changes,
    }
    return Tokeniser.from_settings(Text(**settings)).tokens(text)


@pytest.mark.parametrize("digits", ["separate", "keep", "shape"])
@pytest.mark.parametrize("name", ["ascii", "casefold"])
def test_the_compressed_map_says_of_every_character_what_the_preset_means(name, digits):
    table = preset(name, digits).table

    def meant(character: str) -> str:
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

    assert [c for c in ASSIGNED if table[ord(c)] != meant(c)] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Your OTP is 482913.", ["your", "otp", "is", "000000"]),
        ("Don\u2019t, DON'T", ["dont", "dont"]),
        ("STRASSE stra\xdfe", ["strasse", "strasse"]),
        (
            "\u03a3\u0399\u03a3\u03a5\u03a6\u039f\u03a3",
            ["\u03c3\u03b9\u03c3\u03c5\u03c6\u03bf\u03c3"],
        ),  # no final sigma
        ("v\u200bi\u00adagra", ["viagra"]),
        (
            "\u0939\u093f\u0928\u094d\u0926\u0940 \u096a\u0968",
            ["\u0939\u093f\u0928\u094d\u0926\u0940", "00"],
        ),
        ("&amp; &#163;5", ["amp", "000", "0"]),  # an entity stays what the sender typed
        ("a\x00b\nc\u00a0d", ["a", "b", "c", "d"]),
        ("\U0001f600\ufe0f\ud83d", []),
        ("", []),
    ],
)
def test_tokens(text, expected):
    assert tokens(text) == expected


def test_short_tokens_and_stop_words_are_dropped_before_ngrams():
    settings = Text(
        preset="ascii", digits="keep", min_token=2, stop_words=("THE", "isn't")
    )
    assert Tokeniser.from_settings(settings, (1, 2))("The cat isn't a dog") == [
        "cat",
        "dog",
        "cat dog",
    ]


@given(ANY)
def test_surrogates_are_joined_as_a_device_joins_utf16(text):
    units = text.encode("utf-16-le", "surrogatepass")
    assert join_surrogates(text) == units.decode("utf-16-le", "replace")


@given(
    ANY,
    st.sampled_from(["ascii", "casefold"]),
    st.sampled_from(["separate", "keep", "shape"]),
)
def test_cleaning_a_clean_text_changes_nothing(text, name, digits):
    once = tokens(text, preset=name, digits=digits)
    assert tokens(SEPARATOR.join(once), preset=name, digits=digits) == once


def test_a_tokeniser_that_was_used_survives_pickling():
    tokeniser = Tokeniser.from_settings(
        Text(preset="casefold", digits="shape", min_token=1, stop_words=("x",))
    )
    tokeniser.tokens("any text \u4f60")
    again = pickle.loads(pickle.dumps(tokeniser))
    assert again == tokeniser and again.tokens("\u00c0 x 7") == ["\u00e0", "0"]

"""What a person may see of a message: some of its words, such as many texts have, and no digit."""

from collections import Counter
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config.settings import Masking
from pipeline.data.training_set import TrainingSet
from pipeline.text.masking import BLOCK, common_words, hide_digits, mask

WORDS = st.text(
    st.characters(exclude_characters=" ", exclude_categories=("Cs",)),
    min_size=1,
    max_size=12,
)
FEW = st.sampled_from(["call", "me", "now", "ann", "0800", "0900", "a1", "a2"])


@given(
    st.lists(WORDS | FEW, min_size=1),
    st.dictionaries(WORDS | FEW, st.integers(0, 5)),
    st.floats(0, 0.99),
)
def test_a_share_of_the_tokens_can_be_read_the_heaviest_of_those_that_may_be_and_no_digit(
    tokens, weights, most
):
    shown = mask(" ".join(tokens), weights, most).split(" ")
    assert list(map(len, shown)) == list(map(len, tokens))
    legible = [
        token for token, seen in zip(tokens, shown, strict=True) if set(seen) != {BLOCK}
    ]
    assert len(legible) <= most * len(tokens)
    assert set(legible) <= weights.keys()
    assert {letter for seen in shown for letter in seen if letter.isdecimal()} <= {"0"}
    hidden = [token for token in weights.keys() - set(legible) if token in tokens]
    for token in hidden:  # there was no room beside those that are at least as heavy
        heavier = [other for other in legible if weights[other] >= weights[token]]
        assert len(heavier) + tokens.count(token) > int(most * len(tokens))


def test_a_message_of_which_half_may_be_read():
    weights = {"your": 0.1, "code": 0.7, "for": 0.2, "4829": 0.5}
    assert (
        mask("your code 4829 for ann@example", weights, 0.5)
        == f"{BLOCK * 4} code 0000 {BLOCK * 3} {BLOCK * 11}"
    )
    assert mask("your code for", weights, 0.5) == f"{BLOCK * 4} code {BLOCK * 3}"
    assert mask("code", weights, 0.5) == BLOCK * 4
    assert mask("", weights, 0.5) == ""


def training_set(texts: list[tuple[str, ...]]) -> TrainingSet:
    """A document for each of these, some of which may be the same text with another label."""
    vocabulary = tuple(sorted({word for text in texts for word in text}))
    return TrainingSet(
        labels=("a", "b"),
        vocabulary=vocabulary,
        y=np.arange(len(texts)) % 2,
        weight=np.full(len(texts), 1_000),
        label_weight=np.ones(len(texts)),
        group=np.arange(len(texts)),
        tokens=np.array(
            [vocabulary.index(word) for text in texts for word in text], dtype=np.int32
        ),
        offsets=np.array([0, *accumulate(map(len, texts))]),
    )


@given(
    st.lists(st.lists(FEW, max_size=4).map(tuple), min_size=1, max_size=20),
    st.integers(1, 6),
    st.floats(0, 1),
)
def test_a_common_word_stands_in_many_texts_that_differ_in_more_than_digits(
    texts, least, share
):
    shapes = {tuple(map(hide_digits, text)) for text in texts}
    counts = Counter(word for text in shapes for word in set(text))
    enough = max(least, share * len(shapes))
    expected = {
        word for text in texts for word in text if counts[hide_digits(word)] >= enough
    }
    assert (
        common_words(
            training_set(texts),
            Masking(min_texts=least, min_share=share, max_visible=0.5),
        )
        == expected
    )


@pytest.mark.parametrize(
    ("texts", "common"), [(20, {"hello", "dear"}), (21, {"hello"}), (43, set())]
)
def test_a_text_that_is_sent_often_brings_its_words_in_once(texts, common):
    sent = [
        ("hello", "ann", str(code)) for code in range(500)
    ]  # one text, as the device sees it
    sent += [
        ("hello", f"w{chr(97 + n)}", *(["dear"] if n % 2 else [])) for n in range(39)
    ]
    sent += [("dear", "wx", "wy")]
    found = common_words(
        training_set(sent), Masking(min_texts=texts, min_share=0, max_visible=0.5)
    )
    assert found == common

"""What a person may see of a message: a few common words, and no digit."""

from collections import Counter
from itertools import accumulate, chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config.settings import Masking
from pipeline.data.training_set import TrainingSet
from pipeline.text.masking import BLOCK, common_words, hide_digits, mask

ANY_WORDS = st.text(
    st.characters(codec="utf-8", exclude_characters=" "),
    min_size=1,
    max_size=12,
)
FEW_WORDS = st.sampled_from(["call", "me", "now", "ann", "0800", "0900", "a1", "a2"])
WORDS = ANY_WORDS | FEW_WORDS


@given(
    st.lists(WORDS, min_size=1),
    st.dictionaries(WORDS, st.integers(0, 5)),
    st.floats(0, 0.99),
)
def test_the_heaviest_words_can_be_read_up_to_a_share_and_no_digit(
    tokens, weights, max_visible
):
    masked = mask(" ".join(tokens), weights, max_visible).split(" ")
    assert list(map(len, masked)) == list(map(len, tokens))
    pairs = zip(tokens, masked, strict=True)
    visible = [token for token, shown in pairs if set(shown) != {BLOCK}]
    assert len(visible) <= max_visible * len(tokens)
    assert set(visible) <= weights.keys()
    assert {letter for letter in "".join(masked) if letter.isdecimal()} <= {"0"}
    hidden = (weights.keys() - set(visible)) & set(tokens)
    # A word is hidden only where there is no room beside the words that are at least
    # as heavy.
    for token in hidden:
        heavier = [other for other in visible if weights[other] >= weights[token]]
        needed = len(heavier) + tokens.count(token)
        assert needed > int(max_visible * len(tokens))


def test_half_of_a_message_can_be_read():
    weights = {"your": 0.1, "code": 0.7, "for": 0.2, "4829": 0.5}
    masked = mask("your code 4829 for ann@example", weights, 0.5)
    assert masked == f"{BLOCK * 4} code 0000 {BLOCK * 3} {BLOCK * 11}"
    assert mask("your code for", weights, 0.5) == f"{BLOCK * 4} code {BLOCK * 3}"
    assert mask("code", weights, 0.5) == BLOCK * 4
    assert mask("", weights, 0.5) == ""


def training_set(texts: list[tuple[str, ...]]) -> TrainingSet:
    """Return a document for each text; one text may occur with both labels."""
    words = list(chain.from_iterable(texts))
    vocabulary = tuple(sorted(set(words)))
    tokens = [vocabulary.index(word) for word in words]
    return TrainingSet(
        labels=("a", "b"),
        vocabulary=vocabulary,
        y=np.arange(len(texts)) % 2,
        weight=np.full(len(texts), 1_000),
        label_weight=np.ones(len(texts)),
        group=np.arange(len(texts)),
        tokens=np.array(tokens, dtype=np.int32),
        offsets=np.array([0, *accumulate(map(len, texts))]),
    )


@given(
    st.lists(st.lists(FEW_WORDS, max_size=4).map(tuple), min_size=1, max_size=20),
    st.integers(1, 6),
    st.floats(0, 1),
)
def test_a_common_word_is_in_many_texts_that_differ_in_more_than_digits(
    texts, min_texts, min_share
):
    shapes = {tuple(map(hide_digits, text)) for text in texts}
    counts = Counter()
    for shape in shapes:
        counts.update(set(shape))
    enough = max(min_texts, min_share * len(shapes))
    words = set().union(*texts)
    expected = {word for word in words if counts[hide_digits(word)] >= enough}
    masking = Masking(min_texts=min_texts, min_share=min_share, max_visible=0.5)
    assert common_words(training_set(texts), masking) == expected


@pytest.mark.parametrize(
    ("min_texts", "expected"), [(20, {"hello", "dear"}), (21, {"hello"}), (43, set())]
)
def test_a_text_that_is_sent_often_counts_once_for_its_words(min_texts, expected):
    # One text, as the device sees it.
    texts = [("hello", "ann", str(code)) for code in range(500)]
    for n in range(39):
        greeting = ("hello", f"w{chr(97 + n)}")
        texts.append((*greeting, "dear") if n % 2 else greeting)
    texts.append(("dear", "wx", "wy"))
    masking = Masking(min_texts=min_texts, min_share=0, max_visible=0.5)
    assert common_words(training_set(texts), masking) == expected

"""What a person may see of a message: nothing but terms of the model, and no digit of those."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.masking import BLOCK, mask

WORDS = st.text(st.characters(exclude_characters=" ", exclude_categories=("Cs",)), min_size=1, max_size=12)


@given(st.lists(WORDS), st.sets(WORDS))
def test_a_token_is_a_term_without_digits_or_cannot_be_read(tokens, terms):
    shown = mask(" ".join(tokens), terms).split(" ") if tokens else []
    assert list(map(len, shown)) == list(map(len, tokens))
    for token, seen in zip(tokens, shown, strict=True):
        assert set(seen) == {BLOCK} or token in terms
        assert {letter for letter in seen if letter.isdecimal()} <= {"0"}


def test_a_message_in_which_the_model_knows_two_words():
    assert mask("your code 482913 for ann@example", {"your", "code"}) == (
        f"your code {BLOCK * 6} {BLOCK * 3} {BLOCK * 11}"
    )
    assert mask("call 0800 now", {"call", "0800"}) == f"call 0000 {BLOCK * 3}"
    assert mask("", {"call"}) == ""

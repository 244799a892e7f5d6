"""Codes of n-grams: in the order of the terms, and counted without their strings."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.features.ngrams.codes import CodeCounts, NgramCodes, add_up, find_codes

LONGEST = 3
N_TOKENS = 5
TERMS = st.lists(
    st.lists(st.integers(0, N_TOKENS - 1), min_size=1, max_size=LONGEST).map(tuple),
    min_size=1,
    unique=True,
)
PARTS = st.lists(
    st.dictionaries(st.integers(0, 20), st.integers(1, 9), min_size=1), min_size=1
)


@given(TERMS)
def test_codes_are_in_the_order_of_the_terms_and_can_be_read_back(terms):
    ngram_codes = NgramCodes(N_TOKENS, LONGEST)
    tokens = np.array([(*term, -1, -1)[:LONGEST] for term in sorted(terms)])
    codes = ngram_codes.encode(tokens)
    assert (np.diff(codes) > 0).all()
    assert (ngram_codes.decode(codes) == tokens).all()


def test_ngrams_have_codes_if_the_codes_fit_in_63_bits():
    assert NgramCodes(2**21 - 1, 3).fit
    assert not NgramCodes(2**21, 3).fit


def counts(part: dict[int, int]) -> CodeCounts:
    codes = np.array(sorted(part))
    return CodeCounts(codes, np.array([float(part[code]) for code in codes]))


@given(PARTS)
def test_counts_of_several_parts_are_added_up(parts):
    total = add_up([counts(part) for part in parts])
    expected = sum((Counter(part) for part in parts), Counter())
    assert dict(zip(total.codes.tolist(), total.counts, strict=True)) == expected
    codes = np.arange(25)
    assert total.counts_of(codes).tolist() == [expected[code] for code in codes]
    _, is_known = find_codes(codes, total.codes)
    assert is_known.tolist() == [code in expected for code in codes]

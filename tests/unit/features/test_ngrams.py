"""N-grams counted from token ids are those of the text contract."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from pipeline.features.ngrams.counts import count_ngrams
from pipeline.text import Tokeniser
from tests.support.training_corpus import TEXT, make_training_set

TOKENS = st.sampled_from(
    [
        "a",
        "ab",
        "b",
        "ba",
        "é",
        "\N{DEVANAGARI LETTER KA}",
        "\N{DESERET SMALL LETTER YEE}",
    ]
)
TEXTS = st.lists(
    st.lists(TOKENS, max_size=8).map(" ".join), min_size=1, max_size=6, unique=True
)
RANGES = st.tuples(st.integers(1, 4), st.integers(1, 4)).map(sorted).map(tuple)


@given(TEXTS, RANGES)
def test_counts_and_terms_are_those_of_count_vectorizer(texts, ngrams):
    texts = sorted(texts)
    training_set = make_training_set([(text, "chat") for text in texts])
    counted = count_ngrams(training_set, *ngrams)
    columns = np.arange(counted.counts.shape[1])
    terms = counted.terms(training_set.vocabulary, columns)

    vectoriser = CountVectorizer(analyzer=Tokeniser.from_settings(TEXT, ngrams))
    if not any(vectoriser.analyzer(text) for text in texts):
        assert terms == []
        return
    expected = vectoriser.fit_transform(texts)
    assert terms == vectoriser.get_feature_names_out().tolist()
    assert (counted.counts.toarray() == expected.toarray()).all()

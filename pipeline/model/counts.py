"""Count how often a model's terms occur in texts."""

from collections.abc import Callable, Iterable
from typing import Protocol

import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import CountVectorizer

from pipeline.text import Tokeniser


class TermModel(Protocol):
    """A model that scores the counts of its terms."""

    @property
    def tokeniser(self) -> Tokeniser:
        """The tokeniser that turns a text into its n-grams."""

    @property
    def terms(self) -> tuple[str, ...]:
        """The n-grams that are counted."""


def count_terms(
    model: TermModel, texts: Iterable[str], cleaned: bool = False
) -> sp.csr_array:
    """Return how often each of the model's terms occurs, int64 [n_texts, V].

    Parameters
    ----------
    cleaned
        Whether the texts are cleaned already.

    Examples
    --------
    >>> from pathlib import Path
    >>> from pipeline.export.exporters.nightsieve_linear.format import decode
    >>> model = decode(Path("model.json").read_bytes())
    >>> model.terms
    ('0000', 'code 0000', 'don')
    >>> count_terms(model, ["1234, 1234 or 1234"]).toarray().tolist()
    [[3, 0, 0]]
    """
    tokeniser = model.tokeniser
    analyzer = tokeniser.ngrams_of_cleaned if cleaned else tokeniser
    vectoriser = CountVectorizer(analyzer=analyzer, vocabulary=model.terms)
    return sp.csr_array(vectoriser.transform(texts))


def map_counts(
    counts: sp.csr_array, function: Callable[[np.ndarray], np.ndarray]
) -> sp.csr_array:
    """Return the matrix with ``function`` applied to its stored counts."""
    values = function(counts.data)
    return sp.csr_array((values, counts.indices, counts.indptr), shape=counts.shape)

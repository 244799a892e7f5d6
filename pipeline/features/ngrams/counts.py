"""Count n-grams of token ids.

No string is made for an occurrence, and for a term only on request.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.sparse as sp

from pipeline.data.training_set import TrainingSet
from pipeline.text.character_map import SEPARATOR

#: Fills up the token ids of a term that is shorter than the longest.
NO_TOKEN = -1


@dataclass(frozen=True)
class NgramCounts:
    """The count of every n-gram in every document.

    Attributes
    ----------
    counts
        CSR float64 [n_documents, n_terms]; the columns are in the code-point order of
        the terms.
    tokens
        int64 [n_terms, highest n], the token ids of each term, then `NO_TOKEN`.
    """

    counts: sp.csr_array
    tokens: np.ndarray

    def terms(self, vocabulary: Sequence[str], columns: np.ndarray) -> list[str]:
        """Return the n-grams of the columns as strings."""
        return join_tokens(vocabulary, self.tokens[columns])


@dataclass(frozen=True)
class _Occurrences:
    """The occurrences of n-grams of one length.

    Attributes
    ----------
    document, gram
        int [n_occurrences]: the document of each occurrence, and the n-gram's id.
    tokens
        int64 [n_grams, n], the token ids of each n-gram.
    """

    document: np.ndarray
    gram: np.ndarray
    tokens: np.ndarray


def count_ngrams(training_set: TrainingSet, low: int, high: int) -> NgramCounts:
    """Return the counts of every n-gram of ``low`` to ``high`` tokens.

    Examples
    --------
    >>> training_set = TrainingSet(
    ...     labels=("chat", "spam"),
    ...     vocabulary=("free", "prize", "you"),
    ...     y=np.array([1, 0]),
    ...     weight=np.array([1, 1]),
    ...     label_weight=np.array([1.0, 1.0]),
    ...     group=np.array([0, 1]),
    ...     tokens=np.array([0, 1, 0, 1, 2], dtype=np.int32),
    ...     offsets=np.array([0, 4, 5]),
    ... )
    >>> counted = count_ngrams(training_set, low=1, high=2)
    >>> counted.terms(training_set.vocabulary, np.arange(5))
    ['free', 'free prize', 'prize', 'prize free', 'you']
    >>> counted.counts.toarray().tolist()
    [[2.0, 2.0, 2.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0, 1.0]]
    """
    documents = []
    columns = []
    tokens = []
    n_terms = 0
    for n, occurrences in enumerate(_occurrences(training_set, high), start=1):
        if n < low:
            continue
        padding = ((0, 0), (0, high - n))
        documents.append(occurrences.document)
        columns.append(occurrences.gram + n_terms)
        tokens.append(np.pad(occurrences.tokens, padding, constant_values=NO_TOKEN))
        n_terms += len(occurrences.tokens)
    sorted_tokens, rank = _sort_rows(np.concatenate(tokens))
    column = rank[np.concatenate(columns)]
    occurrence_counts = sp.coo_array(
        (np.ones(len(column)), (np.concatenate(documents), column)),
        shape=(len(training_set), n_terms),
    )
    return NgramCounts(occurrence_counts.tocsr(), sorted_tokens)


def join_tokens(vocabulary: Sequence[str], tokens: np.ndarray) -> list[str]:
    """Return each row of token ids as a string, joined as `pipeline.text` does.

    Parameters
    ----------
    tokens
        int64 [n_terms, highest n], with `NO_TOKEN` where a term is shorter.

    Examples
    --------
    >>> join_tokens(["free", "prize"], np.array([[0, 1], [1, NO_TOKEN]]))
    ['free prize', 'prize']
    """
    terms: list[str] = []
    for row in tokens.tolist():
        words = [vocabulary[token] for token in row if token != NO_TOKEN]
        terms.append(SEPARATOR.join(words))
    return terms


def _occurrences(training_set: TrainingSet, high: int) -> Iterator[_Occurrences]:
    """Yield the occurrences of the n-grams of each length up to ``high``.

    An n-gram is the (n-1)-gram that starts at the same token and one token more, so its
    id comes from a pair of ids.
    """
    tokens = training_set.tokens.astype(np.int64)
    n_tokens = len(training_set.vocabulary)
    # liblinear takes only 32-bit indices. A matrix has the index type of its parts.
    document_ids = np.arange(len(training_set), dtype=np.int32)
    document = np.repeat(document_ids, np.diff(training_set.offsets))
    start = np.arange(len(tokens))
    gram = tokens
    gram_tokens = np.arange(n_tokens)[:, None]
    yield _Occurrences(document, gram, gram_tokens)
    for n in range(2, high + 1):
        fits = start + n <= training_set.offsets[document + 1]
        start = start[fits]
        document = document[fits]
        last_token = tokens[start + n - 1]
        gram, pairs = pd.factorize(gram[fits] * n_tokens + last_token)
        prefix, last = np.divmod(pairs, n_tokens)
        gram_tokens = np.column_stack([gram_tokens[prefix], last])
        yield _Occurrences(document, gram, gram_tokens)


def _sort_rows(tokens: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows in ascending order, and the new index of each.

    This is the order of the joined strings: token ids are in code-point order, and no
    token contains a character as low as the separator.
    """
    order = np.lexsort(tokens.T[::-1])
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order))
    return tokens[order], rank

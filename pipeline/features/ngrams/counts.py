"""N-gram counts from token ids: no string is made for an occurrence, and for a term only when one is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.sparse as sp

from pipeline.data.training_set import TrainingSet
from pipeline.text.character_map import SEPARATOR


@dataclass(frozen=True)
class NgramCounts:
    """How often every n-gram stands in every document; the columns are in the code-point order of the terms.

    Attributes
    ----------
    counts : CSR float64 [n_documents, n_terms].
    tokens : int64 [n_terms, highest n], the token ids of each term, then -1 where it is shorter.
    """

    counts: sp.csr_array
    tokens: np.ndarray

    def terms(self, vocabulary: Sequence[str], columns: np.ndarray) -> list[str]:
        """The n-grams of the ``columns`` as strings, their tokens joined as `pipeline.text.ngrams` does."""
        return [
            SEPARATOR.join(vocabulary[t] for t in row if t >= 0)
            for row in self.tokens[columns].tolist()
        ]


def count_ngrams(training_set: TrainingSet, low: int, high: int) -> NgramCounts:
    """The counts of every n-gram of ``low`` to ``high`` tokens."""
    documents, columns, tokens = [], [], []
    n_terms = 0
    for n, (document, gram, grams) in enumerate(_grams(training_set, high), start=1):
        if n >= low:
            documents.append(document)
            columns.append(gram + n_terms)
            tokens.append(np.pad(grams, ((0, 0), (0, high - n)), constant_values=-1))
            n_terms += len(grams)
    tokens, rank = _sorted(np.concatenate(tokens))
    column = rank[np.concatenate(columns)]
    occurrences = (np.ones(len(column)), (np.concatenate(documents), column))
    return NgramCounts(
        sp.coo_array(occurrences, shape=(len(training_set), n_terms)).tocsr(), tokens
    )


def _grams(training_set: TrainingSet, high: int):
    """For each n up to ``high``: the document and the n-gram's id of every occurrence, and each id's tokens.

    An n-gram is the (n-1)-gram that starts at the same place and one token more, so an id comes from a pair of ids.
    """
    tokens = training_set.tokens.astype(np.int64)
    # liblinear takes 32-bit indices alone, and the matrix gets those of its parts.
    document = np.repeat(
        np.arange(len(training_set), dtype=np.int32), np.diff(training_set.offsets)
    )
    start, n_tokens = np.arange(len(tokens)), len(training_set.vocabulary)
    gram, grams = tokens, np.arange(n_tokens)[:, None]
    yield document, gram, grams
    for n in range(2, high + 1):
        fits = start + n <= training_set.offsets[document + 1]
        start, document = start[fits], document[fits]
        gram, pairs = pd.factorize(gram[fits] * n_tokens + tokens[start + n - 1])
        prefix, last = np.divmod(pairs, n_tokens)
        grams = np.column_stack([grams[prefix], last])
        yield document, gram, grams


def _sorted(tokens: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rows in ascending order, and the new place of each.

    That is the order of the joined strings: token ids are in code-point order, and no token holds a character as low
    as the separator.
    """
    order = np.lexsort(tokens.T[::-1])
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order))
    return tokens[order], rank

"""Tf-idf from counts, with documents that stand for several messages."""

import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfTransformer

from pipeline.config.settings import Candidate
from pipeline.errors import DataError


def document_frequency(counts: sp.csr_array, weight: np.ndarray) -> np.ndarray:
    """How many messages hold each term, float64 [n_terms]."""
    messages = np.repeat(weight, np.diff(counts.indptr))
    return np.bincount(counts.indices, weights=messages, minlength=counts.shape[1])


def select_terms(
    df: np.ndarray, messages: int, min_df: int
) -> tuple[np.ndarray, np.ndarray]:
    """The terms that stand in at least ``min_df`` of the messages trained on, by their ``df``, and the idf of each.

    idf is TfidfVectorizer's with ``smooth_idf``: ``1 + ln((1 + messages) / (1 + df))``.

    Raises
    ------
    DataError : no term does.
    """
    columns = np.flatnonzero(df >= min_df)
    if not len(columns):
        raise DataError(
            f"no term stands in at least min_df={min_df} of the {messages} messages trained on\n"
            "lower min_df in training.search.grids, or sample more messages"
        )
    return columns, np.log((1 + messages) / (1 + df[columns])) + 1


def term_frequency(counts: sp.csr_array, candidate: Candidate) -> sp.csr_array:
    """The counts, or 1 + ln of them where the candidate is sublinear; same shape."""
    if not candidate.sublinear_tf:
        return counts
    return sp.csr_array(
        (np.log(counts.data) + 1, counts.indices, counts.indptr), shape=counts.shape
    )


def weigh(
    frequencies: sp.csr_array, idf: np.ndarray, candidate: Candidate
) -> sp.csr_array:
    """The term frequencies as the candidate's tf-idf; same shape."""
    transformer = TfidfTransformer(norm=candidate.norm)
    transformer.idf_ = idf
    return transformer.transform(frequencies)

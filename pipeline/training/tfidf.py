"""Tf-idf from counts, with documents that stand for several messages."""

import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfTransformer

from pipeline.errors import DataError
from pipeline.settings import Candidate


def document_frequency(counts: sp.csr_array, weight: np.ndarray) -> np.ndarray:
    """How many messages hold each term, float64 [n_terms]."""
    messages = np.repeat(weight, np.diff(counts.indptr))
    return np.bincount(counts.indices, weights=messages, minlength=counts.shape[1])


def select_terms(counts: sp.csr_array, weight: np.ndarray, min_df: int) -> tuple[np.ndarray, np.ndarray]:
    """The columns whose terms stand in at least ``min_df`` messages, and the idf of each.

    idf is TfidfVectorizer's with ``smooth_idf``: ``1 + ln((1 + messages) / (1 + df))``.

    Raises
    ------
    DataError : no term does.
    """
    df = document_frequency(counts, weight)
    columns = np.flatnonzero(df >= min_df)
    if not len(columns):
        raise DataError(
            f"no term stands in at least min_df={min_df} of the {weight.sum()} messages trained on\n"
            "lower min_df in training.search.grids, or sample more messages"
        )
    return columns, np.log((1 + weight.sum()) / (1 + df[columns])) + 1


def weigh(counts: sp.csr_array, idf: np.ndarray, candidate: Candidate) -> sp.csr_array:
    """The counts as the candidate's tf-idf; same shape."""
    transformer = TfidfTransformer(norm=candidate.norm, sublinear_tf=candidate.sublinear_tf)
    transformer.idf_ = idf
    return transformer.transform(counts)

"""Compute tf-idf from counts of documents that each stand for several messages."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfTransformer

from pipeline.config.settings import Candidate
from pipeline.errors import DataError


@dataclass(frozen=True)
class SelectedTerms:
    """The terms that are trained on.

    Attributes
    ----------
    columns
        int64 [n_selected], their columns among all terms, ascending.
    idf
        float64 [n_selected].
    """

    columns: np.ndarray
    idf: np.ndarray

    def __len__(self) -> int:
        return len(self.columns)


def document_frequency(counts: sp.csr_array, weight: np.ndarray) -> np.ndarray:
    """Return how many messages contain each term, float64 [n_terms].

    Parameters
    ----------
    counts
        [n_documents, n_terms].
    weight
        int64 [n_documents], how many messages each document stands for.

    Examples
    --------
    >>> counts = sp.csr_array([[2, 0], [1, 1]])
    >>> document_frequency(counts, weight=np.array([10, 1]))
    array([11.,  1.])
    """
    messages = np.repeat(weight, np.diff(counts.indptr))
    return np.bincount(counts.indices, weights=messages, minlength=counts.shape[1])


def select_terms(df: np.ndarray, messages: int, min_df: int) -> SelectedTerms:
    """Return the terms that at least ``min_df`` messages contain.

    idf is TfidfVectorizer's with ``smooth_idf``: ``1 + ln((1 + messages) / (1 + df))``.

    Parameters
    ----------
    df
        float64 [n_terms], how many of the messages trained on contain each term.
    messages
        The number of messages trained on.

    Raises
    ------
    DataError
        No term is in ``min_df`` messages.

    Examples
    --------
    >>> selected = select_terms(np.array([11.0, 1.0]), messages=11, min_df=2)
    >>> selected.columns.tolist(), selected.idf.tolist()
    ([0], [1.0])
    """
    columns = np.flatnonzero(df >= min_df)
    if not len(columns):
        raise DataError(
            f"training.search.grids: every term is too rare for min_df={min_df} of the "
            f"{messages} messages trained on\n"
            "lower min_df, or sample more messages"
        )
    idf = np.log((1 + messages) / (1 + df[columns])) + 1
    return SelectedTerms(columns, idf)


def term_frequency(counts: sp.csr_array, candidate: Candidate) -> sp.csr_array:
    """Return the counts, or 1 + ln(count) where the candidate is sublinear.

    Examples
    --------
    >>> candidate = Candidate(
    ...     estimator="linear_svm",
    ...     ngrams=(1, 1),
    ...     min_df=1,
    ...     sublinear_tf=True,
    ...     norm="l2",
    ...     C=1.0,
    ... )
    >>> term_frequency(sp.csr_array([[1, 10]]), candidate).toarray().round(2).tolist()
    [[1.0, 3.3]]
    """
    if not candidate.sublinear_tf:
        return counts
    frequencies = np.log(counts.data) + 1
    return sp.csr_array(
        (frequencies, counts.indices, counts.indptr), shape=counts.shape
    )


def weigh(
    frequencies: sp.csr_array, idf: np.ndarray, candidate: Candidate
) -> sp.csr_array:
    """Return the term frequencies as the candidate's tf-idf; same shape.

    Examples
    --------
    >>> candidate = Candidate(
    ...     estimator="linear_svm",
    ...     ngrams=(1, 1),
    ...     min_df=1,
    ...     sublinear_tf=False,
    ...     norm="l2",
    ...     C=1.0,
    ... )
    >>> frequencies = sp.csr_array([[3.0, 2.0]])
    >>> weigh(frequencies, np.array([1.0, 2.0]), candidate).toarray().tolist()
    [[0.6, 0.8]]
    """
    transformer = TfidfTransformer(norm=candidate.norm)
    transformer.idf_ = idf
    return transformer.transform(frequencies)

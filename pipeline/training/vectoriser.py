"""Documents as tf-idf: in one matrix or, if memory does not allow it, in blocks.

The token ids of a training set are small, and its matrices large. So in blocks, only
one block of documents has a matrix at a time, which is computed again whenever it is
needed. Of all documents, only the terms are in memory, as codes
(`pipeline.features.ngrams.codes`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

import numpy as np
import scipy.sparse as sp

from pipeline.config.settings import Candidate, Training
from pipeline.data.training_set import TrainingSet
from pipeline.errors import DataError
from pipeline.features.ngrams.codes import CodeCounts, NgramCodes, add_up, find_codes
from pipeline.features.ngrams.counts import NgramCounts, count_ngrams, join_tokens
from pipeline.features.ngrams.tfidf import (
    SelectedTerms,
    document_frequency,
    term_frequency,
    weigh,
)
from pipeline.model.decision_function import decision_function
from pipeline.training.estimators import Weights, build, train, train_in_blocks

#: Documents in a block, or messages for SGD. The matrix of the single tokens and pairs
#: of as many short messages takes some 50 MB.
BLOCK = 100_000


@dataclass(frozen=True)
class TrainedClassifier:
    """A classifier that was trained on some of the documents.

    Attributes
    ----------
    estimator
        The fitted classifier, see `estimators.train`.
    score
        A function that takes the chosen documents, bool [n_documents], and returns
        their scores, see `decision_function.decision_function`.
    start
        Where the next classifier of the same candidate may start: the weights of all
        terms and, last, the intercept, float64 [n_problems, n_terms + 1]. None if the
        solver takes no start.
    """

    estimator: Any
    score: Callable[[np.ndarray], np.ndarray]
    start: np.ndarray | None


class Vectoriser(Protocol):
    """The terms of a candidate, and classifiers trained on their tf-idf.

    Attributes
    ----------
    df
        float64 [n_folds, n_terms], how many messages of each fold hold each term. Terms
        are in code-point order. Terms in fewer than ``min_df`` messages of all folds
        together are left out.
    """

    df: np.ndarray

    def terms(self, columns: np.ndarray) -> list[str]:
        """Return the terms of these columns of ``df``."""

    def train(
        self,
        terms: SelectedTerms,
        documents: np.ndarray,
        y: np.ndarray,
        start: np.ndarray | None = None,
    ) -> TrainedClassifier:
        """Return the candidate's classifier, trained on these terms of the documents.

        Parameters
        ----------
        documents
            bool [n_documents], the documents to train on.
        y
            The class of every document, chosen or not.
        start
            See `TrainedClassifier`; with None, the solver starts at 0.
        """


def vectorise(
    training_set: TrainingSet,
    candidate: Candidate,
    training: Training,
    fold: np.ndarray,
) -> Vectoriser:
    """Return the vectoriser in memory, or in blocks if there are too many documents.

    Parameters
    ----------
    fold
        int64 [n_documents].

    Raises
    ------
    DataError
        There are more documents than ``training.max_in_memory_documents``, and a
        candidate of the grid cannot be trained in blocks.
    """
    if len(training_set) <= training.max_in_memory_documents:
        return InMemoryVectoriser(training_set, candidate, training, fold)
    _require_blocks(training_set, training)
    return BlockwiseVectoriser(training_set, candidate, training, fold)


def _require_blocks(training_set: TrainingSet, training: Training) -> None:
    """Raise a `DataError` unless every candidate can be trained in blocks.

    Its estimator must have a ``partial_fit``, and its n-grams must fit into codes.
    """
    n_documents = len(training_set)
    problem = (
        f"training.max_in_memory_documents: {n_documents} documents exceed "
        f"{training.max_in_memory_documents}"
    )
    remedy = f"or raise the limit to {n_documents} if the memory allows"
    in_memory_only = {
        index: candidate.estimator
        for index, candidate in enumerate(training.search.candidates)
        if not hasattr(build(candidate, training), "partial_fit")
    }
    if in_memory_only:
        names = ", ".join(dict.fromkeys(in_memory_only.values()))
        indices = ", ".join(map(str, in_memory_only))
        raise DataError(
            f"{problem}, and {names} (candidates {indices}) cannot be trained in blocks"
            "\nuse only sgd, multinomial_nb and complement_nb in "
            f"training.search.grids, {remedy}"
        )
    n_tokens = len(training_set.vocabulary)
    longest = max(candidate.ngrams[1] for candidate in training.search.candidates)
    if not NgramCodes(n_tokens, longest).fit:
        shorter = range(1, longest)
        maximum = max(n for n in shorter if NgramCodes(n_tokens, n).fit)
        raise DataError(
            f"{problem}, and n-grams of {longest} out of {n_tokens} tokens do not fit "
            "into 63-bit codes\n"
            f"lower ngrams in training.search.grids to at most {maximum}, {remedy}"
        )


class InMemoryVectoriser:
    """A `Vectoriser` with all documents in one matrix.

    A linear SVM may start from the optimum of another one on most of the same
    documents.
    """

    def __init__(
        self,
        training_set: TrainingSet,
        candidate: Candidate,
        training: Training,
        fold: np.ndarray,
    ) -> None:
        self._training_set = training_set
        self._candidate = candidate
        self._training = training
        ngrams = count_ngrams(training_set, *candidate.ngrams)
        df = _df_of_folds(ngrams.counts, training_set.weight, fold)
        # A term that is too rare over all folds is too rare over all folds but one.
        is_frequent = df.sum(axis=0) >= candidate.min_df
        self.df = df[:, is_frequent]
        self._ngrams = NgramCounts(
            ngrams.counts[:, is_frequent], ngrams.tokens[is_frequent]
        )
        self._frequencies = term_frequency(self._ngrams.counts, candidate)

    def terms(self, columns: np.ndarray) -> list[str]:
        """See `Vectoriser`."""
        return self._ngrams.terms(self._training_set.vocabulary, columns)

    def train(
        self,
        terms: SelectedTerms,
        documents: np.ndarray,
        y: np.ndarray,
        start: np.ndarray | None = None,
    ) -> TrainedClassifier:
        """See `Vectoriser`."""
        X = weigh(self._frequencies[:, terms.columns], terms.idf, self._candidate)
        weights = Weights(
            self._training_set.weight[documents],
            self._training_set.label_weight[documents],
        )
        terms_and_intercept = np.append(terms.columns, -1)
        estimator = train(
            self._candidate,
            self._training,
            X if documents.all() else X[documents],
            y[documents],
            weights,
            start=None if start is None else start[:, terms_and_intercept],
        )
        return TrainedClassifier(
            estimator,
            partial(_score_rows, estimator, X),
            self._next_start(estimator, terms_and_intercept),
        )

    def _next_start(
        self, estimator: Any, terms_and_intercept: np.ndarray
    ) -> np.ndarray | None:
        """Return a linear SVM's optimum over all terms, 0 for terms not chosen."""
        if self._candidate.estimator != "linear_svm":
            return None
        start = np.zeros((len(estimator.coef_), self.df.shape[1] + 1))
        optimum = np.column_stack([estimator.coef_, estimator.intercept_])
        start[:, terms_and_intercept] = optimum
        return start


class BlockwiseVectoriser:
    """A `Vectoriser` with one block of documents in memory at a time.

    It has the ``df`` of an `InMemoryVectoriser`, and naive Bayes learns the same.
    """

    def __init__(
        self,
        training_set: TrainingSet,
        candidate: Candidate,
        training: Training,
        fold: np.ndarray,
    ) -> None:
        self._training_set = training_set
        self._candidate = candidate
        self._training = training
        longest = candidate.ngrams[1]
        self._ngram_codes = NgramCodes(len(training_set.vocabulary), longest)
        df_of_folds = []
        for fold_index in range(fold.max() + 1):
            df_of_folds.append(self._count_messages(fold == fold_index))
        df_of_all = add_up(df_of_folds)
        self._codes = df_of_all.codes[df_of_all.counts >= candidate.min_df]
        self.df = np.array([df.counts_of(self._codes) for df in df_of_folds])

    def terms(self, columns: np.ndarray) -> list[str]:
        """See `Vectoriser`."""
        tokens = self._ngram_codes.decode(self._codes[columns])
        return join_tokens(self._training_set.vocabulary, tokens)

    def train(
        self,
        terms: SelectedTerms,
        documents: np.ndarray,
        y: np.ndarray,
        start: np.ndarray | None = None,
    ) -> TrainedClassifier:
        """See `Vectoriser`; no estimator that is trained in blocks takes a start."""
        vectors = partial(self._tfidf, self._codes[terms.columns], terms.idf)
        estimator = train_in_blocks(
            self._candidate,
            self._training,
            vectors,
            np.flatnonzero(documents),
            y,
            weights=Weights(self._training_set.weight, self._training_set.label_weight),
            size=BLOCK,
        )
        score = partial(_score_blocks, estimator, vectors)
        return TrainedClassifier(estimator, score, start=None)

    def _tfidf(
        self, codes: np.ndarray, idf: np.ndarray, block: np.ndarray
    ) -> sp.csr_array:
        """Return the tf-idf of the terms with these codes in a block of documents."""
        counts = self._count_terms(block, codes)
        frequencies = term_frequency(counts, self._candidate)
        return weigh(frequencies, idf, self._candidate)

    def _count_messages(self, documents: np.ndarray) -> CodeCounts:
        """Return how many messages of the chosen documents hold each n-gram."""
        parts: list[CodeCounts] = []
        for block in _blocks(documents):
            codes, counts = self._count_ngrams(block)
            df = document_frequency(counts, self._training_set.weight[block])
            parts.append(CodeCounts(codes, df))
            # Only parts of similar size are added up, so each count is copied
            # log(blocks) times, and not once for each block.
            while len(parts) > 1 and 2 * len(parts[-1]) > len(parts[-2]):
                parts.append(add_up([parts.pop(), parts.pop()]))
        return add_up(parts)

    def _count_ngrams(self, block: np.ndarray) -> tuple[np.ndarray, sp.csr_array]:
        """Return the codes of a block's n-grams, ascending, and their counts."""
        token_ids, subset = _subset(self._training_set, block)
        ngrams = count_ngrams(subset, *self._candidate.ngrams)
        tokens = np.append(token_ids, -1)[ngrams.tokens]
        return self._ngram_codes.encode(tokens), ngrams.counts

    def _count_terms(self, block: np.ndarray, terms: np.ndarray) -> sp.csr_array:
        """Return how often each term, given by its code, occurs in each document."""
        codes, counts = self._count_ngrams(block)
        index, is_term = find_codes(codes, terms)
        term_counts = counts[:, np.flatnonzero(is_term)]
        columns = index[is_term].astype(np.int32)[term_counts.indices]
        return sp.csr_array(
            (term_counts.data, columns, term_counts.indptr),
            shape=(len(block), len(terms)),
        )


def _df_of_folds(
    counts: sp.csr_array, weight: np.ndarray, fold: np.ndarray
) -> np.ndarray:
    """Return how many messages of each fold hold each term, [n_folds, n_terms]."""
    rows = []
    for fold_index in range(fold.max() + 1):
        in_fold = fold == fold_index
        rows.append(document_frequency(counts[in_fold], weight[in_fold]))
    return np.array(rows)


def _score_rows(estimator: Any, X: sp.csr_array, documents: np.ndarray) -> np.ndarray:
    return decision_function(estimator, X[documents])


def _score_blocks(
    estimator: Any,
    vectors: Callable[[np.ndarray], sp.csr_array],
    documents: np.ndarray,
) -> np.ndarray:
    scores = [
        decision_function(estimator, vectors(block)) for block in _blocks(documents)
    ]
    return np.vstack(scores)


def _blocks(documents: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the indices of the chosen documents, `BLOCK` at a time."""
    indices = np.flatnonzero(documents)
    for start in range(0, len(indices), BLOCK):
        yield indices[start : start + BLOCK]


def _subset(
    training_set: TrainingSet, documents: np.ndarray
) -> tuple[np.ndarray, TrainingSet]:
    """Return some documents with a vocabulary of their own.

    Returns
    -------
    tuple of np.ndarray and TrainingSet
        The token ids of the subset's vocabulary in the vocabulary of all documents, and
        the subset.
    """
    starts = training_set.offsets[documents]
    lengths = np.diff(training_set.offsets)[documents]
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    shifts = np.repeat(starts - offsets[:-1], lengths)
    tokens = training_set.tokens[np.arange(offsets[-1]) + shifts]
    token_ids, subset_tokens = np.unique(tokens, return_inverse=True)
    subset = replace(
        training_set,
        y=training_set.y[documents],
        tokens=subset_tokens,
        offsets=offsets,
        vocabulary=tuple(training_set.vocabulary[i] for i in token_ids.tolist()),
    )
    return token_ids, subset

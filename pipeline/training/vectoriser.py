"""The documents as tf-idf: in one matrix or, where that would not fit in memory, block by block.

A training set's token numbers are small, its matrices large. So one block of documents at a time has a matrix, derived
anew whenever it is needed; of all documents there are the terms alone. An n-gram is then one integer: its tokens'
numbers, plus 1, are the digits in a base above them all, and 0 stands where it is shorter than the longest. So
ascending codes are in the code-point order of the terms.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
import scipy.sparse as sp

from pipeline.config.settings import Candidate, Training
from pipeline.data.training_set import TrainingSet
from pipeline.errors import DataError
from pipeline.features.ngrams.counts import NgramCounts, count_ngrams
from pipeline.features.ngrams.tfidf import document_frequency, term_frequency, weigh
from pipeline.model.decision_function import decision_function
from pipeline.text.character_map import SEPARATOR
from pipeline.training.estimators import build, train, train_in_blocks

BLOCK = 100_000  # documents, or messages for SGD: some 50 MB a matrix of single tokens and pairs of short messages

Score = Callable[[np.ndarray], np.ndarray]


class Vectors(Protocol):
    """The terms of a candidate, and what is trained on their tf-idf. Documents are chosen by bool [n_documents].

    Attributes
    ----------
    df : float64 [n_folds, n_terms], how many messages of each fold hold each term. Terms are in code-point order;
        those that stand in fewer than ``min_df`` messages of all folds are left out.
    """

    df: np.ndarray

    def terms(self, columns: np.ndarray) -> list[str]:
        """The terms of the ``columns`` of ``df``."""

    def train(
        self, columns: np.ndarray, idf: np.ndarray, documents: np.ndarray, y: np.ndarray
    ) -> tuple[Any, Score]:
        """The classifier fitted to these columns of the documents, and its scores of documents chosen later.

        ``y`` holds the class of every document, chosen or not; ``converged_`` is as in `estimators.train`, scores are
        those of `decision_function.decision_function`.
        """


def vectorise(
    training_set: TrainingSet,
    candidate: Candidate,
    training: Training,
    fold: np.ndarray,
) -> Vectors:
    """The documents in memory, or in blocks if there are more than ``max_in_memory_documents``.

    ``fold`` is int64 [n_documents].

    Raises
    ------
    DataError : there must be blocks, and a candidate of the grid cannot be trained in them.
    """
    if len(training_set) <= training.max_in_memory_documents:
        return InMemory(training_set, candidate, training, fold)
    _require_blocks(training_set, training)
    return InBlocks(training_set, candidate, training, fold)


def _require_blocks(training_set: TrainingSet, training: Training) -> None:
    """Raise a DataError unless every candidate learns in blocks, and every n-gram has a code."""
    limit = f"training.max_in_memory_documents={training.max_in_memory_documents}"
    mend = f"or raise training.max_in_memory_documents to {len(training_set)}, if the memory allows"
    candidates = list(enumerate(training.search.candidates))
    if whole := [
        (i, c.estimator)
        for i, c in candidates
        if not hasattr(build(c, training), "partial_fit")
    ]:
        numbers, estimators = zip(*whole, strict=True)
        raise DataError(
            f"{len(training_set)} documents are more than {limit}, and {', '.join(dict.fromkeys(estimators))} "
            f"(candidates {', '.join(map(str, numbers))}) cannot be trained in blocks\n"
            f"leave sgd, multinomial_nb and complement_nb alone in training.search.grids, {mend}"
        )
    base = len(training_set.vocabulary) + 1
    longest = max(candidate.ngrams[1] for _, candidate in candidates)
    if base**longest > 2**63:
        fitting = max(n for n in range(1, longest) if base**n <= 2**63)
        raise DataError(
            f"{len(training_set)} documents are more than {limit}, and n-grams of {longest} tokens out of {base - 1} "
            f"have no 63-bit code\nlower ngrams in training.search.grids to {fitting} at most, {mend}"
        )


class InMemory:
    """`Vectors` that are one matrix. An SVM begins where the one before, on most of the same documents, has ended."""

    def __init__(
        self,
        training_set: TrainingSet,
        candidate: Candidate,
        training: Training,
        fold: np.ndarray,
    ) -> None:
        self._set, self._candidate, self._training = training_set, candidate, training
        grams, weight = (
            count_ngrams(training_set, *candidate.ngrams),
            training_set.weight,
        )
        folds = [fold == number for number in range(fold.max() + 1)]
        df = np.array(
            [document_frequency(grams.counts[held], weight[held]) for held in folds]
        )
        frequent = (
            df.sum(axis=0) >= candidate.min_df
        )  # what is too rare over all folds is too rare over all but one
        self.df, self._grams = (
            df[:, frequent],
            NgramCounts(grams.counts[:, frequent], grams.tokens[frequent]),
        )
        self._frequencies = term_frequency(self._grams.counts, candidate)
        self._ended: np.ndarray | None = (
            None  # weights of all terms and the intercept, [n_problems, n_terms + 1]
        )

    def terms(self, columns: np.ndarray) -> list[str]:
        return self._grams.terms(self._set.vocabulary, columns)

    def train(
        self, columns: np.ndarray, idf: np.ndarray, documents: np.ndarray, y: np.ndarray
    ) -> tuple[Any, Score]:
        X = weigh(self._frequencies[:, columns], idf, self._candidate)
        seen = X if documents.all() else X[documents]
        weight, confidence = (
            self._set.weight[documents],
            self._set.confidence[documents],
        )
        places = np.append(columns, -1)
        start = None if self._ended is None else self._ended[:, places]
        estimator = train(
            self._candidate,
            self._training,
            seen,
            y[documents],
            weight,
            confidence,
            start,
        )
        if self._candidate.estimator == "linear_svm":
            self._ended = np.zeros((len(estimator.coef_), self.df.shape[1] + 1))
            self._ended[:, places] = np.column_stack(
                [estimator.coef_, estimator.intercept_]
            )
        return estimator, lambda others: decision_function(estimator, X[others])


class InBlocks:
    """`Vectors` of which one block at a time is in memory; ``df``, and what naive Bayes learns, are `InMemory`'s."""

    def __init__(
        self,
        training_set: TrainingSet,
        candidate: Candidate,
        training: Training,
        fold: np.ndarray,
    ) -> None:
        self._set, self._candidate, self._training = training_set, candidate, training
        base, longest = len(training_set.vocabulary) + 1, candidate.ngrams[1]
        self._base, self._places = (
            base,
            np.array([base**n for n in reversed(range(longest))]),
        )
        self._codes, self.df = self._count(fold)

    def terms(self, columns: np.ndarray) -> list[str]:
        tokens = self._codes[columns, None] // self._places % self._base - 1
        return [
            SEPARATOR.join(self._set.vocabulary[t] for t in row if t >= 0)
            for row in tokens.tolist()
        ]

    def train(
        self, columns: np.ndarray, idf: np.ndarray, documents: np.ndarray, y: np.ndarray
    ) -> tuple[Any, Score]:
        codes, candidate = self._codes[columns], self._candidate

        def tfidf(block: np.ndarray) -> sp.csr_array:
            return weigh(
                term_frequency(self._counts(block, codes), candidate), idf, candidate
            )

        weight, confidence = self._set.weight, self._set.confidence
        seen = np.flatnonzero(documents)
        estimator = train_in_blocks(
            candidate, self._training, tfidf, seen, y, weight, confidence, BLOCK
        )
        return estimator, lambda others: np.vstack(
            [decision_function(estimator, tfidf(block)) for block in _blocks(others)]
        )

    def _count(self, fold: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The codes of the terms, int64 [n_terms], and ``df``."""
        counted = []
        for number in range(fold.max() + 1):
            parts: list[tuple[np.ndarray, np.ndarray]] = []
            for block in _blocks(fold == number):
                codes, counts = self._grams(block)
                parts.append(
                    (codes, document_frequency(counts, self._set.weight[block]))
                )
                # Only what is of like size is added up: each number is moved log(blocks) times, not once a block.
                while len(parts) > 1 and 2 * len(parts[-1][0]) > len(parts[-2][0]):
                    parts.append(_add_up([parts.pop(), parts.pop()]))
            counted.append(_add_up(parts))
        codes, df = _add_up(counted)
        codes = codes[df >= self._candidate.min_df]
        df = np.zeros((len(counted), len(codes)))
        for row, (found, messages) in zip(df, counted, strict=True):
            place, known = _look_up(found, codes)
            row[place[known]] = messages[known]
        return codes, df

    def _grams(self, block: np.ndarray) -> tuple[np.ndarray, sp.csr_array]:
        """The codes of n-grams, ascending, and how often each stands in each document of the block."""
        numbers, subset = _subset(self._set, block)
        grams = count_ngrams(subset, *self._candidate.ngrams)
        return (np.append(numbers, -1)[grams.tokens] + 1) @ self._places, grams.counts

    def _counts(self, block: np.ndarray, terms: np.ndarray) -> sp.csr_array:
        """How often each of the terms, given by their codes, stands in each document of the block."""
        codes, counts = self._grams(block)
        place, known = _look_up(codes, terms)
        counts = counts[:, np.flatnonzero(known)]
        columns = place[known].astype(np.int32)[counts.indices]
        return sp.csr_array(
            (counts.data, columns, counts.indptr), shape=(len(block), len(terms))
        )


def _blocks(documents: np.ndarray) -> Iterator[np.ndarray]:
    """The numbers of the documents that are chosen, `BLOCK` at a time."""
    chosen = np.flatnonzero(documents)
    return (chosen[start : start + BLOCK] for start in range(0, len(chosen), BLOCK))


def _subset(
    training_set: TrainingSet, documents: np.ndarray
) -> tuple[np.ndarray, TrainingSet]:
    """Some documents as a training set whose vocabulary is theirs alone, and its numbers among the tokens of all."""
    starts, lengths = (
        training_set.offsets[documents],
        np.diff(training_set.offsets)[documents],
    )
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    tokens = training_set.tokens[
        np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], lengths)
    ]
    numbers, tokens = np.unique(tokens, return_inverse=True)
    y = training_set.y[documents]
    return numbers, replace(
        training_set, y=y, tokens=tokens, offsets=offsets, vocabulary=numbers
    )


def _add_up(
    parts: list[tuple[np.ndarray, np.ndarray]],
) -> tuple[np.ndarray, np.ndarray]:
    """The distinct codes of all parts, ascending, and the sum of the numbers that stand beside each."""
    codes, numbers = map(np.concatenate, zip(*parts, strict=True))
    order = np.argsort(codes, kind="stable")  # a merge of what is sorted already
    codes = codes[order]
    first = np.flatnonzero(np.diff(codes, prepend=-1))
    return codes[first], np.add.reduceat(numbers[order], first)


def _look_up(codes: np.ndarray, terms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each code stands among the terms, both ascending, and whether it does stand there."""
    place = np.searchsorted(terms, codes)
    return place, np.append(terms, -1)[place] == codes

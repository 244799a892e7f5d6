"""Evaluate a candidate on folds: each is scored by a model trained on the others."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from pipeline.config.settings import Candidate, Training
from pipeline.data.training_set import TrainingSet
from pipeline.features.ngrams.tfidf import select_terms
from pipeline.training.vectoriser import vectorise

#: Receives the fraction of the work that is done.
Progress: TypeAlias = Callable[[float], None]


@dataclass(frozen=True)
class FoldResult:
    """The result of one fold, held out.

    Attributes
    ----------
    held_out
        bool [n_documents], whether a document is in the fold.
    scores
        float64 [n_held_out, n_labels], by the model that was trained on the other
        folds.
    n_terms, iterations, converged
        Of this model.
    """

    held_out: np.ndarray
    scores: np.ndarray
    n_terms: int
    iterations: int
    converged: bool

    @property
    def predicted(self) -> np.ndarray:
        """The class of each document in the fold, int64.

        The columns of the scores are the classes: every fold has documents of each.
        """
        return self.scores.argmax(axis=1)


def show_nothing(fraction: float) -> None:
    """Ignore the progress."""


def fold_results(
    training_set: TrainingSet,
    candidate: Candidate,
    training: Training,
    fold: np.ndarray,
    progress: Progress,
) -> Iterator[FoldResult]:
    """Yield the result of each fold, held out in turn.

    Vocabulary and idf come from the other folds alone. N-grams, and the messages of
    each fold that hold them, are counted once. A linear SVM starts from the optimum of
    the previous fold.

    Parameters
    ----------
    fold
        int64 [n_documents].
    """
    vectoriser = vectorise(training_set, candidate, training, fold)
    n_folds = len(vectoriser.df)
    start = None
    for fold_index in range(n_folds):
        held_out = fold == fold_index
        trained_on = ~held_out
        messages = training_set.weight[trained_on].sum()
        df = np.delete(vectoriser.df, fold_index, axis=0).sum(axis=0)
        terms = select_terms(df, messages, candidate.min_df)
        classifier = vectoriser.train(terms, trained_on, training_set.y, start)
        start = classifier.start
        yield FoldResult(
            held_out=held_out,
            scores=classifier.score(held_out),
            n_terms=len(terms),
            iterations=int(np.max(getattr(classifier.estimator, "n_iter_", 0))),
            converged=classifier.estimator.converged_,
        )
        progress((fold_index + 1) / n_folds)

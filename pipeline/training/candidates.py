"""A candidate on folds: its scores for the search, and its out-of-fold predictions for cross-validation."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from sklearn.metrics import balanced_accuracy_score, f1_score

from pipeline.config.settings import Candidate, Evaluation, Goal, Training
from pipeline.data.training_set import TrainingSet
from pipeline.features.ngrams.tfidf import select_terms
from pipeline.model.decision_function import centre_rows
from pipeline.statistics.classification import measure
from pipeline.training.folds import assign_folds
from pipeline.training.thresholds import operate
from pipeline.training.vectoriser import vectorise

Progress = Callable[[float], None]

SCORING = {
    "f1_macro": partial(f1_score, average="macro"),
    "f1_weighted": partial(f1_score, average="weighted"),
    "balanced_accuracy": balanced_accuracy_score,
}


@dataclass(frozen=True)
class Round:
    """One fold held out: its documents, bool [n_documents], and what the other folds score them, float64 [.., K]."""

    held_out: np.ndarray
    scores: np.ndarray
    n_terms: int
    iterations: int
    converged: bool

    @property
    def predicted(self) -> np.ndarray:
        """The class of each document in the fold; no fold lacks a class, see `assign_folds`."""
        return self.scores.argmax(axis=1)


def evaluate_candidate(
    training_set: TrainingSet,
    candidate: Candidate,
    training: Training,
    progress: Progress = lambda fraction: None,
) -> dict:
    """The candidate's score on each of the search's folds; the same for the same input.

    Scores equal those of ``GridSearchCV(Pipeline([TfidfVectorizer, estimator]))`` over the messages, on the same
    splits, as far as its solver comes to the same optimum (docs/architecture.md); SGD's nearly do where it is trained
    in blocks. ``iterations`` are the solver's on each fold, of the label that took the most (naive Bayes takes none);
    ``converged`` is false when a solver said that it had not ended, most often for ``max_iter``.

    Raises
    ------
    DataError : one label only, a label with fewer documents than folds, no term reaches ``min_df``, or there are more
        than ``max_in_memory_documents`` and a candidate of the grid cannot be trained in blocks.
    """
    search = training.search
    fold = assign_folds(
        training_set, search.folds, search.seed, "training.search.folds"
    )
    score, y, weight = SCORING[search.scoring], training_set.y, training_set.weight
    rounds = list(_rounds(training_set, candidate, training, fold, progress))
    scores = [
        float(score(y[r.held_out], r.predicted, sample_weight=weight[r.held_out]))
        for r in rounds
    ]
    return {
        "candidate": candidate.model_dump(mode="json"),
        "description": str(candidate),
        "scores": scores,
        "mean": float(np.mean(scores)),
        "std": float(np.std(scores)),
        "n_terms": [r.n_terms for r in rounds],
        "iterations": [r.iterations for r in rounds],
        "converged": all(r.converged for r in rounds),
    }


def cross_validate(
    training_set: TrainingSet,
    candidate: Candidate,
    training: Training,
    evaluation: Evaluation,
    goals: Mapping[str, Goal],
    progress: Progress = lambda fraction: None,
) -> dict:
    """The candidate's metrics over the predictions for every document by a model that has not seen its text.

    The folds are other ones than the search's, which has chosen the candidate for its luck on them, too. From the same
    scores come the thresholds that reach the labels' ``goals``, see `thresholds.operate`.

    Raises
    ------
    DataError : as `evaluate_candidate`.
    """
    settings = training.cross_validation
    fold = assign_folds(
        training_set, settings.folds, settings.seed, "training.cross_validation.folds"
    )
    y, weight, labels = training_set.y, training_set.weight, training_set.labels
    predicted, scores, converged = (
        np.empty_like(y),
        np.empty((len(y), len(labels))),
        True,
    )
    for r in _rounds(training_set, candidate, training, fold, progress):
        predicted[r.held_out], scores[r.held_out] = (
            r.predicted,
            centre_rows(r.scores.T).T,
        )
        converged = converged and r.converged
    metrics = measure(y, predicted, weight, labels, evaluation)
    operated = operate(scores, y, weight, fold, labels, goals, evaluation)
    return {
        "folds": settings.folds,
        "converged": converged,
        "metrics": metrics,
        **operated,
    }


def _rounds(
    training_set: TrainingSet,
    candidate: Candidate,
    training: Training,
    fold: np.ndarray,
    progress: Progress,
) -> Iterator[Round]:
    """Each fold held out in turn; vocabulary and idf come from the other folds alone.

    N-grams are counted once, and so is in how many messages of each fold they stand.
    """
    y, weight = training_set.y, training_set.weight
    vectors = vectorise(training_set, candidate, training, fold)
    n_folds = len(vectors.df)
    for number in range(n_folds):
        held_out = fold == number
        seen = ~held_out
        df = vectors.df[np.arange(n_folds) != number].sum(axis=0)
        columns, idf = select_terms(df, weight[seen].sum(), candidate.min_df)
        estimator, score = vectors.train(columns, idf, seen, y)
        iterations = int(np.max(getattr(estimator, "n_iter_", 0)))
        yield Round(
            held_out, score(held_out), len(columns), iterations, estimator.converged_
        )
        progress((number + 1) / n_folds)

"""A candidate on folds: its scores for the search, and its out-of-fold predictions for cross-validation."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from sklearn.metrics import balanced_accuracy_score, f1_score

from pipeline.dataset import TrainingSet
from pipeline.settings import Candidate, Evaluation, Training
from pipeline.training.estimators import train
from pipeline.training.folds import assign_folds
from pipeline.training.metrics import measure
from pipeline.training.ngrams import count_ngrams
from pipeline.training.tfidf import document_frequency, select_terms, term_frequency, weigh

Progress = Callable[[float], None]

SCORING = {
    "f1_macro": partial(f1_score, average="macro"),
    "f1_weighted": partial(f1_score, average="weighted"),
    "balanced_accuracy": balanced_accuracy_score,
}


@dataclass(frozen=True)
class Round:
    """One fold held out: which documents it holds (bool [n_documents]), and what the other folds predict for them."""

    held_out: np.ndarray
    predicted: np.ndarray
    n_terms: int
    converged: bool


def evaluate_candidate(
    training_set: TrainingSet, candidate: Candidate, training: Training, progress: Progress = lambda fraction: None
) -> dict:
    """The candidate's score on each of the search's folds; the same for the same input.

    Scores equal those of ``GridSearchCV(Pipeline([TfidfVectorizer, estimator]))`` over the messages, on the same
    splits. ``converged`` is false when a solver ran into ``max_iter`` on any fold.

    Raises
    ------
    DataError : one label only, a label with fewer documents than folds, or no term reaches ``min_df``.
    """
    search = training.search
    fold = assign_folds(training_set, search.folds, search.seed, "training.search.folds")
    score, y, weight = SCORING[search.scoring], training_set.y, training_set.weight
    rounds = list(_rounds(training_set, candidate, training, fold, progress))
    scores = [float(score(y[r.held_out], r.predicted, sample_weight=weight[r.held_out])) for r in rounds]
    return {
        "candidate": candidate.model_dump(mode="json"),
        "description": str(candidate),
        "scores": scores,
        "mean": float(np.mean(scores)),
        "std": float(np.std(scores)),
        "n_terms": [r.n_terms for r in rounds],
        "converged": all(r.converged for r in rounds),
    }


def cross_validate(
    training_set: TrainingSet,
    candidate: Candidate,
    training: Training,
    evaluation: Evaluation,
    progress: Progress = lambda fraction: None,
) -> dict:
    """The candidate's metrics over the predictions for every document by a model that has not seen its text.

    The folds are other ones than the search's, which has chosen the candidate for its luck on them, too.

    Raises
    ------
    DataError : as `evaluate_candidate`.
    """
    settings = training.cross_validation
    fold = assign_folds(training_set, settings.folds, settings.seed, "training.cross_validation.folds")
    predicted, converged = np.empty_like(training_set.y), True
    for r in _rounds(training_set, candidate, training, fold, progress):
        predicted[r.held_out] = r.predicted
        converged = converged and r.converged
    metrics = measure(training_set.y, predicted, training_set.weight, training_set.labels, evaluation)
    return {"folds": settings.folds, "converged": converged, "metrics": metrics}


def _rounds(
    training_set: TrainingSet, candidate: Candidate, training: Training, fold: np.ndarray, progress: Progress
) -> Iterator[Round]:
    """Each fold held out in turn; vocabulary and idf come from the other folds alone.

    N-grams are counted once, and so is in how many messages of each fold they stand.
    """
    y, weight, confidence = training_set.y, training_set.weight, training_set.confidence
    counts = count_ngrams(training_set, *candidate.ngrams).counts
    n_folds = fold.max() + 1
    df = np.array([document_frequency(counts[fold == number], weight[fold == number]) for number in range(n_folds)])
    frequent = df.sum(axis=0) >= candidate.min_df  # what is too rare over all folds is too rare over all but one
    df, frequencies = df[:, frequent], term_frequency(counts[:, frequent], candidate)
    for number in range(n_folds):
        held_out = fold == number
        seen = ~held_out
        columns, idf = select_terms(df[np.arange(n_folds) != number].sum(axis=0), weight[seen].sum(), candidate.min_df)
        X = weigh(frequencies[:, columns], idf, candidate)
        estimator = train(candidate, training, X[seen], y[seen], weight[seen], confidence[seen])
        yield Round(held_out, estimator.predict(X[held_out]), len(columns), estimator.converged_)
        progress((number + 1) / n_folds)

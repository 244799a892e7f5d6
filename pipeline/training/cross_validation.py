"""Cross-validate the best candidate on folds that the search has not seen."""

from collections.abc import Mapping

import numpy as np

from pipeline.config.settings import Candidate, Goal, Training
from pipeline.data.training_set import TrainingSet
from pipeline.model.decision_function import centre_rows
from pipeline.records.training import CrossValidationResult
from pipeline.statistics.classification import classification_report
from pipeline.training.fold_results import Progress, fold_results, show_nothing
from pipeline.training.folds import assign_folds
from pipeline.training.thresholds import ScoredDocuments, choose_thresholds


def cross_validate(
    training_set: TrainingSet,
    candidate: Candidate,
    training: Training,
    goals: Mapping[str, Goal],
    confidence: float,
    *,
    progress: Progress = show_nothing,
) -> CrossValidationResult:
    """Return the candidate's metrics and thresholds.

    Each document is predicted by a model that has not seen its text. The folds differ
    from the search's: there the candidate was chosen for its luck, too. The thresholds
    that reach the goals of labels come from the same scores, see `choose_thresholds`.

    Parameters
    ----------
    confidence
        The confidence of the intervals, in (0, 1).

    Raises
    ------
    DataError
        As `evaluate_candidate`.
    """
    settings = training.cross_validation
    fold = assign_folds(
        training_set, settings.folds, settings.seed, "training.cross_validation.folds"
    )
    predicted = np.empty_like(training_set.y)
    scores = np.empty((len(training_set), len(training_set.labels)))
    has_converged = True
    for result in fold_results(training_set, candidate, training, fold, progress):
        predicted[result.held_out] = result.predicted
        scores[result.held_out] = centre_rows(result.scores.T).T
        has_converged = has_converged and result.converged
    documents = ScoredDocuments(
        scores, training_set.y, training_set.weight, fold, training_set.labels
    )
    chosen = choose_thresholds(documents, goals, confidence)
    return CrossValidationResult(
        folds=settings.folds,
        converged=has_converged,
        metrics=classification_report(
            training_set.y,
            predicted,
            training_set.weight,
            training_set.labels,
            confidence,
        ),
        thresholds=chosen.thresholds,
        with_thresholds=chosen.metrics,
        curves=chosen.curves,
    )

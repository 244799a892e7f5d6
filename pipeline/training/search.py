"""Evaluate the candidates of the grid on folds, and select the best."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from sklearn.metrics import balanced_accuracy_score, f1_score

from pipeline.config.settings import Candidate, Training
from pipeline.data.training_set import TrainingSet
from pipeline.records.training import CandidateResult, RankedCandidate, SearchResult
from pipeline.training.fold_results import Progress, fold_results, show_nothing
from pipeline.training.folds import assign_folds

SCORING = {
    "f1_macro": partial(f1_score, average="macro"),
    "f1_weighted": partial(f1_score, average="weighted"),
    "balanced_accuracy": balanced_accuracy_score,
}


def evaluate_candidate(
    training_set: TrainingSet,
    candidate: Candidate,
    training: Training,
    progress: Progress = show_nothing,
) -> CandidateResult:
    """Return the candidate's score on each of the search's folds.

    Scores equal those of ``GridSearchCV(Pipeline([TfidfVectorizer, estimator]))`` over
    the messages, on the same splits, if its solver finds the same optimum
    (docs/explanation/training.md). Those of SGD in blocks are nearly equal. The
    iterations are the maximum over the labels; naive Bayes takes none. A solver that
    did not converge has usually reached ``max_iter``.

    Raises
    ------
    DataError
        There is one label only, a label has fewer documents than folds, no term reaches
        ``min_df``, or there are more documents than ``max_in_memory_documents`` and a
        candidate of the grid cannot be trained in blocks.
    """
    search = training.search
    fold = assign_folds(
        training_set, search.folds, search.seed, "training.search.folds"
    )
    scoring = SCORING[search.scoring]
    scores = []
    n_terms = []
    iterations = []
    has_converged = True
    for result in fold_results(training_set, candidate, training, fold, progress):
        truth = training_set.y[result.held_out]
        weight = training_set.weight[result.held_out]
        score = scoring(truth, result.predicted, sample_weight=weight)
        scores.append(float(score))
        n_terms.append(result.n_terms)
        iterations.append(result.iterations)
        has_converged = has_converged and result.converged
    return CandidateResult(
        candidate=candidate,
        description=str(candidate),
        scores=tuple(scores),
        mean=float(np.mean(scores)),
        std=float(np.std(scores)),
        n_terms=tuple(n_terms),
        iterations=tuple(iterations),
        converged=has_converged,
    )


def select_best(results: Sequence[CandidateResult]) -> SearchResult:
    """Return the candidates in rank order.

    The highest mean score is best; on a tie, the lowest number.

    Parameters
    ----------
    results
        In the order of the grid.
    """
    candidates = []
    for index, result in enumerate(results):
        candidate = RankedCandidate(
            number=index,
            description=result.description,
            mean=result.mean,
            std=result.std,
            converged=result.converged,
        )
        candidates.append(candidate)
    # The sort is stable, so equal candidates stay in the order of their numbers.
    ranked = sorted(candidates, key=_descending_mean)
    return SearchResult(best=ranked[0].number, candidates=tuple(ranked))


def _descending_mean(candidate: RankedCandidate) -> float:
    return -candidate.mean

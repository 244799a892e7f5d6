"""The results of the search and of the cross-validation."""

from pipeline.config.settings import Candidate, Goal
from pipeline.records.record import Record
from pipeline.statistics.interval import Interval
from pipeline.statistics.metrics import Metrics


class CandidateResult(Record):
    """One candidate of the grid on every fold of the search.

    Attributes
    ----------
    scores, mean, std
        The score of each fold by ``training.search.scoring``, with mean and standard
        deviation.
    n_terms, iterations
        The number of terms and of the solver's iterations in each fold.
    converged
        Whether every solver reached its optimum within ``training.max_iter``.
    """

    candidate: Candidate
    description: str
    scores: tuple[float, ...]
    mean: float
    std: float
    n_terms: tuple[int, ...]
    iterations: tuple[int, ...]
    converged: bool


class RankedCandidate(Record):
    """A candidate by its number in the grid, as the search ranked it."""

    number: int
    description: str
    mean: float
    std: float
    converged: bool


class SearchResult(Record):
    """The number of the best candidate, and all of them in rank order."""

    best: int
    candidates: tuple[RankedCandidate, ...]


class Threshold(Record):
    """The threshold that was chosen for a label's goal.

    Attributes
    ----------
    threshold
        How much the label's score must exceed the others; 0 if no threshold reaches the
        goal.
    reached
        Whether the folds that did not choose the threshold show that the goal is
        reached.
    documents
        The effective number of documents behind the figure that the goal is about.
    support
        The number of messages with the label.
    """

    goal: Goal
    threshold: float
    reached: bool
    documents: float
    precision: Interval
    recall: Interval
    support: int


class CurvePoint(Record):
    """One point of a precision-recall curve."""

    recall: float
    precision: float
    threshold: float


class CrossValidationResult(Record):
    """The best candidate on folds that the search has not seen.

    Attributes
    ----------
    thresholds
        By label, for labels that have a goal.
    with_thresholds
        The metrics with all thresholds; None without a threshold.
    curves
        By label, at most 200 points each.
    """

    folds: int
    converged: bool
    metrics: Metrics
    thresholds: dict[str, Threshold]
    with_thresholds: Metrics | None
    curves: dict[str, tuple[CurvePoint, ...]]

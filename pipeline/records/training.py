"""The results of the search and of the cross-validation."""

from typing import Literal, TypeAlias

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


Scalar: TypeAlias = bool | int | float | str | None


class FittedCharacters(Record):
    """The entries of the character map that a model was fitted with.

    See `pipeline.text.character_map.CharacterMap`.
    """

    replace: tuple[tuple[int, int, str], ...]
    drop: tuple[tuple[int, int], ...]
    shift: tuple[tuple[int, int, int, int], ...]
    keep: tuple[tuple[int, int], ...]


class FittedDescription(Record):
    """All of a fitted model that is not an array.

    Attributes
    ----------
    estimator
        The kind of classifier, as ``training.search.grids`` names it.
    parameters
        Of the classifier, those that are not scikit-learn's defaults.
    attributes
        The names of what fitting set, in that order.
    scalars
        The values of the attributes that are no arrays.
    norm, sublinear_tf
        Of the tf-idf.
    min_token, stop_words, ngrams
        Of the tokeniser, with the stop words in order.
    """

    estimator: str
    parameters: dict[str, Scalar]
    attributes: tuple[str, ...]
    scalars: dict[str, Scalar]
    norm: Literal["l2"] | None
    sublinear_tf: bool
    characters: FittedCharacters
    min_token: int
    stop_words: tuple[str, ...]
    ngrams: tuple[int, int]

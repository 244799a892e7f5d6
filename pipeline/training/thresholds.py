"""Choose thresholds by goals: the most recall at a precision, or the reverse.

A label's margin is its score less the largest other score. With a threshold, a document
gets the label where the margin exceeds the threshold (docs/format.md, step 7). So every
cut between two margins gives the label a precision and a recall; all cuts together are
its precision-recall curve. A threshold lies halfway between the two margins around it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pipeline.config.settings import Goal
from pipeline.records.training import CurvePoint, Threshold
from pipeline.statistics.classification import classification_report
from pipeline.statistics.interval import UNDEFINED
from pipeline.statistics.metrics import LabelMetrics, Metrics
from pipeline.statistics.wilson import effective_sample_size

#: Relative: margins that are closer than this differ only by the order of summation.
MARGIN_RTOL = 1e-9
#: The maximum number of points of a stored curve.
MAX_POINTS = 200
#: The minimum number of effective documents behind a figure that shows that a goal is
#: reached: 1 of 1 is a precision of 1, too.
MIN_DOCUMENTS = 30

_NO_DOCUMENTS = LabelMetrics(UNDEFINED, UNDEFINED, UNDEFINED, support=0, predicted=0)


@dataclass(frozen=True)
class ScoredDocuments:
    """Documents with the scores of models that have not seen them.

    Attributes
    ----------
    scores
        float64 [n_documents, n_labels].
    truth
        int64 [n_documents], indices into ``labels``.
    weight
        int64 [n_documents], how many messages each document stands for.
    fold
        int64 [n_documents], equal for documents that the same model has scored.
    """

    scores: np.ndarray
    truth: np.ndarray
    weight: np.ndarray
    fold: np.ndarray
    labels: tuple[str, ...]


@dataclass(frozen=True)
class PrecisionRecallCurve:
    """The cuts of a label's margins, in ascending order.

    Below the first cut is no margin, so all documents get the label there.

    Attributes
    ----------
    thresholds
        float64 [n_cuts].
    precision, recall
        float64 [n_cuts], of messages; 0 where no document has the label.
    """

    thresholds: np.ndarray
    precision: np.ndarray
    recall: np.ndarray


@dataclass(frozen=True)
class ChosenThresholds:
    """The thresholds of the goals, with the measurements behind them.

    Attributes
    ----------
    thresholds
        By the label of the goal.
    metrics
        Of all labels with all thresholds in place; None if no threshold is set.
    curves
        By label, at most `MAX_POINTS` points: precision and recall on all documents
        with this threshold alone.
    """

    thresholds: dict[str, Threshold]
    metrics: Metrics | None
    curves: dict[str, tuple[CurvePoint, ...]]


def choose_thresholds(
    documents: ScoredDocuments, goals: Mapping[str, Goal], confidence: float
) -> ChosenThresholds:
    """Return the thresholds that reach the goals.

    A threshold is chosen on all documents. There it is the luckiest of all cuts, so it
    is measured elsewhere: in each fold, with the threshold that the other folds choose.
    Each threshold is chosen as if it were the only one, and all are measured together:
    a threshold that reaches its goal alone may miss it beside others. A goal is reached
    if its figure is as large as the goal and rests on `MIN_DOCUMENTS`. Where no cut
    reaches the goal, the threshold is 0.

    Parameters
    ----------
    confidence
        The confidence of the intervals, in (0, 1).

    Examples
    --------
    One of three texts with a higher score for spam is not spam. A threshold between its
    margin and the others' gives spam a precision of 1.

    >>> documents = ScoredDocuments(
    ...     scores=np.array([[1.0, 0.0], [0.0, 0.5], [0.0, 2.0], [0.0, 3.0]] * 40),
    ...     truth=np.array([0, 0, 1, 1] * 40),
    ...     weight=np.ones(160, dtype=np.int64),
    ...     fold=np.repeat([0, 1], 80),
    ...     labels=("personal", "spam"),
    ... )
    >>> chosen = choose_thresholds(documents, {"spam": Goal(precision=0.95)}, 0.95)
    >>> chosen.thresholds["spam"].threshold, chosen.thresholds["spam"].reached
    (1.25, True)
    """
    all_margins = margins(documents.scores)
    curves = {}
    for index, label in enumerate(documents.labels):
        has_label = documents.truth == index
        curves[label] = precision_recall_curve(
            all_margins[:, index], has_label, documents.weight
        )
    chosen = {
        label: threshold_for(curves[label], goal)
        for label, goal in goals.items()
        if label in curves
    }
    predicted = _predict_cross_fitted(documents, all_margins, goals, chosen)
    metrics = classification_report(
        documents.truth, predicted, documents.weight, documents.labels, confidence
    )
    thresholds = {}
    for label, goal in goals.items():
        thresholds[label] = _threshold(
            goal,
            chosen.get(label),
            metrics.per_label.get(label, _NO_DOCUMENTS),
            _documents_behind(documents, predicted, label, goal),
        )
    return ChosenThresholds(
        thresholds=thresholds,
        metrics=metrics if any(chosen.values()) else None,
        curves={label: _points(curve) for label, curve in curves.items()},
    )


def margins(scores: np.ndarray) -> np.ndarray:
    """Return each score less the largest other score of its document.

    Returns
    -------
    np.ndarray
        float64 [n_documents, n_labels], like ``scores``.

    Examples
    --------
    >>> margins(np.array([[0.5, 0.25, -1.0]])).tolist()
    [[0.25, -0.25, -1.5]]
    """
    second, highest = np.partition(scores, (-2, -1), axis=1)[:, -2:].T
    largest_other = np.repeat(highest[:, None], scores.shape[1], axis=1)
    largest_other[np.arange(len(scores)), scores.argmax(axis=1)] = second
    return scores - largest_other


def precision_recall_curve(
    margin: np.ndarray, has_label: np.ndarray, weight: np.ndarray
) -> PrecisionRecallCurve:
    """Return the cuts between distinct margins of one label, and one below them all.

    Parameters
    ----------
    margin
        float64 [n_documents].
    has_label
        bool [n_documents].
    weight
        int64 [n_documents], how many messages each document stands for.

    Examples
    --------
    >>> curve = precision_recall_curve(
    ...     margin=np.array([-1.0, 0.5, 1.0]),
    ...     has_label=np.array([False, True, True]),
    ...     weight=np.array([2, 1, 1]),
    ... )
    >>> curve.thresholds.tolist()
    [-1.5, -0.25, 0.75]
    >>> curve.precision.tolist(), curve.recall.tolist()
    ([0.5, 1.0, 1.0], [1.0, 1.0, 0.5])
    """
    order = np.argsort(margin, kind="stable")
    ascending = margin[order]
    messages = weight[order]
    # Documents of equal margins get the label together: a cut lies where margins rise.
    tolerance = MARGIN_RTOL * max(1.0, np.abs(ascending[[0, -1]]).max())
    rises = 1 + np.flatnonzero(np.diff(ascending) > tolerance)
    first_above = np.concatenate([[0], rises])
    margin_above = ascending[first_above]
    margin_below = np.concatenate([ascending[:1] - 1, ascending[rises - 1]])
    predicted = _sums_to_the_end(messages)[first_above]
    correct = _sums_to_the_end(messages * has_label[order])[first_above]
    support = max(weight[has_label].sum(), 1)
    return PrecisionRecallCurve(
        thresholds=(margin_below + margin_above) / 2,
        precision=correct / predicted,
        recall=correct / support,
    )


def threshold_for(curve: PrecisionRecallCurve, goal: Goal) -> float | None:
    """Return the threshold that reaches a goal with the largest other measure.

    The other measure of a precision is the recall, and the reverse. Of several cuts
    with the same other measure, the one with the largest goal measure is chosen.

    Returns
    -------
    float or None
        None where no cut reaches the goal.

    Examples
    --------
    >>> curve = PrecisionRecallCurve(
    ...     thresholds=np.array([-1.5, -0.25, 0.75]),
    ...     precision=np.array([0.5, 0.9, 1.0]),
    ...     recall=np.array([1.0, 0.8, 0.5]),
    ... )
    >>> threshold_for(curve, Goal(precision=0.9))
    -0.25
    >>> threshold_for(curve, Goal(recall=0.9))
    -1.5
    """
    if goal.measure == "precision":
        goal_measure = curve.precision
        other_measure = curve.recall
    else:
        goal_measure = curve.recall
        other_measure = curve.precision
    reaching = np.flatnonzero(goal_measure >= goal.bound)
    if not len(reaching):
        return None
    ascending = np.lexsort((goal_measure[reaching], other_measure[reaching]))
    best = reaching[ascending[-1]]
    return float(curve.thresholds[best])


def _predict_cross_fitted(
    documents: ScoredDocuments,
    all_margins: np.ndarray,
    goals: Mapping[str, Goal],
    chosen: Mapping[str, float | None],
) -> np.ndarray:
    """Predict the labels of each fold with the thresholds that the other folds choose.

    A goal that no cut on all documents reaches has no threshold in any fold.

    Returns
    -------
    np.ndarray
        int64 [n_documents], indices into the labels.
    """
    thresholds = np.zeros(all_margins.shape)
    for fold_index in np.unique(documents.fold):
        in_fold = documents.fold == fold_index
        if in_fold.all():
            continue
        in_others = ~in_fold
        for label, threshold in chosen.items():
            if threshold is None:
                continue
            index = documents.labels.index(label)
            curve = precision_recall_curve(
                all_margins[in_others, index],
                documents.truth[in_others] == index,
                documents.weight[in_others],
            )
            thresholds[in_fold, index] = threshold_for(curve, goals[label]) or 0.0
    return (documents.scores - thresholds).argmax(axis=1)


def _documents_behind(
    documents: ScoredDocuments, predicted: np.ndarray, label: str, goal: Goal
) -> float:
    """Return the effective number of documents behind the figure of a goal.

    A precision rests on the documents that get the label, a recall on the documents
    that have it.
    """
    if label not in documents.labels:
        return 0.0
    labelled = predicted if goal.measure == "precision" else documents.truth
    is_label = labelled == documents.labels.index(label)
    return effective_sample_size(documents.weight[is_label])


def _threshold(
    goal: Goal, threshold: float | None, metrics: LabelMetrics, documents: float
) -> Threshold:
    """Return the threshold of a goal, and whether the goal is reached."""
    interval = metrics.precision if goal.measure == "precision" else metrics.recall
    is_reached = (
        threshold is not None
        and interval.value is not None
        and interval.value >= goal.bound
        and documents >= MIN_DOCUMENTS
    )
    return Threshold(
        goal=goal,
        threshold=threshold or 0.0,
        reached=is_reached,
        documents=documents,
        precision=metrics.precision,
        recall=metrics.recall,
        support=metrics.support,
    )


def _sums_to_the_end(counts: np.ndarray) -> np.ndarray:
    """Return for each element the sum of the element and all that follow."""
    return counts[::-1].cumsum()[::-1]


def _points(curve: PrecisionRecallCurve) -> tuple[CurvePoint, ...]:
    """Return at most `MAX_POINTS` cuts, evenly spaced along the curve.

    Both ends are among them, and no bend between is lost.
    """
    points = np.column_stack([curve.recall, curve.precision, curve.thresholds])
    step_lengths = np.abs(np.diff(points[:, :2], axis=0)).sum(axis=1)
    distance = np.concatenate([[0], step_lengths.cumsum()])
    even_distances = np.linspace(0, distance[-1], MAX_POINTS)
    chosen = np.unique(np.searchsorted(distance, even_distances))
    return tuple(
        CurvePoint(recall=recall, precision=precision, threshold=threshold)
        for recall, precision, threshold in points[chosen].tolist()
    )

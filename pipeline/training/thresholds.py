"""Thresholds by goal: the most recall at a precision, or the other way round.

A label's margin is its score less the largest other one; with a threshold, the label is
given where its margin exceeds that (docs/format.md, step 7). So every cut between two
margins gives the label a precision and a recall; together they are its precision-recall
curve. A threshold lies halfway between the two margins that it parts.
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

#: Relative: margins that are nearer to each other differ by the order of sums alone.
MARGIN_RTOL = 1e-9
#: Points of a curve.
MAX_POINTS = 200
#: Effective documents behind a figure before it shows that a goal is reached: 1 of 1 is
#: a precision of 1, too.
MIN_DOCUMENTS = 30

_NO_DOCUMENTS = LabelMetrics(UNDEFINED, UNDEFINED, UNDEFINED, support=0, predicted=0)


@dataclass(frozen=True)
class ScoredDocuments:
    """Documents with the scores of models that have not seen them.

    Attributes
    ----------
    scores
        float64 [n_documents, K].
    truth
        int64 [n_documents], indices into the K ``labels``.
    weight
        int64 [n_documents], how many messages each document stands for.
    fold
        int64 [n_documents], equal for documents that were scored by the same model.
    """

    scores: np.ndarray
    truth: np.ndarray
    weight: np.ndarray
    fold: np.ndarray
    labels: tuple[str, ...]


@dataclass(frozen=True)
class PrecisionRecallCurve:
    """The cuts of a label's margins, from the lowest: there all documents get it.

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
    """The thresholds of the goals, and what they rest on.

    Attributes
    ----------
    thresholds
        By the goal's label.
    metrics
        Of all labels with all thresholds in place; None when no threshold is set.
    curves
        By label, at most `MAX_POINTS` points, each of that threshold alone, on all
        documents.
    """

    thresholds: dict[str, Threshold]
    metrics: Metrics | None
    curves: dict[str, tuple[CurvePoint, ...]]


def choose_thresholds(
    documents: ScoredDocuments, goals: Mapping[str, Goal], confidence: float
) -> ChosenThresholds:
    """Return the thresholds that reach the goals.

    A threshold is chosen on all documents. There it is the luckiest of all cuts, so
    what is said of it is measured elsewhere: in each fold, with the threshold that the
    other folds choose. Thresholds are chosen one by one, each as if there were no
    other, and measured together, all of them in place: so one that reaches its goal
    alone may miss it beside others. A goal is reached if its figure is as large and
    rests on `MIN_DOCUMENTS`. Where no cut reaches the goal, the threshold is 0.

    Parameters
    ----------
    confidence
        Of the intervals, in (0, 1).
    """
    all_margins = margins(documents.scores)
    curves = {
        label: precision_recall_curve(
            all_margins[:, index], documents.truth == index, documents.weight
        )
        for index, label in enumerate(documents.labels)
    }
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
    """Return each score less the largest other one of its document; same shape."""
    second, best = np.partition(scores, (-2, -1), axis=1)[:, -2:].T
    others = np.repeat(best[:, None], scores.shape[1], axis=1)
    others[np.arange(len(scores)), scores.argmax(axis=1)] = second
    return scores - others


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
    """
    order = np.argsort(margin, kind="stable")
    ascending = margin[order]
    messages = weight[order]
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

    Returns
    -------
    float or None
        None where no cut reaches the goal. Of several with the same other measure, the
        one with the most of what the goal asks for.
    """
    asked = curve.precision
    other = curve.recall
    if goal.measure == "recall":
        asked, other = other, asked
    enough = np.flatnonzero(asked >= goal.bound)
    if not len(enough):
        return None
    best = enough[np.lexsort((asked[enough], other[enough]))[-1]]
    return float(curve.thresholds[best])


def _predict_cross_fitted(
    documents: ScoredDocuments,
    all_margins: np.ndarray,
    goals: Mapping[str, Goal],
    chosen: Mapping[str, float | None],
) -> np.ndarray:
    """Return the labels with the thresholds that the other folds choose, int64.

    A goal that no cut on all documents reaches has no threshold in any fold.
    """
    thresholds = np.zeros(all_margins.shape)
    for fold_index in np.unique(documents.fold):
        in_fold = documents.fold == fold_index
        if in_fold.all():
            continue
        elsewhere = ~in_fold
        for label, threshold in chosen.items():
            if threshold is None:
                continue
            index = documents.labels.index(label)
            curve = precision_recall_curve(
                all_margins[elsewhere, index],
                documents.truth[elsewhere] == index,
                documents.weight[elsewhere],
            )
            thresholds[in_fold, index] = threshold_for(curve, goals[label]) or 0.0
    return (documents.scores - thresholds).argmax(axis=1)


def _documents_behind(
    documents: ScoredDocuments, predicted: np.ndarray, label: str, goal: Goal
) -> float:
    """Return the effective number of documents behind the figure of a goal.

    A precision rests on the documents that are given the label, a recall on those that
    have it.
    """
    if label not in documents.labels:
        return 0.0
    labelled = predicted if goal.measure == "precision" else documents.truth
    is_label = labelled == documents.labels.index(label)
    return effective_sample_size(documents.weight[is_label])


def _threshold(
    goal: Goal, threshold: float | None, metrics: LabelMetrics, documents: float
) -> Threshold:
    """Return what became of a goal."""
    asked: float | None = getattr(metrics, goal.measure).value
    is_reached = (
        threshold is not None
        and asked is not None
        and asked >= goal.bound
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
    """Return for each element the sum of it and all that follow."""
    return counts[::-1].cumsum()[::-1]


def _points(curve: PrecisionRecallCurve) -> tuple[CurvePoint, ...]:
    """Return at most `MAX_POINTS` cuts, evenly spaced along the curve.

    They go from its one end to the other, so that no bend of it is lost.
    """
    points = np.column_stack([curve.recall, curve.precision, curve.thresholds])
    steps = np.abs(np.diff(points[:, :2], axis=0)).sum(axis=1)
    length = np.concatenate([[0], steps.cumsum()])
    wanted = np.linspace(0, length[-1], MAX_POINTS)
    chosen = np.unique(np.searchsorted(length, wanted))
    return tuple(
        CurvePoint(recall=recall, precision=precision, threshold=threshold)
        for recall, precision, threshold in points[chosen].tolist()
    )

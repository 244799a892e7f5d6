"""Thresholds by operating goal: the most recall at a precision, or the most precision at a recall.

A label's margin is its score less the largest other one; with a threshold, the label is given where its margin exceeds
that (docs/format.md, step 7). So every place to cut the documents' margins gives the label a precision and a recall;
together they are its precision-recall curve. A threshold lies halfway between the two margins that it parts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.config.settings import Evaluation, Goal
from pipeline.statistics.classification import measure
from pipeline.statistics.wilson import UNDEFINED, effective

SAME = 1e-9  # relative: margins that are nearer to each other differ by the order of sums alone
POINTS = 200  # of a curve
LEAST = 30  # documents that a figure rests on which shows that a goal is reached: 1 of 1 is a precision of 1, too


@dataclass(frozen=True)
class Cuts:
    """Every place to cut a label's margins, the lowest, where all documents get the label, first.

    Attributes
    ----------
    thresholds : float64 [n_cuts].
    precision, recall : float64 [n_cuts], of messages; 0 where no document has the label.
    """

    thresholds: np.ndarray
    precision: np.ndarray
    recall: np.ndarray


def operate(
    scores: np.ndarray,
    truth: np.ndarray,
    weight: np.ndarray,
    fold: np.ndarray,
    labels: Sequence[str],
    goals: Mapping[str, Goal],
    evaluation: Evaluation,
) -> dict[str, Any]:
    """The thresholds of the goals, what is reached with them, and the curves that they were chosen on; a JSON value.

    ``thresholds`` has for each goal's label the ``goal``, the ``threshold``, ``precision`` and ``recall`` with their
    intervals, ``support`` in messages, how many ``documents`` the figure that the goal asks for rests on, and whether
    the goal is ``reached``: that figure is as large, and rests on `LEAST`. Where no cut reaches the goal, the threshold
    is 0.

    A threshold is chosen on all documents. There it is the luckiest of all cuts, so what is said of it is measured
    elsewhere: in each fold, with the threshold that the other folds choose. Thresholds are chosen one by one, each as
    if there were no other, and measured together, all of them in place: so one that reaches its goal alone may miss it
    beside others. ``with_thresholds`` has the metrics of all labels, null when no threshold is set. ``curves`` has for
    each label at most `POINTS` of ``[recall, precision, threshold]``, each of that threshold alone, on all documents.

    Parameters
    ----------
    scores : float64 [n_documents, K], each of a model that has not seen the document.
    truth : int64 [n_documents], counting into the K ``labels``.
    weight : int64 [n_documents], how many messages each document stands for.
    fold : int64 [n_documents], equal for documents that were scored by the same model.
    """
    lead, number = margins(scores), {label: k for k, label in enumerate(labels)}
    found = {label: cuts(lead[:, k], truth == k, weight) for label, k in number.items()}
    chosen = {
        label: choose(found[label], goal)
        for label, goal in goals.items()
        if label in found
    }
    reachable = {
        number[label]: goals[label]
        for label, threshold in chosen.items()
        if threshold is not None
    }
    predicted = (scores - _cross_fitted(lead, truth, weight, fold, reachable)).argmax(
        axis=1
    )
    metrics, among = (
        measure(truth, predicted, weight, labels, evaluation),
        {"precision": predicted, "recall": truth},
    )
    documents = {
        label: effective(weight[among[goal.measure] == number.get(label, -1)])
        for label, goal in goals.items()
    }
    return {
        "thresholds": {
            label: _row(
                goal,
                chosen.get(label),
                metrics["per_label"].get(label),
                documents[label],
            )
            for label, goal in goals.items()
        },
        "with_thresholds": metrics if any(chosen.values()) else None,
        "curves": {label: _curve(each) for label, each in found.items()},
    }


def thresholds_of(results: Iterable[dict[str, Any]]) -> dict[str, float]:
    """The threshold of each label in the results of `operate`."""
    return {
        label: row["threshold"]
        for result in results
        for label, row in result["thresholds"].items()
    }


def unreached(result: dict[str, Any]) -> list[str]:
    """A line for each goal of which an `operate` result does not show that its threshold reaches it."""
    lines = []
    for label, row in result["thresholds"].items():
        ((name, bound),) = row["goal"].items()
        value = _stated(row[name])
        if row["reached"]:
            continue
        if not row["threshold"]:
            said = f"no threshold gives it a {name} of {bound:g}, so it has none; its {name} is {value}"
        elif row["documents"] < LEAST:
            said = f"its {name} is {value}, but on {row['documents']:.3g} distinct texts, and {LEAST} are needed"
        else:
            said = f"with all thresholds in place its {name} is {value}, not {bound:g}"
        lines.append(f"release.goals.{label}: {said}")
    return lines


def missed_on_reviews(
    goals: Mapping[str, Goal], decided: dict[str, Any] | None, evaluation: Evaluation
) -> list[str]:
    """A line for each goal that the reviews deny: the whole interval of what they say of it lies below.

    ``decided`` are the metrics on reviews with all thresholds in place, None where there is none. Nothing is said of
    labels that ``evaluation.merge`` merges.
    """
    if decided is None:
        return []
    known = {
        label: row
        for label, row in decided["per_label"].items()
        if label not in evaluation.merge
    }
    lines = []
    for label, goal in goals.items():
        high = known[label][goal.measure]["high"] if label in known else None
        if high is not None and high < goal.bound:
            said = f"on the reviews its {goal.measure} is at most {high:.4g}, not {goal.bound:g}"
            lines.append(f"release.goals.{label}: {said}")
    return lines


def margins(scores: np.ndarray) -> np.ndarray:
    """Each score less the largest other one of its document, float64 [n_documents, K]."""
    second, best = np.partition(scores, (-2, -1), axis=1)[:, -2:].T
    others = np.repeat(best[:, None], scores.shape[1], axis=1)
    others[np.arange(len(scores)), scores.argmax(axis=1)] = second
    return scores - others


def cuts(margin: np.ndarray, right: np.ndarray, weight: np.ndarray) -> Cuts:
    """The cuts between distinct margins of one label, and one below them all.

    Parameters
    ----------
    margin : float64 [n_documents]; ``right``: bool [n_documents], whether each has the label.
    weight : int64 [n_documents], how many messages each document stands for.
    """
    order = np.argsort(margin, kind="stable")
    ordered, given = margin[order], weight[order]
    apart = SAME * max(1.0, np.abs(ordered[[0, -1]]).max())
    first = np.concatenate([[0], 1 + np.flatnonzero(np.diff(ordered) > apart)])
    below = np.concatenate([ordered[:1] - 1, ordered[first[1:] - 1]])
    hits, all_given = (
        _from_here_on(counts)[first] for counts in (given * right[order], given)
    )
    support = max(weight[right].sum(), 1)
    return Cuts(
        (below + ordered[first]) / 2, precision=hits / all_given, recall=hits / support
    )


def choose(found: Cuts, goal: Goal) -> float | None:
    """The threshold at which what the goal asks for is enough and the other measure the largest; None without one."""
    asked, other = found.precision, found.recall
    if goal.measure == "recall":
        asked, other = other, asked
    enough = np.flatnonzero(asked >= goal.bound)
    if not len(enough):
        return None
    best = enough[np.lexsort((asked[enough], other[enough]))[-1]]
    return float(found.thresholds[best])


def _cross_fitted(
    lead: np.ndarray,
    truth: np.ndarray,
    weight: np.ndarray,
    fold: np.ndarray,
    goals: Mapping[int, Goal],
) -> np.ndarray:
    """The thresholds that the other folds choose for each document, float64 [n_documents, K]; 0 where they find none.

    ``goals`` are those of some of the K labels, by number.
    """
    thresholds = np.zeros(lead.shape)
    for number in np.unique(fold):
        there = fold == number
        for k, goal in goals.items() if not there.all() else ():
            found = cuts(lead[~there, k], truth[~there] == k, weight[~there])
            thresholds[there, k] = choose(found, goal) or 0.0
    return thresholds


def _from_here_on(counts: np.ndarray) -> np.ndarray:
    return counts[::-1].cumsum()[::-1]


def _row(
    goal: Goal,
    threshold: float | None,
    metrics: dict[str, Any] | None,
    documents: float,
) -> dict[str, Any]:
    """What became of a goal; a label without a document, of which there are no metrics, reaches none."""
    found = metrics or {"precision": UNDEFINED, "recall": UNDEFINED, "support": 0}
    value = found[goal.measure]["value"]
    shown = threshold is not None and value is not None and documents >= LEAST
    return {
        "goal": {goal.measure: goal.bound},
        "threshold": threshold or 0.0,
        "reached": shown and value >= goal.bound,
        "documents": documents,
        **{name: found[name] for name in ("precision", "recall", "support")},
    }


def _stated(found: dict[str, float | None]) -> str:
    """A figure with its interval, in words."""
    if found["value"] is None:
        return "undefined"
    return f"{found['value']:.4g} ({found['low']:.4g} to {found['high']:.4g})"


def _curve(found: Cuts) -> list[list[float]]:
    """At most `POINTS` cuts, evenly along the curve from its one end to the other, so that no bend of it is lost."""
    points = np.column_stack([found.recall, found.precision, found.thresholds])
    steps = np.abs(np.diff(points[:, :2], axis=0)).sum(axis=1)
    length = np.concatenate([[0], steps.cumsum()])
    return points[
        np.unique(np.searchsorted(length, np.linspace(0, length[-1], POINTS)))
    ].tolist()

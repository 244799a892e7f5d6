"""Thresholds by operating goal: the most recall at a precision, or the most precision at a recall.

A label's margin is its score less the largest other one; with a threshold, the label is given where its margin exceeds
that (docs/format.md, step 7). So every place to cut the documents' margins gives the label a precision and a recall;
together they are its precision-recall curve. A threshold lies halfway between the two margins that it parts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.intervals import UNDEFINED
from pipeline.metrics import measure
from pipeline.settings import Evaluation, Goal

SAME = 1e-9  # relative: margins that are nearer to each other differ by the order of sums alone
POINTS = 200  # of a curve


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
    labels: Sequence[str],
    goals: Mapping[str, Goal],
    evaluation: Evaluation,
) -> dict[str, Any]:
    """The thresholds of the goals, what is reached with them, and the curves that they were chosen on; a JSON value.

    ``thresholds`` has for each goal's label the ``goal``, the ``threshold``, ``precision`` and ``recall`` with their
    intervals, ``support`` in messages, and whether the goal is ``reached``. Thresholds are chosen one by one, each as
    if there were no other, and measured together, all of them in place: so one that reaches its goal alone may miss it
    beside others. Where no cut reaches the goal, the threshold is 0. ``with_thresholds`` has the metrics of all
    labels, null when no threshold is set. ``curves`` has for each label at most `POINTS` of ``[recall, precision,
    threshold]``, each of that threshold alone.

    Parameters
    ----------
    scores : float64 [n_documents, K], each of a model that has not seen the document.
    truth : int64 [n_documents], counting into the K ``labels``.
    weight : int64 [n_documents], how many messages each document stands for.
    """
    lead = margins(scores)
    found = {label: cuts(lead[:, k], truth == k, weight) for k, label in enumerate(labels)}
    chosen = {label: choose(found[label], goal) for label, goal in goals.items() if label in found}
    thresholds = np.array([chosen.get(label) or 0.0 for label in labels])
    metrics = measure(truth, (scores - thresholds).argmax(axis=1), weight, labels, evaluation)
    return {
        "thresholds": {
            label: _row(goal, chosen.get(label), metrics["per_label"].get(label)) for label, goal in goals.items()
        },
        "with_thresholds": metrics if thresholds.any() else None,
        "curves": {label: _curve(each) for label, each in found.items()},
    }


def thresholds_of(results: Iterable[dict[str, Any]]) -> dict[str, float]:
    """The threshold of each label in the results of `operate`."""
    return {label: row["threshold"] for result in results for label, row in result["thresholds"].items()}


def unreached(result: dict[str, Any]) -> list[str]:
    """A line for each goal that the thresholds of an `operate` result miss."""
    lines = []
    for label, row in result["thresholds"].items():
        ((name, bound),) = row["goal"].items()
        value = "undefined" if row[name]["value"] is None else f"{row[name]['value']:.4g}"
        missed = f"with all thresholds in place its {name} is {value}, not {bound:g}"
        never = f"no threshold gives it a {name} of {bound:g}, so it has none; its {name} is {value}"
        if not row["reached"]:
            lines.append(f"release.goals.{label}: {missed if row['threshold'] else never}")
    return lines


def missed_on_reviews(goals: Mapping[str, Goal], decided: dict[str, Any] | None, evaluation: Evaluation) -> list[str]:
    """A line for each goal that the reviews deny: the whole interval of what they say of it lies below.

    ``decided`` are the metrics on reviews with all thresholds in place, None where there is none. Nothing is said of
    labels that ``evaluation.merge`` merges.
    """
    if decided is None:
        return []
    known = {label: row for label, row in decided["per_label"].items() if label not in evaluation.merge}
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
    hits, all_given = (_from_here_on(counts)[first] for counts in (given * right[order], given))
    support = max(weight[right].sum(), 1)
    return Cuts((below + ordered[first]) / 2, precision=hits / all_given, recall=hits / support)


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


def _from_here_on(counts: np.ndarray) -> np.ndarray:
    return counts[::-1].cumsum()[::-1]


def _row(goal: Goal, threshold: float | None, metrics: dict[str, Any] | None) -> dict[str, Any]:
    """What became of a goal; a label without a document, of which there are no metrics, reaches none."""
    found = metrics or {"precision": UNDEFINED, "recall": UNDEFINED, "support": 0}
    value = found[goal.measure]["value"]
    return {
        "goal": {goal.measure: goal.bound},
        "threshold": threshold or 0.0,
        "reached": threshold is not None and value is not None and value >= goal.bound,
        **{name: found[name] for name in ("precision", "recall", "support")},
    }


def _curve(found: Cuts) -> list[list[float]]:
    """At most `POINTS` cuts, evenly along the curve from its one end to the other, so that no bend of it is lost."""
    points = np.column_stack([found.recall, found.precision, found.thresholds])
    steps = np.abs(np.diff(points[:, :2], axis=0)).sum(axis=1)
    length = np.concatenate([[0], steps.cumsum()])
    return points[np.unique(np.searchsorted(length, np.linspace(0, length[-1], POINTS)))].tolist()

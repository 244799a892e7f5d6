"""Mistakes in the label with thresholds, which a line of output does not show."""

from collections.abc import Callable

from scorers.python.nightsieve_scorer import Scorer
from tests.unit.export.mutants.mutation import Mistake, holding, overriding


def deciding(decide: Callable[[Scorer, list[float]], int]) -> Mistake:
    """Return a scorer that chooses the label with thresholds by its index."""

    def label(scorer: Scorer, scores: list[float]) -> str:
        return scorer.labels[decide(scorer, scores)]

    return overriding(decide=label)


def taking(change: Callable[[Scorer, float], float]) -> Mistake:
    """Return a scorer that changes each threshold."""

    def thresholds(scorer: Scorer) -> list[float]:
        return [change(scorer, threshold) for threshold in scorer._thresholds]

    return holding(_thresholds=thresholds)


def demoting(keeps: Callable[[float, float, float], bool]) -> Mistake:
    """Return a scorer that may take the second-best label instead of the best.

    Parameters
    ----------
    keeps
        Returns whether the best label stays, from its score, lead and threshold.
    """

    def decide(scorer: Scorer, scores: list[float]) -> int:
        by_score = sorted(range(len(scores)), key=scores.__getitem__, reverse=True)
        best, second, *_ = by_score
        lead = scores[best] - scores[second]
        if keeps(scores[best], lead, scorer._thresholds[best]):
            return best
        return second

    return deciding(decide)


def thresholds_ignored(scorer: Scorer, scores: list[float]) -> str:
    return scorer._winner(scores)


def thresholds_added(scorer: Scorer, threshold: float) -> float:
    return -threshold


def thresholds_without_shifts_bias(scorer: Scorer, threshold: float) -> float:
    return threshold / scorer._bias_unit


def thresholds_with_shifts_score(scorer: Scorer, threshold: float) -> float:
    return threshold / scorer._bias_unit * scorer._score_unit


def thresholds_doubled(scorer: Scorer, threshold: float) -> float:
    return threshold * 2


def thresholds_halved(scorer: Scorer, threshold: float) -> float:
    return threshold / 2


def thresholds_without_their_sign(scorer: Scorer, threshold: float) -> float:
    return abs(threshold)


def thresholds_above_0_alone(scorer: Scorer, threshold: float) -> float:
    return max(threshold, 0.0)


def thresholds_below_0_alone(scorer: Scorer, threshold: float) -> float:
    return min(threshold, 0.0)


def thresholds_in_reverse(scorer: Scorer) -> list[float]:
    return scorer._thresholds[::-1]


def thresholds_for_scores_not_for_leads(
    score: float, lead: float, threshold: float
) -> bool:
    return score >= threshold


def thresholds_for_best_label_alone(
    score: float, lead: float, threshold: float
) -> bool:
    return lead >= threshold


THRESHOLDS = {
    "thresholds ignored": overriding(decide=thresholds_ignored),
    "thresholds added": taking(thresholds_added),
    "thresholds without shifts.bias": taking(thresholds_without_shifts_bias),
    "thresholds with shifts.score": taking(thresholds_with_shifts_score),
    "thresholds doubled": taking(thresholds_doubled),
    "thresholds halved": taking(thresholds_halved),
    "thresholds without their sign": taking(thresholds_without_their_sign),
    "thresholds above 0 alone": taking(thresholds_above_0_alone),
    "thresholds below 0 alone": taking(thresholds_below_0_alone),
    "thresholds in reverse": holding(_thresholds=thresholds_in_reverse),
    "thresholds for scores, not for leads": demoting(
        thresholds_for_scores_not_for_leads
    ),
    "thresholds for the best label alone": demoting(thresholds_for_best_label_alone),
}

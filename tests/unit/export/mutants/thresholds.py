"""Mistakes on the way from right scores to the label with thresholds: a line of output does not show them."""

from collections.abc import Callable

from scorers.python.nightsieve_scorer import Scorer
from tests.unit.export.mutants.mutation import Mistake, holding, overriding


def deciding(decide: Callable[[Scorer, list[float]], int]) -> Mistake:
    return overriding(_decide=lambda self, scores: self.labels[decide(self, scores)])


def taking(threshold: Callable[[Scorer, float], float]) -> Mistake:
    """A scorer that takes this for a threshold."""
    return holding(
        _thresholds=lambda scorer: [
            threshold(scorer, found) for found in scorer._thresholds
        ]
    )


def demoting(keeps: Callable[[float, float, float], bool]) -> Mistake:
    """A scorer that gives the best label if it ``keeps`` it by score, lead and threshold, else the second-best."""

    def decide(self, scores: list[float]) -> int:
        best, second, *_ = sorted(range(len(scores)), key=lambda k: -scores[k])
        return (
            best
            if keeps(
                scores[best], scores[best] - scores[second], self._thresholds[best]
            )
            else second
        )

    return deciding(decide)


THRESHOLDS = {
    "thresholds ignored": overriding(_decide=lambda self, scores: self._winner(scores)),
    "thresholds added": taking(lambda scorer, threshold: -threshold),
    "thresholds without shifts.bias": taking(
        lambda scorer, threshold: threshold / scorer._bias_unit
    ),
    "thresholds with shifts.score": taking(
        lambda scorer, threshold: threshold / scorer._bias_unit * scorer._score_unit
    ),
    "thresholds doubled": taking(lambda scorer, threshold: threshold * 2),
    "thresholds halved": taking(lambda scorer, threshold: threshold / 2),
    "thresholds without their sign": taking(lambda scorer, threshold: abs(threshold)),
    "thresholds above 0 alone": taking(lambda scorer, threshold: max(threshold, 0.0)),
    "thresholds below 0 alone": taking(lambda scorer, threshold: min(threshold, 0.0)),
    "thresholds in reverse": holding(
        _thresholds=lambda scorer: scorer._thresholds[::-1]
    ),
    "thresholds for scores, not for leads": demoting(
        lambda score, lead, threshold: score >= threshold
    ),
    "thresholds for the best label alone": demoting(
        lambda score, lead, threshold: lead >= threshold
    ),
}

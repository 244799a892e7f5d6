"""Makes wrong scorers: copies of the right one with other methods or attributes."""

import copy
from collections.abc import Callable
from typing import Any

from scorers.python.nightsieve_scorer import Scorer

Mistake = Callable[[Scorer], Scorer]


def overriding(**methods: Callable) -> Mistake:
    """Return a scorer with other methods, which take the scorer first."""
    wrong = type("Mutant", (Scorer,), methods)

    def mistake(scorer: Scorer) -> Scorer:
        mutant = copy.copy(scorer)
        mutant.__class__ = wrong
        return mutant

    return mistake


def holding(**entries: Callable[[Scorer], Any]) -> Mistake:
    """Return a scorer with other attributes, computed from the right scorer."""

    def mistake(scorer: Scorer) -> Scorer:
        mutant = copy.copy(scorer)
        mutant.__dict__.update({name: make(scorer) for name, make in entries.items()})
        return mutant

    return mistake


def reading(change: Callable[[str], str]) -> Mistake:
    """Return a scorer that changes the text before anything else."""

    def tokens(scorer: Scorer, text: str) -> list[str]:
        return Scorer.tokens(scorer, change(text))

    return overriding(tokens=tokens)

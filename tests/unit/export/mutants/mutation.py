"""How a right scorer becomes a wrong one: a copy of it, with some methods or entries replaced."""

import copy
from collections.abc import Callable
from typing import Any

from scorers.python.nightsieve_scorer import Scorer

Mistake = Callable[[Scorer], Scorer]


def overriding(**methods: Callable) -> Mistake:
    """A scorer whose methods are these; they take ``self`` first."""
    wrong = type("Mutant", (Scorer,), methods)

    def mistake(scorer: Scorer) -> Scorer:
        mutant = copy.copy(scorer)
        mutant.__class__ = wrong
        return mutant

    return mistake


def holding(**entries: Callable[[Scorer], Any]) -> Mistake:
    """A scorer whose attributes are what these functions make of the right one."""

    def mistake(scorer: Scorer) -> Scorer:
        mutant = copy.copy(scorer)
        mutant.__dict__.update({name: make(scorer) for name, make in entries.items()})
        return mutant

    return mistake


def reading(change: Callable[[str], str]) -> Mistake:
    """A scorer that changes the text before anything else."""
    return overriding(tokens=lambda self, text: Scorer.tokens(self, change(text)))

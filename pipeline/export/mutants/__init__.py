"""Wrong scorers: the mistakes that people make who write a scorer anew, each with a name in words.

Texts which they get wrong are worth keeping, since they tell a wrong scorer from a right one:
`pipeline.export.conformance.selection` chooses them so.
"""

from pipeline.export.mutants.characters import CHARACTERS
from pipeline.export.mutants.sums import SUMS
from pipeline.export.mutants.thresholds import THRESHOLDS
from pipeline.export.mutants.tokens import TOKENS
from scorers.python.nightsieve_scorer import Scorer

MISTAKES = CHARACTERS | TOKENS | SUMS


def mutants(scorer: Scorer) -> dict[str, Scorer]:
    """A wrong scorer of the same model for each mistake, by its name; for some models some mistakes change nothing.

    They may raise anything at any text.
    """
    return {name: mistake(scorer) for name, mistake in MISTAKES.items()}


def misdeciding(scorer: Scorer) -> dict[str, Scorer]:
    """The same for mistakes with thresholds, none if the model has no threshold; only ``_decide`` is wrong."""
    return {
        name: mistake(scorer)
        for name, mistake in THRESHOLDS.items()
        if any(scorer._thresholds)
    }

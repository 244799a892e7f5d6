"""Wrong scorers: the mistakes of people who write a scorer, each with a name in words.

Tests run them against the conformance vectors of many models. No night runs them.
`tests/scorers/mutants/README.md` says how they differ from the set there.
"""

from scorers.python.nightsieve_scorer import Scorer
from tests.unit.export.mutants.characters import CHARACTERS
from tests.unit.export.mutants.sums import SUMS
from tests.unit.export.mutants.thresholds import THRESHOLDS
from tests.unit.export.mutants.tokens import TOKENS

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

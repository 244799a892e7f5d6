"""Wrong scorers: mistakes that the author of a scorer may make, by a description.

The tests run them against the conformance vectors of many models. No night runs them.
`tests/scorers/mutants/README.md` says how they differ from the set there.
"""

from scorers.python.nightsieve_scorer import Scorer
from tests.unit.export.mutants.characters import CHARACTERS
from tests.unit.export.mutants.sums import SUMS
from tests.unit.export.mutants.thresholds import THRESHOLDS
from tests.unit.export.mutants.tokens import TOKENS

MISTAKES = CHARACTERS | TOKENS | SUMS


def mutants(scorer: Scorer) -> dict[str, Scorer]:
    """Return a wrong scorer of the same model for each mistake, by its description.

    For some models some mistakes change nothing. A wrong scorer may raise any exception
    on any text.
    """
    return {name: mistake(scorer) for name, mistake in MISTAKES.items()}


def misdeciding(scorer: Scorer) -> dict[str, Scorer]:
    """Return the scorers with mistakes in thresholds; empty without a threshold.

    Only the ``decide`` of these is wrong.
    """
    if not any(scorer._thresholds):
        return {}
    return {name: mistake(scorer) for name, mistake in THRESHOLDS.items()}

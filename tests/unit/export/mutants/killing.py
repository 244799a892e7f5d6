"""Which wrong scorers a model's vectors tell from the right one."""

from collections.abc import Iterable

from pipeline.export.reference import from_units
from pipeline.model.fixed_point import FixedPointModel
from pipeline.records.export import Vector
from scorers.python import nightsieve_scorer
from scorers.python.nightsieve_scorer import Scorer, _outcome
from tests.support.exported_models import exported
from tests.unit.export.mutants import misdeciding, mutants


def scorer_of(model: FixedPointModel) -> Scorer:
    """Return the right scorer of a model, loaded from its file."""
    return nightsieve_scorer.load(exported(model))


def killed(model: FixedPointModel, vectors: Iterable[Vector]) -> set[str]:
    """Return the names of wrong scorers that get another line for some vector."""
    vectors = list(vectors)
    wrong_scorers = mutants(scorer_of(model))
    return {
        name
        for name, mutant in wrong_scorers.items()
        if not all(_gets_line(mutant, vector) for vector in vectors)
    }


def killed_by_decision(model: FixedPointModel, vectors: Iterable[Vector]) -> set[str]:
    """Return the names of scorers wrong with thresholds alone that decide otherwise."""
    scorer = scorer_of(model)
    decided = [
        (scorer.evaluate(from_units(vector.text)).scores, vector.decision)
        for vector in vectors
    ]
    return {
        name
        for name, mutant in misdeciding(scorer).items()
        if any(mutant._decide(scores) != decision for scores, decision in decided)
    }


def _gets_line(mutant: Scorer, vector: Vector) -> bool:
    try:
        outcome = _outcome(mutant.evaluate(from_units(vector.text)))
    except Exception:  # whatever a mistake leads to
        return False
    expected = vector.model_dump(mode="json", include=set(outcome))
    return outcome == expected

"""Which wrong scorers a model's vectors reveal."""

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
    """Return the names of wrong scorers that write another line for some vector."""
    vectors = list(vectors)
    names = set()
    for name, mutant in mutants(scorer_of(model)).items():
        if not all(_gets_line(mutant, vector) for vector in vectors):
            names.add(name)
    return names


def killed_by_decision(model: FixedPointModel, vectors: Iterable[Vector]) -> set[str]:
    """Return the names of scorers that label wrongly with thresholds."""
    scorer = scorer_of(model)
    decided = []
    for vector in vectors:
        result = scorer.evaluate(from_units(vector.text))
        decided.append((result.scores, vector.decision))
    names = set()
    for name, mutant in misdeciding(scorer).items():
        if any(mutant.decide(scores) != decision for scores, decision in decided):
            names.add(name)
    return names


def _gets_line(mutant: Scorer, vector: Vector) -> bool:
    try:
        outcome = _outcome(mutant.evaluate(from_units(vector.text)))
    except Exception:  # whatever a mistake leads to
        return False
    expected = vector.model_dump(mode="json", include=set(outcome))
    return outcome == expected

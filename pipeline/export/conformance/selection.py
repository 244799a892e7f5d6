"""Chooses the conformance vectors of a model.

The texts follow only from templates and the model, so that none is a message and the
same model gives the same vectors. The tests run wrong scorers against them; a night
does not.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from pipeline.export.conformance.made_up_text import MadeUpText
from pipeline.export.conformance.material import Material
from pipeline.export.conformance.templates import TEMPLATES
from pipeline.export.reference import decisions, evaluate, units
from pipeline.model.fixed_point import FixedPointModel
from pipeline.records.export import Vector

SELF_TEST_VECTORS = 12
SELF_TEST_UNITS = 1700  # UTF-16 units of a self-test's texts together


class ConformanceVectors(NamedTuple):
    """A model's vectors, and the indices of those in its self-test."""

    vectors: tuple[Vector, ...]
    self_test: tuple[int, ...]


def choose(model: FixedPointModel) -> ConformanceVectors:
    """Return the vectors of a model."""
    texts = _write(model)
    vectors = make_vectors(model, {made.text: made.why for made in texts})
    return ConformanceVectors(vectors, tuple(_self_test(texts)))


def make_vectors(
    model: FixedPointModel, reasons: Mapping[str, str]
) -> tuple[Vector, ...]:
    """Return vectors of texts.

    Parameters
    ----------
    reasons
        The purpose of each text, by the text.
    """
    results = evaluate(model, list(reasons))
    decided = decisions(model, results)
    columns = zip(reasons.items(), results, decided, strict=True)
    vectors = []
    for (text, why), outcome, decision in columns:
        vector = Vector(
            why=why,
            text=units(text),
            tokens=tuple(outcome.tokens),
            S=tuple(outcome.S),
            N=outcome.N,
            scores=tuple(outcome.scores),
            label=outcome.label,
            decision=decision,
        )
        vectors.append(vector)
    return tuple(vectors)


def _write(model: FixedPointModel) -> list[MadeUpText]:
    """Return the distinct texts of all templates."""
    material = Material.of(model)
    written: dict[str, MadeUpText] = {}
    for template in TEMPLATES:
        for made in template.texts(material):
            earlier = written.get(made.text)
            if earlier is None:
                written[made.text] = made
            else:
                written[made.text] = earlier.merged_with(made)
    return list(written.values())


def _self_test(texts: Sequence[MadeUpText]) -> Iterator[int]:
    """Yield the indices of the texts for the self-test, while there is room."""
    remaining_vectors = SELF_TEST_VECTORS
    remaining_units = SELF_TEST_UNITS
    for index, made in enumerate(texts):
        length = len(units(made.text)) // 4
        if made.in_self_test and remaining_vectors and length <= remaining_units:
            remaining_vectors -= 1
            remaining_units -= length
            yield index

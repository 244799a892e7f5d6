"""Conformance vectors: texts that tell a wrong scorer from a right one.

Each comes with what a right one gets from it. The texts follow from templates and the
model alone, so that no message is among them and the same model gives the same vectors.
The tests run wrong scorers against them; a night does not.
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
SELF_TEST_UNITS = 1700  # UTF-16 units of all texts of a self-test


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
    """Return vectors of these texts, with why each is there."""
    results = evaluate(model, list(reasons))
    decided = decisions(model, results)
    return tuple(
        Vector(
            why=why,
            text=units(text),
            tokens=tuple(outcome.tokens),
            S=tuple(outcome.S),
            N=outcome.N,
            scores=tuple(outcome.scores),
            label=outcome.label,
            decision=decision,
        )
        for (text, why), outcome, decision in zip(
            reasons.items(), results, decided, strict=True
        )
    )


def _write(model: FixedPointModel) -> list[MadeUpText]:
    """Return the texts of all templates, each once."""
    material = Material.of(model)
    written: dict[str, MadeUpText] = {}
    for template in TEMPLATES:
        for made in template.texts(material):
            before = written.get(made.text)
            written[made.text] = before.merged_with(made) if before else made
    return list(written.values())


def _self_test(texts: Sequence[MadeUpText]) -> Iterator[int]:
    """Yield the indices of texts for the self-test, as long as there is room."""
    remaining_vectors = SELF_TEST_VECTORS
    remaining_units = SELF_TEST_UNITS
    for index, made in enumerate(texts):
        length = len(units(made.text)) // 4
        if made.in_self_test and remaining_vectors and length <= remaining_units:
            remaining_vectors -= 1
            remaining_units -= length
            yield index

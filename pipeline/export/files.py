"""The exported files of a night: from the fitted pipeline, and the texts whose labels it must keep."""

import functools
import itertools
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sklearn.pipeline import Pipeline

from pipeline.errors import DataError
from pipeline.export.conformance.selection import choose, encode_vectors, self_test
from pipeline.export.exporters.nightsieve_linear.format import encode
from pipeline.model.counts import count_terms
from pipeline.model.from_sklearn import linear_model
from pipeline.model.quantise import choose_bits, quantise
from scorers.python.nightsieve_scorer import Scorer


def prepare(
    fitted: Pipeline, thresholds: Mapping[str, float], cleaned: Iterable[Iterable[str]]
) -> dict[str, Any]:
    """What both exported files are made from, as JSON values: ``thresholds``, ``bits`` and the chosen ``vectors``.

    The bits are the fewest that flip no label of the ``cleaned`` texts, which come shard by shard. A label that
    ``thresholds`` does not name has none.

    Raises
    ------
    DataError
        There is no text, or the model has more terms than a device can sum exactly.
    """
    model = linear_model(fitted).with_thresholds(thresholds)
    distinct = set(itertools.chain.from_iterable(cleaned))
    if not distinct:
        raise DataError(
            "export: there is no message to compare the exported model with"
        )
    fixed, bits = choose_bits(model, count_terms(model, distinct, cleaned=True))
    return {"thresholds": dict(thresholds), "bits": bits, "vectors": choose(fixed)}


def build(
    fitted: Pipeline, prepared: dict[str, Any], provenance: dict[str, Any]
) -> bytes:
    """The model file."""
    model = linear_model(fitted).with_thresholds(prepared["thresholds"])
    fixed = quantise(model, prepared["bits"])
    return encode(
        fixed, {**provenance, "bits": prepared["bits"]}, self_test(prepared["vectors"])
    )


def decider(scorer: Scorer, model_bytes: bytes) -> Callable[[str], str] | None:
    """How the ``scorer`` of a model file labels with the thresholds in it; None if there are none."""
    return (
        functools.partial(scorer.label, thresholds=True)
        if any(json.loads(model_bytes)["thresholds"])
        else None
    )


def build_vectors(prepared: dict[str, Any], model_bytes: bytes) -> bytes:
    """The conformance vectors of a model file, as the file that travels beside it."""
    return encode_vectors(prepared["vectors"], model_bytes)

"""The exported files of a night.

They are made from the fitted pipeline, and from the texts whose labels must not change.
"""

import functools
import itertools
import json
from collections.abc import Callable, Iterable, Mapping

from sklearn.pipeline import Pipeline

from pipeline.errors import DataError
from pipeline.export.conformance import vectors_file
from pipeline.export.conformance.selection import choose
from pipeline.export.exporters.base import MessagesToVerify, ModelToExport
from pipeline.export.exporters.registry import EXPORTERS
from pipeline.model.counts import count_terms
from pipeline.model.from_sklearn import linear_model
from pipeline.model.quantise import choose_bits, quantise
from pipeline.records.export import PreparedExport, Provenance, Verification
from scorers.python.nightsieve_scorer import Scorer


def prepare(
    fitted: Pipeline, thresholds: Mapping[str, float], cleaned: Iterable[Iterable[str]]
) -> PreparedExport:
    """Return the values from which all exported files are made.

    The weights get the fewest bits that change the label of no cleaned text.

    Parameters
    ----------
    thresholds
        By label; other labels have none.
    cleaned
        The cleaned texts, shard by shard.

    Raises
    ------
    DataError
        There is no text, or the model has more terms than a device can sum exactly.
    """
    model = linear_model(fitted).with_thresholds(thresholds)
    distinct = set(itertools.chain.from_iterable(cleaned))
    if not distinct:
        raise DataError(
            "export: the sample has no message to compare the exported model with; "
            "check source.messages"
        )
    counts = count_terms(model, distinct, cleaned=True)
    fixed_point, bits = choose_bits(model, counts)
    chosen = choose(fixed_point)
    return PreparedExport(
        thresholds=dict(thresholds),
        bits=bits,
        vectors=chosen.vectors,
        self_test=chosen.self_test,
    )


def encode_model(
    format: str, fitted: Pipeline, prepared: PreparedExport, provenance: Provenance
) -> bytes:
    """Return the model file in a format of `pipeline.records.export.EXPORT_FORMATS`."""
    linear = linear_model(fitted).with_thresholds(prepared.thresholds)
    model = ModelToExport(
        linear=linear,
        fixed_point=quantise(linear, prepared.bits),
        provenance=provenance,
        self_test=tuple(prepared.vectors[index] for index in prepared.self_test),
    )
    return EXPORTERS[format].encode(model)


def encode_vectors(prepared: PreparedExport, model_bytes: bytes) -> bytes:
    """Return the file of conformance vectors that accompanies a model file."""
    return vectors_file.encode_vectors(prepared.vectors, model_bytes)


def verify_model(
    format: str,
    content: bytes,
    vectors: bytes,
    fitted: Pipeline,
    messages: Iterable[tuple[str, str]],
    *,
    total: int,
    report_progress: Callable[[float], None],
) -> Verification:
    """Prove that a model file in this format predicts what training measured.

    Parameters
    ----------
    vectors
        The vectors file.
    messages
        The text of each message, and its cleaned text.
    total
        The number of messages.
    report_progress
        Receives the share of messages that are verified, from 0 to 1.

    Raises
    ------
    VerificationError
        The model file does not predict what training measured.
    """
    to_verify = MessagesToVerify(messages, total)
    return EXPORTERS[format].verify(
        content,
        vectors_file=vectors,
        fitted=fitted,
        messages=to_verify,
        report_progress=report_progress,
    )


def label_with_thresholds(
    scorer: Scorer, model_bytes: bytes
) -> Callable[[str], str] | None:
    """Return the function that labels with thresholds; None if the file has none."""
    if any(json.loads(model_bytes)["thresholds"]):
        return functools.partial(scorer.label, thresholds=True)
    return None

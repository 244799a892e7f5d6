"""Encodes a `FixedPointModel` as a ``nightsieve-linear`` file and decodes it.

docs/format.md describes the format. Its version is written in three places: here, in
the name of the schema, and in the scorers. The last section of that page says how to
raise it.
"""

import dataclasses
import functools
import json
import zlib
from collections.abc import Sequence
from importlib import resources
from typing import Any

import numpy as np
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from jsonschema.validators import extend

from pipeline.errors import ArtefactError
from pipeline.model.fixed_point import FixedPointModel
from pipeline.records.export import MODEL_FILE, Provenance, Vector
from pipeline.text import Tokeniser
from pipeline.text.character_map import CharacterMap
from scorers.python import nightsieve_scorer

FORMAT = "nightsieve-linear"
VERSION = "1.0"
NO_NORM = "none"
#: Entries that are arrays of integers, both in the file and in the model.
ARRAYS = (
    "term_frequency",
    "term_frequency_squared",
    "idf_squared",
    "weights",
    "biases",
    "thresholds",
)

Entries = dict[str, Any]  # a JSON object


def encode(
    model: FixedPointModel, provenance: Provenance, self_test: Sequence[Vector]
) -> bytes:
    """Return the file: ASCII, with one line per entry.

    The same model, provenance and self-test give the same bytes.

    Raises
    ------
    ArtefactError
        The format does not allow the provenance, the model or the self-test.
    """
    entries = _entries(model, provenance, self_test)
    lines = [f'"{name}": {_compact(value)},\n' for name, value in entries.items()]
    encoded = sealed("".join(["{\n", *lines]).encode("ascii"))
    _check_schema(encoded)
    decode(encoded)
    return encoded


def sealed(content: bytes) -> bytes:
    """Return the content with its checksum as the last entry of the file."""
    return content + f'"checksum": "{zlib.crc32(content):08x}"\n}}\n'.encode()


def decode(encoded: bytes) -> FixedPointModel:
    """Return the model in a file.

    Raises
    ------
    ArtefactError
        The Python scorer refuses it.
    """
    try:
        nightsieve_scorer.load(encoded)
    except ValueError as error:
        raise ArtefactError(f"{MODEL_FILE}: {error}; do not use this export") from None
    entries = json.loads(encoded)
    last_weights = [-sum(column) for column in zip(*entries["weights"], strict=True)]
    entries["weights"].append(last_weights)
    norm = entries["norm"]
    arrays = {name: np.array(entries[name], dtype=np.int64) for name in ARRAYS}
    return FixedPointModel(
        labels=tuple(entries["labels"]),
        tokeniser=_tokeniser(entries),
        terms=tuple(entries["terms"]),
        norm=None if norm == NO_NORM else norm,
        bias_shift=entries["shifts"]["bias"],
        score_shift=entries["shifts"]["score"],
        **arrays,
    )


def _entries(
    model: FixedPointModel, provenance: Provenance, self_test: Sequence[Vector]
) -> Entries:
    tokeniser = model.tokeniser
    return {
        "format": FORMAT,
        "version": VERSION,
        "requires": [],
        "provenance": provenance.model_dump(mode="json"),
        "labels": model.labels,
        "tokens": {
            "min_token": tokeniser.min_token,
            "ngrams": tokeniser.ngrams,
            "stop_words": sorted(tokeniser.stop_words),
        },
        "norm": model.norm or NO_NORM,
        "shifts": {"bias": model.bias_shift, "score": model.score_shift},
        "limits": model.limits._asdict(),
        "term_frequency": model.term_frequency.tolist(),
        "term_frequency_squared": model.term_frequency_squared.tolist(),
        "biases": model.biases.tolist(),
        "thresholds": model.thresholds.tolist(),
        "characters": dataclasses.asdict(tokeniser.characters),
        "terms": model.terms,
        "idf_squared": model.idf_squared.tolist(),
        "weights": model.weights[:-1].tolist(),
        "self_test": list(map(_self_test_entry, self_test)),
    }


def _self_test_entry(vector: Vector) -> Entries:
    return vector.model_dump(mode="json", exclude={"why", "decision"})


def _compact(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _tokeniser(entries: Entries) -> Tokeniser:
    tokens = entries["tokens"]
    characters = {
        kind: tuple(map(tuple, ranges))
        for kind, ranges in entries["characters"].items()
    }
    return Tokeniser(
        CharacterMap(**characters),
        tokens["min_token"],
        frozenset(tokens["stop_words"]),
        tuple(tokens["ngrams"]),
    )


def _check_schema(encoded: bytes) -> None:
    error = best_match(_validator().iter_errors(json.loads(encoded)))
    if error is not None:
        path = ".".join(map(str, error.absolute_path)) or "the file"
        raise ArtefactError(
            f"{MODEL_FILE}, {path}: {error.message:.200}; do not use this export"
        )


@functools.cache
def _validator() -> Draft202012Validator:
    schema = resources.files(__package__).joinpath(f"{FORMAT}-{VERSION}.schema.json")
    # In JSON Schema 1.0 is an integer. In the format it is not, because a reader in
    # another language may refuse it.
    checker = Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer)
    strict_validator = extend(Draft202012Validator, type_checker=checker)
    return strict_validator(json.loads(schema.read_bytes()))


def _is_integer(_checker: object, value: object) -> bool:
    return type(value) is int

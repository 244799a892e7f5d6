"""`FixedPointModel` <-> the bytes of a ``nightsieve-linear`` file, as docs/format.md describes it.

The version stands in three places: here, in the name of the schema, in the scorers. That page's last section says
how to raise it.
"""

import dataclasses
import functools
import json
import zlib
from importlib import resources
from typing import Any

import numpy as np
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from jsonschema.validators import extend

from pipeline.errors import ArtefactError
from pipeline.model.fixed_point import FixedPointModel
from pipeline.text import Tokeniser
from pipeline.text.character_map import CharacterMap
from scorers.python import nightsieve_scorer

FORMAT = "nightsieve-linear"
VERSION = "1.0"


def encode(
    model: FixedPointModel, provenance: dict[str, Any], self_test: list[dict[str, Any]]
) -> bytes:
    """The file: ASCII, a line for each entry, the same bytes for the same model, provenance and self-test vectors.

    Raises
    ------
    ArtefactError
        The provenance, the model or the self-test is not what the format allows.
    """
    tokeniser = model.tokeniser
    entries = {
        "format": FORMAT,
        "version": VERSION,
        "requires": [],
        "provenance": provenance,
        "labels": model.labels,
        "tokens": {
            "min_token": tokeniser.min_token,
            "ngrams": tokeniser.ngrams,
            "stop_words": sorted(tokeniser.stop_words),
        },
        "norm": model.norm or "none",
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
        "self_test": self_test,
    }
    lines = (
        f'"{name}": {json.dumps(value, sort_keys=True, separators=(",", ":"))}'
        for name, value in entries.items()
    )
    encoded = sealed(("{\n" + ",\n".join(lines) + ",\n").encode("ascii"))
    _check_schema(encoded)
    decode(encoded)
    return encoded


def sealed(content: bytes) -> bytes:
    """The content with its checksum, which is the last entry of the file."""
    return content + f'"checksum": "{zlib.crc32(content):08x}"\n}}\n'.encode()


def decode(encoded: bytes) -> FixedPointModel:
    """The model in a file.

    Raises
    ------
    ArtefactError
        The Python scorer refuses it.
    """
    try:
        nightsieve_scorer.load(encoded)
    except ValueError as error:
        raise ArtefactError(f"Exported model: {error}") from None
    entries = json.loads(encoded)
    tokens, shifts = entries["tokens"], entries["shifts"]
    characters = {
        kind: tuple(map(tuple, ranges))
        for kind, ranges in entries["characters"].items()
    }
    entries["weights"].append(
        [-sum(weights) for weights in zip(*entries["weights"], strict=True)]
    )
    integers = (
        "term_frequency",
        "term_frequency_squared",
        "idf_squared",
        "weights",
        "biases",
        "thresholds",
    )
    return FixedPointModel(
        labels=tuple(entries["labels"]),
        tokeniser=Tokeniser(
            CharacterMap(**characters),
            tokens["min_token"],
            frozenset(tokens["stop_words"]),
            tuple(tokens["ngrams"]),
        ),
        terms=tuple(entries["terms"]),
        norm=None if entries["norm"] == "none" else entries["norm"],
        **{name: np.array(entries[name], dtype=np.int64) for name in integers},
        bias_shift=shifts["bias"],
        score_shift=shifts["score"],
    )


def _check_schema(encoded: bytes) -> None:
    if error := best_match(_validator().iter_errors(json.loads(encoded))):
        where = ".".join(map(str, error.absolute_path)) or "the file"
        raise ArtefactError(f"Exported model, {where}: {error.message:.200}")


@functools.cache
def _validator() -> Draft202012Validator:
    schema = resources.files(__package__).joinpath(f"{FORMAT}-{VERSION}.schema.json")
    # JSON Schema takes 1.0 for an integer; the format does not, for a reader in another language may not.
    strict = Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: type(value) is int
    )
    return extend(Draft202012Validator, type_checker=strict)(
        json.loads(schema.read_bytes())
    )

"""`LinearModel` <-> the bytes of a ``nightsieve-linear`` file, as docs/format.md describes it.

The version stands in three places: here, in the name of the schema and in the scorers. A change of what an entry means,
or a new entry, is a new version: raise it, write its schema beside the old one, add its golden file to tests/contract.
"""

import dataclasses
import functools
import itertools
import json
import math
from importlib import resources

import numpy as np
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from jsonschema.validators import extend

from pipeline.characters import CharacterMap
from pipeline.errors import ArtefactError
from pipeline.export.model import LinearModel
from pipeline.text import Tokeniser

FORMAT = "nightsieve-linear"
VERSION = "0.1"
REQUIREMENTS: frozenset[str] = frozenset()  # what a file may ask of its reader; version 0.1 asks for nothing


def encode(model: LinearModel, provenance: dict) -> bytes:
    """The file: ASCII, a line for each entry, the same bytes for the same model and provenance.

    Raises
    ------
    ArtefactError
        The provenance or the model is not what the format allows.
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
        "term_frequency": "sublinear" if model.sublinear_tf else "raw",
        "norm": model.norm or "none",
        "intercepts": model.intercepts.tolist(),
        "characters": dataclasses.asdict(tokeniser.characters),
        "terms": model.terms,
        "idf": model.idf.tolist(),
        "weights": model.weights.tolist(),
    }
    lines = (f'"{name}": {json.dumps(value, sort_keys=True, separators=(",", ":"))}' for name, value in entries.items())
    encoded = ("{\n" + ",\n".join(lines) + "\n}\n").encode("ascii")
    decode(encoded)
    return encoded


def decode(encoded: bytes) -> LinearModel:
    """The model in a file.

    Raises
    ------
    ArtefactError
        Not a file of this version, a requirement that is not known, an entry missing, unknown or malformed.
    """
    entries = _parse(encoded)
    _refuse_unknown(entries)
    if error := best_match(_validator().iter_errors(entries)):
        where = ".".join(map(str, error.absolute_path)) or "the file"
        raise ArtefactError(f"Exported model, {where}: {error.message:.200}")
    _check_lengths(entries)
    tokens = entries["tokens"]
    return LinearModel(
        labels=tuple(entries["labels"]),
        tokeniser=Tokeniser(
            _characters(entries["characters"]),
            tokens["min_token"],
            frozenset(tokens["stop_words"]),
            tuple(tokens["ngrams"]),
        ),
        terms=tuple(entries["terms"]),
        idf=np.array(entries["idf"], dtype=np.float64),
        weights=np.array(entries["weights"], dtype=np.float64),
        intercepts=np.array(entries["intercepts"], dtype=np.float64),
        sublinear_tf=entries["term_frequency"] == "sublinear",
        norm=None if entries["norm"] == "none" else entries["norm"],
    )


def _parse(encoded: bytes) -> dict:
    try:
        entries = json.loads(
            encoded.decode("ascii"),
            parse_float=_finite,
            parse_int=_exact,
            parse_constant=_finite,
            object_pairs_hook=_once,
        )
    except (ValueError, RecursionError) as error:
        raise ArtefactError(f"Exported model: not ASCII-only JSON with finite numbers: {error!s:.200}") from None
    if not isinstance(entries, dict):
        raise ArtefactError(f"Exported model: {FORMAT} is a JSON object, not {type(entries).__name__}")
    return entries


def _finite(literal: str) -> float:
    number = float(literal)
    if not math.isfinite(number):
        raise ValueError(f"{literal} is no finite number")
    return number


def _exact(literal: str) -> int:
    if len(literal) > 16:
        raise ValueError(f"{literal:.20} is more than every runtime can hold exactly")
    return int(literal)


def _once(pairs: list[tuple]) -> dict:
    entries = dict(pairs)
    if len(entries) < len(pairs):
        raise ValueError("an entry stands there twice")
    return entries


def _refuse_unknown(entries: dict) -> None:
    found = (entries.get("format"), entries.get("version"))
    if found != (FORMAT, VERSION):
        raise ArtefactError(f"Exported model: format {found[0]!r} version {found[1]!r}; this reads {FORMAT} {VERSION}")
    requires = entries.get("requires")
    if isinstance(requires, list) and (unknown := [name for name in requires if name not in REQUIREMENTS]):
        raise ArtefactError(f"Exported model: requires {unknown}, which this reader does not know")


def _check_lengths(entries: dict) -> None:
    """What a JSON Schema cannot say: lengths that belong together, and order."""
    labels, terms = entries["labels"], entries["terms"]
    lengths = {"intercepts": len(labels), "weights": len(labels), "idf": len(terms)}
    wrong = [name for name, length in lengths.items() if len(entries[name]) != length]
    wrong += [f"weights.{row}" for row, weights in enumerate(entries["weights"]) if len(weights) != len(terms)]
    if wrong:
        raise ArtefactError(
            f"Exported model: {', '.join(wrong)} not as long as labels ({len(labels)}) or terms ({len(terms)})"
        )
    for name in ("labels", "terms"):
        if any(a >= b for a, b in itertools.pairwise(entries[name])):
            raise ArtefactError(f"Exported model: {name} are not in ascending code-point order, each once")
    low, high = entries["tokens"]["ngrams"]
    if low > high:
        raise ArtefactError(f"Exported model, tokens.ngrams: [{low}, {high}] is not [lowest, highest]")


def _characters(entries: dict) -> CharacterMap:
    for name, ranges in entries.items():
        bounds = [bound for found in ranges for bound in found[:2]]
        overlap = any(last == first for last, first in zip(bounds[1::2], bounds[2::2], strict=False))
        if overlap or any(a > b for a, b in itertools.pairwise(bounds)):
            raise ArtefactError(f"Exported model, characters.{name}: ranges are not ascending and disjoint")
    if any(not 0 <= first + delta <= last + delta <= 0x10FFFF for first, last, _, delta in entries["shift"]):
        raise ArtefactError("Exported model, characters.shift: leaves the range of code points")
    return CharacterMap(**{name: tuple(map(tuple, ranges)) for name, ranges in entries.items()})


@functools.cache
def _validator() -> Draft202012Validator:
    schema = resources.files("pipeline.export").joinpath(f"{FORMAT}-{VERSION}.schema.json")
    # JSON Schema takes 1.0 for an integer; the format does not, for a reader in another language may not.
    strict = Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
    return extend(Draft202012Validator, type_checker=strict)(json.loads(schema.read_bytes()))

"""Conformance vectors: texts that tell a wrong scorer from a right one, and what a right one gets from them.

They are chosen by a greedy cover: as few and as short texts as catch every wrong scorer (`pipeline.export.mutants`)
that any of some hundred made-up texts catches. The start of that cover is the model's self-test.
"""

import hashlib
import json
from typing import Any

from pipeline.errors import ArtefactError
from pipeline.export.candidates import candidates, required
from pipeline.export.model import FixedPointModel
from pipeline.export.mutants import mutants
from pipeline.export.reference import evaluate, units
from scorers.python.nightsieve_scorer import Scorer, _outcome

FORMAT = "nightsieve-vectors"
VERSION = "1.0"
OUTCOME = ("tokens", "S", "N", "scores", "label")
KEYS = ("why", "text", *OUTCOME)
KILLS = "kills: "
SELF_TEST_VECTORS = 12
SELF_TEST_UNITS = 1700  # UTF-16 units of all texts of a self-test; four digits each
VECTOR_UNITS = 60  # what a vector costs in a file besides its text, in units of text

Vector = dict[str, Any]


def choose(model: FixedPointModel) -> list[Vector]:
    """The vectors of a model, without any text from a message, the same ones for the same model.

    First the greedy cover, each with the wrong scorers that it is the first to kill in its ``why``. Then what is asked
    of every scorer: empty, NUL, lone surrogates, no known term, over-long, every edge of the character map, and for
    each pair of labels the smallest margin found.
    """
    reasons = required(model)
    texts = list(dict.fromkeys([*candidates(model), *reasons]))
    outcomes = evaluate(model, texts)
    covering = cover(texts, kills(scorer_of(model), texts, outcomes))
    vectors = []
    for place in [*covering, *(place for place, text in enumerate(texts) if text in reasons and place not in covering)]:
        text = texts[place]
        killed = [KILLS + "; ".join(covering[place])] if place in covering else []
        why = ", ".join([reasons[text], *killed] if text in reasons else killed)
        vectors.append({"why": why, "text": units(text), **outcomes[place]})
    return vectors


def self_test(vectors: list[Vector]) -> list[Vector]:
    """Those that a model file holds of its chosen vectors, without ``why``: the first of the greedy cover."""
    room, found = SELF_TEST_UNITS, []
    for vector in vectors:
        size = len(vector["text"]) // 4
        if KILLS in vector["why"] and size <= room and len(found) < SELF_TEST_VECTORS:
            found.append({key: vector[key] for key in KEYS[1:]})
            room -= size
    return found


def encode_vectors(vectors: list[Vector], model_bytes: bytes) -> bytes:
    """The file that travels beside a model, ASCII, a line for each vector."""
    head = {"format": FORMAT, "version": VERSION, "model": hashlib.sha256(model_bytes).hexdigest()}
    lines = [f'"{key}": {json.dumps(value)},' for key, value in head.items()]
    rows = ",\n".join(json.dumps(vector, separators=(",", ":")) for vector in vectors)
    return "\n".join(["{", *lines, '"vectors": [', rows, "]", "}", ""]).encode("ascii")


def decode_vectors(content: bytes, model_bytes: bytes) -> list[Vector]:
    """The vectors in a file that was made for this model file.

    Raises
    ------
    ArtefactError
        It is not of this format and version, it was made for another model, or a vector lacks something.
    """
    try:
        file = json.loads(content)
        known = (file["format"], file["version"]) == (FORMAT, VERSION)
        theirs = file["model"] == hashlib.sha256(model_bytes).hexdigest()
        whole = known and all(set(vector) == set(KEYS) for vector in file["vectors"])
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise ArtefactError(f"Vectors: not a file as docs/format.md has it: {error!r:.100}") from None
    if not known:
        raise ArtefactError(f"Vectors: {file['format']!r:.40} {file['version']!r:.40} is not {FORMAT} {VERSION}")
    if not theirs:
        raise ArtefactError("Vectors: made for another model")
    if not whole:
        raise ArtefactError(f"Vectors: one has other entries than {', '.join(KEYS)}")
    return file["vectors"]


def scorer_of(model: FixedPointModel) -> Scorer:
    """The right scorer of a model, without the checks that loading it from a file would make."""
    tokeniser = model.tokeniser
    return Scorer(
        {
            "labels": model.labels,
            "tokens": {
                "min_token": tokeniser.min_token,
                "ngrams": tokeniser.ngrams,
                "stop_words": tokeniser.stop_words,
            },
            "norm": model.norm or "none",
            "shifts": {"score": model.score_shift, "bias": model.bias_shift},
            "term_frequency": model.term_frequency.tolist(),
            "term_frequency_squared": model.term_frequency_squared.tolist(),
            "biases": model.biases.tolist(),
            "thresholds": model.thresholds.tolist(),
            "characters": {kind: getattr(tokeniser.characters, kind) for kind in ("replace", "drop", "shift", "keep")},
            "terms": model.terms,
            "idf_squared": model.idf_squared.tolist(),
            "weights": model.weights[:-1].tolist(),
        }
    )


def kills(scorer: Scorer, texts: list[str], outcomes: list[Vector]) -> dict[int, set[str]]:
    """The names of the wrong scorers that get another outcome, for the place of each text that some get wrong."""
    wrong = mutants(scorer)
    found = {
        place: {name for name, mutant in wrong.items() if _outcome_of(mutant, text) != outcome}
        for place, (text, outcome) in enumerate(zip(texts, outcomes, strict=True))
    }
    return {place: names for place, names in found.items() if names}


def cover(texts: list[str], killed: dict[int, set[str]]) -> dict[int, list[str]]:
    """Places of few and short texts that together kill what all do, by a greedy choice, and what each is first to kill.

    Texts that fit in a self-test are chosen as long as they help, the others after them.
    """
    costs = {place: len(units(texts[place])) // 4 + VECTOR_UNITS for place in killed}
    chosen, left, room = [], set().union(*killed.values()), SELF_TEST_UNITS
    while left:
        gains = {place: len(killed[place] & left) / cost for place, cost in costs.items() if killed[place] & left}
        fitting = [place for place in gains if costs[place] - VECTOR_UNITS <= room]
        best = max(fitting or gains, key=gains.__getitem__)
        chosen.append(best)
        left -= killed[best]
        room -= costs[best] - VECTOR_UNITS
    # A later choice may have made an earlier one needless.
    for place in chosen[::-1]:
        others = set().union(*(killed[other] for other in chosen if other != place))
        if killed[place] <= others:
            chosen.remove(place)
    return _firsts(chosen, killed)


def _firsts(chosen: list[int], killed: dict[int, set[str]]) -> dict[int, list[str]]:
    seen: set[str] = set()
    firsts = {}
    for place in chosen:
        firsts[place] = sorted(killed[place] - seen)
        seen |= killed[place]
    return firsts


def _outcome_of(mutant: Scorer, text: str) -> Vector | None:
    """What a wrong scorer's line would hold; None if it fails, as a self-test would see it fail."""
    try:
        return _outcome(mutant.evaluate(text))
    except Exception:  # whatever a mistake leads to
        return None

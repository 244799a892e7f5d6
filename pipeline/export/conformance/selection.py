"""Conformance vectors: texts that tell a wrong scorer from a right one, and what a right one gets from them.

They are chosen by a greedy cover: as few and as short texts as catch every wrong scorer (`pipeline.export.mutants`)
that any of some hundred made-up texts catches. The start of that cover is the model's self-test, which shows no label
with thresholds: so scorers that are wrong with those alone have a cover of their own.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from typing import Any

from pipeline.errors import ArtefactError
from pipeline.export.conformance.candidate_texts import candidates, required
from pipeline.export.mutants import misdeciding, mutants
from pipeline.export.reference import decisions, evaluate, scores_of, units
from pipeline.model.fixed_point import FixedPointModel
from scorers.python.nightsieve_scorer import Scorer, _outcome

FORMAT = "nightsieve-vectors"
VERSION = "1.1"
OUTCOME = ("tokens", "S", "N", "scores", "label")
KEYS = ("why", "text", *OUTCOME, "decision")
KILLS, KILLS_BY_DECISION = "kills: ", "kills by its decision: "
SELF_TEST_VECTORS = 12
SELF_TEST_UNITS = 1700  # UTF-16 units of all texts of a self-test; four digits each
VECTOR_UNITS = 60  # what a vector costs in a file besides its text, in units of text
READING = (
    "evaluate",
    "tokens",
    "_characters",
    "_min_token",
    "_stop_words",
)  # what the tokens of a text depend on

Vector = dict[str, Any]


def choose(model: FixedPointModel) -> list[Vector]:
    """The vectors of a model, without any text from a message, the same ones for the same model.

    First the greedy cover, each with the wrong scorers that it is the first to kill in its ``why``; then that of the
    scorers that are wrong with thresholds alone. Then what is asked of every scorer: empty, NUL, lone surrogates, no
    known term, over-long, every edge of the character map, the smallest margin found for each pair of labels, and those
    around each threshold.
    """
    reasons = required(model)
    texts = list(dict.fromkeys([*candidates(model), *reasons]))
    scorer, outcomes = scorer_of(model), evaluate(model, texts)
    decided = decisions(model, outcomes)
    covering = cover(texts, kills(scorer, texts, outcomes))
    covering_decisions = cover(texts, kills_by_decision(scorer, outcomes, decided))
    asked = [place for place, text in enumerate(texts) if text in reasons]
    vectors = []
    for place in dict.fromkeys([*covering, *covering_decisions, *asked]):
        why = [reasons[texts[place]]] if texts[place] in reasons else []
        for found, verb in ((covering_decisions, KILLS_BY_DECISION), (covering, KILLS)):
            why += [verb + "; ".join(found[place])] if place in found else []
        outcome = {**outcomes[place], "decision": decided[place]}
        vectors.append({"why": ", ".join(why), "text": units(texts[place]), **outcome})
    return vectors


def self_test(vectors: list[Vector]) -> list[Vector]:
    """Those that a model file holds of its chosen vectors: the first of the greedy cover, without why and decision."""
    room, found = SELF_TEST_UNITS, []
    for vector in vectors:
        size = len(vector["text"]) // 4
        if KILLS in vector["why"] and size <= room and len(found) < SELF_TEST_VECTORS:
            found.append({key: vector[key] for key in ("text", *OUTCOME)})
            room -= size
    return found


def encode_vectors(vectors: list[Vector], model_bytes: bytes) -> bytes:
    """The file that travels beside a model, ASCII, a line for each vector."""
    head = {
        "format": FORMAT,
        "version": VERSION,
        "model": hashlib.sha256(model_bytes).hexdigest(),
    }
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
        raise ArtefactError(
            f"Vectors: not a file as docs/format.md has it: {error!r:.100}"
        ) from None
    if not known:
        raise ArtefactError(
            f"Vectors: {file['format']!r:.40} {file['version']!r:.40} is not {FORMAT} {VERSION}"
        )
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
            "characters": {
                kind: getattr(tokeniser.characters, kind)
                for kind in ("replace", "drop", "shift", "keep")
            },
            "terms": model.terms,
            "idf_squared": model.idf_squared.tolist(),
            "weights": model.weights[:-1].tolist(),
        }
    )


def kills(
    scorer: Scorer, texts: list[str], outcomes: list[Vector]
) -> dict[int, set[str]]:
    """The names of the wrong scorers that get another outcome, for the place of each text that some get wrong."""
    tokens = {
        text: outcome["tokens"] for text, outcome in zip(texts, outcomes, strict=True)
    }
    rights = {
        name: _right(mutant, scorer, tokens) for name, mutant in mutants(scorer).items()
    }
    found = {
        place: {name for name, right in rights.items() if not right(text, outcome)}
        for place, (text, outcome) in enumerate(zip(texts, outcomes, strict=True))
    }
    return {place: names for place, names in found.items() if names}


def kills_by_decision(
    scorer: Scorer, outcomes: list[Vector], decided: list[str]
) -> dict[int, set[str]]:
    """The same for scorers that are wrong with thresholds alone: names of those that do not decide as ``decided``."""
    wrong = misdeciding(scorer)
    found = {
        place: {
            name for name, mutant in wrong.items() if mutant._decide(scores) != decision
        }
        for place, (scores, decision) in enumerate(
            zip(scores_of(outcomes).tolist(), decided, strict=True)
        )
    }
    return {place: names for place, names in found.items() if names}


def cover(texts: list[str], killed: dict[int, set[str]]) -> dict[int, list[str]]:
    """Places of few and short texts that together kill what all do, by a greedy choice, and what each is first to kill.

    Texts that fit in a self-test are chosen as long as they help, the others after them.
    """
    costs = {place: len(units(texts[place])) // 4 + VECTOR_UNITS for place in killed}
    chosen, left, room = [], set().union(*killed.values()), SELF_TEST_UNITS
    while left:
        gains = {
            place: len(killed[place] & left) / cost
            for place, cost in costs.items()
            if killed[place] & left
        }
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


def _right(
    mutant: Scorer, scorer: Scorer, tokens: dict[str, list[str]]
) -> Callable[[str, Vector], bool]:
    """Whether a wrong scorer gets the outcome of a text, by no step that cannot tell: that halves the time.

    One that reads texts as the right scorer does is handed the right ``tokens``; one that does all else as the right
    one does is asked for its tokens alone. Whatever fails is wrong, as a self-test would see it.
    """
    steps = [
        name for name in {**vars(Scorer), **vars(scorer)} if not name.startswith("__")
    ]
    if not _differ(mutant, scorer, READING):
        mutant.tokens = tokens.__getitem__
    elif not _differ(mutant, scorer, set(steps) - {*READING} | {"evaluate"}):
        return lambda text, outcome: _attempt(mutant.tokens, text) == outcome["tokens"]
    return lambda text, outcome: (
        _attempt(lambda text: _outcome(mutant.evaluate(text)), text) == outcome
    )


def _differ(mutant: Scorer, scorer: Scorer, names: Iterable[str]) -> bool:
    """Whether a method or an entry of one of these names is another one."""
    own, right = (
        {**vars(Scorer), **vars(type(each)), **vars(each)} for each in (mutant, scorer)
    )
    return any(own[name] is not right[name] for name in names)


def _attempt(step: Callable[[str], Any], text: str) -> Any:
    try:
        return step(text)
    except Exception:  # whatever a mistake leads to
        return None

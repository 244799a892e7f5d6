"""The conformance vectors: right, deadly for wrong scorers, always the same."""

import functools
import hashlib
import itertools
import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import ArtefactError
from pipeline.export.conformance.selection import (
    SELF_TEST_UNITS,
    SELF_TEST_VECTORS,
    ConformanceVectors,
    choose,
)
from pipeline.export.conformance.templates import TEMPLATES
from pipeline.export.conformance.vectors_file import decode_vectors, encode_vectors
from pipeline.export.exporters.nightsieve_linear.format import decode, encode
from pipeline.export.reference import from_units
from pipeline.records.export import Vector
from scorers.python import nightsieve_scorer
from tests.support.exported_models import PROVENANCE
from tests.unit.export.conformance_models import (
    MODELS,
    contrary,
    operated,
    rich,
)
from tests.unit.export.mutants import MISTAKES, THRESHOLDS
from tests.unit.export.mutants.killing import killed, killed_by_decision

#: For each model the wrong scorers that survived the vectors of nights until 2026-11.
#: A greedy cover chose those vectors among some hundred texts by running every wrong
#: scorer.
GREEDY_COVER = json.loads(
    (Path(__file__).parent / "mutants" / "greedy_cover.json").read_bytes()
)


@functools.cache
def chosen(name: str) -> ConformanceVectors:
    return choose(MODELS[name]())


def vectors_of(name: str) -> tuple[Vector, ...]:
    return chosen(name).vectors


def self_test(name: str) -> list[Vector]:
    return [chosen(name).vectors[index] for index in chosen(name).self_test]


def file_of(name: str) -> bytes:
    return encode(MODELS[name](), PROVENANCE, self_test(name))


def texts_of(vectors: Iterable[Vector]) -> list[str]:
    return [from_units(vector.text) for vector in vectors]


def vector_with(name: str, why: str) -> Vector:
    """Return the one vector of a model with this purpose."""
    (vector,) = (vector for vector in vectors_of(name) if why in vector.why)
    return vector


def doubles_of(vector: Vector) -> np.ndarray:
    return np.frombuffer(bytes.fromhex("".join(vector.scores)), ">f8")


@pytest.mark.parametrize("name", MODELS)
def test_the_scorer_of_the_file_agrees_with_every_vector(name: str):
    scorer = nightsieve_scorer.load(file_of(name))
    for vector in vectors_of(name):
        text = from_units(vector.text)
        result = scorer.evaluate(text)
        bits = np.array(result.scores, ">f8").tobytes().hex()
        assert scorer.label(text, thresholds=True) == vector.decision
        assert tuple(result.tokens) == vector.tokens
        assert (tuple(result.S), result.N) == (vector.S, vector.N)
        assert (bits, result.label) == ("".join(vector.scores), vector.label)


@pytest.mark.parametrize("name", MODELS)
def test_templates_kill_every_wrong_scorer_that_a_greedy_cover_killed(name: str):
    survivors = set(MISTAKES) - killed(MODELS[name](), vectors_of(name))
    assert survivors <= set(GREEDY_COVER[name]["vectors"])


@pytest.mark.parametrize("name", MODELS)
def test_the_self_test_kills_them_too_and_is_small(name: str):
    vectors = self_test(name)
    survivors = set(MISTAKES) - killed(MODELS[name](), vectors)
    assert survivors <= set(GREEDY_COVER[name]["self_test"])
    assert SELF_TEST_VECTORS == 12
    assert 0 < len(vectors) <= SELF_TEST_VECTORS
    units = sum(len(vector.text) // 4 for vector in vectors)
    assert SELF_TEST_UNITS == 1700
    assert units <= SELF_TEST_UNITS


@pytest.mark.parametrize("name", MODELS)
def test_the_decisions_with_thresholds_kill_them_too(name: str):
    model = MODELS[name]()
    survivors = set(THRESHOLDS) - killed_by_decision(model, vectors_of(name))
    if model.thresholds.any():
        assert survivors <= set(GREEDY_COVER[name]["decisions"])


@pytest.mark.parametrize("name", MODELS)
def test_there_are_about_sixty_vectors(name: str):
    assert 30 < len(vectors_of(name)) < 80


EQUIVALENT = {
    "a norm where there is none": "the model has a norm",
    "keep looked up before drop": "no kept range runs across a dropped character",
    "labels without regard to case": "the labels are lower-case",
    "lone surrogates become question marks": (
        "the map separates at question marks as at U+FFFD"
    ),
    "lower() before the map": "the map folds what lower() leaves",
    "n-grams from 1 on": "the lowest n is 1",
    "shift looked up before replace": "no character stands in ranges of both",
    "surrogates left alone where they stand alone": (
        "the map separates at surrogates as at U+FFFD"
    ),
    "the last of equal scores wins": "no text of the terms has two best scores",
    "two U+FFFD for a lone surrogate": "two separators are one",
}


def test_only_mistakes_that_change_nothing_survive():
    survivors = set(MISTAKES) - killed(rich(), vectors_of("rich"))
    assert survivors == set(EQUIVALENT)
    assert len(MISTAKES) >= 35
    assert len(EQUIVALENT) < len(MISTAKES) / 10


def test_these_mistakes_die_where_they_change_something():
    assert set(EQUIVALENT) <= killed(contrary(), vectors_of("contrary"))


@pytest.mark.parametrize(
    ("name", "equivalent"),
    [
        ("operated", set()),
        # Above 0, a single threshold can only take the label away where it is the best.
        (
            "strict",
            {
                "thresholds without their sign",
                "thresholds above 0 alone",
                "thresholds for the best label alone",
            },
        ),
    ],
)
def test_vectors_catch_scorers_that_are_wrong_with_thresholds(
    name: str, equivalent: set[str]
):
    model = MODELS[name]()
    caught = killed_by_decision(model, vectors_of(name))
    assert set(THRESHOLDS) - caught == equivalent
    assert "thresholds always applied" in killed(model, self_test(name))


def test_each_threshold_has_a_text_close_above_and_below():
    model = operated()
    for label, name in enumerate(model.labels):
        margins = {}
        for side in ("above", "below"):
            why = f"the smallest margin: {side} the threshold of {name}"
            vector = vector_with("operated", why)
            scores = doubles_of(vector)
            remaining = model.subtract_thresholds(scores[None])[0]
            margins[side] = remaining[label] - np.delete(remaining, label).max()
            assert (vector.decision == name) == (side == "above")
        assert -0.02 < margins["below"] < 0 < margins["above"] < 0.02


def test_why_names_the_template():
    reasons = [vector.why for vector in vectors_of("rich")]
    for template in TEMPLATES:
        assert any(template.purpose in why for why in reasons), template.purpose
    for why in reasons:
        assert any(why.startswith(template.purpose) for template in TEMPLATES)


def test_another_process_chooses_the_same(tmp_path: Path):
    (tmp_path / "model.json").write_bytes(file_of("rich"))
    code = (
        "import pathlib, sys\n"
        "from pipeline.export.conformance.selection import choose\n"
        "from pipeline.export.conformance.vectors_file import encode_vectors\n"
        "from pipeline.export.exporters.nightsieve_linear.format import decode\n"
        "content = pathlib.Path(sys.argv[1]).read_bytes()\n"
        "chosen = choose(decode(content))\n"
        "print(chosen.self_test, encode_vectors(chosen.vectors, b''))\n"
    )
    # The process has another hash seed than this one.
    command = [sys.executable, "-c", code, str(tmp_path / "model.json")]
    run = subprocess.run(command, capture_output=True, check=True, text=True)
    expected = encode_vectors(vectors_of("rich"), b"")
    assert run.stdout == f"{chosen('rich').self_test} {expected!r}\n"


def test_every_model_has_certain_vectors():
    texts = {from_units(vector.text): vector for vector in vectors_of("rich")}
    assert all(text in texts for text in ("", "\0", "\ud83d", "\udd11"))
    assert any("\0" in text and vector.N for text, vector in texts.items())
    longest = max(texts, key=len)
    assert len(longest) >= 5000
    assert max(map(len, texts[longest].tokens)) > max(map(len, rich().terms))
    assert any(vector.tokens and not vector.N for vector in texts.values())


def test_every_edge_of_the_character_map_is_in_a_vector():
    characters = rich().tokeniser.characters
    edges = {0, 0x10FFFF}
    kinds = (characters.replace, characters.drop, characters.shift, characters.keep)
    for first, last, *_ in itertools.chain.from_iterable(kinds):
        edges |= {first - 1, first, last, last + 1}
    shown = set(map(ord, "".join(texts_of(vectors_of("rich")))))
    assert {edge for edge in edges if 0 <= edge <= 0x10FFFF} <= shown


def test_each_pair_of_labels_has_a_text_where_the_two_are_close_and_best():
    labels = rich().labels
    for first, second in itertools.combinations(labels, 2):
        vector = vector_with("rich", f"the smallest margin: {first} and {second}")
        scores = dict(zip(labels, doubles_of(vector), strict=True))
        second_best, best = sorted(scores, key=scores.__getitem__)[-2:]
        assert {second_best, best} == {first, second}
        assert scores[best] - scores[second_best] < 0.02


def test_the_file_holds_a_vector_a_line_and_the_digest_of_its_model():
    vectors = vectors_of("rich")
    content = encode_vectors(vectors, b"model")
    assert content.isascii()
    assert decode_vectors(content, b"model") == vectors
    lines = [json.loads(line.rstrip(b",")) for line in content.splitlines()[5:-2]]
    assert lines == [vector.model_dump(mode="json") for vector in vectors]
    assert list(lines[0]) == [
        "why",
        "text",
        "tokens",
        "S",
        "N",
        "scores",
        "label",
        "decision",
    ]
    assert json.loads(content)["model"] == hashlib.sha256(b"model").hexdigest()


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (b"nightsieve-vectors", b"nightsieve-linear"),
        (b'"1.1"', b'"1.0"'),
        (b'"model": "', b'"model": "0'),
        (b'"why"', b'"because"'),
        (b'"vectors": [', b'"vectors": ["'),
        (b"{", b"["),
        (b":", b""),
    ],
)
def test_a_file_of_another_format_version_or_model_is_refused(
    right: bytes, wrong: bytes
):
    content = encode_vectors(vectors_of("rich")[:2], b"model")
    assert right in content
    with pytest.raises(ArtefactError, match=r"^vectors\.json"):
        decode_vectors(content.replace(right, wrong, 1), b"model")


def test_a_model_and_its_file_have_the_same_vectors():
    assert choose(decode(file_of("contrary"))) == chosen("contrary")

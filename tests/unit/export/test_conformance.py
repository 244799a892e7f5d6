"""The conformance vectors: right, sharp enough to catch wrong scorers, complete, the same on every run."""

import dataclasses
import functools
import hashlib
import itertools
import json
import subprocess
import sys

import numpy as np
import pytest

from pipeline.errors import ArtefactError
from pipeline.export.conformance.candidate_texts import candidates, required
from pipeline.export.conformance.selection import (
    choose,
    decode_vectors,
    encode_vectors,
    kills,
    kills_by_decision,
    scorer_of,
    self_test,
)
from pipeline.export.exporters.nightsieve_linear.format import decode, encode
from pipeline.export.mutants import MISTAKES, THRESHOLDS
from pipeline.export.reference import decisions, evaluate
from pipeline.model.fixed_point import FixedPointModel
from pipeline.model.from_sklearn import linear_model
from pipeline.model.quantise import quantise
from pipeline.text import Tokeniser
from pipeline.text.character_map import CharacterMap
from scorers.python import nightsieve_scorer
from tests.unit.export.exported_models import ESTIMATORS, PROVENANCE, fit, fixed


@functools.cache
def rich() -> FixedPointModel:
    """Stop words, 1- and 2-grams, sublinear counts, case folded, digits shaped; thresholds, a term without weight."""
    model = fixed(ESTIMATORS[0], 3, "l2", True, bits=16)
    weights = model.weights.copy()
    weights[:, len(model.terms) // 2] = 0
    return dataclasses.replace(
        model, weights=weights, thresholds=model.biases - model.biases[::-1] + 1
    )


@functools.cache
def contrary() -> FixedPointModel:
    """All that the rich model is not: no norm or bias, 2-grams alone, ranges of different kinds over one another."""
    model, none = rich(), np.array([], dtype=np.int64)
    characters = CharacterMap(
        replace=((0x41, 0x43, "x"),),
        drop=((0x30, 0x34),),
        shift=((0x41, 0x5A, 1, 32),),
        keep=((0x30, 0x10FFFF),),
    )
    return dataclasses.replace(
        model,
        labels=("B", "a", "c"),
        tokeniser=Tokeniser(characters, 1, frozenset(), (2, 2)),
        norm=None,
        term_frequency_squared=none,
        idf_squared=none,
        biases=model.biases * 0,
    )


@functools.cache
def least() -> FixedPointModel:
    """One term, two labels, tables of one row, and a map that keeps a letter."""
    model = rich()
    return dataclasses.replace(
        model,
        labels=("a", "b"),
        terms=("x",),
        tokeniser=Tokeniser(CharacterMap((), (), (), ((0x78, 0x78),)), 1, frozenset()),
        weights=np.array([[1], [-1]]),
        **{
            name: getattr(model, name)[:1]
            for name in ("term_frequency", "term_frequency_squared", "idf_squared")
        },
        **{name: getattr(model, name)[:2] for name in ("biases", "thresholds")},
    )


@functools.cache
def operated() -> FixedPointModel:
    """As a night makes it whose labels have goals."""
    thresholds = {"bank": 0.2, "chat": -0.1, "spam": 0.5}
    return quantise(
        linear_model(fit(ESTIMATORS[1], 3, "l2", True)).with_thresholds(thresholds), 12
    )


@functools.cache
def strict() -> FixedPointModel:
    """The same with a goal for one label's precision."""
    return quantise(
        linear_model(fit(ESTIMATORS[1], 3, "l2", True)).with_thresholds({"spam": 0.4}),
        12,
    )


MODELS = [rich, contrary, least]
chosen = functools.cache(lambda model: choose(model()))


def text_of(vector: dict) -> str:
    return bytes.fromhex(vector["text"]).decode("utf-16-be", "surrogatepass")


def killed(model: FixedPointModel, texts: list[str]) -> set[str]:
    return set().union(*kills(scorer_of(model), texts, evaluate(model, texts)).values())


@pytest.mark.parametrize("model", MODELS)
def test_the_scorer_of_the_file_gets_what_every_vector_says(model):
    scorer = nightsieve_scorer.load(
        encode(model(), PROVENANCE, self_test(chosen(model)))
    )
    for vector in chosen(model):
        found = scorer.evaluate(text_of(vector))
        assert list(vector) == [
            "why",
            "text",
            "tokens",
            "S",
            "N",
            "scores",
            "label",
            "decision",
        ]
        assert scorer.label(text_of(vector), thresholds=True) == vector["decision"]
        assert (found.tokens, found.S, found.N, found.label) == tuple(
            vector[key] for key in ("tokens", "S", "N", "label")
        )
        assert np.array(found.scores, ">f8").tobytes().hex() == "".join(
            vector["scores"]
        )


@pytest.mark.parametrize("model", MODELS)
def test_the_self_test_catches_every_wrong_scorer_that_any_candidate_catches_and_is_small(
    model,
):
    vectors = self_test(chosen(model))
    assert killed(model(), [text_of(vector) for vector in vectors]) == killed(
        model(), [*candidates(model()), *required(model())]
    )
    assert len(vectors) <= 12 and sum(len(vector["text"]) for vector in vectors) <= 6800
    without = ("why", "decision")
    first = [
        {key: value for key, value in v.items() if key not in without}
        for v in chosen(model)[: len(vectors)]
    ]
    assert vectors == first


EQUIVALENT = {
    "a norm where there is none": "the model has a norm",
    "keep looked up before drop": "no kept range runs across a dropped character",
    "labels without regard to case": "the labels are lower-case",
    "lone surrogates become question marks": "the map separates at question marks as at U+FFFD",
    "lower() before the map": "the map folds what lower() leaves",
    "n-grams from 1 on": "the lowest n is 1",
    "shift looked up before replace": "no character stands in ranges of both",
    "surrogates left alone where they stand alone": "the map separates at surrogates as at U+FFFD",
    "the last of equal scores wins": "no text of the terms has two best scores",
    "two U+FFFD for a lone surrogate": "two separators are one",
}


def test_only_mistakes_that_change_nothing_survive():
    assert set(MISTAKES) - killed(
        rich(), [text_of(vector) for vector in chosen(rich)]
    ) == set(EQUIVALENT)
    assert len(MISTAKES) >= 35 and len(EQUIVALENT) < len(MISTAKES) / 10


def test_those_die_where_they_do_change_something():
    assert set(EQUIVALENT) <= killed(
        contrary(), [text_of(vector) for vector in chosen(contrary)]
    )


@pytest.mark.parametrize(
    ("model", "equivalent"),
    [
        (operated, set()),
        # Above 0, a single threshold can only take the label away where it is the best.
        (
            strict,
            {
                "thresholds without their sign",
                "thresholds above 0 alone",
                "thresholds for the best label alone",
            },
        ),
    ],
)
def test_vectors_catch_scorers_that_are_wrong_with_thresholds(model, equivalent):
    outcomes = evaluate(model(), [text_of(vector) for vector in chosen(model)])
    caught = set().union(
        *kills_by_decision(
            scorer_of(model()), outcomes, decisions(model(), outcomes)
        ).values()
    )
    assert set(THRESHOLDS) - caught == equivalent
    assert "thresholds always applied" in killed(
        model(), [text_of(vector) for vector in self_test(chosen(model))]
    )


def test_around_each_threshold_a_text_stands_on_either_side():
    model, vectors = operated(), chosen(operated)
    for label, name in enumerate(model.labels):
        margins = {}
        for side in ("above", "below"):
            (vector,) = (
                v
                for v in vectors
                if f"the smallest margin {side} the threshold of {name}" in v["why"]
            )
            less = model.subtract_thresholds(
                np.frombuffer(bytes.fromhex("".join(vector["scores"])), ">f8")[None]
            )[0]
            margins[side] = less[label] - np.delete(less, label).max()
            assert (vector["decision"] == name) == (side == "above")
        assert -0.02 < margins["below"] < 0 < margins["above"] < 0.02


def test_why_names_each_wrong_scorer_once():
    named = [
        vector["why"].partition("kills: ")[2].split("; ")
        for vector in chosen(rich)
        if "kills: " in vector["why"]
    ]
    assert sorted(itertools.chain(*named)) == sorted(set(MISTAKES) - set(EQUIVALENT))


def test_another_process_chooses_the_same(tmp_path):
    (tmp_path / "model.json").write_bytes(
        encode(rich(), PROVENANCE, self_test(chosen(rich)))
    )
    code = (
        "import json, pathlib, sys\n"
        "from pipeline.export.conformance.selection import choose\n"
        "from pipeline.export.exporters.nightsieve_linear.format import decode\n"
        "content = pathlib.Path(sys.argv[1]).read_bytes()\n"
        "print(json.dumps(choose(decode(content))))\n"
    )
    command = [
        sys.executable,
        "-c",
        code,
        str(tmp_path / "model.json"),
    ]  # with other hashes than this process
    found = subprocess.run(command, capture_output=True, check=True).stdout
    assert json.loads(found) == chosen(rich)


def test_the_vectors_that_everyone_is_asked_for_are_there():
    texts = {text_of(vector): vector for vector in chosen(rich)}
    assert all(text in texts for text in ("", "\0", "\ud83d", "\udd11"))
    assert any("\0" in text and vector["N"] for text, vector in texts.items())
    longest, terms = max(texts, key=len), rich().terms
    assert len(longest) >= 5000
    assert max(map(len, texts[longest]["tokens"])) > max(map(len, terms))
    assert any(vector["tokens"] and not vector["N"] for vector in texts.values())


def test_every_edge_of_the_character_map_stands_in_a_vector():
    characters = rich().tokeniser.characters
    edges = {0, 0x10FFFF}
    for first, last, *_ in (
        *characters.replace,
        *characters.drop,
        *characters.shift,
        *characters.keep,
    ):
        edges |= {first - 1, first, last, last + 1}
    shown = {
        code_point
        for vector in chosen(rich)
        for code_point in map(ord, text_of(vector))
    }
    assert {edge for edge in edges if 0 <= edge <= 0x10FFFF} <= shown


def test_each_pair_of_labels_has_a_text_where_the_two_are_close_and_best():
    for pair in itertools.combinations(rich().labels, 2):
        (vector,) = (
            v
            for v in chosen(rich)
            if f"the smallest margin of {pair[0]} and {pair[1]}" in v["why"]
        )
        scores = dict(
            zip(
                rich().labels,
                np.frombuffer(bytes.fromhex("".join(vector["scores"])), ">f8"),
                strict=True,
            )
        )
        second, best = sorted(scores, key=scores.__getitem__)[-2:]
        assert {second, best} == set(pair)
        assert scores[best] - scores[second] < 0.02


def test_the_file_holds_a_vector_a_line_and_the_digest_of_its_model():
    content = encode_vectors(chosen(rich), b"model")
    assert content.isascii()
    assert decode_vectors(content, b"model") == chosen(rich)
    assert [
        json.loads(line.rstrip(b",")) for line in content.splitlines()[5:-2]
    ] == chosen(rich)
    assert json.loads(content)["model"] == hashlib.sha256(b"model").hexdigest()


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (b"nightsieve-vectors", b"nightsieve-linear"),
        (b'"1.1"', b'"1.0"'),
        (b'"model": "', b'"model": "0'),
        (b'"why"', b'"because"'),
        (b"{", b"["),
        (b":", b""),
    ],
)
def test_a_file_of_another_format_version_or_model_is_refused(right, wrong):
    content = encode_vectors(chosen(rich)[:2], b"model")
    with pytest.raises(ArtefactError, match="^Vectors"):
        decode_vectors(content.replace(right, wrong, 1), b"model")


def test_the_same_vectors_come_of_the_model_and_of_its_file():
    assert choose(
        decode(encode(contrary(), PROVENANCE, self_test(chosen(contrary))))
    ) == chosen(contrary)

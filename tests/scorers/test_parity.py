"""Every scorer writes, for every text, the line that the model's matrices give.

The lines are the same byte for byte, in every language.
"""

import dataclasses
import functools
import hashlib
import itertools
import json
import struct
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.export.reference import Outcome, evaluate
from pipeline.export.verification import scorer_process
from pipeline.model.fixed_point import FixedPointModel
from scorers.python import nightsieve_scorer
from tests.scorers import drive
from tests.support import scorer_models
from tests.support.scorer_commands import LANGUAGES, Language, everywhere
from tests.support.texts import PUBLIC, texts


class ModelCase(NamedTuple):
    """How a model is made, and how many texts it is tested with."""

    make: Callable[[], FixedPointModel]
    texts: int


TEXTS = 100_000
CHUNK = 20_000
MODELS = {
    "nightly": ModelCase(scorer_models.nightly, TEXTS),
    "plain": ModelCase(scorer_models.plain, CHUNK),
    "handmade": ModelCase(scorer_models.handmade, CHUNK),
}
MATRICES = "matrices"  # a source of lines beside the languages
FIRST_MESSAGE = 5_000  # texts before it are odd
EXPLAINED = 6_000
CALLED = 1_000
ANY_TEXT = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize("language", scorer_process.PROGRAMS)
def test_the_language_is_tested_here(language):
    if language not in LANGUAGES:
        program = "JDK" if language == "java" else "Node"
        pytest.skip(f"no {program} on the PATH")


def test_public_messages_are_among_the_texts():
    if not PUBLIC.is_dir():
        pytest.skip(
            f"no ../{PUBLIC.parent.name}/{PUBLIC.name}: "
            "more of the project's own messages are used instead"
        )


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, Path]:
    return {
        name: model_file(model.make(), tmp_path_factory.mktemp(name))
        for name, model in MODELS.items()
    }


@pytest.mark.parametrize("name", MODELS)
def test_every_line_is_that_of_the_model(name, files, running, report):
    model = MODELS[name]
    differing = dict.fromkeys(running, 0)
    digests = {source: hashlib.sha256() for source in [MATRICES, *running]}
    for chunk in chunks(itertools.islice(texts(TEXTS), model.texts)):
        run = functools.partial(Language.lines, model=files[name], texts=chunk)
        lines = everywhere(running, run)
        lines[MATRICES] = model_lines(model.make(), chunk)
        for source, source_lines in lines.items():
            assert len(source_lines) == len(chunk)
            digests[source].update(b"\n".join(source_lines))
        for language in running:
            differing[language] += n_differing(lines[language], lines[MATRICES])
    digest = digests[MATRICES].hexdigest()
    report(
        f"parity, {name}: {model.texts:,} distinct texts, lines {digest[:16]}, "
        f"differing: {differing}"
    )
    assert not any(differing.values())
    for source_digest in digests.values():
        assert source_digest.hexdigest() == digest


@pytest.mark.parametrize("name", MODELS)
def test_every_explanation_is_the_same(name, files, running, report):
    chunk = messages(EXPLAINED)

    def explained(language: Language) -> list[bytes]:
        return language.lines(files[name], chunk, "--explain")

    lines = everywhere(running, explained)
    with_terms = sum(b'"terms":[[' in line for line in lines["python"])
    assert with_terms > EXPLAINED / 20
    differing = {
        language: n_differing(language_lines, lines["python"])
        for language, language_lines in lines.items()
    }
    report(f"explanations, {name}: {EXPLAINED:,} texts, differing: {differing}")
    assert not any(differing.values())


@pytest.mark.parametrize(
    "thresholds",
    [scorer_models.handmade().thresholds, scorer_models.handmade().biases],
    ids=["some", "ties"],
)
def test_each_call_of_an_app_gives_what_the_page_says(thresholds, running, tmp_path):
    model = dataclasses.replace(scorer_models.handmade(), thresholds=thresholds)
    path = model_file(model, tmp_path)
    chunk = ["", *messages(CALLED)]
    results = evaluate(model, chunk)
    expected = [called_line(model, result) for result in results]
    labels = [result.label for result in results]
    decisions = [label_with_thresholds(model, result) for result in results]
    assert n_differing(labels, decisions) > CALLED / 20

    def drive_model(language: Language) -> str:
        (answer,) = language.drive([(language.scorer, path)], chunk)
        return answer

    for language, answer in everywhere(running, drive_model).items():
        answers = answer.removeprefix("scored ").split(";")
        calls = [text_answer.rpartition("/")[2] for text_answer in answers]
        assert calls == expected, language


def called_line(model: FixedPointModel, result: Outcome) -> str:
    decision = label_with_thresholds(model, result)
    return drive.called_line(
        result.tokens, model.labels, result.scores, result.label, decision
    )


def label_with_thresholds(model: FixedPointModel, result: Outcome) -> str:
    """Return the label by step 7 of docs/format.md."""
    unit = 2.0**model.bias_shift
    reduced_scores = []
    for score, threshold in zip(result.scores, model.thresholds.tolist(), strict=True):
        (double,) = struct.unpack(">d", bytes.fromhex(score))
        reduced_scores.append(double - threshold * unit)
    return model.labels[reduced_scores.index(max(reduced_scores))]


@settings(max_examples=400)
@given(text=ANY_TEXT)
def test_python_cuts_any_text_into_the_tokens_of_training(text, files):
    for name, model in MODELS.items():
        expected = model.make().tokeniser.tokens(text)
        assert loaded(files[name]).tokens(text) == expected


def test_every_language_cuts_any_text_into_the_tokens_of_training(files, running):
    chunk = drawn_texts(600)
    for name, model in MODELS.items():
        tokeniser = model.make().tokeniser
        expected = [tokeniser.tokens(text) for text in chunk]
        run = functools.partial(Language.lines, model=files[name], texts=chunk)
        for language, lines in everywhere(running, run).items():
            assert [json.loads(line)["tokens"] for line in lines] == expected, language


def drawn_texts(count: int) -> list[str]:
    """Return texts as hypothesis draws them.

    All are then scored in one process: a process for each text would take too long.
    """
    drawn: list[str] = []

    @settings(max_examples=count, database=None)
    @given(text=ANY_TEXT)
    def draw(text):
        drawn.append(text)

    draw()
    return drawn


def messages(count: int) -> list[str]:
    return list(itertools.islice(texts(TEXTS), FIRST_MESSAGE, FIRST_MESSAGE + count))


@functools.cache
def loaded(path: Path) -> nightsieve_scorer.Scorer:
    return nightsieve_scorer.load(path)


def model_file(model: FixedPointModel, folder: Path) -> Path:
    path = folder / "model.json"
    path.write_bytes(scorer_models.exported(model))
    return path


def model_lines(model: FixedPointModel, chunk: list[str]) -> list[bytes]:
    return [outcome.to_line() for outcome in evaluate(model, chunk)]


def n_differing(first: Sequence, second: Sequence) -> int:
    return sum(a != b for a, b in zip(first, second, strict=True))


def chunks(source: Iterator[str]) -> Iterator[list[str]]:
    while True:
        chunk = list(itertools.islice(source, CHUNK))
        if not chunk:
            return
        yield chunk

"""Every scorer writes, for every text, the line that the model's matrices give: byte for byte, in every language."""

import dataclasses
import functools
import hashlib
import itertools
import json
import struct
from collections.abc import Iterator
from pathlib import Path

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

TEXTS, CHUNK = 100_000, 20_000
MODELS = {
    "nightly": (scorer_models.nightly, TEXTS),
    "plain": (scorer_models.plain, CHUNK),
    "handmade": (scorer_models.handmade, CHUNK),
}
MODEL = "the model itself"
EXPLAINED, CALLED = 6_000, 1_000
ANY_TEXT = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize("language", scorer_process.PROGRAMS)
def test_the_language_is_tested_here(language):
    if language not in LANGUAGES:
        pytest.skip(f"no {'JDK' if language == 'java' else 'Node'} on the PATH")


def test_public_messages_are_among_the_texts():
    if not PUBLIC.is_dir():
        pytest.skip(
            f"no ../{PUBLIC.parent.name}/{PUBLIC.name}: more of the project's own messages in their place"
        )


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, Path]:
    return {
        name: _written(made(), tmp_path_factory.mktemp(name))
        for name, (made, _) in MODELS.items()
    }


def test_every_line_is_that_of_the_model(files, running, report):
    differing = {name: dict.fromkeys(running, 0) for name in MODELS}
    digests = {
        name: {source: hashlib.sha256() for source in [MODEL, *running]}
        for name in MODELS
    }
    for done, chunk in zip(range(0, TEXTS, CHUNK), _chunks(texts(TEXTS)), strict=True):
        for name in [name for name, (_, count) in MODELS.items() if done < count]:
            lines = everywhere(
                running,
                functools.partial(Language.lines, model=files[name], texts=chunk),
            )
            lines[MODEL] = _lines(MODELS[name][0](), chunk)
            for source, found in lines.items():
                assert len(found) == len(chunk)
                digests[name][source].update(b"\n".join(found))
            for language in running:
                differing[name][language] += sum(
                    map(bytes.__ne__, lines[language], lines[MODEL])
                )
    for name, (_, count) in MODELS.items():
        digest = digests[name][MODEL].hexdigest()[:16]
        report(
            f"parity, {name}: {count:,} distinct texts, lines {digest}, differing: {differing[name]}"
        )
    assert not any(count for counts in differing.values() for count in counts.values())
    assert all(
        len({digest.hexdigest() for digest in found.values()}) == 1
        for found in digests.values()
    )


@pytest.mark.parametrize("name", MODELS)
def test_every_explanation_is_the_same(name, files, running, report):
    chunk = list(itertools.islice(texts(TEXTS), 5_000, 5_000 + EXPLAINED))
    found = everywhere(
        running, lambda language: language.lines(files[name], chunk, "--explain")
    )
    assert sum(b'"terms":[[' in line for line in found["python"]) > EXPLAINED / 20
    differing = {
        language: sum(map(bytes.__ne__, lines, found["python"]))
        for language, lines in found.items()
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
    path = _written(model, tmp_path)
    chunk = ["", *itertools.islice(texts(TEXTS), 5_000, 5_000 + CALLED)]
    expected = [_called(model, found) for found in evaluate(model, chunk)]
    assert sum(decision != label for *_, label, decision in expected) > CALLED / 20
    for language, (outcome,) in everywhere(
        running, lambda found: found.drive([(found.scorer, path)], chunk)
    ).items():
        calls = [
            text.rpartition("/")[2]
            for text in outcome.removeprefix("scored ").split(";")
        ]
        assert calls == [drive.calls(*parts) for parts in expected], language


def _called(model: FixedPointModel, found: Outcome) -> tuple:
    """What label, scores and tokens must be of a text; the label with thresholds by step 7 of docs/format.md."""
    scores = [struct.unpack(">d", bytes.fromhex(score))[0] for score in found.scores]
    unit = 2.0**model.bias_shift
    less = [
        score - threshold * unit
        for score, threshold in zip(scores, model.thresholds.tolist(), strict=True)
    ]
    decision = model.labels[less.index(max(less))]
    return found.tokens, model.labels, found.scores, found.label, decision


@settings(max_examples=400)
@given(text=ANY_TEXT)
def test_python_cuts_any_text_into_the_tokens_of_training(text, files):
    for name, (made, _) in MODELS.items():
        assert _loaded(files[name]).tokens(text) == made().tokeniser.tokens(text)


def test_every_language_cuts_any_text_into_the_tokens_of_training(files, running):
    drawn = _drawn(600)
    for name, (made, _) in MODELS.items():
        expected = [made().tokeniser.tokens(text) for text in drawn]
        found = everywhere(
            running, functools.partial(Language.lines, model=files[name], texts=drawn)
        )
        for language, lines in found.items():
            assert [json.loads(line)["tokens"] for line in lines] == expected, language


def _drawn(count: int) -> list[str]:
    """So many texts as hypothesis draws them: a process for each would take too long."""
    drawn = []

    @settings(max_examples=count, database=None)
    @given(text=ANY_TEXT)
    def draw(text):
        drawn.append(text)

    draw()
    return drawn


@functools.cache
def _loaded(path: Path) -> nightsieve_scorer.Scorer:
    return nightsieve_scorer.load(path)


def _written(model: FixedPointModel, folder: Path) -> Path:
    path = folder / "model.json"
    path.write_bytes(scorer_models.exported(model))
    return path


def _lines(model: FixedPointModel, chunk: list[str]) -> list[bytes]:
    return [outcome.to_line() for outcome in evaluate(model, chunk)]


def _chunks(everything: Iterator[str]) -> Iterator[list[str]]:
    while chunk := list(itertools.islice(everything, CHUNK)):
        yield chunk

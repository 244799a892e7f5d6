"""The text contract holds in training and in every scorer: text-contract.md."""

import functools
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from pipeline.config.settings import Text
from pipeline.model.fixed_point import FixedPointModel
from pipeline.text import Tokeniser, join_surrogates
from pipeline.text.character_map import SEPARATOR
from tests.spec.tables import Row, read_rows
from tests.support import scorer_commands
from tests.support.scorer_models import exported

PAGE = Path(__file__).with_name("text-contract.md")
ROWS = read_rows(PAGE)
NOTHING = "\N{EN DASH}"
SHOWN_SEPARATOR = "\N{MIDDLE DOT}"
DEFAULTS = {
    "preset": "casefold",
    "digits": "shape",
    "min_token": "1",
    "stop_words": NOTHING,
    "n-grams": "1-1",
}
EXPECTATIONS = {"mapped", "tokens", "terms"}
CODE = re.compile(r"`([^`]+)`")
CHARACTER = re.compile(r"<([^<>]+)>")


@dataclass(frozen=True)
class TextResult:
    """What a scorer makes of a text; the terms with their counts."""

    tokens: list[str]
    terms: Counter[str]


def characters(written: str) -> str:
    """Return the text of a cell, with the characters that it names."""

    def character(reference: re.Match[str]) -> str:
        name = reference[1]
        if name.startswith("U+"):
            return chr(int(name.removeprefix("U+"), base=16))
        return unicodedata.lookup(name)

    return CHARACTER.sub(character, written)


def strings(cell: str) -> list[str]:
    """Return the strings of a cell, each of which is code."""
    if cell == NOTHING:
        return []
    assert CODE.sub("", cell).strip() == "", f"{cell}: not code alone"
    return [characters(code) for code in CODE.findall(cell)]


def string(cell: str) -> str:
    """Return the only string of a cell; a dash is an empty one."""
    return "".join(strings(cell))


def settings_of(row: Row) -> tuple[str, ...]:
    """Return the settings of a row in the order of `DEFAULTS`."""
    settings = DEFAULTS | row.cells
    return tuple(settings[name] for name in DEFAULTS)


@functools.cache
def tokeniser(settings: tuple[str, ...]) -> Tokeniser:
    """Return the tokeniser with the settings of a row."""
    preset, digits, min_token, stop_words, ngrams = settings
    low, _, high = ngrams.partition("-")
    text = Text.model_validate(
        {
            "preset": preset,
            "digits": digits,
            "min_token": int(min_token),
            "stop_words": tuple(strings(stop_words)),
        }
    )
    return Tokeniser.from_settings(text, (int(low), int(high)))


def model_file(settings: tuple[str, ...]) -> bytes:
    """Return a model that knows the terms of all rows with these settings."""
    terms = set()
    for row in ROWS:
        if settings_of(row) == settings:
            terms.update(strings(row.cells.get("terms", NOTHING)))
    terms = terms or {"any term"}
    none = np.zeros(0, dtype=np.int64)
    biases = np.zeros(2, dtype=np.int64)
    model = FixedPointModel(
        labels=("ham", "spam"),
        tokeniser=tokeniser(settings),
        terms=tuple(sorted(terms)),
        norm=None,
        term_frequency=np.ones(1, dtype=np.int64),
        term_frequency_squared=none,
        idf_squared=none,
        weights=np.zeros((2, len(terms)), dtype=np.int64),
        biases=biases,
        thresholds=biases,
        bias_shift=0,
        score_shift=0,
    )
    return exported(model)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, ...], Path]:
    """Return a model's file for the settings of each row."""
    folder = tmp_path_factory.mktemp("models")
    paths: dict[tuple[str, ...], Path] = {}
    for settings in map(settings_of, ROWS):
        if settings not in paths:
            paths[settings] = folder / f"{len(paths)}.json"
            paths[settings].write_bytes(model_file(settings))
    return paths


@pytest.fixture(scope="module", params=scorer_commands.LANGUAGES)
def results(
    request: pytest.FixtureRequest,
    models: dict[tuple[str, ...], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[int, TextResult]:
    """Return what a language's scorer makes of each row's text, by the row's line."""
    folder = tmp_path_factory.mktemp(request.param)
    language = scorer_commands.prepare(request.param, folder)
    texts = [string(row.cells["text"]) for row in ROWS]
    jobs = [(language.scorer, path) for path in models.values()]
    outcomes = dict(zip(models, language.drive(jobs, texts), strict=True))
    return {
        row.line: read_result(outcomes[settings_of(row)], index)
        for index, row in enumerate(ROWS)
    }


def read_result(outcome: str, index: int) -> TextResult:
    """Return what a model makes of a text.

    Parameters
    ----------
    outcome
        What tests/scorers/drive.py writes of the model.
    index
        Of the text.
    """
    assert outcome.startswith("scored ")
    text = outcome.removeprefix("scored ").split(";")[index]
    evaluated, explained, _ = text.split("/")
    terms: Counter[str] = Counter()
    for term in listed(explained.split(" ")[-1]):
        units, count, _ = term.split(":")
        terms[decoded(units)] = int(count)
    tokens = [decoded(units) for units in listed(evaluated.split(" ")[0])]
    return TextResult(tokens, terms)


def listed(values: str) -> Sequence[str]:
    return values.split(",") if values else ()


def decoded(units: str) -> str:
    return bytes.fromhex(units).decode("utf-16-be")


def test_every_row_says_what_its_text_becomes():
    assert len(ROWS) > 50
    known = {"text", "why", *EXPECTATIONS, *DEFAULTS}
    for row in ROWS:
        assert row.cells.keys() <= known, row
        assert row.cells.keys() >= {"text", "tokens"}, row


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_text_becomes_its_tokens_in_training(row):
    trained = tokeniser(settings_of(row))
    text = string(row.cells["text"])
    assert trained.tokens(text) == strings(row.cells["tokens"])
    if "mapped" in row.cells:
        mapped = join_surrogates(text).translate(trained.characters.table)
        expected = string(row.cells["mapped"]).replace(SHOWN_SEPARATOR, SEPARATOR)
        assert mapped == expected
    if "terms" in row.cells:
        assert trained(text) == strings(row.cells["terms"])


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_text_becomes_its_tokens_in_every_scorer(row, results):
    assert results[row.line].tokens == strings(row.cells["tokens"])
    if "terms" in row.cells:
        assert results[row.line].terms == Counter(strings(row.cells["terms"]))

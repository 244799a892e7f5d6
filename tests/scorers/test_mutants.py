"""The vectors that travel with a model tell wrong scorers, each a small edit of a real one, from the right one."""

import functools
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from pipeline.export.conformance.selection import choose
from pipeline.export.conformance.vectors_file import decode_vectors, encode_vectors
from pipeline.export.exporters.nightsieve_linear.format import encode
from pipeline.export.reference import from_units, units
from pipeline.records.export import Vector
from tests.scorers import drive
from tests.support import scorer_models
from tests.support.scorer_commands import (
    DRIVERS,
    LANGUAGES,
    SOURCES,
    Language,
    compile_java,
)

MODELS = {
    "nightly": functools.partial(scorer_models.nightly, messages=1500, min_df=4),
    "plain": functools.partial(scorer_models.plain, messages=1500, min_df=4),
    "handmade": scorer_models.handmade,
}


def mutants(language: str) -> list[dict[str, str]]:
    """The table of a language: ``name``, ``old``, ``new`` and, if no vector can tell, why it ``survives``."""
    return yaml.safe_load((DRIVERS / "mutants" / f"{language}.yaml").read_text())


@functools.cache
def shipped(name: str) -> tuple[bytes, bytes]:
    """The files of a model and of its vectors, as an export makes them."""
    model = MODELS[name]()
    chosen = choose(model)
    self_test = [chosen.vectors[index] for index in chosen.self_test]
    encoded = encode(model, scorer_models.PROVENANCE, self_test)
    return encoded, encode_vectors(chosen.vectors, encoded)


def mutated(language: str, folder: Path) -> list[str]:
    """Writes the wrong scorers and returns the names under which `Language.drive` finds them."""
    right, written = SOURCES[language].read_text(), []
    for number, mutant in enumerate(mutants(language)):
        assert right.count(mutant["old"]) == 1, (
            f"{mutant['name']}: the scorer was changed, so change its table"
        )
        wrong = right.replace(mutant["old"], mutant["new"])
        path = folder / f"mutant{number}" / SOURCES[language].name
        path.parent.mkdir()
        if language == "java":
            wrong = _moved(wrong, path.parent)
            (path.parent / "Drive.java").write_text(
                _moved((DRIVERS / "Drive.java").read_text(), path.parent)
            )
        path.write_text(wrong)
        written.append(path.parent.name if language == "java" else str(path))
    return written


def _moved(source: str, package: Path) -> str:
    return source.replace("package nightsieve;", f"package {package.name};")


@pytest.fixture(scope="module", params=LANGUAGES)
def killers(request, running, tmp_path_factory) -> tuple[str, list[str]]:
    """A language, and what killed each of its mutants: the self-test, a vector, or nothing."""
    language, folder = running[request.param], tmp_path_factory.mktemp("mutants")
    scorers = mutated(language.name, folder)
    if language.name == "java":
        compile_java(folder.glob("*/*.java"), language.folder)
    with ThreadPoolExecutor(2) as pool:
        by_model = list(
            pool.map(lambda name: _killers(language, scorers, name, folder), MODELS)
        )
    return language.name, [_first(found) for found in zip(*by_model, strict=True)]


def _killers(
    language: Language, scorers: list[str], name: str, folder: Path
) -> list[str]:
    model, vectors = shipped(name)
    path = folder / f"{name}.json"
    path.write_bytes(model)
    expected = decode_vectors(vectors, model)
    texts = [from_units(vector.text) for vector in expected]
    right, *found = language.drive(
        [(scorer, path) for scorer in [language.scorer, *scorers]], texts
    )
    asked = [(_drive_line(vector), units(vector.decision)) for vector in expected]
    assert _answered(right) == asked
    return [_killer(outcome, asked) for outcome in found]


def _drive_line(vector: Vector) -> str:
    return drive.line(vector.tokens, vector.S, vector.N, vector.scores, vector.label)


def _killer(outcome: str, asked: list[tuple[str, str]]) -> str:
    if outcome.startswith("refused self_test"):
        return "self-test"
    return (
        "nothing"
        if outcome.startswith("scored ") and _answered(outcome) == asked
        else "vectors"
    )


def _answered(outcome: str) -> list[tuple[str, str]]:
    """What each text was evaluated to, and its label with the thresholds, which stands at the end of the calls."""
    assert outcome.startswith("scored "), outcome[:300]
    texts = outcome.removeprefix("scored ").split(";")
    return [(text.partition("/")[0], text.rpartition(" ")[2]) for text in texts]


def _first(found: tuple[str, ...]) -> str:
    return min(found, key=["self-test", "vectors", "nothing"].index)


def test_vectors_kill_every_wrong_scorer(killers, report):
    language, found = killers
    table = mutants(language)
    assert len(table) >= 15 and len({mutant["name"] for mutant in table}) == len(table)
    survivors = [
        mutant["name"]
        for mutant, killer in zip(table, found, strict=True)
        if killer == "nothing"
    ]
    killed, tested = len(table) - len(survivors), found.count("self-test")
    report(
        f"mutants, {language}: {killed} of {len(table)} killed, {tested} by a self-test alone; survive: {survivors}"
    )
    assert survivors == [mutant["name"] for mutant in table if "survives" in mutant]

"""The vectors of a model tell the right scorer from wrong ones, each a small edit."""

import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from pipeline.export.conformance.selection import choose
from pipeline.export.conformance.vectors_file import decode_vectors, encode_vectors
from pipeline.export.exporters.nightsieve_linear.format import encode
from pipeline.export.reference import from_units, units
from pipeline.model.fixed_point import FixedPointModel
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

MODELS: dict[str, Callable[[], FixedPointModel]] = {
    "nightly": functools.partial(scorer_models.nightly, messages=1500, min_df=4),
    "plain": functools.partial(scorer_models.plain, messages=1500, min_df=4),
    "handmade": scorer_models.handmade,
}
KILLERS = ["self-test", "vectors", "nothing"]  # the first one counts
Answer = tuple[str, str]  # what a text is evaluated to, its label with thresholds


class Killed(NamedTuple):
    """A language, and what killed each of its mutants, one of `KILLERS`."""

    language: str
    killers: list[str]


def mutants(language: str) -> list[dict[str, str]]:
    """Return the table of a language.

    Each row has ``name``, ``old`` and ``new``. It has the reason why the mutant
    ``survives`` if no vector can tell it from the right scorer.
    """
    return yaml.safe_load((DRIVERS / "mutants" / f"{language}.yaml").read_text())


@functools.cache
def exported_files(model_name: str) -> tuple[bytes, bytes]:
    """Return the files of a model and of its vectors, as an export makes them."""
    model = MODELS[model_name]()
    chosen = choose(model)
    self_test = [chosen.vectors[index] for index in chosen.self_test]
    encoded = encode(model, scorer_models.PROVENANCE, self_test)
    return encoded, encode_vectors(chosen.vectors, encoded)


def write_mutants(language: str, folder: Path) -> list[str]:
    """Write the wrong scorers; return the names that `Language.drive` takes."""
    source = SOURCES[language].read_text()
    names = []
    for index, mutant in enumerate(mutants(language)):
        assert source.count(mutant["old"]) == 1, (
            f"{mutant['name']}: the scorer was changed, so change its table"
        )
        wrong = source.replace(mutant["old"], mutant["new"])
        path = folder / f"mutant{index}" / SOURCES[language].name
        path.parent.mkdir()
        if language == "java":
            package = path.parent.name
            path.write_text(in_package(wrong, package))
            driver = (DRIVERS / "Drive.java").read_text()
            (path.parent / "Drive.java").write_text(in_package(driver, package))
            names.append(package)
        else:
            path.write_text(wrong)
            names.append(str(path))
    return names


def in_package(source: str, package: str) -> str:
    return source.replace("package nightsieve;", f"package {package};")


@pytest.fixture(scope="module", params=LANGUAGES)
def killed(request, running, tmp_path_factory) -> Killed:
    language = running[request.param]
    folder = tmp_path_factory.mktemp("mutants")
    scorers = write_mutants(language.name, folder)
    if language.name == "java":
        compile_java(folder.glob("*/*.java"), language.folder)

    def killers_of(model_name: str) -> list[str]:
        return killers(language, scorers, model_name, folder)

    with ThreadPoolExecutor(2) as pool:
        by_model = list(pool.map(killers_of, MODELS))
    by_mutant = zip(*by_model, strict=True)
    return Killed(language.name, [min(row, key=KILLERS.index) for row in by_mutant])


def killers(
    language: Language, scorers: list[str], model_name: str, folder: Path
) -> list[str]:
    """Return what kills each scorer with this model."""
    model, vectors_file = exported_files(model_name)
    path = folder / f"{model_name}.json"
    path.write_bytes(model)
    vectors = decode_vectors(vectors_file, model)
    texts = [from_units(vector.text) for vector in vectors]
    jobs = [(scorer, path) for scorer in [language.scorer, *scorers]]
    right_outcome, *wrong_outcomes = language.drive(jobs, texts)
    expected = [expected_answer(vector) for vector in vectors]
    assert answers(right_outcome) == expected
    return [killer(outcome, expected) for outcome in wrong_outcomes]


def expected_answer(vector: Vector) -> Answer:
    line = drive.evaluated_line(
        vector.tokens, vector.S, vector.N, vector.scores, vector.label
    )
    return line, units(vector.decision)


def killer(outcome: str, expected: list[Answer]) -> str:
    if outcome.startswith("refused self_test"):
        return "self-test"
    if outcome.startswith("scored ") and answers(outcome) == expected:
        return "nothing"
    return "vectors"


def answers(outcome: str) -> list[Answer]:
    """Return each text's evaluation, and its label with thresholds, the last call."""
    assert outcome.startswith("scored "), outcome[:300]
    texts = outcome.removeprefix("scored ").split(";")
    return [(text.partition("/")[0], text.rpartition(" ")[2]) for text in texts]


def test_vectors_kill_every_wrong_scorer(killed, report):
    table = mutants(killed.language)
    names = [mutant["name"] for mutant in table]
    assert len(names) >= 15
    assert len(set(names)) == len(names)
    survivors = [
        name
        for name, killer in zip(names, killed.killers, strict=True)
        if killer == "nothing"
    ]
    by_self_test = killed.killers.count("self-test")
    report(
        f"mutants, {killed.language}: {len(names) - len(survivors)} of {len(names)} "
        f"killed, {by_self_test} by a self-test alone; survive: {survivors}"
    )
    assert survivors == [mutant["name"] for mutant in table if "survives" in mutant]

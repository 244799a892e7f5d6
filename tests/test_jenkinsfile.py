"""The commands of the Jenkinsfile, run with a real night.

They get the parameters as environment variables. ``tests/jenkins`` runs the Jenkinsfile
itself, with stand-ins for the night.
"""

import json
import re
from pathlib import Path

import pytest

from tests.support import ROOT
from tests.support.commands import run
from tests.support.nights import RULES

JENKINSFILE = (ROOT / "Jenkinsfile").read_text()
COMMANDS = re.findall(r"(?:\bsh|script:|run:|collect:) '(.+?)'", JENKINSFILE)
RETRAIN = ".ci/night retrain"
EXPORT = ".ci/night export"
# Those that reach a command; the others are for Jenkins alone.
PARAMETERS = ("DATE", "CONFIG", "PATCH", "WORKERS")

GRID = (
    "{estimator: multinomial_nb, ngrams: [[1, 1]], min_df: [2], sublinear_tf: [true], "
    "norm: [l2], alpha: [0.1]}"
)
PATCHES = "\n".join(
    [
        f"labelling.rules={RULES}",
        f"training.search.grids=[{GRID}]",
        "training.search.folds=2",
        "training.cross_validation.folds=2",
    ]
)


@pytest.fixture(scope="module")
def jenkins(night_environment, tmp_path_factory) -> dict[str, str]:
    """Load messages, and return the environment of a build's shell steps."""
    program = str(ROOT / ".venv/bin/nightsieve")
    command = [program, "demo-data", "--rows", "2000"]
    run(*command, environment=night_environment).check_returncode()
    folder = tmp_path_factory.mktemp("night")
    overlays = {
        folder / "seed.yaml": "training: {seed: 7}\n",
        folder / "level.yaml": "evaluation: {confidence: 0.9}\n",
    }
    for path, text in overlays.items():
        path.write_text(text)
    parameters = {
        "DATE": "2026-11-20",
        "CONFIG": " ".join(map(str, overlays)),
        "PATCH": PATCHES,
        "WORKERS": "2",
    }
    # A make that runs these tests would pass its own options on.
    return {
        **night_environment,
        **parameters,
        "OUT": str(folder / "export"),
        "MAKEFLAGS": "",
    }


def test_commands_are_literals_and_those_that_are_tested():
    assert COMMANDS == [
        RETRAIN,
        EXPORT,
        "make search-benchmark",
        "make setup",
        "make test",
        "make --silent night",
    ]
    others = re.findall(r"\bsh\b(?! '|\(script: ')(.*)", JENKINSFILE)
    assert others == ["(script: job.run, returnStatus: true)", " job.collect"]
    night = run("sh", "-c", "make --silent night", environment={"DATE": ""})
    assert re.fullmatch(r"\d{4}-\d\d-\d\d\n", night.stdout)
    assert re.search(r"^make test$", (ROOT / ".ci/run").read_text(), re.MULTILINE)


def test_the_night_is_run_and_exported(jenkins, tmp_path):
    # A later run of the same date, which the first one must not export.
    later = {"CONFIG": "", "OUT": str(tmp_path / "later")}
    for changes in ({}, later, {}):
        for command in (RETRAIN, EXPORT):
            finished = run("sh", "-c", command, environment={**jenkins, **changes})
            assert finished.returncode == 0, finished.stdout + finished.stderr
    assert _settings(jenkins["OUT"]) == {
        "seed": 7,
        "confidence": 0.9,
        "candidates": 1,
        "folds": 2,
    }
    assert _settings(later["OUT"])["seed"] != 7


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        (50, {"PATCH": f"{PATCHES}\nrelease.gate.min_reviewed_messages=1000000"}),
        (30, {"PATCH": f"{PATCHES}\nsource.messages.table=nosuch"}),
        (40, {"DATE": "2026-13-01"}),
    ],
)
def test_luigis_exit_code_is_kept(jenkins, code, changes):
    finished = run("sh", "-c", RETRAIN, environment={**jenkins, **changes})
    assert finished.returncode == code, finished.stderr


def test_make_has_no_code_but_2_and_says_luigis(jenkins):
    environment = {**jenkins, "DATE": "2026-13-01"}
    finished = run("make", "retrain", environment=environment)
    assert finished.returncode == 2
    assert re.search(r"retrain\] Error 40$", finished.stderr, re.MULTILINE)


@pytest.mark.parametrize(
    ("command", "date", "sentence"),
    [
        ("replay", "2026-11-20", ".ci/night: no such command; use retrain or export"),
        ("retrain", "", "DATE: not set; export the date of the night, such as "),
    ],
)
def test_wrong_usage_is_one_line(command, date, sentence):
    finished = run(".ci/night", command, environment={"DATE": date})
    assert finished.returncode == 2
    assert finished.stderr.startswith(sentence)
    assert finished.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["make retrain", RETRAIN])
@pytest.mark.parametrize("parameter", PARAMETERS)
def test_a_parameter_is_never_run(jenkins, parameter, command, tmp_path):
    touch = f"touch {tmp_path}/run"
    hostile = f"a.b='; {touch}; '\"; {touch}; \"$({touch})`{touch}`$(shell {touch})"
    environment = {**jenkins, parameter: hostile}
    finished = run("sh", "-c", command, environment=environment)
    assert finished.returncode != 0
    assert list(tmp_path.iterdir()) == []


def _settings(out: str) -> dict[str, float]:
    assert {path.name for path in Path(out).iterdir()} >= {
        "model.json",
        "pipeline.joblib",
        "summary.txt",
        "report",
    }
    settings = json.loads((Path(out) / "run.json").read_text())["settings"]
    search = settings["training"]["search"]
    return {
        "seed": settings["training"]["seed"],
        "confidence": settings["evaluation"]["confidence"],
        "candidates": len(search["grids"]),
        "folds": search["folds"],
    }

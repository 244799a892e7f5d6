"""The steps of the Jenkinsfile, run as Jenkins runs them.

They are make targets that get the parameters as environment variables.
"""

import json
import re
from pathlib import Path

import pytest

from tests.support import ROOT
from tests.support.commands import run
from tests.support.nights import RULES

JENKINSFILE = (ROOT / "Jenkinsfile").read_text()
STEPS = re.findall(r"\bsh(?:\(script:)? '(.+?)'", JENKINSFILE)
PARAMETERS = re.findall(r"name: '(\w+)'", JENKINSFILE)

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


def test_steps_are_make_targets_without_interpolation():
    assert STEPS == [
        "make setup",
        "make test",
        "make --silent night",
        "make retrain",
        "make export",
    ]
    assert len(re.findall(r"\bsh\b", JENKINSFILE)) == len(STEPS)
    night = run("sh", "-c", STEPS[2], environment={"DATE": ""})
    assert re.fullmatch(r"\d{4}-\d\d-\d\d\n", night.stdout)
    assert "OUT = 'build/export'" in JENKINSFILE
    assert "reportDir: 'build/export/report'" in JENKINSFILE
    assert re.search(r"^make test$", (ROOT / ".ci/run").read_text(), re.MULTILINE)


def test_the_night_is_run_and_exported(jenkins, tmp_path):
    # A later run of the same date, which the first one must not export.
    later = {"CONFIG": "", "OUT": str(tmp_path / "later")}
    for changes in ({}, later, {}):
        for step in STEPS[3:]:
            finished = run("sh", "-c", step, environment={**jenkins, **changes})
            assert finished.returncode == 0, finished.stdout + finished.stderr
    assert _settings(jenkins["OUT"]) == {
        "seed": 7,
        "confidence": 0.9,
        "candidates": 1,
        "folds": 2,
    }
    assert _settings(later["OUT"])["seed"] != 7


@pytest.mark.parametrize("parameter", PARAMETERS)
def test_a_parameter_is_never_run(jenkins, parameter, tmp_path):
    touch = f"touch {tmp_path}/run"
    hostile = f"a.b='; {touch}; '\"; {touch}; \"$({touch})`{touch}`$(shell {touch})"
    environment = {**jenkins, parameter: hostile}
    finished = run("sh", "-c", "make retrain", environment=environment)
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

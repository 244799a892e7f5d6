"""The Jenkinsfile's steps, run as Jenkins runs them: make targets that get the parameters as environment variables."""

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

GRID = "{estimator: multinomial_nb, ngrams: [[1, 1]], min_df: [2], sublinear_tf: [true], norm: [l2], alpha: [0.1]}"
PATCHES = "\n".join(
    [
        f"labelling.rules={RULES}",
        f"training.search.grids=[{GRID}]",
        "training.search.folds=2",
        "training.cross_validation.folds=2",
    ]
)


@pytest.fixture(scope="module")
def jenkins(night_environment, tmp_path_factory):
    """What Jenkins' shell steps find in their environment: the services, some messages and a build's parameters."""
    run(
        str(ROOT / ".venv/bin/nightsieve"),
        "demo-data",
        "--rows",
        "2000",
        environment=night_environment,
        check=True,
    )
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
    # A make above this one would hand its own options on.
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
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d\n", run("sh", "-c", STEPS[2], environment={"DATE": ""}).stdout
    )
    assert "OUT = 'build/export'" in JENKINSFILE
    assert "reportDir: 'build/export/report'" in JENKINSFILE
    assert re.search(r"^make test$", (ROOT / ".ci/run").read_text(), re.MULTILINE)


def test_the_night_is_run_and_exported(jenkins, tmp_path):
    later = {
        "CONFIG": "",
        "OUT": str(tmp_path / "later"),
    }  # of the same date, and not what the first one exports again
    for changes in ({}, later, {}):
        for step in STEPS[3:]:
            done = run("sh", "-c", step, environment={**jenkins, **changes})
            assert done.returncode == 0, done.stdout + done.stderr
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
    done = run("sh", "-c", "make retrain", environment={**jenkins, parameter: hostile})
    assert done.returncode != 0
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

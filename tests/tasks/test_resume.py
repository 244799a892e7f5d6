"""Workers that are killed, and workers that help: the night is the same night."""

import itertools
import shutil

import pytest

from tests.conftest import ROOT, run
from tests.tasks.nights import SMALL, STAGES, Night, assert_whole, model, objects, retrain, sample


@pytest.fixture(scope="module")
def undisturbed(night_environment) -> bytes:
    """The model that a night exports when nobody disturbs it."""
    sample(night_environment, rows=800)
    assert run(*retrain("--local-scheduler"), environment=night_environment).returncode == 0
    return model(objects(night_environment))


def test_a_night_killed_in_the_middle_of_every_stage_completes_with_the_same_bytes(undisturbed, night_environment):
    environment = {**night_environment, "NIGHTSIEVE_STORAGE": night_environment["NIGHTSIEVE_STORAGE"] + "-killed"}
    left = list(STAGES)
    for delay in itertools.cycle([0.0, 0.02, 0.1]):
        family = Night(retrain("--local-scheduler"), environment).kill_during(left, delay)
        assert_whole(objects(environment))
        if family is None:
            break
        left.remove(family)
    assert left == []
    finished = run(*retrain("--local-scheduler"), environment=environment)
    assert finished.returncode == 0, finished.stderr
    assert model(objects(environment)) == undisturbed


def test_a_killed_worker_s_night_is_taken_up_under_the_same_scheduler(undisturbed, night_environment):
    environment = {**night_environment, "NIGHTSIEVE_STORAGE": night_environment["NIGHTSIEVE_STORAGE"] + "-taken-up"}
    command = retrain(patches=[*SMALL, "evaluation.confidence=0.9"])  # other tasks than the scheduler has seen just now
    assert Night(command, environment).kill_during(["BuildTrainingSet"])
    finished = run(*command, environment=environment)
    assert finished.returncode == 0, finished.stderr
    assert model(objects(environment)) == undisturbed


def test_a_second_worker_elsewhere_takes_part(undisturbed, night_environment, tmp_path):
    environment = {**night_environment, "NIGHTSIEVE_STORAGE": night_environment["NIGHTSIEVE_STORAGE"] + "-shared"}
    # One task at a time, so that there is work left when the second arrives.
    first = Night([*retrain(patches=[*SMALL, "evaluation.confidence=0.8"]), "--workers", "1"], environment)
    for line in first.lines():
        if " running " in line:
            break
    (frozen,) = [key for key in objects(environment) if key.startswith("configs/")]
    # Another working directory, and of the configuration only its digest.
    shutil.copy(ROOT / "luigi.cfg", tmp_path)
    digest = frozen.removeprefix("configs/").removesuffix(".json")
    second = Night(retrain("--config", digest, patches=[]), environment, cwd=tmp_path)
    codes = second.wait(), first.wait()
    assert codes == (0, 0), "".join(first.log + second.log)
    assert all(any(" running " in line for line in night.log) for night in (first, second))
    assert model(objects(environment)) == undisturbed

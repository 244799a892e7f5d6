"""Workers that are killed: the night is the same night, whichever scheduler hands out its tasks."""

import itertools

import pytest

from tests.support.commands import run
from tests.support.nights import (
    SMALL,
    STAGES,
    Night,
    assert_whole,
    model,
    objects,
    retrain,
    sample,
)


@pytest.fixture(scope="module")
def undisturbed(night_environment) -> bytes:
    """The model that a night exports when nobody disturbs it."""
    sample(night_environment, rows=800)
    assert (
        run(*retrain("--local-scheduler"), environment=night_environment).returncode
        == 0
    )
    return model(objects(night_environment))


def test_a_night_killed_in_the_middle_of_every_stage_completes_with_the_same_bytes(
    undisturbed, night_environment
):
    environment = {
        **night_environment,
        "NIGHTSIEVE_STORAGE": night_environment["NIGHTSIEVE_STORAGE"] + "-killed",
    }
    left = [
        family for family in STAGES if family != "Retrain"
    ]  # which writes nothing, and is over at once
    for delay in itertools.cycle([0.0, 0.01, 0.05]):
        family = Night(retrain("--local-scheduler"), environment).kill_during(
            left, delay
        )
        assert_whole(objects(environment))
        if family is None:
            break
        left.remove(family)
    assert left == []
    finished = run(*retrain("--local-scheduler"), environment=environment)
    assert finished.returncode == 0, finished.stderr
    assert model(objects(environment)) == undisturbed


def test_a_killed_worker_s_night_is_taken_up_under_the_same_scheduler(
    undisturbed, night_environment
):
    environment = {
        **night_environment,
        "NIGHTSIEVE_STORAGE": night_environment["NIGHTSIEVE_STORAGE"] + "-taken-up",
    }
    command = retrain(
        patches=[*SMALL, "evaluation.confidence=0.9"]
    )  # other tasks than the scheduler has seen just now
    assert Night(command, environment).kill_during(["BuildTrainingSet"])
    finished = run(*command, environment=environment)
    assert finished.returncode == 0, finished.stderr
    assert model(objects(environment)) == undisturbed

"""Workers are killed, and the night completes with the same bytes, by any scheduler."""

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
    """Run a night that nothing disturbs, and return its model."""
    sample(night_environment, rows=800)
    finished = run(*retrain("--local-scheduler"), environment=night_environment)
    assert finished.returncode == 0, finished.stderr
    return model(objects(night_environment))


def with_own_store(environment: dict[str, str], suffix: str) -> dict[str, str]:
    storage = environment["NIGHTSIEVE_STORAGE"] + suffix
    return {**environment, "NIGHTSIEVE_STORAGE": storage}


def test_a_night_killed_in_the_middle_of_every_stage_completes_with_the_same_bytes(
    undisturbed, night_environment
):
    environment = with_own_store(night_environment, "-killed")
    # Retrain writes nothing, and ends at once.
    left = [family for family in STAGES if family != "Retrain"]
    for delay in itertools.cycle([0.0, 0.01, 0.05]):
        night = Night(retrain("--local-scheduler"), environment)
        family = night.kill_during(left, delay)
        assert_whole(objects(environment))
        if family is None:
            break
        left.remove(family)
    assert left == []
    finished = run(*retrain("--local-scheduler"), environment=environment)
    assert finished.returncode == 0, finished.stderr
    assert model(objects(environment)) == undisturbed


def test_a_killed_night_is_resumed_with_the_same_scheduler(
    undisturbed, night_environment
):
    environment = with_own_store(night_environment, "-taken-up")
    # The patch makes tasks that the scheduler does not know yet.
    command = retrain(patches=[*SMALL, "evaluation.confidence=0.9"])
    assert Night(command, environment).kill_during(["BuildTrainingSet"])
    finished = run(*command, environment=environment)
    assert finished.returncode == 0, finished.stderr
    assert model(objects(environment)) == undisturbed

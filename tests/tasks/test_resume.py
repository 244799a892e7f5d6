"""Workers are killed, and the night completes with the same bytes, by any scheduler."""

import itertools
import signal
import subprocess
import time
from pathlib import Path

import pytest

from nightsieve.cli.services.processes import candidate_ports, is_free
from tests.support.commands import run
from tests.support.kills import begin, disturb, pause
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


class Luigid:
    """A scheduler with short delays, which can be killed and started again."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._port = next(candidate_ports())
        self.config = folder / "luigi.cfg"
        self.config.write_text(
            f"[core]\ndefault_scheduler_url = http://127.0.0.1:{self._port}\n"
            "[scheduler]\nworker_disconnect_delay = 2\nretry_delay = 1\n"
            "retry_count = 2\nprune_on_get_work = true\n"
        )

    def __enter__(self) -> "Luigid":
        command = ["luigid", "--address", "127.0.0.1", "--port", str(self._port)]
        with (self._folder / "luigid.log").open("a") as log:
            self._process = subprocess.Popen(
                command, cwd=self._folder, stdout=log, stderr=log
            )
        while is_free(self._port):
            assert self._process.poll() is None
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        """Kill it: it forgets all tasks."""
        self._process.kill()
        self._process.wait()


def test_a_night_goes_on_after_pauses_and_is_resumed_at_once_after_kills(
    undisturbed, night_environment, tmp_path
):
    environment = with_own_store(night_environment, "-disturbed")
    # The patch makes tasks that the other luigid does not know.
    command = retrain(patches=[*SMALL, "evaluation.confidence=0.9"])
    luigid = Luigid(tmp_path)
    environment["LUIGI_CONFIG_PATH"] = str(luigid.config)
    with luigid:
        begun = begin(command, environment, "ApplyRules")
        # Longer than the scheduler waits for a worker.
        pause(begun, 4)
        begun = begun.until("BuildTrainingSet")
    time.sleep(3)
    with luigid:
        # Much is left to do, and the scheduler has forgotten it.
        begun = begun.until("FitModel")
        # After each of these families the night still has a lot to do: it must not end
        # before the signal arrives.
        for target, number, code, next_family in (
            ("parent", signal.SIGKILL, -signal.SIGKILL, "VerifyExport"),
            ("parent", signal.SIGTERM, 143, "GateModel"),
            ("group", signal.SIGINT, 130, "PublishModel"),
        ):
            assert disturb(begun, target, number).code == code
            assert_whole(objects(environment))
            # At once: the scheduler does not know yet that the worker is gone.
            begun = begin(command, environment, next_family)
        ended = begun.end()
    assert ended.code == 0, ended.log
    assert model(objects(environment)) == undisturbed

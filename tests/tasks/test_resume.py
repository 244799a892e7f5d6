"""Workers that are killed: the night is the same night, whichever scheduler hands out its tasks."""

import contextlib
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.conftest import ROOT, run
from tests.tasks.nights import NIGHT, SMALL, STAGES, Night, assert_whole, model, objects, retrain, sample

ENDED = "the night has ended\n"
# The luigi command, which begins again as often as it is asked to and pays for its imports once.
AGAIN = f"""if True:
    import datetime, json, os, sys
    from luigi.cmdline import luigi_run
    from tasks import Retrain

    night = Retrain(date=datetime.date.fromisoformat("{NIGHT}"), patch={SMALL})
    night.deps()
    night.prepare()
    for command in sys.stdin:
        if not (child := os.fork()):
            os.setsid()
            luigi_run(json.loads(command))
        print(child, flush=True)
        os.waitpid(child, 0)
        os.write(2, {ENDED.encode()})
"""


class ForkedNight(Night):
    """A night in a fork of a process that has imported everything."""

    def __init__(self, command: list[str], parent: subprocess.Popen):
        parent.stdin.write(json.dumps(command[1:]) + "\n")
        parent.stdin.flush()
        self.pid, self.parent, self.log = int(parent.stdout.readline()), parent, []

    def lines(self) -> Iterator[str]:
        for line in iter(self.parent.stderr.readline, ENDED):
            self.log.append(line)
            yield line

    def kill(self) -> None:
        os.killpg(self.pid, 9)
        for _ in self.lines():
            pass


@contextlib.contextmanager
def forking(environment: dict[str, str]) -> Iterator[subprocess.Popen]:
    """The process that nights are forked from; it ends with its input."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    whole = {**os.environ, **environment}
    with subprocess.Popen([sys.executable, "-c", AGAIN], env=whole, cwd=ROOT, **pipes) as parent:
        yield parent


@pytest.fixture(scope="module")
def undisturbed(night_environment) -> bytes:
    """The model that a night exports when nobody disturbs it."""
    sample(night_environment, rows=800)
    assert run(*retrain("--local-scheduler"), environment=night_environment).returncode == 0
    return model(objects(night_environment))


def test_a_night_killed_in_the_middle_of_every_stage_completes_with_the_same_bytes(undisturbed, night_environment):
    environment = {**night_environment, "NIGHTSIEVE_STORAGE": night_environment["NIGHTSIEVE_STORAGE"] + "-killed"}
    left = [family for family in STAGES if family != "Retrain"]  # which writes nothing, and is over at once
    with forking(environment) as parent:
        for delay in itertools.cycle([0.0, 0.01, 0.05]):
            family = ForkedNight(retrain("--local-scheduler"), parent).kill_during(left, delay)
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

"""Two versions of the code on one night, with a real luigid."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from luigi.scheduler import Scheduler

from nightsieve.nights.exit_codes import FINISHED, NOT_STARTED
from pipeline.errors import ConfigError
from tasks import RangeDaily, Retrain
from tasks.luigi_setup import code_version
from tasks.luigi_setup.parameters import today
from tasks.luigi_setup.worker import NightWorker
from tests.support import ROOT
from tests.support.commands import run
from tests.support.nights import NIGHT, Night, retrain, sample

CHECKOUT = ["config", "nightsieve", "pipeline", "scorers", "tasks"]


@pytest.fixture
def other_code(tmp_path: Path) -> Path:
    """Return a checkout with a task that is a version further."""
    for part in CHECKOUT:
        shutil.copytree(ROOT / part, tmp_path / part)
    task = tmp_path / "tasks" / "report.py"
    task.write_text(task.read_text() + "\n# another version\n")
    return tmp_path


def with_other_code(
    folder: Path, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run the night with the code of a folder."""
    own = {**environment, "PYTHONPATH": str(folder)}
    return run(*retrain(), environment=own, cwd=folder)


def test_other_code_refuses_a_night_that_runs_and_continues_it_when_it_was_killed(
    other_code, environment
):
    sample(environment)
    first = Night(retrain(), environment)
    for line in first.stderr:
        if " running   IngestMessages(" in line:
            break
    refused = with_other_code(other_code, environment)
    assert refused.returncode == NOT_STARTED, refused.stderr
    version = r"0[.]1[.]0[+][0-9a-f]{12}"
    sentence = re.search(
        rf"night {NIGHT} \([0-9a-f]{{16}}\): process {first.fork.pid} on (?P<host>\S+) "
        rf"runs it with other code \((?P<theirs>{version}), not (?P<ours>{version})\); "
        "install the same version, or wait until that process has ended",
        refused.stderr,
    )
    assert sentence is not None, refused.stderr
    assert sentence["host"] == os.uname().nodename
    assert sentence["theirs"] == code_version.code_version() != sentence["ours"]
    assert "Traceback" not in refused.stderr
    first.fork.kill()
    first.stderr.close()
    continued = with_other_code(other_code, environment)
    assert continued.returncode == FINISHED, continued.stderr


def worker(scheduler: Scheduler, code: str, monkeypatch) -> NightWorker:
    monkeypatch.setattr(code_version, "code_version", lambda: code)
    return NightWorker(scheduler=scheduler, worker_id=code)


@pytest.fixture
def short_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_version, "_POLL_INTERVAL", 0.01)
    monkeypatch.setattr(code_version, "_DEAD_AFTER", 0.1)


class Talking(Scheduler):
    """A scheduler whose workers all ping it whenever they are listed."""

    def worker_list(self, include_running=True, **_):
        for name in list(self._state.get_worker_ids()):
            self.ping(worker=name)
        return super().worker_list(include_running=include_running)


@pytest.mark.usefixtures("environment", "short_poll")
def test_of_two_versions_the_one_that_began_goes_on(monkeypatch):
    scheduler = Talking()
    night = Retrain(date=today())
    old = worker(scheduler, "old", monkeypatch)
    old._register(night.nights)
    new = worker(scheduler, "new", monkeypatch)
    with pytest.raises(ConfigError, match="runs it with other code"):
        new.add(night)
    of_range = worker(scheduler, "range", monkeypatch)
    with pytest.raises(ConfigError, match="runs it with other code"):
        of_range.add(RangeDaily(start=today()))
    # The refused ones do not stand in the way of the first one's second machine.
    worker(scheduler, "old", monkeypatch)._register(night.nights)
    # Another night, and the same night when the first one has ended.
    worker(scheduler, "another", monkeypatch)._register(["2026-11-21 (0)"])
    old._announce(())
    worker(scheduler, "newer", monkeypatch)._register(night.nights)


@pytest.mark.usefixtures("environment", "short_poll")
def test_a_silent_worker_stands_in_nobody_s_way(monkeypatch):
    scheduler = Scheduler()
    night = Retrain(date=today())
    worker(scheduler, "killed", monkeypatch)._register(night.nights)
    worker(scheduler, "new", monkeypatch)._register(night.nights)

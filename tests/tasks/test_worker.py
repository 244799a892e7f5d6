"""The worker's patience, and what a task tells the scheduler while it runs."""

import datetime
import logging
import multiprocessing
import sys
import time
from pathlib import Path

import luigi
import pytest
from luigi.rpc import RPCError
from luigi.scheduler import Scheduler
from luigi.task_status import PENDING, UNKNOWN
from luigi.worker import GetWorkResponse

from pipeline.errors import ConfigError
from tasks import Retrain
from tasks.luigi_setup.redaction import WithoutTraceback
from tasks.luigi_setup.worker import NightWorker, mendable

NIGHT = datetime.date(2026, 11, 20)


@pytest.mark.parametrize(
    ("status", "running_elsewhere", "stays"),
    [
        (PENDING, [{"task_id": "x"}], True),
        (PENDING, [], False),
        (UNKNOWN, [{"task_id": "x"}], False),
    ],
)
def test_a_worker_stays_while_another_runs_what_it_waits_for(
    status, running_elsewhere, stays
):
    worker = NightWorker(scheduler=Scheduler(), keep_alive=True)
    worker._add_task_history.append((luigi.Task(), status, True))
    work = GetWorkResponse(None, running_elsewhere, 0, 0, 0, None)
    assert worker._keep_alive(work) is stays


class Written(luigi.Task):
    """A task that leaves an empty file in a folder."""

    folder = luigi.Parameter()

    def output(self):
        return luigi.LocalTarget(f"{self.folder}/{self.get_task_family()}")

    def run(self):
        Path(self.output().path).touch()


class Ingest(Written):
    """One that can do without what is prepared, and is at work until it is."""

    stage = "ingest"

    def run(self):
        while not Path(f"{self.folder}/at work").exists():
            time.sleep(0.01)
        super().run()


class Later(Written):
    """One that cannot, and rests on nothing, as in a night that is resumed."""


class Root(Written):
    """A night of one of the two, which notes how many processes are at work when it prepares."""

    first = luigi.TaskParameter()

    def requires(self):
        return self.first(folder=self.folder)

    def prepare(self):
        with open(f"{self.folder}/at work", "a") as journal:
            print(len(multiprocessing.active_children()), file=journal)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("first", "at_work"), [(Ingest, "1\n"), (Later, "0\n")])
def test_what_later_tasks_need_is_prepared_once_while_ingest_is_at_work(
    first, at_work, tmp_path
):
    for child in multiprocessing.active_children():
        child.join(
            30
        )  # a task of an earlier test has told its result, and may still be ending
    night = NightWorker(
        scheduler=Scheduler(), worker_processes=2, force_multiprocessing=True
    )
    with night:
        night.add(Root(folder=str(tmp_path), first=first))
        assert not list(tmp_path.iterdir())
        assert night.run()
    assert (tmp_path / "at work").read_text() == at_work


def test_progress_is_told_in_whole_per_cent_and_never_backwards(environment):
    task, told = Retrain(date=NIGHT), []
    task.set_progress_percentage = told.append
    for fraction in (0.001, 0.25, 0.2501, 0.2, 0.999, 1.0):
        task.progress(fraction)
    assert told == [25, 99, 100]


def test_a_frozen_configuration_takes_no_patch(environment):
    digest = Retrain(date=NIGHT).config
    with pytest.raises(ConfigError, match="is a frozen configuration"):
        Retrain(date=NIGHT, config=digest, patch=["text.min_token=2"])


def test_only_a_mendable_error_loses_its_traceback():
    defect = "Traceback (most recent call last):\n  ...\nKeyError: 'x'\n"
    assert mendable(defect) == defect
    assert (
        mendable("Traceback ...\npipeline.errors.StorageError: no bucket\n")
        == "StorageError: no bucket"
    )


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (
            ConfigError("a.yaml: source.shards: must be a number"),
            "a.yaml: source.shards: must be a number",
        ),
        (OSError(28, "hush"), "OSError: No space left on device"),
        (KeyError("hush"), "KeyError: its words are left out"),
        (
            RPCError("Errors when connecting to 'http://me:hush@luigid:8082'"),
            "'http://luigid:8082'; is luigid running?",
        ),
    ],
)
def test_a_log_has_the_words_of_known_errors_alone_and_no_password(error, says):
    quoted = "hush"
    try:
        try:
            raise ValueError(quoted)
        except ValueError as first:
            raise error from first
    except Exception:
        record = logging.LogRecord(
            "luigi-interface",
            logging.ERROR,
            "",
            0,
            "%s failed",
            ("it",),
            sys.exc_info(),
        )
    assert WithoutTraceback().filter(record)
    assert record.getMessage().startswith("it failed\n") and says in record.getMessage()
    assert "hush" not in record.getMessage() and record.exc_info is None

"""The worker's patience, and what a task tells the scheduler while it runs."""

import datetime
import inspect
import logging
import multiprocessing
import sys
import time
from pathlib import Path

import luigi
import luigi.worker
import pytest
from luigi.rpc import RPCError
from luigi.scheduler import Scheduler
from luigi.task_status import PENDING, UNKNOWN
from luigi.worker import GetWorkResponse

from pipeline.errors import ArtefactError, ConfigError, StorageError
from tasks import Retrain
from tasks.luigi_setup.redaction import RedactingFilter
from tasks.luigi_setup.worker import REFUSED, NightWorker, check_complete

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


QUOTED = "".join(["hu", "sh"])  # so that no line of code, which is shown, spells it


class Undecided(luigi.Task):
    """A task that cannot tell whether it is complete."""

    error = luigi.Parameter()

    def complete(self):
        if self.error == "fixable":
            raise StorageError("no bucket")
        raise KeyError(QUOTED)


class Unplanned(luigi.Task):
    """A task that cannot tell what it requires."""

    error = luigi.Parameter()

    def complete(self):
        return False

    def deps(self):
        Undecided(error=self.error).complete()


@pytest.mark.parametrize(
    ("task", "problem"),
    [
        (Undecided, "cannot tell whether it is complete"),
        (Unplanned, "cannot tell what it requires"),
    ],
)
def test_an_error_while_scheduling_is_described_where_luigi_catches_it(
    task, problem, monkeypatch, caplog
):
    """Logged, mailed and shown by the scheduler: an error that an operator can fix by
    its message alone, a defect by where it is, without what it quotes."""
    mails, announced = [], []
    monkeypatch.setattr(
        NightWorker, "_email_error", lambda *given, **_: mails.append(given[2])
    )
    monkeypatch.setattr(
        NightWorker,
        "_announce_scheduling_failure",
        lambda worker, task, text: announced.append(text),
    )
    caplog.set_level(logging.ERROR, logger="luigi-interface")
    for error in ("fixable", "defect"):
        with NightWorker(scheduler=Scheduler()) as worker:
            assert not worker.add(task(error=error))
    fixable, defect = (record.getMessage() for record in caplog.records)
    assert fixable == f"{task(error='fixable')}: {problem}: no bucket"
    assert problem in defect and "test_worker.py" in defect
    assert "KeyError: its message is left out" in defect
    assert mails == announced and mails[0] == "no bucket"
    assert QUOTED not in caplog.text + mails[1] and "test_worker.py" in mails[1]


def test_every_method_of_luigi_s_worker_that_is_replaced_is_there_and_is_called_so():
    """They are private: another version of luigi may have others."""
    for name in (
        "_run_task",
        "_handle_next_task",
        "_keep_alive",
        "_log_complete_error",
        "_log_dependency_error",
        "_email_dependency_error",
    ):
        ours = inspect.signature(getattr(NightWorker, name))
        theirs = inspect.signature(getattr(NightWorker.__base__, name))
        assert list(ours.parameters) == list(theirs.parameters), name
    assert luigi.worker.Worker is NightWorker
    assert luigi.worker.check_complete is check_complete


def test_what_failed_is_tried_again_when_a_night_is_started_again(tmp_path):
    scheduler = Scheduler(retry_count=1, retry_delay=900)
    (tmp_path / "broken").touch()
    for complete in (False, True):
        with NightWorker(scheduler=scheduler) as worker:
            assert worker.add(Fragile(folder=str(tmp_path)))
            assert worker.run() is complete
        (tmp_path / "broken").unlink(missing_ok=True)


class Fragile(Written):
    """A task that fails while a file is there."""

    def run(self):
        if Path(f"{self.folder}/broken").exists():
            raise StorageError("not yet")
        super().run()


class Refused(Written):
    """A night that is complete and whose model was not published."""

    refused = True


def test_a_refused_night_ends_with_a_code_of_its_own(tmp_path):
    with NightWorker(scheduler=Scheduler()) as worker:
        worker.add(Refused(folder=str(tmp_path)))
        with pytest.raises(SystemExit) as ended:
            worker.run()
    assert ended.value.code == REFUSED


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (
            ConfigError("a.yaml: source.shards: must be a number"),
            "a.yaml: source.shards: must be a number",
        ),
        (
            ArtefactError("s3://a/b: cannot be decoded"),
            "s3://a/b: cannot be decoded\n\nbecause of:\n\nTraceback",
        ),
        (
            ArtefactError("s3://a/b: cannot be decoded"),
            "ValueError: its message is left out",
        ),
        (OSError(28, "hush"), "OSError: No space left on device"),
        (KeyError("hush"), "KeyError: its message is left out"),
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
    assert RedactingFilter().filter(record)
    assert record.getMessage().startswith("it failed\n") and says in record.getMessage()
    assert "hush" not in record.getMessage() and record.exc_info is None

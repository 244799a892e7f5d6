"""When the worker waits, and what a task shows on the scheduler while it runs."""

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

from nightsieve.nights.exit_codes import REFUSED
from pipeline.errors import ArtefactError, ConfigError, StorageError
from tasks import Retrain
from tasks.luigi_setup.redaction import RedactingFilter
from tasks.luigi_setup.worker import NightWorker

NIGHT = datetime.date(2026, 11, 20)


@pytest.mark.parametrize(
    ("status", "running_elsewhere", "is_complete", "stays"),
    [
        (PENDING, [{"task_id": "x"}], False, True),
        (UNKNOWN, [{"task_id": "x"}], False, False),
        # The scheduler knows nothing of the night: it was restarted.
        (PENDING, [], False, True),
        (PENDING, [], True, False),
    ],
)
def test_a_worker_stays_until_the_night_is_complete(
    status, running_elsewhere, is_complete, stays, tmp_path
):
    worker = NightWorker(scheduler=Scheduler(), keep_alive=True)
    root = Written(folder=str(tmp_path))
    worker.add(root)
    worker._add_task_history.append((root, status, True))
    if is_complete:
        root.run()
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
    """A task that needs nothing prepared, and runs until the root has prepared."""

    stage = "ingest"

    def run(self):
        while not Path(f"{self.folder}/at work").exists():
            time.sleep(0.01)
        super().run()


class Later(Written):
    """A task that needs what is prepared, and requires nothing: a resumed night."""


class Root(Written):
    """A night of one task, which notes how many processes run when it prepares."""

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
    # A task of an earlier test has sent its result; its process may still be ending.
    for child in multiprocessing.active_children():
        child.join(30)
    night = NightWorker(
        scheduler=Scheduler(), worker_processes=2, force_multiprocessing=True
    )
    with night:
        night.add(Root(folder=str(tmp_path), first=first))
        assert not list(tmp_path.iterdir())
        assert night.run()
    assert (tmp_path / "at work").read_text() == at_work


def test_progress_is_shown_in_whole_per_cent_and_never_goes_back(environment):
    task = Retrain(date=NIGHT)
    shown: list[int] = []
    task.set_progress_percentage = shown.append
    for fraction in (0.001, 0.25, 0.2501, 0.2, 0.999, 1.0):
        task.progress(fraction)
    assert shown == [25, 99, 100]


# Built from parts, because a traceback shows the lines of code.
QUOTED = "".join(["hu", "sh"])
NO_BUCKET = "s3://there: the bucket does not exist; create it"


class Undecided(luigi.Task):
    """A task that cannot tell whether it is complete."""

    error = luigi.Parameter()

    def complete(self):
        if self.error == "fixable":
            raise StorageError(NO_BUCKET)
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
    """An error is logged, mailed and shown by the scheduler.

    An error that an operator can fix is described by its message, a defect by its
    traceback without the messages.
    """
    mails = []
    announced = []

    def mail(worker, task, text, *_, **__):
        mails.append(text)

    def announce(worker, task, text):
        announced.append(text)

    monkeypatch.setattr(NightWorker, "_email_error", mail)
    monkeypatch.setattr(NightWorker, "_announce_scheduling_failure", announce)
    caplog.set_level(logging.ERROR, logger="luigi-interface")
    for error in ("fixable", "defect"):
        with NightWorker(scheduler=Scheduler()) as worker:
            assert not worker.add(task(error=error))
    fixable, defect = [record.getMessage() for record in caplog.records]
    assert fixable == f"{task(error='fixable')}: {problem}: {NO_BUCKET}"
    assert problem in defect
    assert "test_worker.py" in defect
    assert "KeyError: its message is left out" in defect
    assert mails == announced
    assert mails[0] == NO_BUCKET
    assert QUOTED not in caplog.text + mails[1]
    assert "test_worker.py" in mails[1]


def test_failed_tasks_are_retried_when_a_night_is_started_again(tmp_path):
    scheduler = Scheduler(retry_count=1, retry_delay=900)
    (tmp_path / "broken").touch()
    for complete in (False, True):
        with NightWorker(scheduler=scheduler) as worker:
            assert worker.add(Fragile(folder=str(tmp_path)))
            assert worker.run() is complete
        (tmp_path / "broken").unlink(missing_ok=True)


class Fragile(Written):
    """A task that fails while a file exists."""

    def run(self):
        if Path(f"{self.folder}/broken").exists():
            raise StorageError("s3://there: is not available yet; try again")
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
            ConfigError("a.yaml: source.shards: not a number; use 1 or more"),
            "a.yaml: source.shards: not a number; use 1 or more",
        ),
        (
            ArtefactError("s3://a/b: cannot be decoded; delete it"),
            "s3://a/b: cannot be decoded; delete it\n\ncaused by:\n\nTraceback",
        ),
        (
            ArtefactError("s3://a/b: cannot be decoded; delete it"),
            "ValueError: its message is left out",
        ),
        (OSError(28, "hush"), "OSError: No space left on device"),
        (KeyError("hush"), "KeyError: its message is left out"),
        (
            RPCError("Errors when connecting to 'http://me:hush@luigid:8082'"),
            "'http://luigid:8082'; is luigid running? nightsieve up starts",
        ),
    ],
)
def test_a_log_quotes_only_the_messages_of_known_errors_and_no_password(error, says):
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
    assert record.getMessage().startswith("it failed\n")
    assert says in record.getMessage()
    assert "hush" not in record.getMessage()
    assert record.exc_info is None

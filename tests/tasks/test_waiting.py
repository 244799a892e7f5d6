"""A worker without work asks again, goes on, and ends; inputs are made again."""

import datetime
import logging
import os
import signal
import time
from pathlib import Path

import luigi
import pytest
from luigi.scheduler import Scheduler, SimpleTaskState
from luigi.task_status import DISABLED, DONE, FAILED, PENDING, RUNNING

from pipeline.errors import ArtefactError
from tasks.luigi_setup.idle import IdleTime
from tasks.luigi_setup.repairs import LIMIT
from tasks.luigi_setup.stopping import Stopped
from tasks.luigi_setup.waiting import TRIES
from tasks.luigi_setup.worker import NightWorker

SECOND = datetime.timedelta(seconds=1)

pytestmark = pytest.mark.timeout(60)


class Written(luigi.Task):
    """A task that adds a line to a file of its own."""

    folder = luigi.Parameter()

    @property
    def path(self) -> Path:
        return Path(self.folder, self.get_task_family())

    def output(self):
        return luigi.LocalTarget(str(self.path))

    def run(self):
        with self.path.open("a") as file:
            file.write(f"{time.time()}\n")


class First(Written):
    """The first task of a night."""


class Second(Written):
    """A task that needs another one."""

    def requires(self):
        return First(folder=self.folder)


class Last(Written):
    """The root of a night."""

    def requires(self):
        return Second(folder=self.folder)


class Idle:
    """A worker that the scheduler knows, and that is gone."""

    def __init__(self, scheduler: Scheduler):
        self._scheduler = scheduler

    def takes(self, task: luigi.Task) -> None:
        """Take a task, and never report how it ended."""
        self._scheduler.add_task(
            worker="gone",
            task_id=task.task_id,
            status=PENDING,
            family=task.get_task_family(),
            params=task.to_str_params(),
        )
        given = self._scheduler.get_work(worker="gone", host="gone", current_tasks=[])
        assert given["task_id"] == task.task_id


def scheduler(**settings: object) -> Scheduler:
    delays = {"worker_disconnect_delay": 0.4, "retry_delay": 0.2, "retry_count": 2}
    return Scheduler(prune_on_get_work=True, **delays, **settings)


def run(root: luigi.Task, on: Scheduler, **settings: object) -> bool:
    """Run a night as a worker with short waits; return whether it is complete."""
    settings = {
        "worker_processes": 2,
        "keep_alive": True,
        "wait_interval": 0.05,
        "wait_jitter": 0,
        "ping_interval": 0.1,
        "max_keep_alive_idle_duration": SECOND,
        **settings,
    }
    with NightWorker(scheduler=on, **settings) as worker:
        assert worker.add(root)
        worker.run()
    return root.complete()


def task_status(on: Scheduler, task: luigi.Task) -> str:
    for status in (DONE, PENDING, RUNNING, FAILED, DISABLED):
        if task.task_id in on.task_list(status=status):
            return status
    return "unknown"


def test_a_task_that_a_dead_worker_has_finished_counts_as_done(tmp_path):
    """The scheduler ignores that it is done while the dead worker owns it."""
    luigid = scheduler()
    Idle(luigid).takes(First(folder=str(tmp_path)))
    First(folder=str(tmp_path)).run()
    assert run(Last(folder=str(tmp_path)), luigid)


def test_a_task_whose_workers_were_killed_too_often_is_tried_again(tmp_path):
    luigid = scheduler()
    first = First(folder=str(tmp_path))
    Idle(luigid).takes(first)
    luigid._state.get_worker("gone").last_active = 0
    luigid.prune()
    assert task_status(luigid, first) == FAILED
    time.sleep(0.25)  # the retry delay
    luigid.prune()
    # The scheduler notices that this worker is gone, too, when the next one is at work.
    Idle(luigid).takes(first)
    statuses = []
    luigid.update_metrics_task_started = lambda task: statuses.append(task.failures)
    assert run(Last(folder=str(tmp_path)), luigid)
    assert not statuses[0]  # they were counted, and forgiven


class Forgetful(Scheduler):
    """A scheduler that is killed once, after the first task, and restarted empty."""

    forgets = True

    def add_task(self, **arguments):
        super().add_task(**arguments)
        if arguments["status"] == DONE and self.forgets:
            self.forgets = False
            self._state = SimpleTaskState(None)
            self._state._metrics_collector = self._collector

    @property
    def _collector(self):
        return Scheduler()._state._metrics_collector


def test_a_scheduler_that_has_forgotten_everything_is_told_again(tmp_path):
    assert run(Last(folder=str(tmp_path)), Forgetful(prune_on_get_work=True))


class Paused(Scheduler):
    """A scheduler that believes, after the first task, that its worker was gone.

    So it is when worker and tasks are stopped for longer than the disconnect delay.
    """

    forgets = True

    def add_task(self, **arguments):
        super().add_task(**arguments)
        if arguments["status"] == DONE and self.forgets:
            self.forgets = False
            for worker in self._state.get_active_workers():
                worker.last_active = 0
            self.prune()


def test_a_worker_that_was_given_up_goes_on(tmp_path):
    assert run(Last(folder=str(tmp_path)), Paused(retry_delay=0.1))


def test_a_worker_gives_up_after_a_bounded_time_and_says_what_waits(tmp_path, caplog):
    luigid = scheduler()
    luigid.pause()
    began = time.monotonic()
    assert not run(Last(folder=str(tmp_path)), luigid)
    assert time.monotonic() - began < 10
    (error,) = [r.getMessage() for r in caplog.records if r.levelname == "ERROR"]
    assert error.startswith(
        "luigid: no worker has run a task for 0:00:01, but 3 wait, such as First("
    )
    assert "run the same command again" in error


def test_waiting_is_counted_in_rounds_and_another_worker_s_task_begins_it_again():
    idle = IdleTime(datetime.timedelta(minutes=10), 1.0)
    asked = []
    while not idle.is_exhausted(has_pending=True):
        asked.append(idle.asks(has_pending=True))
        idle.next_round()
    assert len(asked) == 600
    assert [i for i, asks in enumerate(asked) if asks][:3] == [10, 20, 30]
    idle.reset()
    assert idle.asks(has_pending=False)
    assert not idle.is_exhausted(has_pending=False)


class Stopping(Written):
    """A task that stops its worker the first time."""

    def run(self):
        stopped = Path(self.folder, "stopped")
        if not stopped.exists():
            stopped.touch()
            os.kill(os.getppid(), signal.SIGTERM)
            time.sleep(60)
        super().run()


def test_a_stopped_worker_gives_its_tasks_back_at_once(tmp_path):
    # Nobody would give them out again within a minute.
    luigid = Scheduler(worker_disconnect_delay=60, retry_delay=60)
    task = Stopping(folder=str(tmp_path))
    with pytest.raises(Stopped) as ended:
        run(task, luigid)
    assert ended.value.code == 128 + signal.SIGTERM
    assert run(task, luigid)


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_a_signal_that_comes_while_a_task_is_forked_is_not_lost(tmp_path):
    """Python ignores an exception at that moment, and prints its traceback."""
    worker = os.getpid()
    os.register_at_fork(before=lambda: signals and os.kill(worker, signals.pop()))
    signals = [signal.SIGTERM]
    with pytest.raises(Stopped):
        run(First(folder=str(tmp_path)), scheduler())
    assert not signals


class Damaged(Written):
    """An input of which the first so many versions are damaged."""

    versions = luigi.IntParameter()

    def run(self):
        super().run()
        with Path(self.folder, "made").open("a") as journal:
            journal.write("x")


class Reader(Written):
    """A task that removes a damaged input and fails, as the tasks of a night do."""

    versions = luigi.IntParameter()

    def requires(self):
        return self.clone(Damaged)

    def run(self):
        source = Path(self.input().path)
        source.read_text()
        if len(Path(self.folder, "made").read_text()) <= self.versions:
            source.unlink()
            raise ArtefactError(f"{source}: is damaged; run the night again")
        super().run()


def test_damaged_inputs_are_made_again_and_do_not_cost_a_try(tmp_path, caplog):
    # More often than a task has tries, and at once: the scheduler does not believe for
    # ten seconds that something it saw done is not.
    damaged = TRIES + 1
    caplog.set_level(logging.WARNING, logger="luigi-interface")
    luigid = Scheduler(retry_count=TRIES, retry_delay=0.1)
    assert run(Reader(folder=str(tmp_path), versions=damaged), luigid)
    assert len((tmp_path / "made").read_text()) == damaged + 1
    said = [r.getMessage() for r in caplog.records if "is made again" in r.getMessage()]
    assert len(said) == damaged
    assert said[0].startswith("Reader(")
    assert said[0].count("Damaged(") == 1


def test_inputs_are_made_again_a_bounded_number_of_times(tmp_path, caplog):
    caplog.set_level(logging.WARNING, logger="luigi-interface")
    luigid = Scheduler(retry_count=TRIES, retry_delay=0.1)
    assert not run(Reader(folder=str(tmp_path), versions=10**6), luigid)
    said = [r.getMessage() for r in caplog.records]
    assert sum("is made again" in line for line in said) == LIMIT
    assert any(f"after {LIMIT} repairs" in line for line in said)

"""The processes of tasks end with their worker, and their deaths are told once."""

import itertools
import os
import re
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import luigi
import psutil
import pytest
from luigi.scheduler import Scheduler

from tasks.luigi_setup.guardian import Guardian
from tasks.luigi_setup.stopping import Stopped
from tasks.luigi_setup.worker import NightWorker
from tests.support import ROOT
from tests.support.forks import Fork

PATIENCE = 40  # seconds, on a busy machine

# A worker of four tasks, each of which starts a process that ends by itself only later.
WORKER = """if True:
    import sys
    from luigi.interface import InterfaceLogging, core
    from luigi.scheduler import Scheduler
    from tasks.luigi_setup.worker import NightWorker
    from tests.tasks.test_processes import HOW, Everlasting

    InterfaceLogging.setup(core())
    with NightWorker(scheduler=Scheduler(), worker_processes=4) as worker:
        for how in HOW:
            worker.add(Everlasting(folder=sys.argv[1], how=how))
        worker.run()
"""


def hold_the_interpreter() -> None:
    all(itertools.repeat(True))


def stop() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def sleep() -> None:
    time.sleep(600)


HOW = {
    "sleep": sleep,
    "lock": hold_the_interpreter,
    "stop": stop,
    # A later process must not hold open what tells the earlier ones about the worker.
    "sleep later": sleep,
}


class Everlasting(luigi.Task):
    """A task that has a temporary file and another process, and does not end."""

    folder = luigi.Parameter()
    how = luigi.Parameter()

    def complete(self):
        return False

    def run(self):
        with tempfile.TemporaryDirectory(dir=self.folder) as temporary:
            started = subprocess.Popen(["sleep", "600"])
            pids = Path(self.folder, f"{self.how}.pids")
            pids.write_text(f"{os.getpid()} {started.pid} {temporary}\n")
            HOW[self.how]()


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until(condition, what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGKILL, -signal.SIGKILL),
        (signal.SIGTERM, 143),
        (signal.SIGINT, 130),
    ],
)
def test_what_tasks_have_started_ends_with_the_worker(number, code, tmp_path):
    log = tmp_path / "log"
    with log.open("w") as stderr:
        command = ["python", "-c", WORKER, str(tmp_path)]
        worker = Fork(command, {}, stderr.fileno(), stderr.fileno())
    notes = [tmp_path / f"{how}.pids" for how in HOW]
    wait_until(lambda: all(n.exists() and n.read_text() for n in notes), "begun")
    words = [note.read_text().split() for note in notes]
    pids = [int(pid) for line in words for pid in line[:2]]
    assert all(map(is_running, pids))
    # Only then do these two no longer hear SIGTERM.
    _, lock, stopped, _ = map(psutil.Process, pids[::2])
    wait_until(lambda: stopped.status() == psutil.STATUS_STOPPED, "stopped")
    wait_until(lambda: lock.cpu_times().user > 1, "held")

    # Not the group: a process of a task does not rely on a signal from elsewhere.
    os.kill(worker.pid, number)
    assert worker.wait() == code
    wait_until(lambda: not any(map(is_running, pids)), "all gone")

    # A task that can run at all has removed its temporary files. The stopped one can if
    # the kernel continues it, which it does for some groups whose worker is gone.
    left = {how: os.path.exists(line[2]) for how, line in zip(HOW, words, strict=True)}
    del left["stop"]
    assert left == {"sleep": False, "lock": True, "sleep later": False}
    text = log.read_text()
    assert "Traceback" not in text
    sentence = rf"Everlasting\(.*: stopped by {number.name}; run the same command"
    assert bool(re.search(sentence, text)) == (number != signal.SIGKILL)


@pytest.mark.parametrize("name", ["SIGHUP", "SIGINT", "SIGTERM"])
def test_the_exit_code_after_a_signal_is_documented(name):
    page = (ROOT / "docs" / "reference" / "exit-codes.md").read_text()
    code = Stopped(getattr(signal, name)).code
    assert re.search(rf"{code}\s+after[^,.]*{name}", page)


def test_an_early_ctrl_c_has_one_line(tmp_path):
    log = tmp_path / "log"
    with log.open("w") as stderr:
        command = ["python", "-c", "import tasks; raise KeyboardInterrupt"]
        ended = Fork(command, {}, stderr.fileno(), stderr.fileno())
    assert ended.wait() == -signal.SIGINT  # a shell says 130
    stopped = "luigi: stopped by SIGINT; run the same command to continue\n"
    assert log.read_text() == stopped


def test_a_guardian_that_was_killed_is_replaced_and_knows_the_processes(tmp_path):
    guardian = Guardian()
    guardian.lifeline()
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as process:
        guardian.add(process.pid)
        assert guardian.pid is not None
        os.kill(guardian.pid, signal.SIGKILL)
        wait_until(lambda: not is_running(guardian.pid), "gone")
        guardian.lifeline()
        assert process.poll() is None
        guardian.close()
        assert process.wait(PATIENCE) == -signal.SIGTERM


class Mortal(luigi.Task):
    """A task whose first process does not live, as its parameter says."""

    folder = luigi.Parameter()
    shard = luigi.IntParameter(default=0)
    end = luigi.Parameter(default="SIGKILL")

    @property
    def _path(self):
        return Path(self.folder, f"{self.shard}")

    def output(self):
        return luigi.LocalTarget(f"{self._path}.done")

    def run(self):
        first = self._path.with_suffix(".first")
        if first.exists():
            Path(self.output().path).touch()
            return
        first.touch()
        if self.end == "exit":
            os._exit(0)
        elif self.end == "sleep":
            time.sleep(600)
        else:
            # Together with the other one, and after the worker has seen their memory.
            wait_until(lambda: len(list(Path(self.folder).iterdir())) > 1, "both")
            time.sleep(1)
            os.kill(os.getpid(), getattr(signal, self.end))


def night(*tasks: luigi.Task, **settings: object) -> bool:
    scheduler = Scheduler(retry_count=2, retry_delay=0.1, prune_on_get_work=True)
    settings = {"wait_interval": 0.1, "wait_jitter": 0, **settings}
    with NightWorker(
        scheduler=scheduler, worker_processes=2, keep_alive=True, **settings
    ) as worker:
        for task in tasks:
            worker.add(task)
        return worker.run() or worker._are_complete()


def errors(caplog) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.levelname == "ERROR"]


@pytest.mark.timeout(60)
def test_two_processes_that_die_together_are_told_once_and_have_a_second_try(
    tmp_path, caplog
):
    tasks = [Mortal(folder=str(tmp_path), shard=shard) for shard in range(2)]
    assert night(*tasks)
    messages = sorted(errors(caplog))
    assert len(messages) == 2
    for task, error in zip(sorted(map(str, tasks)), messages, strict=True):
        assert error.startswith(f"{task}: its process was ended by SIGKILL (peak ")
        assert re.search(r"\(peak memory [1-9][0-9,]* MiB\), the likely cause", error)
        assert error.endswith(
            "memory; raise source.shards, or run with fewer --workers"
        )


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("end", "says"),
    [
        ("exit", "ended with exit code 0, but not its task"),
        ("sleep", "took longer than 0:00:01 and was ended"),
    ],
)
def test_a_task_that_does_not_report_is_told_and_has_a_second_try(
    end, says, tmp_path, caplog
):
    assert night(Mortal(folder=str(tmp_path), end=end), timeout=1)
    (error,) = errors(caplog)
    assert says in error


def test_the_settings_of_a_night_have_a_timeout():
    settings = luigi.worker.worker()
    assert settings.timeout == 6 * 3600
    assert settings.max_keep_alive_idle_duration.total_seconds() == 600

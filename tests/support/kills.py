"""Signals to the processes of a night, at the moment a task of a family begins."""

import os
import re
import signal
import time
from collections.abc import Callable
from typing import NamedTuple

import psutil

from tests.support.forks import Fork
from tests.support.nights import Night

#: Whom a signal can reach: the worker, its process group, or the process of the task.
TARGETS: dict[str, Callable[["Begun", int], None]] = {
    "parent": lambda begun, number: os.kill(begun.worker.pid, number),
    "group": lambda begun, number: os.killpg(begun.worker.pid, number),
    "child": lambda begun, number: os.kill(begun.task_pid, number),
}


class Begun(NamedTuple):
    """A night in which a task has just begun."""

    night: Night
    task_pid: int
    log: str

    @property
    def worker(self) -> Fork:
        """The luigi process."""
        return self.night.fork

    def send(self, target: str, number: int) -> None:
        """Send a signal to one of `TARGETS`."""
        TARGETS[target](self, number)

    def until(self, family: str) -> "Begun":
        """Return when a task of a later family begins."""
        return _read_until(self.night, family, self.log)

    def end(self) -> "Ended":
        """Wait until the luigi process and all that can write to its log have ended."""
        with self.night.stderr:
            rest = self.night.stderr.read()
        return Ended(self.night.fork.wait(), self.log + rest)


class Ended(NamedTuple):
    """How a night ended, and its log."""

    code: int
    log: str


def begin(command: list[str], environment: dict[str, str], family: str) -> Begun:
    """Start a night, and return when a task of the family begins."""
    return _read_until(Night(command, environment), family, "")


def disturb(begun: Begun, target: str, number: int, delay: float = 0.0) -> Ended:
    """Send a signal some seconds after a task began; return how the night ends."""
    time.sleep(delay)
    begun.send(target, number)
    return begun.end()


def pause(begun: Begun, seconds: float) -> None:
    """Stop the worker and all its descendants, and let them continue."""
    worker = psutil.Process(begun.worker.pid)
    processes = [worker, *worker.children(recursive=True)]
    for process in processes:
        process.send_signal(signal.SIGSTOP)
    time.sleep(seconds)
    for process in processes:
        process.send_signal(signal.SIGCONT)


def _read_until(night: Night, family: str, log: str) -> Begun:
    pattern = re.compile(rf"\[pid (\d+)\] .* running   {family}\(")
    for line in night.stderr:
        log += line
        match = pattern.search(line)
        if match:
            return Begun(night, int(match[1]), log)
    raise AssertionError(f"{family} did not run:\n{log}")

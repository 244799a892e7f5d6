"""What the processes of tasks report to their worker.

Luigi's own queue is shared by all processes. One that is killed while it writes leaves
the queue locked, or with half a report, and then the worker waits for ever. Here each
process has a pipe of its own.
"""

import contextlib
import multiprocessing
import queue
from collections import deque
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from tasks.luigi_setup.processes import NightProcess

#: A task's module, family and parameters, from which luigi makes the task.
Requirement: TypeAlias = tuple[str, str, dict[str, str]]


class Report(NamedTuple):
    """How the process of a task ended, in the order that luigi expects."""

    task_id: str
    status: str
    explanation: object
    missing: list[str]
    new_requirements: list[Requirement] | None


class Pipe:
    """The pipe of a process; the process has the end that writes."""

    def __init__(self) -> None:
        self._reader, self._writer = multiprocessing.Pipe(duplex=False)

    def put(self, report: tuple[object, ...]) -> None:
        """Send a report; without a worker nobody needs it."""
        with contextlib.suppress(BrokenPipeError):
            self._writer.send(report)

    def close_writer(self) -> None:
        """Close the worker's copy of the end that writes, after the start."""
        self._writer.close()

    @property
    def reader(self) -> Connection:
        """The end that reads."""
        return self._reader

    def receive(self) -> Report | None:
        """Return the report that the process has sent; None if there is none."""
        try:
            return Report(*self._reader.recv()) if self._reader.poll() else None
        except (EOFError, OSError):
            # The process ended without a report, or in the middle of it.
            return None


class NoPipe:
    """What a process has in place of a pipe after it was told to end."""

    def put(self, report: tuple[object, ...]) -> None:
        """Send nothing."""


class Results:
    """The part of luigi's queue of results that luigi's worker uses.

    Parameters
    ----------
    review
        Returns a report as luigi shall receive it.
    """

    def __init__(self, review: Callable[[Report], Report]) -> None:
        self._review = review
        self._reports: deque[Report] = deque()
        self._pipes: dict[NightProcess, Pipe] = {}

    def expect(self, process: "NightProcess", pipe: Pipe) -> None:
        """Expect the report of a process that has started."""
        pipe.close_writer()
        self._pipes[process] = pipe

    def expected(self) -> list["NightProcess"]:
        """Return the processes that have not reported yet."""
        return list(self._pipes)

    def put(self, report: tuple[object, ...]) -> None:
        """Add the report of a task that ran in this process, or that died."""
        self._reports.append(Report(*report))  # type: ignore[arg-type]

    def get(self, timeout: float) -> Report:
        """Return the next report.

        Raises
        ------
        queue.Empty
            There is none within the timeout, or a process ended without one.
        """
        if not self._reports:
            readers = [pipe.reader for pipe in self._pipes.values()]
            sentinels = [process.sentinel for process in self._pipes]
            wait([*readers, *sentinels], timeout)
            self._collect()
        if not self._reports:
            raise queue.Empty
        return self._review(self._reports.popleft())

    def dead(self) -> list["NightProcess"]:
        """Return the processes that have ended without a report, each once."""
        has_ended = [process for process in self._pipes if not process.is_alive()]
        # In this order: what a process sends before it ends is read.
        self._collect()
        dead = [process for process in has_ended if process in self._pipes]
        for process in dead:
            self.drop(process)
        return dead

    def drop(self, process: "NightProcess") -> None:
        """Expect no report of a process any more."""
        self._pipes.pop(process).reader.close()

    def close(self) -> None:
        """Close all pipes."""
        for process in self.expected():
            self.drop(process)

    def _collect(self) -> None:
        """Read the reports that processes have sent."""
        for process, pipe in list(self._pipes.items()):
            report = pipe.receive()
            if report is not None:
                self._reports.append(report)
                self.drop(process)

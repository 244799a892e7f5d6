"""All processes of a worker: started under guard, watched, and ended."""

import time
from collections.abc import Iterator

from luigi.event import Event

from tasks.luigi_setup.guardian import Guardian
from tasks.luigi_setup.processes import NightProcess, end_all, join_all
from tasks.luigi_setup.results import Pipe, Results


class Children:
    """The processes of a worker.

    Parameters
    ----------
    results
        Where the processes report.
    """

    def __init__(self, results: Results) -> None:
        self._results = results
        self._guardian = Guardian()
        # From their start until they have ended, which is after their report.
        self._processes: set[NightProcess] = set()

    def prepare(self, process: NightProcess) -> None:
        """Let a process that will start be guarded, and report in a pipe of its own."""
        process.lifeline = self._guardian.lifeline()
        process.result_queue = Pipe()

    def started(self, process: NightProcess) -> None:
        """Watch a process that has started."""
        process.started()
        self._guardian.add(process.started_pid)
        self._processes.add(process)
        self._results.expect(process, process.result_queue)

    def failures(self) -> Iterator[tuple[NightProcess, str, str]]:
        """Yield each process that has died or took too long, once.

        With it come the description and luigi's event.
        """
        for process in self._results.dead():
            yield process, process.describe_death(), Event.PROCESS_FAILURE
        for process in self._results.expected():
            process.sample_memory()
            if process.timeout_time is not None and time.time() > process.timeout_time:
                process.terminate()
                self._results.drop(process)
                yield process, process.describe_timeout(), Event.TIMEOUT
        self._forget_ended()

    def end(self, at_once: bool) -> None:
        """End all processes; without hurry, those that have reported end themselves."""
        if not at_once:
            join_all(self._processes)
        self._forget_ended()
        end_all(self._processes)
        self._forget_ended()
        self._guardian.close()

    def _forget_ended(self) -> None:
        for process in list(self._processes):
            if process.exitcode is not None:
                process.sweep()
                self._guardian.forget(process.started_pid)
                self._processes.remove(process)

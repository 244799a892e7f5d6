"""The process of a task: a group of its own, under guard, that can always be ended."""

import contextlib
import datetime
import os
import signal
import sys
import time
from collections.abc import Collection
from multiprocessing.process import BaseProcess
from types import FrameType

from luigi.worker import ContextManagedTaskProcess

from tasks.luigi_setup.guardian import Lifeline
from tasks.luigi_setup.results import NoPipe

_MIB = 1 << 20
#: Seconds in which a task may remove its temporary files before it is killed.
GRACE = 3.0


class Ended(KeyboardInterrupt):
    """The process of a task was told to end; luigi does not catch it."""


class NightProcess(ContextManagedTaskProcess):
    """The process of a task.

    What it starts, such as a scorer, is in its group and ends with it.

    Attributes
    ----------
    lifeline
        Given before the process starts.
    peak_memory
        The most memory in MiB that `sample_memory` has seen; None if it saw none.
    """

    lifeline: Lifeline
    peak_memory: int | None = None
    _is_ending = False

    def run(self) -> None:
        """Run the task; this is the first that the process does."""
        _lead_a_group(os.getpid())
        for name in ("SIGTERM", "SIGHUP"):
            signal.signal(getattr(signal, name), self._end)
        # The worker has ctrl-C, and ends its tasks. A process in the background may
        # write to a terminal only if it ignores SIGTTOU.
        for name in ("SIGINT", "SIGTTOU"):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
        try:
            self.lifeline.join()
            super().run()
        except Ended as ended:
            sys.exit(128 + ended.args[0])
        finally:
            # What is left to do cannot be interrupted by an exception.
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def started(self) -> None:
        """Finish the start, in the worker."""
        # Both sides do this, so that it is done whichever comes first.
        _lead_a_group(self.started_pid)

    def terminate(self) -> None:
        """End the process within a bounded time."""
        end_all([self])

    def sweep(self) -> None:
        """Kill what is left of the group after the process has ended."""
        # macOS refuses a group that has only ended processes.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.started_pid, signal.SIGKILL)

    def sample_memory(self) -> None:
        """Look at how much memory the process has now."""
        # Imported here: a second run of a night starts no process.
        import psutil  # noqa: PLC0415

        with contextlib.suppress(psutil.Error):
            memory = psutil.Process(self.started_pid).memory_info().rss // _MIB
            self.peak_memory = max(memory, self.peak_memory or 0)

    def describe_death(self) -> str:
        """Describe the end of a process that has not reported how its task ended."""
        code = self.exitcode or 0
        number = -code if code < 0 else code - 128
        memory = ""
        if self.peak_memory is not None:
            memory = f" (peak memory {self.peak_memory:,} MiB)"
        if number == signal.SIGKILL:
            return (
                f"{self.task}: its process was ended by SIGKILL{memory}, the likely "
                f"cause is too little memory; {self._memory_remedy()}"
            )
        if number in signal.valid_signals():
            how = f"was ended by {signal.Signals(number).name}"
        else:
            how = f"ended with exit code {code}, but not its task"
        return f"{self.task}: its process {how}{memory}; run the night again"

    def describe_timeout(self) -> str:
        """Describe the end of a process that took too long."""
        timeout = datetime.timedelta(seconds=self.worker_timeout)
        return (
            f"{self.task}: took longer than {timeout} and was ended; "
            "run the night again, or raise timeout in section [worker] of luigi.cfg"
        )

    @property
    def started_pid(self) -> int:
        """The pid, and the number of the group, of a process that has started."""
        assert self.pid is not None
        return self.pid

    def _memory_remedy(self) -> str:
        if hasattr(self.task, "shard"):
            return "raise source.shards, or run with fewer --workers"
        if getattr(self.task, "stage", None) == "training":
            return "lower training.max_in_memory_documents, or run with fewer --workers"
        return "run with fewer --workers"

    def _end(self, signal_number: int, _: FrameType | None) -> None:
        # A second one must not interrupt the removal of temporary files: a process
        # that was stopped receives SIGHUP from the kernel, and SIGTERM from us.
        if not self._is_ending:
            self._is_ending = True
            self.result_queue = NoPipe()
            raise Ended(signal_number)


def end_all(processes: Collection[NightProcess]) -> None:
    """End processes; `NightProcess.sweep` then kills what is left of their groups.

    It takes `GRACE` seconds for all of them together, and not much more. A process that
    is stopped, or does not return to the interpreter, is killed.
    """
    for process in processes:
        BaseProcess.terminate(process)
    join_all(processes)
    for process in processes:
        process.kill()
    join_all(processes)


def join_all(processes: Collection[NightProcess]) -> None:
    """Wait up to `GRACE` seconds until processes have ended."""
    deadline = time.monotonic() + GRACE
    for process in processes:
        process.join(max(0.0, deadline - time.monotonic()))


def _lead_a_group(pid: int) -> None:
    # It has ended already, or the other side was first.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.setpgid(pid, pid)

"""The worker's side of the process that ends its tasks when the worker is gone.

Linux alone has a signal for the death of a parent, and it does not reach what a task
has started, such as a JVM.
"""

import contextlib
import multiprocessing
import os
import subprocess
import sys
from multiprocessing.connection import Connection
from pathlib import Path

_SCRIPT = Path(__file__).with_name("guardian_process.py")


class Lifeline:
    """The end of the guardian's pipe that a worker holds open.

    A process that is forked from the worker has a copy of it, and calls `join`.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def join(self) -> None:
        """Put this process under guard, and close its copy of the pipe.

        Raises
        ------
        SystemExit
            The guardian is gone, so the worker is, too.
        """
        try:
            self._write(f"+{os.getpid()}\n")
        except BrokenPipeError:
            raise SystemExit(1) from None
        self._connection.close()

    def forget(self, pid: int) -> None:
        """Remove a process that has ended from the guard: its pid may be used again."""
        with contextlib.suppress(BrokenPipeError):
            self._write(f"-{pid}\n")

    def restore(self, pid: int) -> None:
        """Put a process under guard that was under an earlier one."""
        with contextlib.suppress(BrokenPipeError):
            self._write(f"+{pid}\n")

    def close(self) -> None:
        """Close the pipe: the guardian ends what is under guard, and then itself."""
        self._connection.close()

    def _write(self, line: str) -> None:
        # One call: lines of several processes do not mix.
        os.write(self._connection.fileno(), line.encode())


class Guardian:
    """The guardian of one worker; it starts with the first task."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._lifeline: Lifeline | None = None
        self._pids: set[int] = set()

    @property
    def pid(self) -> int | None:
        """The pid of the process, if it was started."""
        return self._process.pid if self._process else None

    def lifeline(self) -> Lifeline:
        """Return the lifeline for the next process; start the guardian if needed."""
        if self._process is None or self._process.poll() is not None:
            self._start()
        assert self._lifeline is not None
        return self._lifeline

    def add(self, pid: int) -> None:
        """Remember a process that has put itself under guard."""
        self._pids.add(pid)

    def forget(self, pid: int) -> None:
        """Remove a process that has ended."""
        self._pids.discard(pid)
        if self._lifeline is not None:
            self._lifeline.forget(pid)

    def close(self) -> None:
        """Let the guardian end."""
        if self._lifeline is None or self._process is None:
            return
        self._lifeline.close()
        self._process.wait()
        self._lifeline = None

    def _start(self) -> None:
        if self._lifeline is not None:
            self._lifeline.close()
        reader, writer = multiprocessing.Pipe(duplex=False)
        with reader:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_SCRIPT), str(os.getpid())],
                stdin=reader.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                # Signals to the terminal or to the worker's group miss it.
                start_new_session=True,
            )
        self._lifeline = Lifeline(writer)
        for pid in self._pids:
            self._lifeline.restore(pid)

"""Compile expressions in a child process, which can be ended.

No expression can be trusted to compile in finite time, and nothing interrupts
Hyperscan from within. Run as ``python -m pipeline.patterns.compile_process``, this
module answers each line of standard input, a JSON object, with another one.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType

import hyperscan

from pipeline.temporary import private_folder


class CompileError(Exception):
    """Hyperscan refuses the expressions, or does not compile them in time."""


@dataclass(frozen=True)
class _Request:
    """Expressions over bytes with their ids, and the file for the database."""

    expressions: list[str]
    ids: list[int]
    path: str
    timeout: float


class CompileProcess:
    """The child process; a context manager.

    The process starts when it is first needed, and again after it was ended.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> "CompileProcess":
        self._folder = self._stack.enter_context(private_folder())
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._end(self._process)
        self._stack.__exit__(error_type, error, traceback)

    def compile(self, expressions: dict[int, str], timeout: float) -> bytes:
        """Return the serialised Hyperscan database of expressions, given by id.

        Parameters
        ----------
        timeout
            CPU seconds of the child process.

        Raises
        ------
        CompileError
            Hyperscan refuses an expression, or the timeout has passed.
        OSError
            The database cannot be written.
        """
        path = self._folder / "database"
        request = _Request(
            expressions=list(expressions.values()),
            ids=list(expressions),
            path=str(path),
            timeout=timeout,
        )
        error = self._send(request)
        if error:
            raise CompileError(error)
        return path.read_bytes()

    def _send(self, request: _Request) -> str | None:
        """Return the error that the child process answers with, if any."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "pipeline.patterns.compile_process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(asdict(request)) + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        if answer:
            answered = json.loads(answer)
            if answered["errno"] is not None:
                raise OSError(answered["errno"], os.strerror(answered["errno"]))
            return answered["error"]
        if self._end(process) == -signal.SIGPROF:
            return f"does not compile in {request.timeout:g} s"
        return "the compiler crashed"

    def _end(self, process: subprocess.Popen[str]) -> int:
        """Close the input of the process, which ends it; return its exit code."""
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.stdout.close()
        self._process = None
        return process.wait()


def _compile(request: _Request) -> str | None:
    """Write the database to the path of the request; return an error, if any."""
    flags = hyperscan.HS_FLAG_SINGLEMATCH | hyperscan.HS_FLAG_ALLOWEMPTY
    expressions = [expression.encode("ascii") for expression in request.expressions]
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    try:
        database.compile(
            expressions=expressions,
            ids=request.ids,
            elements=len(expressions),
            flags=[flags] * len(expressions),
        )
    except hyperscan.HyperscanError as error:
        return str(error)
    Path(request.path).write_bytes(hyperscan.dumpb(database))
    return None


def main() -> None:
    """Answer requests until standard input ends."""
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    for line in sys.stdin:
        request = _Request(**json.loads(line))
        # CPU time does not depend on the load of the machine. The signal ends the
        # process.
        signal.setitimer(signal.ITIMER_PROF, request.timeout)
        answer: dict[str, str | int | None] = {"error": None, "errno": None}
        try:
            answer["error"] = _compile(request)
        except OSError as error:
            answer["errno"] = error.errno
        signal.setitimer(signal.ITIMER_PROF, 0)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()

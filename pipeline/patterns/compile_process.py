"""Compiles patterns in a process of its own, which can be ended: no pattern's compile may be trusted to end.

Run as ``python -m pipeline.patterns.compile_process`` it answers each line of standard input, a JSON object, with one.
"""

import json
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import hyperscan


class CompileError(Exception):
    """The engine does not take the patterns, or not in the time it is given."""


class Compiler:
    """The process; a context manager.

    It is started when it is needed, and anew after it was ended.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="nightsieve-")

    def __enter__(self) -> "Compiler":
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
        self._folder.cleanup()

    def compile(self, patterns: dict[int, str], seconds: float) -> bytes:
        """The serialised database of these patterns, by their ids, if they take no more CPU time than ``seconds``.

        Raises
        ------
        CompileError : says why not.
        """
        path = Path(self._folder.name, "database")
        question = {
            "patterns": list(patterns.values()),
            "ids": list(patterns),
            "path": str(path),
            "seconds": seconds,
        }
        error = self._ask(question)
        if error:
            raise CompileError(error)
        return path.read_bytes()

    def _ask(self, question: dict) -> str | None:
        if self._process is None:
            command = [sys.executable, "-m", "pipeline.patterns.compile_process"]
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if answer:
            return json.loads(answer)["error"]
        ended = self._end()
        return (
            f"does not compile in {question['seconds']:g} s"
            if ended == -signal.SIGPROF
            else "the compiler crashed"
        )

    def _end(self) -> int | None:
        """The exit code of the process, which is ended if it still runs; None if there was none."""
        if self._process is None:
            return None
        self._process.stdin.close()
        self._process.stdout.close()
        code, self._process = self._process.wait(), None
        return code


def _answer(question: dict) -> str | None:
    flags = hyperscan.HS_FLAG_SINGLEMATCH | hyperscan.HS_FLAG_ALLOWEMPTY
    patterns = [pattern.encode("ascii") for pattern in question["patterns"]]
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    try:
        database.compile(
            expressions=patterns,
            ids=question["ids"],
            elements=len(patterns),
            flags=[flags] * len(patterns),
        )
    except hyperscan.HyperscanError as error:
        return str(error)
    Path(question["path"]).write_bytes(hyperscan.dumpb(database))
    return None


def main() -> None:
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    for line in sys.stdin:
        question = json.loads(line)
        # CPU time, whatever else the machine does; the signal ends the process, which nothing in the engine would.
        signal.setitimer(signal.ITIMER_PROF, question["seconds"])
        error = _answer(question)
        signal.setitimer(signal.ITIMER_PROF, 0)
        print(json.dumps({"error": error}), flush=True)


if __name__ == "__main__":
    main()

"""Compiles patterns in a process of its own, which can be ended: no pattern's compile may be trusted to end.

Run as ``python -m pipeline.labelling.compiler`` it answers each line of standard input, a JSON object, with one.
"""

import json
import queue
import subprocess
import sys
import tempfile
import threading
from pathlib import Path


class CompileError(Exception):
    """The engine does not take the patterns, or not in the time it is given."""


class Compiler:
    """The process; a context manager.

    It is started when it is needed, and anew after it was ended.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._answers: queue.Queue[str] = queue.Queue()
        self._folder = tempfile.TemporaryDirectory(prefix="nightsieve-")

    def __enter__(self) -> "Compiler":
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
        self._folder.cleanup()

    def compile(self, patterns: dict[int, str], seconds: float) -> bytes:
        """The serialised database of these patterns, by their ids.

        Raises
        ------
        CompileError : says why not.
        """
        path = Path(self._folder.name, "database")
        try:
            question = {"patterns": list(patterns.values()), "ids": list(patterns), "path": str(path)}
            error = self._ask(question, seconds)
        except queue.Empty:
            self._end()
            raise CompileError(f"does not compile in {seconds:g} s") from None
        if error:
            raise CompileError(error)
        return path.read_bytes()

    def _ask(self, question: dict, seconds: float) -> str | None:
        if self._process is None:
            self._start()
            self._answers.get(timeout=60)  # it says that it is there
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answer = self._answers.get(timeout=seconds)
        return json.loads(answer)["error"] if answer else "the compiler crashed"

    def _start(self) -> None:
        command = [sys.executable, "-m", "pipeline.labelling.compiler"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._answers = queue.Queue()
        threading.Thread(target=_pass_on, args=(self._process.stdout, self._answers), daemon=True).start()

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def _pass_on(lines, answers: queue.Queue[str]) -> None:
    for line in lines:
        answers.put(line)
    answers.put("")  # the process has ended


def _answer(question: dict) -> str | None:
    import hyperscan

    flags = hyperscan.HS_FLAG_SINGLEMATCH | hyperscan.HS_FLAG_ALLOWEMPTY
    patterns = [pattern.encode("ascii") for pattern in question["patterns"]]
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    try:
        database.compile(
            expressions=patterns, ids=question["ids"], elements=len(patterns), flags=[flags] * len(patterns)
        )
    except hyperscan.HyperscanError as error:
        return str(error)
    Path(question["path"]).write_bytes(hyperscan.dumpb(database))
    return None


def main() -> None:
    print(json.dumps({"error": None}), flush=True)
    for line in sys.stdin:
        print(json.dumps({"error": _answer(json.loads(line))}), flush=True)


if __name__ == "__main__":
    main()

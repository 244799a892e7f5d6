"""The scorers as their users run them: commands in Python, Java and JavaScript, given one model."""

import contextlib
import itertools
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pipeline.errors import VerificationError
from pipeline.export.reference import units
from pipeline.export.verification.scorer_files import JAVA, JAVASCRIPT, PYTHON

LINGERING = 30  # seconds that a process may live on without its output
COMPLAINTS = 10_000  # bytes of its stderr that are read
PROGRAMS = {
    "python": (),
    "java": ("javac", "java"),
    "javascript": ("node",),
}  # what must be on the PATH


def languages() -> list[str]:
    """The languages whose scorers can run here; Python always can."""
    return [
        language
        for language, programs in PROGRAMS.items()
        if all(map(shutil.which, programs))
    ]


@contextlib.contextmanager
def scorers(model: bytes) -> Iterator[dict[str, "Scorer"]]:
    """The scorer of each language that can run here, with the model."""
    with tempfile.TemporaryDirectory(prefix="nightsieve-") as folder:
        path = Path(folder, "model.json")
        path.write_bytes(model)
        yield {
            name: Scorer(name, [*command(name, Path(folder)), str(path)])
            for name in languages()
        }


def command(language: str, folder: Path) -> list[str]:
    """The command of a language's scorer, without its arguments; Java is compiled into the folder."""
    match language:
        case "python":
            # Nothing but the standard library is within reach, as for a user who copied the file.
            return [sys.executable, "-I", "-S", str(PYTHON)]
        case "java":
            # A compiler that runs for a second is not worth compiling itself.
            options = [
                "-J-XX:TieredStopAtLevel=1",
                "-proc:none",
                "-encoding",
                "UTF-8",
                "-d",
                str(folder),
            ]
            compiled = subprocess.run(
                ["javac", *options, str(JAVA)], capture_output=True, check=False
            )
            if compiled.returncode:
                raise _failure(language, compiled.stderr)
            return [
                "java",
                "-XX:+UseSerialGC",
                "-cp",
                str(folder),
                "nightsieve.NightsieveScorer",
            ]
        case "javascript":
            return ["node", str(JAVASCRIPT)]
    raise ValueError(f"no scorer is written in {language}")


@dataclass(frozen=True)
class Scorer:
    """A language's scorer with one model; called with texts, it gives the line that it writes for each of them."""

    language: str
    words: list[str]

    def __call__(self, texts: Sequence[str], *options: str) -> list[bytes]:
        with self.start(*options) as work:
            lines, ended = work.lines(hexadecimal_lines(texts)), work.end()
            found = lines.result()
            ended.result()
            return found

    @contextlib.contextmanager
    def start(self, *options: str) -> Iterator["Work"]:
        """The scorer at work, its process ended when the context is left; ``options`` are the command's own."""
        with tempfile.TemporaryFile() as complaints, contextlib.ExitStack() as stack:
            pipes = {
                "stdin": subprocess.PIPE,
                "stdout": subprocess.PIPE,
                "stderr": complaints,
            }
            process = stack.enter_context(
                subprocess.Popen([*self.words, *options], **pipes)
            )
            stack.callback(_hang_up, process)
            writing, reading = (
                stack.enter_context(ThreadPoolExecutor(1)) for _ in range(2)
            )
            # Before the threads are waited for: a process that is gone keeps none of them.
            stack.callback(process.kill)
            yield Work(self.language, process, complaints, writing, reading)


@dataclass(frozen=True)
class Work:
    """A scorer that takes texts for as long as they come, and writes as it goes: the last lines when no more come."""

    language: str
    process: subprocess.Popen
    complaints: IO[bytes]
    writing: ThreadPoolExecutor
    reading: ThreadPoolExecutor

    def lines(self, texts: bytes) -> Future[list[bytes]]:
        """The lines that the scorer will have written for the `hexadecimal_lines` of texts; they may come after `end`.

        Raises
        ------
        VerificationError
            From the future: the scorer refused the model, failed, or wrote fewer lines.
        """
        self.writing.submit(self._write, texts)
        return self.reading.submit(self._read, texts.count(b"\n"))

    def end(self) -> Future[None]:
        """No more texts come. The future raises a VerificationError if the scorer writes more, or fails in the end."""
        self.writing.submit(_hang_up, self.process)
        return self.reading.submit(self._finish)

    def _write(self, texts: bytes) -> None:
        # Why a process takes no more is what the reader finds out.
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(texts)

    def _read(self, count: int) -> list[bytes]:
        lines = [
            line.rstrip(b"\r\n")
            for line in itertools.islice(self.process.stdout, count)
        ]
        if len(lines) < count:
            self._finish()
            raise VerificationError(
                f"The {self.language} scorer wrote {count - len(lines)} lines too few."
            )
        return lines

    def _finish(self) -> None:
        if self.process.stdout.read(1):
            raise VerificationError(
                f"The {self.language} scorer wrote more lines than it was given texts."
            )
        try:
            code = self.process.wait(LINGERING)
        except subprocess.TimeoutExpired:
            raise VerificationError(
                f"The {self.language} scorer has closed its output and does not end."
            ) from None
        if code:
            self.complaints.seek(0)
            raise _failure(self.language, self.complaints.read(COMPLAINTS))


def _hang_up(process: subprocess.Popen) -> None:
    # What is still in the buffer of a process that is gone goes nowhere.
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()


def hexadecimal_lines(texts: Iterable[str]) -> bytes:
    """The texts as a scorer's command takes them, one a line."""
    return "".join(f"{units(text)}\n" for text in texts).encode()


def _failure(language: str, complaints: bytes) -> VerificationError:
    reason = complaints.decode("utf-8", "replace").strip().partition("\n")[0]
    return VerificationError(f"The {language} scorer failed: {reason:.300}")

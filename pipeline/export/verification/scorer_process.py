"""The scorers as their users run them: commands in three languages, given one model."""

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
from pipeline.records.export import MODEL_FILE

EXIT_TIMEOUT = 30  # seconds that a process may live on after it closed its output
MAX_STDERR = 10_000  # bytes of it that are read
#: What must be on the PATH for the scorer of a language.
PROGRAMS = {
    "python": (),
    "java": ("javac", "java"),
    "javascript": ("node",),
}
#: A compiler that runs for a second is not worth compiling itself.
JAVAC_OPTIONS = ("-J-XX:TieredStopAtLevel=1", "-proc:none", "-encoding", "UTF-8")


def languages() -> list[str]:
    """Return the languages whose scorers can run here; Python always can."""
    return [
        language
        for language, programs in PROGRAMS.items()
        if all(map(shutil.which, programs))
    ]


@contextlib.contextmanager
def scorers(model: bytes) -> Iterator[dict[str, "Scorer"]]:
    """Yield the scorer of each language that can run here, with the model."""
    with tempfile.TemporaryDirectory(prefix="nightsieve-") as folder:
        path = Path(folder, MODEL_FILE)
        path.write_bytes(model)
        yield {
            language: Scorer(language, [*command(language, Path(folder)), str(path)])
            for language in languages()
        }


def command(language: str, folder: Path) -> list[str]:
    """Return the command of a language's scorer, without its arguments.

    Java is compiled into the folder.

    Raises
    ------
    VerificationError
        It cannot be compiled.
    ValueError
        No scorer is written in the language.
    """
    match language:
        case "python":
            # Nothing but the standard library is within reach, as for a user who
            # copied the file.
            return [sys.executable, "-I", "-S", str(PYTHON)]
        case "java":
            _compile_java(folder)
            classes = ["-cp", str(folder), "nightsieve.NightsieveScorer"]
            return ["java", "-XX:+UseSerialGC", *classes]
        case "javascript":
            return ["node", str(JAVASCRIPT)]
    raise ValueError(f"no scorer is written in {language}")


def hexadecimal_lines(texts: Iterable[str]) -> bytes:
    """Return the texts as a scorer's command reads them, one per line."""
    return "".join(f"{units(text)}\n" for text in texts).encode()


@dataclass(frozen=True)
class Scorer:
    """A language's scorer with one model.

    Called with texts, it returns the line that it writes for each of them.
    """

    language: str
    argv: list[str]

    def __call__(self, texts: Sequence[str], *options: str) -> list[bytes]:
        """Return the lines for the texts; ``options`` are the command's own."""
        with self.start(*options) as process:
            lines = process.score(hexadecimal_lines(texts))
            end = process.end()
            scored = lines.result()
            end.result()
            return scored

    @contextlib.contextmanager
    def start(self, *options: str) -> Iterator["ScorerProcess"]:
        """Yield the running scorer; its process has ended when the context is left."""
        with tempfile.TemporaryFile() as stderr, contextlib.ExitStack() as stack:
            process = stack.enter_context(
                subprocess.Popen(
                    [*self.argv, *options],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=stderr,
                )
            )
            stack.callback(_close_stdin, process)
            writer = stack.enter_context(ThreadPoolExecutor(1))
            reader = stack.enter_context(ThreadPoolExecutor(1))
            # The last callback runs first: the threads do not wait for a process that
            # is gone.
            stack.callback(process.kill)
            yield ScorerProcess(self.language, process, stderr, writer, reader)


@dataclass(frozen=True)
class ScorerProcess:
    """A running scorer, which takes texts for as long as they come.

    It writes as it goes; the last lines come when no more texts do.
    """

    language: str
    process: subprocess.Popen[bytes]
    stderr: IO[bytes]
    writer: ThreadPoolExecutor
    reader: ThreadPoolExecutor

    def score(self, texts: bytes) -> Future[list[bytes]]:
        """Return the lines that the scorer will write for `hexadecimal_lines` of texts.

        They may not come before `end` was called.

        Raises
        ------
        VerificationError
            From the future: the scorer refused the model, failed, or wrote fewer lines.
        """
        self.writer.submit(self._write, texts)
        return self.reader.submit(self._read, texts.count(b"\n"))

    def end(self) -> Future[None]:
        """Send no more texts; the future is done when the process has ended.

        Raises
        ------
        VerificationError
            From the future: the scorer wrote more lines, or failed in the end.
        """
        self.writer.submit(_close_stdin, self.process)
        return self.reader.submit(self._finish)

    def _write(self, texts: bytes) -> None:
        # The reader finds out why a process takes no more.
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(texts)

    def _read(self, count: int) -> list[bytes]:
        written = itertools.islice(self.process.stdout, count)
        lines = [line.rstrip(b"\r\n") for line in written]
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
            exit_code = self.process.wait(EXIT_TIMEOUT)
        except subprocess.TimeoutExpired:
            raise VerificationError(
                f"The {self.language} scorer has closed its output and does not end."
            ) from None
        if exit_code:
            self.stderr.seek(0)
            raise _failure(self.language, self.stderr.read(MAX_STDERR))


def _compile_java(folder: Path) -> None:
    argv = ["javac", *JAVAC_OPTIONS, "-d", str(folder), str(JAVA)]
    compiled = subprocess.run(argv, capture_output=True, check=False)
    if compiled.returncode:
        raise _failure("java", compiled.stderr)


def _close_stdin(process: subprocess.Popen[bytes]) -> None:
    # What is still in the buffer of a process that is gone goes nowhere.
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()


def _failure(language: str, stderr: bytes) -> VerificationError:
    first_line = stderr.decode("utf-8", "replace").strip().partition("\n")[0]
    return VerificationError(f"The {language} scorer failed: {first_line:.300}")

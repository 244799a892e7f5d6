"""The scorers as their users run them: commands in three languages."""

import contextlib
import itertools
import re
import shutil
import signal
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
from pipeline.temporary import private_folder

EXIT_TIMEOUT = 30  # seconds until a process exits after it has closed its output
#: Seconds until a process exits that has written more than it should.
BRIEF_TIMEOUT = 1
MAX_OUTPUT = 10_000  # bytes of a failed process that are read
#: What runtimes say, on stdout too, when they get no memory.
OUT_OF_MEMORY = re.compile(
    rb"out of ?memory|insufficient memory|MemoryError|\bOOM\b|cannot allocate|"
    rb"could not (?:reserve|allocate)|failed to (?:reserve|map)",
    re.IGNORECASE,
)
#: Ended so, a process had no memory: by the kernel, or by itself with abort.
OF_MEMORY = (signal.SIGKILL, signal.SIGABRT, signal.SIGTRAP)
#: The programs that the scorer of a language needs on the PATH.
PROGRAMS: dict[str, tuple[str, ...]] = {
    "python": (),
    "java": ("javac", "java"),
    "javascript": ("node",),
}
#: The compiler runs for a second, too briefly for the JVM to compile the compiler.
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
    """Yield a scorer with the model for each language that can run here."""
    with private_folder() as folder:
        path = folder / MODEL_FILE
        path.write_bytes(model)
        yield {
            language: Scorer(language, [*command(language, folder), str(path)])
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
        There is no scorer in this language.
    """
    match language:
        case "python":
            # Only the standard library can be imported, as by a user who copied the
            # file.
            return [sys.executable, "-I", "-S", str(PYTHON)]
        case "java":
            _compile_java(folder)
            classes = ["-cp", str(folder), "nightsieve.NightsieveScorer"]
            return ["java", "-XX:+UseSerialGC", *classes]
        case "javascript":
            return ["node", str(JAVASCRIPT)]
    known = ", ".join(PROGRAMS)
    raise ValueError(f"{language}: not a scorer's language; use one of {known}")


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
        """Yield the running scorer; leaving the context ends its process."""
        with tempfile.TemporaryFile() as stderr, contextlib.ExitStack() as stack:
            process = stack.enter_context(self._run([*self.argv, *options], stderr))
            stack.callback(_close_stdin, process)
            writer = stack.enter_context(ThreadPoolExecutor(1))
            reader = stack.enter_context(ThreadPoolExecutor(1))
            # This callback runs first, so that the threads do not wait for the process.
            stack.callback(process.kill)
            yield ScorerProcess(self.language, process, stderr, writer, reader)

    def _run(self, argv: list[str], stderr: IO[bytes]) -> subprocess.Popen[bytes]:
        with _starting(self.language):
            return subprocess.Popen(
                argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr
            )


@dataclass(frozen=True)
class ScorerProcess:
    """A running scorer.

    It writes while it reads; the last lines come after the end of its input.
    """

    language: str
    process: subprocess.Popen[bytes]
    stderr: IO[bytes]
    writer: ThreadPoolExecutor
    reader: ThreadPoolExecutor

    def score(self, texts: bytes) -> Future[list[bytes]]:
        """Return the lines that the scorer will write for `hexadecimal_lines` of texts.

        The last of them may come only after `end` is called.

        Raises
        ------
        VerificationError
            From the future: the scorer refused the model, failed, or wrote too few
            lines.
        """
        self.writer.submit(self._write, texts)
        return self.reader.submit(self._read, texts.count(b"\n"))

    def end(self) -> Future[None]:
        """Close the input; the future is done when the process has exited.

        Raises
        ------
        VerificationError
            From the future: the scorer wrote too many lines, or failed at the end.
        """
        self.writer.submit(_close_stdin, self.process)
        return self.reader.submit(self._finish)

    def _write(self, texts: bytes) -> None:
        # If the process takes no more input, the reader reports why.
        with contextlib.suppress(BrokenPipeError):
            _stdin(self.process).write(texts)

    def _read(self, count: int) -> list[bytes]:
        written = itertools.islice(_stdout(self.process), count)
        lines = [line.rstrip(b"\r\n") for line in written]
        if len(lines) < count:
            self._finish(b"\n".join(lines)[:MAX_OUTPUT])
            raise VerificationError(
                f"{self.language} scorer: wrote {len(lines)} of {count} lines; "
                "do not use this export"
            )
        return lines

    def _finish(self, written: bytes = b"") -> None:
        """Wait for the end; ``written`` is the start of what it has written."""
        more = _stdout(self.process).read(1)
        exit_code = self._wait(BRIEF_TIMEOUT if more else EXIT_TIMEOUT)
        if exit_code:
            self.stderr.seek(0)
            stderr = self.stderr.read(MAX_OUTPUT)
            raise _failure(self.language, exit_code, stderr, written)
        if more:
            raise VerificationError(
                f"{self.language} scorer: wrote more lines than it received texts; "
                "do not use this export"
            )
        if exit_code is None:
            raise VerificationError(
                f"{self.language} scorer: closed its output, but did not exit within "
                f"{EXIT_TIMEOUT} seconds; do not use this export"
            )

    def _wait(self, seconds: float) -> int | None:
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None


def _compile_java(folder: Path) -> None:
    argv = ["javac", *JAVAC_OPTIONS, "-d", str(folder), str(JAVA)]
    with _starting("java"):
        compiled = subprocess.run(argv, capture_output=True, check=False)
    if compiled.returncode:
        raise _failure("java", compiled.returncode, compiled.stderr, compiled.stdout)


@contextlib.contextmanager
def _starting(language: str) -> Iterator[None]:
    """Raise a VerificationError if a process of a language cannot be started."""
    try:
        yield
    except OSError as error:
        raise VerificationError(
            f"{language} scorer: cannot be started ({error.strerror}); "
            "check that it runs here, and that memory is left"
        ) from error


def _close_stdin(process: subprocess.Popen[bytes]) -> None:
    # Closing flushes the buffer, which fails if the process has exited.
    with contextlib.suppress(BrokenPipeError):
        _stdin(process).close()


def _stdin(process: subprocess.Popen[bytes]) -> IO[bytes]:
    assert process.stdin is not None  # it is started with a pipe
    return process.stdin


def _stdout(process: subprocess.Popen[bytes]) -> IO[bytes]:
    assert process.stdout is not None  # it is started with a pipe
    return process.stdout


def _failure(
    language: str, exit_code: int, stderr: bytes, stdout: bytes
) -> VerificationError:
    """Return the error that says how a process ended.

    Its words are those of stderr alone: the lines on stdout hold tokens of messages.
    """
    lines = stderr.decode("utf-8", "replace").splitlines()
    words = next((line.strip() for line in lines if re.search(r"\w", line)), "")
    problem = f"failed with {_ending(exit_code)}"
    if words:
        problem += f": {words:.300}"
    said_so = OUT_OF_MEMORY.search(stderr + stdout)
    if said_so or not words or -exit_code in OF_MEMORY:
        remedy = "memory is the likely cause, so run fewer workers or raise its limit"
    else:
        remedy = "check that it runs here"
    return VerificationError(f"{language} scorer: {problem}; {remedy}")


def _ending(exit_code: int) -> str:
    """Return how a process ended, in words."""
    if exit_code >= 0:
        return f"status {exit_code}"
    try:
        return f"signal {signal.Signals(-exit_code).name}"
    except ValueError:  # a real-time signal has no name
        return f"signal {-exit_code}"

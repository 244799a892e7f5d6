"""Run the scorers of each language, as commands or with many models in one process."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pipeline.export.verification import scorer_files, scorer_process
from pipeline.export.verification.scorer_process import hexadecimal_lines
from tests.support import ROOT

T = TypeVar("T")

# On a build server a language that cannot run is a failure. Elsewhere its tests are
# skipped.
LANGUAGES = (
    list(scorer_process.PROGRAMS)
    if os.environ.get("CI")
    else scorer_process.languages()
)
SOURCES = {
    "python": scorer_files.PYTHON,
    "java": scorer_files.JAVA,
    "javascript": scorer_files.JAVASCRIPT,
}
DRIVERS = ROOT / "tests" / "scorers"
TIMEOUT = 120  # seconds, of any process
MAX_STDERR = 1000  # bytes of it that a failure shows


@dataclass(frozen=True)
class Language:
    """A language's scorer, ready to run.

    Attributes
    ----------
    name
        As in `pipeline.export.verification.scorer_process`.
    command
        The command without arguments.
    folder
        Where Java's classes are.
    """

    name: str
    command: list[str]
    folder: Path

    def run(
        self, *arguments: str | Path, stdin: bytes = b""
    ) -> subprocess.CompletedProcess[bytes]:
        """Run the command to its end."""
        argv = [*self.command, *map(str, arguments)]
        return subprocess.run(
            argv, input=stdin, capture_output=True, timeout=TIMEOUT, check=False
        )

    def lines(self, model: Path, texts: Iterable[str], *options: str) -> list[bytes]:
        """Return the line that the command writes for each text."""
        run = self.run(model, *options, stdin=hexadecimal_lines(texts))
        self._assert_success(run)
        return run.stdout.splitlines()

    def drive(
        self, jobs: Sequence[tuple[str, Path]], texts: Iterable[str]
    ) -> list[str]:
        """Return drive.py's answer to each scorer and model, from one process."""
        lines = "".join(f"{scorer}\t{model}\n" for scorer, model in jobs)
        with tempfile.NamedTemporaryFile() as text_file:
            text_file.write(hexadecimal_lines(texts))
            text_file.flush()
            run = subprocess.run(
                [*self._driver(), text_file.name],
                input=lines.encode(),
                capture_output=True,
                timeout=TIMEOUT,
                check=False,
            )
        self._assert_success(run)
        answers = run.stdout.decode().splitlines()
        assert len(answers) == len(jobs)
        return answers

    @property
    def scorer(self) -> str:
        """The name under which `drive` finds the scorer itself."""
        return "nightsieve" if self.name == "java" else str(SOURCES[self.name])

    def _driver(self) -> list[str]:
        match self.name:
            case "python":
                driver = str(DRIVERS / "drive.py")
                return [sys.executable, "-I", "-S", "-B", driver]
            case "java":
                classes = ["-cp", str(self.folder), "nightsieve.Drive"]
                return ["java", "-XX:+UseSerialGC", *classes]
        return ["node", str(DRIVERS / "drive.js")]

    def _assert_success(self, run: subprocess.CompletedProcess[bytes]) -> None:
        error = f"{self.name}: {run.stderr[:MAX_STDERR].decode()}"
        assert run.returncode == 0, error
        assert run.stderr == b"", error


def everywhere(
    running: dict[str, Language], call: Callable[[Language], T]
) -> dict[str, T]:
    """Return what the call gives for each language, all at the same time."""
    with ThreadPoolExecutor() as pool:
        return dict(zip(running, pool.map(call, running.values()), strict=True))


def prepare(name: str, folder: Path) -> Language:
    """Return the language's scorer.

    Java's scorer and its driver are compiled into the folder, as Java 8.
    """
    command = scorer_process.command(name, folder)
    if name == "java":
        compile_java([SOURCES[name], DRIVERS / "Drive.java"], folder)
    return Language(name, command, folder)


def compile_java(sources: Iterable[Path], folder: Path) -> None:
    """Compile all sources at once, as Java 8 and without a warning.

    The sources see the classes that the folder holds already.
    """
    argv = [
        "javac",
        "-J-XX:TieredStopAtLevel=1",
        "-J-XX:+UseSerialGC",
        "-proc:none",
        "--release",
        "8",
        "-Xlint:all",
        "-Xlint:-options",
        "-Werror",
        "-encoding",
        "UTF-8",
        "-cp",
        str(folder),
        "-d",
        str(folder),
        *map(str, sources),
    ]
    run = subprocess.run(
        argv, capture_output=True, text=True, timeout=TIMEOUT, check=False
    )
    assert run.returncode == 0, run.stderr[: 2 * MAX_STDERR]

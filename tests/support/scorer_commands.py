"""The scorers in each language: as commands, and many models at once in one process."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pipeline.export.reference import units
from pipeline.export.verification import scorer_files, scorer_process
from tests.support import ROOT

# Where a build server tests, a language that cannot run is a failure; elsewhere its tests are skipped.
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
T = TypeVar("T")
LONGEST = 120  # seconds, of any process


@dataclass(frozen=True)
class Language:
    """A language's scorer, ready to run.

    Attributes
    ----------
    name : as in `pipeline.export.verification.scorer_process`.
    command : its words, without arguments.
    folder : where Java's classes are.
    """

    name: str
    command: list[str]
    folder: Path

    def run(
        self, *arguments: str | Path, given: bytes = b""
    ) -> subprocess.CompletedProcess[bytes]:
        """The finished command."""
        words = [*self.command, *map(str, arguments)]
        return subprocess.run(
            words, input=given, capture_output=True, timeout=LONGEST, check=False
        )

    def lines(self, model: Path, texts: Iterable[str], *options: str) -> list[bytes]:
        """The line that the command writes for each text."""
        run = self.run(model, *options, given=hexadecimal(texts))
        assert (run.returncode, run.stderr) == (0, b""), (
            f"{self.name}: {run.stderr[:1000].decode()}"
        )
        return run.stdout.splitlines()

    def drive(
        self, jobs: Sequence[tuple[str, Path]], texts: Iterable[str]
    ) -> list[str]:
        """What becomes of each scorer's model in one process, as drive.py has it."""
        driver = {
            "python": [sys.executable, "-I", "-S", "-B", str(DRIVERS / "drive.py")],
            "java": [
                "java",
                "-XX:+UseSerialGC",
                "-cp",
                str(self.folder),
                "nightsieve.Drive",
            ],
            "javascript": ["node", str(DRIVERS / "drive.js")],
        }[self.name]
        with tempfile.NamedTemporaryFile() as given:
            given.write(hexadecimal(texts))
            given.flush()
            words = "".join(f"{scorer}\t{model}\n" for scorer, model in jobs).encode()
            run = subprocess.run(
                [*driver, given.name],
                input=words,
                capture_output=True,
                timeout=LONGEST,
                check=False,
            )
        assert (run.returncode, run.stderr) == (0, b""), (
            f"{self.name}: {run.stderr[:1000].decode()}"
        )
        outcomes = run.stdout.decode().splitlines()
        assert len(outcomes) == len(jobs)
        return outcomes

    @property
    def scorer(self) -> str:
        """The name under which `drive` finds the scorer itself."""
        return "nightsieve" if self.name == "java" else str(SOURCES[self.name])


def everywhere(
    running: dict[str, Language], call: Callable[[Language], T]
) -> dict[str, T]:
    """What the call gives for each language, all at the same time."""
    with ThreadPoolExecutor() as pool:
        return dict(zip(running, pool.map(call, running.values()), strict=True))


def prepare(name: str, folder: Path) -> Language:
    """The language's scorer; Java's is compiled into the folder, with its driver: what is tested is Java 8's."""
    command = scorer_process.command(name, folder)
    if name == "java":
        compile_java([SOURCES[name], DRIVERS / "Drive.java"], folder)
    return Language(name, command, folder)


def compile_java(sources: Iterable[Path], folder: Path) -> None:
    """Compiles all sources at once, as Java 8 and without a warning; they see what the folder holds already."""
    words = [
        "javac",
        "-J-XX:TieredStopAtLevel=1",
        "-J-XX:+UseSerialGC",
        "-proc:none",
        *("--release", "8", "-Xlint:all", "-Xlint:-options", "-Werror"),
        "-encoding",
        "UTF-8",
        "-cp",
        str(folder),
        "-d",
        str(folder),
        *map(str, sources),
    ]
    run = subprocess.run(
        words, capture_output=True, text=True, timeout=LONGEST, check=False
    )
    assert run.returncode == 0, run.stderr[:2000]


def hexadecimal(texts: Iterable[str]) -> bytes:
    """The texts as the commands read them."""
    return "".join(f"{units(text)}\n" for text in texts).encode()

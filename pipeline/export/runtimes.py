"""The scorers as their users run them: commands in Python, Java and JavaScript, given one model."""

import contextlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pipeline.errors import VerificationError
from pipeline.export.reference import units
from pipeline.export.sources import JAVA, JAVASCRIPT, PYTHON

PROGRAMS = {"python": (), "java": ("javac", "java"), "javascript": ("node",)}  # what must be on the PATH

Scorer = Callable[..., list[bytes]]


def languages() -> list[str]:
    """The languages whose scorers can run here; Python always can."""
    return [language for language, programs in PROGRAMS.items() if all(map(shutil.which, programs))]


@contextlib.contextmanager
def scorers(model: bytes) -> Iterator[dict[str, Scorer]]:
    """For each language that can run here, a function: texts in, the line that its scorer writes for each out.

    It takes the command's options too, such as ``--explain``.

    Raises
    ------
    VerificationError
        From the function: the scorer refused the model or failed.
    """
    with tempfile.TemporaryDirectory(prefix="nightsieve-") as folder:
        path = Path(folder, "model.json")
        path.write_bytes(model)
        yield {language: _scorer(language, command(language, Path(folder)), path) for language in languages()}


def command(language: str, folder: Path) -> list[str]:
    """The command of a language's scorer, without its arguments; Java is compiled into the folder."""
    match language:
        case "python":
            # Nothing but the standard library is within reach, as for a user who copied the file.
            return [sys.executable, "-I", "-S", str(PYTHON)]
        case "java":
            # A compiler that runs for a second is not worth compiling itself.
            _run(
                language,
                [
                    "javac",
                    "-J-XX:TieredStopAtLevel=1",
                    "-proc:none",
                    "-encoding",
                    "UTF-8",
                    "-d",
                    str(folder),
                    str(JAVA),
                ],
            )
            return ["java", "-XX:+UseSerialGC", "-cp", str(folder), "nightsieve.NightsieveScorer"]
        case "javascript":
            return ["node", str(JAVASCRIPT)]
    raise ValueError(f"no scorer is written in {language}")


def _scorer(language: str, scorer: list[str], model: Path) -> Scorer:
    def lines(texts: Sequence[str], *options: str) -> list[bytes]:
        given = "".join(f"{units(text)}\n" for text in texts).encode()
        found = _run(language, [*scorer, str(model), *options], given).splitlines()
        if len(found) != len(texts):
            raise VerificationError(f"The {language} scorer wrote {len(found)} lines for {len(texts)} texts.")
        return found

    return lines


def _run(language: str, words: list[str], given: bytes = b"") -> bytes:
    run = subprocess.run(words, input=given, capture_output=True, check=False)
    if run.returncode:
        reason = run.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
        raise VerificationError(f"The {language} scorer failed: {reason:.300}")
    return run.stdout

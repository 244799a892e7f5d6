"""The options that benchmarks share, and what they print while they run."""

import argparse
import contextlib
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.harness.results import RESULTS


def new_parser(
    module: str, description: str | None, output: Path | None = RESULTS
) -> argparse.ArgumentParser:
    """Return a parser with ``--output``.

    Parameters
    ----------
    module
        What ``python -m`` runs.
    description
        The docstring of the module.
    output
        Where the result goes; None if it is written only to a folder that is named.
    """
    default_folder = "benchmarks/results" if output else "the result is only printed"
    parser = argparse.ArgumentParser(
        prog=f"python -m {module}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FOLDER",
        default=output,
        help=f"folder of the result (default: {default_folder})",
    )
    return parser


def add_rounds(parser: argparse.ArgumentParser, default: int) -> None:
    """Add ``--rounds``."""
    parser.add_argument(
        "--rounds",
        type=int,
        default=default,
        metavar="N",
        help="times that each thing is measured, in turns (default: %(default)s)",
    )


def add_size(
    parser: argparse.ArgumentParser, name: str, default: int, meaning: str
) -> None:
    """Add an option for a size, such as ``--messages``."""
    parser.add_argument(
        f"--{name}",
        type=int,
        default=default,
        metavar="N",
        help=f"{meaning} (default: %(default)s)",
    )


def add_home(parser: argparse.ArgumentParser) -> None:
    """Add ``--home``."""
    parser.add_argument(
        "--home",
        type=Path,
        metavar="FOLDER",
        help="folder of the services; it is kept, and the filled tables with it "
        "(default: a temporary folder)",
    )


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """Make a folder, and remove it at the end."""
    with tempfile.TemporaryDirectory(prefix="nightsieve-bench-") as folder:
        yield Path(folder)


@contextlib.contextmanager
def announced(step: str) -> Iterator[None]:
    """Print on stderr that a step begins, and at its end the seconds it took."""
    log(f"{step} ...")
    started = time.perf_counter()
    yield
    log(f"{step}: {time.perf_counter() - started:.1f} s")


def log(line: str) -> None:
    """Print a line on stderr."""
    print(line, file=sys.stderr, flush=True)
